"""GitHub, which speaks OAuth 2 and not OpenID Connect: who somebody is comes from its API.

Rules that this module keeps:

- the identity is the number of the account; logins are renamed, and taken by others;
- an address counts if GitHub verified it and it is in a domain of the organization; a map of claims reads the account, and no address;
- a member is one whose membership says `active`, in the organization of the configured number, for this very account; what hides it (403,
  404, a restriction of third-party apps, an organization behind its own SSO) is no membership.

Sources: docs.github.com, "Authorizing OAuth apps" (errors arrive with status 200), /user, /user/emails, /user/memberships/orgs/{org}.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast
from urllib.parse import quote

from ctsec.jose.rejection import Rejected, Unacceptable, refuse_if
from ctsec.jose.strict import parse_json
from ctsec.secret import SecretText
from ctsec.sso.oidc.client import GitHubOrganization, OidcClient
from ctsec.sso.oidc.identity import ExternalIdentity, email_of, in_domains, name_of
from ctsec.sso.oidc.key_cache import Steps
from ctsec.sso.oidc.mapping import NAME, found_in
from ctsec.sso.oidc.metadata import ProviderMetadata
from ctsec.sso.oidc.reason import OidcReason
from ctsec.transport.request import HttpAnswer, HttpRequest

GITHUB_METADATA: Final = ProviderMetadata(
    issuer="https://github.com",
    authorization_endpoint="https://github.com/login/oauth/authorize",
    token_endpoint="https://github.com/login/oauth/access_token",
    userinfo_endpoint="https://api.github.com/user",
)
_MAX_ANSWER: Final = 128 * 1024


def ask_github(client: OidcClient, *, access_token: SecretText) -> Steps[tuple[ExternalIdentity, Mapping[str, object]] | Rejected]:
    """Return who an access token is of, with the address that counts, and what `/user` said; or why nobody is let in."""
    try:
        user = _object((yield _request("/user", access_token)))
        number = user.get("id")
        if not isinstance(number, int) or isinstance(number, bool) or number <= 0:
            raise Unacceptable(OidcReason.NO_IDENTITY)
        emails = _json((yield _request("/user/emails", access_token)))
        if client.github is not None:
            place = quote(client.github.login, safe="")
            _check_member((yield _request(f"/user/memberships/orgs/{place}", access_token)), client.github, number)
    except Unacceptable as error:
        return Rejected(error.reason)
    email, verified = _email(emails, client.domains)
    identity = ExternalIdentity(
        connection=client.connection,
        issuer=client.name_of_issuer,
        subject=str(number),
        email=email,
        email_verified=verified,
        name=name_of(found_in(client.mapping.name or NAME, user)),
        attributes=client.mapping.values(user),
    )
    return identity, user


def _request(path: str, access_token: SecretText) -> HttpRequest:
    headers = {"Authorization": f"Bearer {access_token.reveal()}", "X-GitHub-Api-Version": "2022-11-28"}
    return HttpRequest(url=f"https://api.github.com{path}", headers=headers, limit=_MAX_ANSWER)


def _json(answer: HttpAnswer) -> object:
    # A token that was revoked, or whose person revoked the application.
    refuse_if(answer.status == 401, OidcReason.GRANT_REFUSED)
    refuse_if(answer.status != 200, OidcReason.USERINFO_STATUS)
    try:
        return parse_json(answer.body, limit=_MAX_ANSWER)
    except ValueError:
        raise Unacceptable(OidcReason.USERINFO_MALFORMED) from None


def _object(answer: HttpAnswer) -> Mapping[str, object]:
    found = _json(answer)
    if not isinstance(found, dict):
        raise Unacceptable(OidcReason.USERINFO_MALFORMED)
    return cast("Mapping[str, object]", found)


def _check_member(answer: HttpAnswer, organization: GitHubOrganization, number: int) -> None:
    refuse_if(answer.status == 429, OidcReason.PROVIDER_UNAVAILABLE)
    refuse_if(answer.status != 200, OidcReason.NOT_A_MEMBER)
    found = _object(answer)
    same = _number(found.get("organization")) == organization.id and _number(found.get("user")) == number
    refuse_if(found.get("state") != "active" or not same, OidcReason.NOT_A_MEMBER)


def _number(found: object) -> object:
    number = cast("Mapping[str, object]", found).get("id") if isinstance(found, dict) else None
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _email(found: object, domains: frozenset[str]) -> tuple[str | None, bool]:
    """Return the address to show and whether it counts: a verified one of the domains goes before the primary one."""
    if not isinstance(found, list):
        return None, False
    entries = [cast("Mapping[str, object]", each) for each in cast("list[object]", found) if isinstance(each, dict)]
    entries.sort(key=lambda entry: entry.get("primary") is not True)
    verified = [email for each in entries if each.get("verified") is True and (email := email_of(each.get("email"))) is not None]
    ours = [email for email in verified if in_domains(email, domains)]
    return (ours[0], True) if ours else (verified[0] if verified else None, False)
