"""Who somebody is at a provider, read from claims by its preset.

Rules that this module keeps:

- an identity is (connection, issuer, subject); address, name and groups are what the provider says of it today;
- an address counts as verified only if the provider verifies addresses, says `true` of this very one, and its domain is one that the
  organization has verified; there is exactly one `@` in it;
- `hd` (Google) comes from the signed token, and the userinfo answer adds what is missing but contradicts nothing;
- groups that are not told are None, which is not the empty tuple.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast

from ctsec.jose.rejection import Rejected
from ctsec.sso.oidc.client import OidcClient
from ctsec.sso.oidc.id_token import IdToken
from ctsec.sso.oidc.mapping import NAME, found_in
from ctsec.sso.oidc.presets import Preset
from ctsec.sso.oidc.reason import OidcReason

_EMAIL: Final = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,253}")
_MAX_GROUPS: Final = 1000
_MAX_NAME: Final = 200
_PART: Final = re.compile(r"[!-.0-~]{1,255}")  # no slash: it joins the parts


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalIdentity:
    """Somebody at a provider. `email_verified` is what linking may rely on; `groups` is None where the provider did not tell them all.

    `attributes` are what the connection's map reads for the host. `acr`, `methods` and `signed_in_at` are the provider's words about the
    sign-in; None and empty mean the least (ASVS 6.8.4).
    """

    connection: str
    issuer: str
    subject: str
    email: str | None = None
    email_verified: bool = False
    name: str | None = None
    groups: tuple[str, ...] | None = None
    acr: str | None = None
    methods: tuple[str, ...] = ()
    signed_in_at: datetime | None = None
    attributes: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        """What identifies the person for ever: connection, issuer, subject."""
        return self.connection, self.issuer, self.subject


def read_identity(token: IdToken, *, client: OidcClient, userinfo: Mapping[str, object] | None = None) -> ExternalIdentity | Rejected:
    """Return who signed in, or why nobody did: an identity of another domain or directory, or one that is not there."""
    preset, more = client.preset, userinfo or {}
    if preset.domain_claim:
        domain = token.claims.get(preset.domain_claim)
        if not isinstance(domain, str) or domain.lower() not in client.domains:
            return Rejected(OidcReason.WRONG_DOMAIN)
    subject = _subject(token.claims, preset)
    if subject is None:
        return Rejected(OidcReason.NO_IDENTITY)
    mapped = client.mapping
    # Address and verdict come from the same place, or the one could be said of the other.
    source = token.claims if "email" in token.claims else more
    email = email_of(source.get("email") if mapped.own_address else found_in(mapped.email, token.claims, more))
    verified = preset.verifies_email and mapped.own_address and source.get("email_verified") is True
    groups_claim = client.groups_claim or preset.groups_claim
    return ExternalIdentity(
        connection=client.connection,
        issuer=token.issuer,
        subject=subject,
        email=email,
        email_verified=verified and in_domains(email, client.domains),
        name=name_of(found_in(mapped.name or NAME, token.claims, more)),
        groups=_groups(token.claims, more, claim=groups_claim, overflow=preset.overflow),
        acr=token.acr,
        methods=token.methods,
        signed_in_at=token.signed_in_at,
        attributes=mapped.values(token.claims, more),
    )


def _subject(claims: Mapping[str, object], preset: Preset) -> str | None:
    if preset.subject == ("sub",):
        return cast("str", claims["sub"])  # judged with the token
    parts = [claims.get(name) for name in preset.subject]
    if any(not isinstance(part, str) or not _PART.fullmatch(part) for part in parts):
        return None
    return "/".join(str(part) for part in parts)


def email_of(found: object) -> str | None:
    """Return an address with one `@` and something on both sides; None for anything else."""
    return found if isinstance(found, str) and _EMAIL.fullmatch(found) else None


def in_domains(email: str | None, domains: frozenset[str]) -> bool:
    """Tell whether an address is in one of some domains, all in lower case."""
    return email is not None and email.partition("@")[2].lower() in domains


def name_of(found: object) -> str | None:
    """Return a name that can be shown: printable, not blank, cut at 200 characters."""
    return found.strip()[:_MAX_NAME] if isinstance(found, str) and found.strip() and found.isprintable() else None


def _groups(claims: Mapping[str, object], more: Mapping[str, object], *, claim: str, overflow: frozenset[str]) -> tuple[str, ...] | None:
    source = claims if claim in claims else more
    if not claim or claim not in source or overflow & (claims.keys() | more.keys()):
        return None
    found = source[claim]
    members = cast("list[object]", found) if isinstance(found, list) else [None]
    if len(members) > _MAX_GROUPS or any(not isinstance(each, str) or not 0 < len(each) <= 255 for each in members):
        return None
    return tuple(dict.fromkeys(str(each) for each in members))
