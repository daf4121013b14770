"""Metadata of providers that speak SAML, fetched and looked at again, in both hosts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ctsec.sso.saml.keys import TrustedKey
from ctsec.testing.saml import SamlKey
from ctsec.testing.saml_provider import LocalSamlProvider, SamlPerson
from tests.hosts.harness import Browser, Host, Reply
from tests.hosts.saml import POSTED, Firm, Trip, found

NEXT, LAST = (SamlKey.generate(curve=True) for _ in range(2))
KEY = SamlKey.generate(curve=True)


@pytest.fixture
def provider(host: Host) -> Iterator[LocalSamlProvider]:
    """A provider on loopback, on the host's clock."""
    with LocalSamlProvider(clock=host.clock, key=KEY) as made:
        made.people["ann"] = SamlPerson(attributes={"email": ["ann@acme.example"]})
        yield made


def named(*keys: SamlKey) -> list[str]:
    """Return the fingerprints of keys."""
    return [TrustedKey.from_certificate(each.certificate).fingerprint for each in keys]


def connected(host: Host, provider: LocalSamlProvider, **changed: object) -> Firm:
    """Found an organization whose connection is drafted with what the preview of the provider's metadata shows."""
    firm = found(host)
    seen = firm.owner.ok(f"POST /organizations/{firm.organization}/sso/metadata", {"metadata_url": provider.metadata_url})
    assert ([each["fingerprint"] for each in seen["keys"]], seen["valid_until"]) == (named(KEY), None)
    assert seen["saml"]["issuer"] == seen["saml"]["metadata_url"] == provider.metadata_url
    firm.change(**seen["saml"], **changed)
    provider.register(Browser(host).call("GET", f"/auth/sso/{firm.connection}/saml/metadata").body)
    return firm


def sign_in(firm: Firm, provider: LocalSamlProvider) -> Reply:
    """Sign Ann in."""
    trip = Trip(firm, Browser(firm.host)).begin()
    begun = trip.browser.auth(f"POST /sso/{firm.connection}/begin", {})
    trip.read(begun.json)
    form = provider.visit(str(begun.json["url"]), person="ann")
    cookie = begun.headers["set-cookie"].partition(";")[0]
    headers = {POSTED[0]: POSTED[1], "cookie": cookie, "origin": provider.at}
    return trip.browser.call("POST", f"/auth/sso/{firm.connection}/saml/acs", headers=headers, raw=urlencode(form.fields).encode())


def told(firm: Firm, name: str) -> list[dict[str, Any]]:
    """Let the worker look, place the events, and return the details of one."""
    firm.host.events(firm.organization)
    return [dict(each.details()["details"]) for each in firm.host.events(firm.organization) if each.name == f"sso_connection.{name}"]


@pytest.mark.proves("SEED-S7")
def test_another_certificate_waits_for_an_administrator(host: Host, provider: LocalSamlProvider) -> None:
    """It is told once, shown as a difference, believed after somebody trusts what they saw, and then signs people in at once."""
    firm = connected(host, provider)
    assert sign_in(firm, provider).status == 200, firm.whys()
    assert told(firm, "metadata_changed") == []
    provider.announced = (NEXT,)
    for _ in range(2):
        host.clock.advance(timedelta(hours=7, minutes=30))
        told(firm, "metadata_changed")
    assert told(firm, "metadata_changed") == [{"added": named(NEXT), "dropped": [], "others": []}]
    assert [each.kind for each in host.mails("olga@acme.example") if each.kind.startswith("saml_")] == ["saml_waiting"]
    provider.key, provider.announced = NEXT, ()
    assert sign_in(firm, provider).status == 401
    assert firm.owner.auth(f"POST {firm.one}/metadata", {}).json["reason"] == "step_up_required"
    firm.owner.ok("POST /step-up", {"factor": "otp", "code": firm.owner.code()})
    seen = firm.owner.ok(f"POST {firm.one}/metadata", {})
    assert [[each["fingerprint"] for each in seen[name]] for name in ("added", "removed")] == [named(NEXT), named(KEY)]
    assert (seen["same"], seen["widens"], seen["values"]) == (False, True, [])
    provider.announced = (LAST,)
    assert firm.owner.auth(f"POST {firm.one}/metadata/trust", {"seen": seen["seen"]}).json["reason"] == "conflict"
    provider.announced = ()
    after = firm.owner.ok(f"POST {firm.one}/metadata/trust", {"seen": seen["seen"]})
    assert ([each["fingerprint"] for each in after["saml"]["keys"]], after["state"]) == (named(NEXT), "enabled")
    assert sign_in(firm, provider).status == 200, firm.whys()
    assert told(firm, "metadata_trusted") == [{"by": "administrator", "added": named(NEXT), "dropped": named(KEY), "others": []}]
    assert firm.owner.ok(f"POST {firm.one}/metadata", {})["same"] is True


@pytest.mark.proves("SEED-S7")
def test_a_policy_takes_keys_and_nothing_else(host: Host, provider: LocalSamlProvider) -> None:
    """Where the connection follows its metadata a key is believed without anybody; another address waits, a broken document is nothing."""
    firm = connected(host, provider, follows_metadata=True)
    provider.announced = (NEXT,)
    host.clock.advance(timedelta(minutes=10))
    assert told(firm, "metadata_trusted") == [{"by": "policy", "added": named(NEXT), "dropped": [], "others": []}]
    provider.key, provider.announced = NEXT, ()
    assert sign_in(firm, provider).status == 200, firm.whys()
    provider.sso_url = f"{provider.at}/elsewhere"
    provider.announced = (LAST,)
    host.clock.advance(timedelta(hours=8))
    (waiting,) = told(firm, "metadata_changed")
    assert (waiting["added"], waiting["others"]) == (named(LAST), ["sign_in.redirect", "sign_in.post"])
    setattr(provider, "metadata", lambda: b"<x/>")  # noqa: B010 - one provider, told otherwise
    host.clock.advance(timedelta(hours=8))
    assert (len(told(firm, "metadata_changed")), len(told(firm, "metadata_trusted"))) == (1, 1)


def bulky() -> SamlKey:
    """Return a key whose certificate is nearly as large as one may be."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "idp.example")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC)).not_valid_after(datetime(2040, 1, 1, tzinfo=UTC))
    made = made.add_extension(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.3.6.1.4.1.99999.1"), bytes(11_000)), critical=False)
    signed = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    return SamlKey(private=private, certificate=signed)


def test_a_document_that_says_too_much_is_looked_at_once(host: Host, provider: LocalSamlProvider) -> None:
    """Certificates that no connection has room for are taken neither by its policy nor by somebody, wait, and keep no other one waiting."""
    firm = connected(host, provider, follows_metadata=True)
    provider.announced = (bulky(),)
    host.clock.advance(timedelta(minutes=10))
    for _ in range(2):
        assert [each["added"] for each in told(firm, "metadata_changed")] == [named(*provider.announced)]
        host.clock.advance(timedelta(minutes=10))
    assert told(firm, "metadata_trusted") == []
    firm.owner.ok("POST /step-up", {"factor": "otp", "code": firm.owner.code()})
    seen = firm.owner.ok(f"POST {firm.one}/metadata", {})["seen"]
    refused = firm.owner.auth(f"POST {firm.one}/metadata/trust", {"seen": seen})
    assert (refused.status, refused.json["reason"]) == (422, "invalid_input")


@pytest.mark.proves("SEED-S10")
def test_the_doctor_compares_metadata(host: Host, provider: LocalSamlProvider) -> None:
    """It says whether the metadata is there and the same, and what the clocks say; nothing of it fails, and nothing changes."""
    firm = connected(host, provider)

    def checks() -> dict[str, Any]:
        return {each["name"]: each for each in firm.owner.ok(f"POST {firm.one}/doctor")["checks"]}

    seen = checks()
    assert (seen["metadata"]["verdict"], seen["clock"]["verdict"], seen["tls"]["verdict"]) == ("ok", "ok", "warn")
    provider.announced = (NEXT,)
    assert checks()["metadata"]["seen"] == "it differs: 1 keys more, 0 fewer"
    setattr(provider, "metadata", lambda: b"<x/>")  # noqa: B010 - one provider, told otherwise
    assert checks()["metadata"]["seen"] == f"{provider.metadata_url}: saml_wrong_message"
    firm.change()
    assert checks()["metadata"]["verdict"] == "warn"


def test_only_who_manages_connections_reads_metadata_and_nothing_else_is_shown(host: Host, provider: LocalSamlProvider) -> None:
    """A member and a stranger may not; an address that is none, and a page that is no metadata, are one word; files are compared too."""
    firm = connected(host, provider)
    home = f"/organizations/{firm.organization}/sso"
    member = Browser(host).sign_up("ben@acme.example", "Ben").enrol()
    firm.owner.invite(firm.organization, member)
    source, rival = {"metadata_url": provider.metadata_url}, found(host, name="rival")
    for line, body in (
        (f"POST {home}/metadata", source),
        (f"POST {firm.one}/metadata", {}),
        (f"POST {firm.one}/metadata/trust", {"seen": "0" * 64}),
    ):
        assert [each.auth(line, body).status for each in (member, rival.owner, Browser(host))] == [403, 404, 401], line
    for wrong, status in (({}, 422), ({"metadata_url": "file:///etc/passwd"}, 422), ({"metadata_url": f"{provider.at}/sign-out"}, 409)):
        assert firm.owner.auth(f"POST {home}/metadata", wrong).status == status, wrong
    provider.announced = (NEXT,)
    seen = firm.owner.ok(f"POST {firm.one}/metadata", {"metadata": provider.metadata().decode()})
    assert [each["fingerprint"] for each in seen["added"]] == named(NEXT)


@pytest.mark.proves("ASVS-6.4.5")
def test_certificates_that_end_are_told_once(host: Host) -> None:
    """Thirty days before the last trusted certificate ends the owners hear of it, whether there is an address of metadata or not."""
    firm = found(host)
    assert told(firm, "expiry_noticed") == []
    ends = TrustedKey.from_certificate(firm.saml["certificates"][0]).not_after
    assert ends is not None
    host.clock.advance(ends - timedelta(days=29) - host.clock.now())
    for _ in range(2):
        host.clock.advance(timedelta(hours=8))
        assert [each["until"] for each in told(firm, "expiry_noticed") if each["whose"] == "provider"] == [ends.isoformat()]
    assert [each.kind for each in host.mails("olga@acme.example")].count("saml_ending") == 1
