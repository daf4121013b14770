"""The change of our keys at a provider that speaks SAML: announced, used, retired, in both hosts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from lxml import etree

from ctsec.sso.saml import own_key
from ctsec.sso.saml.keys import pem_of
from ctsec.sso.saml.names import DS, MD
from ctsec.sso.saml.wire import decode_wrapped
from ctsec.testing.saml import SamlKey, answer
from ctsec.testing.saml_provider import LocalSamlProvider, SamlPerson
from tests.hosts.harness import Browser, Host
from tests.hosts.saml import PROVIDER, Firm, Trip, come, counts, found, joined

STRANGER = SamlKey.generate()


def metadata(firm: Firm) -> bytes:
    """Return what a provider is told of us."""
    return Browser(firm.host).call("GET", f"/auth/sso/{firm.connection}/saml/metadata").body


def certificates(firm: Firm) -> list[str]:
    """Return our certificates in the metadata, in their order: the same to sign, if we sign, and to open with."""
    uses: dict[str | None, list[str]] = {"signing": [], "encryption": []}
    for each in etree.fromstring(metadata(firm)).iter(f"{MD}KeyDescriptor"):
        uses[each.get("use")].append(pem_of(decode_wrapped(next(each.iter(f"{DS}X509Certificate")).text or "")))
    assert uses["signing"] in ([], uses["encryption"])
    return uses["encryption"]


def keys(shown: dict[str, Any]) -> dict[str, str]:
    """Return the state of each key that a connection shows."""
    return {each["kid"]: each["state"] for each in shown["saml"]["own_keys"]}


def opened(firm: Firm, certificate: str) -> int:
    """Come with an assertion that is encrypted for a certificate of ours."""
    trip = Trip(firm, Browser(firm.host)).begin()
    told = trip.told("ann-1", email="ann@acme.example")
    return trip.back(answer(told, key=PROVIDER.signer(), encrypt_for=certificate)).status


def moves(firm: Firm) -> list[tuple[str, str]]:
    """Return the steps of keys in the organization's log, in the order of their names."""
    seen = [(each.name.removeprefix("sso_connection.key_"), each) for each in firm.host.events(firm.organization)]
    return sorted((name, each.details()["details"]["key"]) for name, each in seen if "." not in name)


def test_whoever_asks_for_metadata_has_no_key_opened(host: Host) -> None:
    """Metadata is made of public keys, by a unit that only reads: it is the same where the private key can not be opened at all."""
    firm = found(host)
    before = certificates(firm)
    kept = host.do(lambda unit: unit._store.connections.get(firm.connection))
    broken = replace(kept, sealed_secret=b"nobody opens this", version=kept.version + 1)
    assert host.do(lambda unit: unit._store.connections.replace(broken))
    assert (certificates(firm), len(before)) == (before, 1)


def test_a_provider_knows_the_next_key_before_it_signs(host: Host) -> None:
    """Announced, it is in the metadata and does not sign; activated, it signs, logouts too; no sign-in, session or test is lost."""
    with LocalSamlProvider(clock=host.clock, key=PROVIDER) as provider:
        provider.people["ann"] = SamlPerson(attributes={"email": ["ann@acme.example"]})
        provider.wants_signed = True
        firm = joined(host, provider, signs_requests=True)
        (first,) = certificates(firm)
        session = come(firm, provider, "ann")
        shown = firm.owner.ok(f"POST {firm.one}/key/announce")
        (old, new) = keys(shown)
        assert (shown["state"], keys(shown)) == ("enabled", {old: "signs", new: "announced"})
        assert (certificates(firm)[0], len(certificates(firm))) == (first, 2)
        come(firm, provider, "ann")
        provider.register(metadata(firm))
        shown = firm.owner.ok(f"POST {firm.one}/key/activate", {"kid": new})
        assert (shown["state"], keys(shown), counts(session)) == ("enabled", {new: "signs", old: "former"}, True)
        assert (certificates(firm)[1], certificates(firm)[0] != first) == (first, True)
        assert firm.owner.auth(f"POST {firm.one}/key/activate", {"kid": old}).status == 409
        assert keys(firm.owner.ok(f"POST {firm.one}/key/retire", {"kid": old})) == {new: "signs"}
        assert first not in certificates(firm)
        provider.register(metadata(firm))
        come(firm, provider, "ann")
        assert provider.signed_out(str(session.ok("POST /sign-out")["provider_url"])) is not None
    assert moves(firm) == [("activated", new), ("announced", new), ("retired", old)]


def test_both_keys_open_while_there_are_two(host: Host) -> None:
    """From the announcement to the retirement both open, before and after the switch; what is for a retired key is refused as any other."""
    firm = found(host)
    new = list(keys(firm.owner.ok(f"POST {firm.one}/key/announce")))[1]
    first, second = certificates(firm)
    assert [opened(firm, first), opened(firm, second)] == [200, 200]
    firm.owner.ok(f"POST {firm.one}/key/activate", {"kid": new})
    assert [opened(firm, first), opened(firm, second)] == [200, 200]
    firm.owner.ok(f"POST {firm.one}/key/retire", {"kid": next(iter(set(keys(shown(firm))) - {new}))})
    assert [opened(firm, first), opened(firm, second)] == [401, 200]
    assert opened(firm, STRANGER.certificate) == 401
    assert firm.whys() == ["saml_not_decrypted"] * 2


def test_a_step_names_its_key_and_takes_a_manager(host: Host) -> None:
    """A second announcement, another name, the key that signs, another's connection and a stale proof are refused."""
    firm, rival = found(host), found(host, name="rival")
    one, paths = firm.owner, ("announce", "activate", "retire")
    (signs,) = keys(shown(firm))
    assert [one.auth(f"POST {firm.one}/key/{each}", {"kid": signs}).status for each in paths[1:]] == [409, 409]
    announced = list(keys(one.ok(f"POST {firm.one}/key/announce")))[1]
    assert one.auth(f"POST {firm.one}/key/announce").status == 409
    assert [one.auth(f"POST {firm.one}/key/{each}", {"kid": signs}).status for each in paths[1:]] == [409, 409]
    assert one.auth(f"POST {firm.one}/key/activate", {"kid": ""}).status == 422
    other = f"/organizations/{rival.organization}/sso/connections/{firm.connection}"
    for each in paths:
        body = None if each == "announce" else {"kid": announced}
        assert rival.owner.auth(f"POST {other}/key/{each}", body).status == 404, each
        assert rival.owner.auth(f"POST {firm.one}/key/{each}", body).status in {403, 404}, each
    assert keys(one.ok(f"POST {firm.one}/key/retire", {"kid": announced})) == {signs: "signs"}
    assert one.auth(f"POST {firm.one}/key/activate", {"kid": announced}).status == 409
    host.clock.advance(timedelta(hours=1))
    assert one.auth(f"POST {firm.one}/key/announce").json["reason"] == "step_up_required"
    assert moves(firm) == [("announced", announced), ("retired", announced)]


def test_a_certificate_of_ours_that_ends_is_told(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty days before its end the doctor warns and says the next step, and the owners hear of it once; the next key ends that."""
    with monkeypatch.context() as patched:
        patched.setattr(own_key, "LIFE", timedelta(days=31))  # years would end other keys of the host too
        firm = found(host)
    assert looked(firm)["verdict"] == "ok"
    host.clock.advance(timedelta(days=2))
    firm.owner.ok("POST /sign-in/code", {"ticket": firm.owner.sign_in()["ticket"], "factor": "otp", "code": firm.owner.code()})
    assert (looked(firm)["verdict"], "announce" in looked(firm)["advice"]) == ("warn", True)
    for _ in range(2):
        host.clock.advance(timedelta(hours=8))
        host.events(firm.organization)
    noticed = [each.details()["details"] for each in host.events(firm.organization) if each.name == "sso_connection.expiry_noticed"]
    assert [each["whose"] for each in noticed] == ["ours"]
    assert [each.kind for each in host.mails("olga@acme.example") if each.kind.startswith("saml_")] == ["saml_own_ending"]
    firm.owner.ok("POST /step-up", {"factor": "otp", "code": firm.owner.code()})
    new = list(keys(firm.owner.ok(f"POST {firm.one}/key/announce")))[1]
    assert (looked(firm)["verdict"], "activate" in looked(firm)["advice"]) == ("warn", True)
    firm.owner.ok(f"POST {firm.one}/key/activate", {"kid": new})
    assert looked(firm)["verdict"] == "ok"


def looked(firm: Firm) -> dict[str, Any]:
    """Return what the doctor says of our key."""
    found: dict[str, Any] = next(each for each in firm.owner.ok(f"POST {firm.one}/doctor")["checks"] if each["name"] == "own_key")
    return found


def shown(firm: Firm) -> dict[str, Any]:
    """Return the connection as it is shown."""
    found: dict[str, Any] = firm.owner.ok(f"GET {firm.one.rpartition('/')[0]}")["connections"][0]
    return found
