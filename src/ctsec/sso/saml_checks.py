"""What the doctor makes of a connection that speaks SAML: what has to be registered, whose keys are believed, and what was lowered."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ctsec.sso.doctor import Check, CheckName, listed, ok, shown, warn
from ctsec.sso.saml.keys import TrustedKey
from ctsec.sso.saml.peer import SamlPeer
from ctsec.sso.saml.watching import SOON, offered, read_metadata
from ctsec.transport.request import HttpAnswer


def saml_checks(peer: SamlPeer, *, now: datetime) -> Iterator[Check]:
    """Yield what is to be said of a connection, without asking anybody."""
    yield ok(CheckName.AUDIENCE, f"register exactly {shown(peer.trust.audience)}")
    yield _dated(CheckName.PROVIDER_KEYS, peer.trust.keys, now=now, advice="take the provider's new certificate before it signs with it")
    own = tuple(TrustedKey.from_certificate(_pem(each.certificate)) for each in peer.keys[:1])
    yield _dated(CheckName.OWN_KEY, own, now=now, advice="rotate the key of the connection, and give the provider the new metadata")
    yield ok(CheckName.REQUESTS, "signed" if peer.signer is not None else "not signed")
    if peer.trust.slo_url:
        yield ok(CheckName.END_SESSION, f"register exactly {shown(peer.trust.slo_url)}")
    else:
        yield warn(CheckName.END_SESSION, "no", "whoever signs out here stays signed in there, and the other way round")
    lowered = peer.settings.lowered()
    if lowered:
        yield warn(CheckName.LOWERED, listed(lowered), "see whether each of these is still needed")
    else:
        yield ok(CheckName.LOWERED, "nothing")


def metadata_check(answer: HttpAnswer | str | None, *, peer: SamlPeer, now: datetime) -> Check:
    """Return what is to be said of the provider's metadata; None if the connection has no address of it."""
    if answer is None:
        advice = "give the address of the provider's metadata, so that its next certificate is seen in time"
        return warn(CheckName.METADATA, "the connection has no address of it", advice)
    url = shown(peer.settings.metadata_url)
    document = read_metadata(answer, entity_id=peer.trust.issuer, now=now)
    if isinstance(document, str):
        return warn(CheckName.METADATA, f"{url}: {document}", "have the provider publish its metadata there, or correct the address")
    change = offered(peer.settings, document).change
    if not change.nothing:
        seen = [f"{len(change.added)} keys more", f"{len(change.removed)} fewer", *(name for name, _ in change.values)]
        return warn(CheckName.METADATA, f"it differs: {listed(seen)}", "look at the difference, and trust it or ask the provider")
    if document.valid_until is not None and document.valid_until < now + SOON:
        return warn(CheckName.METADATA, f"the same, valid until {document.valid_until:%Y-%m-%d}", "have the provider publish it anew")
    return ok(CheckName.METADATA, f"{url}: the same")


def _dated(name: CheckName, keys: tuple[TrustedKey, ...], *, now: datetime, advice: str) -> Check:
    ends = [key.not_after for key in keys if key.not_after is not None]
    seen = f"{len(keys)} of them, the last until {max(ends):%Y-%m-%d}" if ends else "none"
    # Dates of certificates are not judged at a sign-in: a provider whose last one ends is about to change its key.
    return warn(name, seen, advice) if not ends or max(ends) < now + SOON else ok(name, seen)


def _pem(base64: str) -> str:
    return f"-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n"
