"""Who somebody is at a provider that speaks SAML, read from a verified assertion by the connection's preset.

Rules that this module keeps:

- an identity is (connection, issuer, subject): attributes that stay, each with one text, or a persistent name that is this provider's
  own for us; a transient name is nobody's, and one that may be given to somebody else counts only where the connection says so;
- an address counts as verified only if its domain is one that the organization has verified, and the provider's word for addresses counts;
- two texts where one is expected are none;
- groups that are not told, or told to be too many, are None, which is not the empty tuple.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from ctsec.jose.rejection import Rejected
from ctsec.sso.oidc.identity import ExternalIdentity, email_of, in_domains, name_of
from ctsec.sso.oidc.mapping import found_in
from ctsec.sso.saml.assertion import NameId, VerifiedAssertion
from ctsec.sso.saml.names import EMAIL_ADDRESS
from ctsec.sso.saml.peer import SamlPeer
from ctsec.sso.saml.reason import SamlReason

MAX_GROUPS: Final = 1_000
_PART: Final = re.compile(r"[!-.0-~]{1,255}")  # no slash: it joins the parts


def read_assertion(assertion: VerifiedAssertion, *, peer: SamlPeer) -> ExternalIdentity | Rejected:
    """Return who signed in, or why nobody did: somebody whom the assertion names by nothing that stays."""
    told = claims_of(assertion)
    subject = _subject(assertion, told, peer)
    if subject is None:
        return Rejected(SamlReason.NO_IDENTITY)
    mapped, preset = peer.mapping, peer.preset
    own = _one(told, (peer.settings.email_attribute,) if peer.settings.email_attribute else preset.email)
    if own is None and assertion.name_id.format == EMAIL_ADDRESS and not peer.settings.email_attribute:
        own = assertion.name_id.value
    email = email_of(own if mapped.own_address else found_in(mapped.email, told))
    return ExternalIdentity(
        connection=assertion.connection,
        issuer=assertion.issuer,
        subject=subject,
        email=email,
        email_verified=peer.vouched and mapped.own_address and in_domains(email, peer.domains),
        name=name_of(found_in(mapped.name, told) if mapped.name else _name(told, peer)),
        groups=_groups(assertion, peer),
        acr=assertion.context_class,
        methods=assertion.values(preset.methods) or () if preset.methods else (),
        signed_in_at=assertion.authenticated_at,
        attributes=mapped.values(told),
    )


def claims_of(assertion: VerifiedAssertion) -> dict[str, object]:
    """Return the attributes by name: one text as it is, several as a list, none not at all."""
    return {each.name: each.values[0] if len(each.values) == 1 else list(each.values) for each in assertion.attributes if each.values}


def _subject(assertion: VerifiedAssertion, told: Mapping[str, object], peer: SamlPeer) -> str | None:
    if not peer.subject:
        return _named(assertion.name_id, peer)
    parts = [told.get(name) for name in peer.subject]
    if any(not isinstance(part, str) or not _PART.fullmatch(part) for part in parts):
        return None
    return "/".join(str(part) for part in parts)


def _named(name: NameId, peer: SamlPeer) -> str | None:
    """Return a name that this provider gives for us: with other qualifiers it could be somebody else's there (SAML Core, 8.3.7)."""
    foreign = name.name_qualifier not in {None, peer.trust.issuer} or name.sp_name_qualifier not in {None, peer.trust.audience}
    return name.value if name.format in peer.names and not foreign else None


def _one(told: Mapping[str, object], names: Iterable[str]) -> object:
    return next((told[name] for name in names if name in told), None)


def _name(told: Mapping[str, object], peer: SamlPeer) -> object:
    whole = _one(told, peer.preset.name)
    parts = [told.get(each) for each in peer.preset.parts]
    return whole if whole is not None else " ".join(each for each in parts if isinstance(each, str))


def _groups(assertion: VerifiedAssertion, peer: SamlPeer) -> tuple[str, ...] | None:
    found = assertion.values(peer.groups_attribute or peer.preset.groups)
    if not found or len(found) > MAX_GROUPS or any(not 0 < len(each) <= 255 for each in found):
        return None
    overflowed = peer.preset.overflow and assertion.values(peer.preset.overflow) is not None
    return None if overflowed else tuple(dict.fromkeys(found))
