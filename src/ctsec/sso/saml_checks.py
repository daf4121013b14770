"""What the doctor makes of a connection that speaks SAML: what has to be registered, whose keys are believed, and what was lowered."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from ctsec.sso.doctor import Check, CheckName, listed, ok, shown, warn
from ctsec.sso.saml.keys import TrustedKey
from ctsec.sso.saml.own_key import KeyState, OwnKey
from ctsec.sso.saml.peer import SamlPeer
from ctsec.sso.saml.watching import SOON, offered, read_metadata
from ctsec.transport.request import HttpAnswer

_STANDING = {KeyState.ANNOUNCED: "announced", KeyState.FORMER: "the one before, which opens still"}


def saml_checks(peer: SamlPeer, *, ours: tuple[OwnKey, ...], now: datetime) -> Iterator[Check]:
    """Yield what is to be said of a connection, without asking anybody; `ours` are its keys, the one that signs first."""
    yield ok(CheckName.AUDIENCE, f"register exactly {shown(peer.trust.audience)}")
    yield _dated(CheckName.PROVIDER_KEYS, peer.trust.keys, now=now, advice="take the provider's new certificate before it signs with it")
    yield _own_key(ours, now=now)
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


def _own_key(ours: tuple[OwnKey, ...], *, now: datetime) -> Check:
    if not ours or ours[0].not_after is None:
        return warn(CheckName.OWN_KEY, "none", "rotate the key of the connection, and give the provider the new metadata")
    signs, others = ours[0].not_after, [each.state for each in ours[1:]]
    seen = ", ".join([f"{ours[0].kid} signs, until {signs:%Y-%m-%d}", *(f"{each.kid} is {_STANDING[each.state]}" for each in ours[1:])])
    if signs >= now + SOON:
        return ok(CheckName.OWN_KEY, seen)
    announced = KeyState.ANNOUNCED in others
    advice = (
        "activate the announced key, once the provider has our metadata"
        if announced
        else "announce the next key, and give the provider our metadata"
    )
    return warn(CheckName.OWN_KEY, seen, advice)
