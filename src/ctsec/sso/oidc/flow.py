"""A sign-in with a provider as steps: each yields a request, is sent its answer, and in the end returns what became of it.

Rules that this module keeps:

- nothing here connects: whoever drives the steps fetches, so both colours and any client have one implementation;
- the code is sent once, and only after state, connection, time and issuer of the callback were right;
- the first thing that is wrong ends the steps, and what was learned of the provider's keys is returned even then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from ctsec.jose.rejection import Rejected
from ctsec.secret import SecretText
from ctsec.sso.oidc.authorization import PendingSignIn, check_callback
from ctsec.sso.oidc.client import OidcClient
from ctsec.sso.oidc.github import GITHUB_METADATA, ask_github
from ctsec.sso.oidc.id_token import IdToken, check_id_token, check_refreshed
from ctsec.sso.oidc.identity import ExternalIdentity, read_identity
from ctsec.sso.oidc.key_cache import KeyCache, Steps, judge_with_keys
from ctsec.sso.oidc.logout import LogoutNotice, check_logout_token
from ctsec.sso.oidc.metadata import ProviderMetadata, discovery_request, parse_discovery
from ctsec.sso.oidc.reason import OidcReason
from ctsec.sso.oidc.tokens import Exchange, TokenSet, code_request, parse_tokens, refresh_request, revocation_request
from ctsec.sso.oidc.userinfo import parse_userinfo, userinfo_request


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvedSignIn:
    """Who signed in at the provider, and what it gave; `id_token` is None where it makes none, `userinfo` where it was not asked."""

    identity: ExternalIdentity
    tokens: TokenSet
    id_token: IdToken | None = None
    userinfo: Mapping[str, object] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What became of a sign-in, a refresh or a notice, and the keys to keep in either case."""

    outcome: ProvedSignIn | LogoutNotice | Rejected
    keys: KeyCache | None


def discover(client: OidcClient) -> Steps[ProviderMetadata | Rejected]:
    """Ask the provider for its document; GitHub has none, and what it would say is known."""
    if not client.preset.oidc:
        return GITHUB_METADATA
    answer = yield discovery_request(client)
    return parse_discovery(answer, client)


def complete_sign_in(
    exchange: Exchange, *, pending: PendingSignIn, parameters: Iterable[tuple[str, str]], keys: KeyCache | None
) -> Steps[Judged]:
    """Take a callback to its end: the code, the tokens, the ID token, the rest of the person."""
    client, metadata = exchange.client, exchange.metadata
    code = check_callback(parameters, pending=pending, client=client, metadata=metadata, now=exchange.now)
    if isinstance(code, Rejected):
        return Judged(outcome=code, keys=keys)
    tokens = parse_tokens((yield code_request(exchange, code=code, pending=pending)), with_id_token=client.preset.oidc)
    if isinstance(tokens, Rejected):
        return Judged(outcome=tokens, keys=keys)
    if not client.preset.oidc:
        return Judged(outcome=(yield from _from_github(client, tokens)), keys=keys)
    token, kept = yield from judge_with_keys(
        lambda known: check_id_token(tokens, client=client, keys=known, pending=pending, now=exchange.now),
        client=client,
        metadata=metadata,
        cache=keys,
        now=exchange.now,
    )
    if isinstance(token, Rejected):
        return Judged(outcome=token, keys=kept)
    return Judged(outcome=(yield from _identified(exchange, token, tokens)), keys=kept)


def refresh_sign_in(exchange: Exchange, *, refresh_token: SecretText, before: IdToken | None, keys: KeyCache | None) -> Steps[Judged]:
    """Ask whether the person of an earlier sign-in (`before`; None for GitHub) is still let in, and what is said of them now.

    What the provider does not say anew (address, name, groups) is unknown, not what it was.
    """
    found = yield from renew(exchange, refresh_token=refresh_token, before=before)
    if isinstance(found, Rejected):
        return Judged(outcome=found, keys=keys)
    return (yield from judge_renewed(exchange, tokens=found, before=before, keys=keys))


def _from_github(client: OidcClient, tokens: TokenSet) -> Steps[ProvedSignIn | Rejected]:
    found = yield from ask_github(client, access_token=tokens.access_token)
    return found if isinstance(found, Rejected) else ProvedSignIn(identity=found[0], tokens=tokens, userinfo=found[1])


def renew(exchange: Exchange, *, refresh_token: SecretText, before: IdToken | None) -> Steps[TokenSet | Rejected]:
    """Exchange a refresh token, which a provider may replace: what comes back is to be kept before anything else is asked."""
    if before is not None and before.issuer not in exchange.client.issuers():
        return Rejected(OidcReason.REFRESHED_OTHER_ISSUER)
    found = parse_tokens((yield refresh_request(exchange, refresh_token=refresh_token)), with_id_token=False)
    if isinstance(found, Rejected):
        return found
    return found if found.refresh_token is not None else replace(found, refresh_token=refresh_token)


def judge_renewed(exchange: Exchange, *, tokens: TokenSet, before: IdToken | None, keys: KeyCache | None) -> Steps[Judged]:
    """Return who new tokens are of: the same person as `before` (None for GitHub), or why they are not accepted."""
    client, metadata = exchange.client, exchange.metadata
    if before is None or not client.preset.oidc:
        return Judged(outcome=(yield from _from_github(client, tokens)), keys=keys)
    kept, token = keys, _without_what_changes(before, client)
    if tokens.id_token is not None:
        anew, kept = yield from judge_with_keys(
            lambda known: check_refreshed(tokens, client=client, keys=known, before=before, now=exchange.now),
            client=client,
            metadata=metadata,
            cache=keys,
            now=exchange.now,
        )
        if isinstance(anew, Rejected):
            return Judged(outcome=anew, keys=kept)
        token = anew
    return Judged(outcome=(yield from _identified(exchange, token, tokens)), keys=kept)


def revoke(exchange: Exchange, *, token: SecretText, refreshes: bool) -> Steps[None]:
    """Make a token useless at the provider, if it offers that; what it answers changes nothing."""
    request = revocation_request(exchange, token=token, refreshes=refreshes)
    if request is not None:
        yield request


def judge_logout(exchange: Exchange, *, token: str, keys: KeyCache | None) -> Steps[Judged]:
    """Judge a back-channel logout token, asking for the provider's keys where that is due."""
    client, now = exchange.client, exchange.now
    notice, kept = yield from judge_with_keys(
        lambda known: check_logout_token(token, client=client, keys=known, now=now),
        client=client,
        metadata=exchange.metadata,
        cache=keys,
        now=now,
    )
    return Judged(outcome=notice, keys=kept)


def _identified(exchange: Exchange, token: IdToken, tokens: TokenSet) -> Steps[ProvedSignIn | Rejected]:
    client, metadata = exchange.client, exchange.metadata
    more: Mapping[str, object] | None = None
    if metadata.userinfo_endpoint and _wanting(token, client):
        answer = yield userinfo_request(metadata, access_token=tokens.access_token)
        asked = parse_userinfo(answer, subject=token.subject)
        if isinstance(asked, Rejected):
            return asked
        more = asked
    identity = read_identity(token, client=client, userinfo=more)
    if isinstance(identity, Rejected):
        return identity
    return ProvedSignIn(identity=identity, tokens=tokens, id_token=token, userinfo=more)


def _wanting(token: IdToken, client: OidcClient) -> bool:
    groups = client.groups_claim or client.preset.groups_claim
    return any(name and name not in token.claims for name in ("email", "name", groups))


def _without_what_changes(before: IdToken, client: OidcClient) -> IdToken:
    changing = {"email", "email_verified", "name", client.groups_claim or client.preset.groups_claim}
    return replace(before, claims={name: value for name, value in before.claims.items() if name not in changing})
