"""Sign-in through an organization's provider that speaks SAML, in both hosts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import Any

import pytest
from lxml import etree

from ctsec.sso.saml.keys import TrustedKey
from ctsec.sso.saml.names import DS, EMAIL_ADDRESS, MD, SAML, TRANSIENT
from ctsec.sso.saml.wire import encode_field
from ctsec.testing.saml import SamlAnswer, SamlKey, Signed, answer, build, encrypt, seal
from tests.hosts.harness import Browser, Host, Reply
from tests.hosts.saml import PROVIDER, Firm, Trip, found, setup, unasked
from tests.saml_attacks import stage
from tests.saml_attacks.kit import FAMILIES

STYLES = (Signed.ASSERTION, Signed.RESPONSE, Signed.BOTH)
SIGNER = PROVIDER.signer()


@pytest.fixture
def firm(host: Host) -> Firm:
    """An organization whose people sign in through the provider."""
    return found(host)


def refused(reply: Reply) -> None:
    """Require the one answer to whatever is wrong."""
    assert (reply.status, reply.json["reason"]) == (401, "invalid_credentials"), reply.body
    assert reply.json["detail"] == "the sign-in through your provider was not accepted; ask your administrator"
    assert "ctsec_session" not in reply.headers.get("set-cookie", "")


@pytest.mark.proves("SEED-A3")
def test_a_person_is_provisioned_and_comes_back(host: Host, firm: Firm) -> None:
    """The first sign-in makes an account with the connection's role, the next one finds it, however the provider signs."""
    first, *later = (Trip(firm, Browser(host)).sign_in("ann-1", style=each, email="ann@acme.example") for each in STYLES)
    assert (first.status, first.json["status"]) == (200, "signed_in"), (first.body, firm.whys())
    assert first.json["organization_id"] == firm.organization
    assert {each.json["user_id"] for each in later} == {first.json["user_id"]}
    members = firm.owner.ok(f"GET /organizations/{firm.organization}/members")["members"]
    roles = [(each["email"], each["role"]) for each in members if each["user_id"] == first.json["user_id"]]
    assert roles == [("ann@acme.example", "member")]
    names = [each.name for each in host.events(firm.organization)]
    assert (names.count("user.provisioned"), names.count("sso_identity.linked")) == (1, 1)


@pytest.mark.proves("SEED-S2", "SEED-S3", "SEED-S4")
def test_each_preset_reads_its_provider(host: Host, firm: Firm) -> None:
    """Google, Entra ID, Okta and OneLogin name people, addresses and groups in their own words; each signs in its own way."""
    entra, claims = "http://schemas.microsoft.com/identity/claims/", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
    said: dict[str, tuple[Signed, dict[str, Any]]] = {
        "google_saml": (Signed.RESPONSE, {"groups": ["staff"]}),
        "entra_saml": (
            Signed.ASSERTION,
            {
                f"{entra}tenantid": "t-1",
                f"{entra}objectidentifier": "o-1",
                f"{claims}emailaddress": "ann@acme.example",
                "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups": ["staff"],
            },
        ),
        "okta_saml": (Signed.BOTH, {"user.id": "00u1", "email": "ann@acme.example", "groups": ["staff"]}),
        "onelogin_saml": (Signed.RESPONSE, {"PersonImmutableID": "p-1", "User.email": "ann@acme.example", "memberOf": ["staff"]}),
    }
    rules = {"rules": [{"group": "staff", "role": "viewer"}]}
    for number, (provider, (style, attributes)) in enumerate(said.items()):
        firm.change(provider=provider, provisioning=rules)
        own = f"ann{number}@acme.example"
        texts = {name: own if value == "ann@acme.example" else value for name, value in attributes.items()}
        trip = Trip(firm, Browser(host)).begin()
        reply = trip.back(answer(replace(trip.told(own, **texts), name_format=EMAIL_ADDRESS), key=SIGNER, style=style))
        assert reply.json["status"] == "signed_in", (provider, reply.body, firm.whys())
        members = firm.owner.ok(f"GET /organizations/{firm.organization}/members")["members"]
        assert [(each["email"], each["role"]) for each in members if each["user_id"] == reply.json["user_id"]] == [(own, "viewer")], (
            provider
        )


def test_what_does_not_name_a_person_for_good_is_nobody(host: Host, firm: Firm) -> None:
    """A transient name, an address, a name for somebody else, and an attribute with two texts are no identity."""
    trip = Trip(firm, Browser(host)).begin()
    told = trip.told("ann-1", email="ann@acme.example")
    for wrong in (TRANSIENT, EMAIL_ADDRESS, None):
        refused(trip.back(answer(replace(told, name_format=wrong), key=SIGNER)))
        trip.begin()
        told = trip.told("ann-1", email="ann@acme.example")
    for qualifier in ("NameQualifier", "SPNameQualifier"):
        root = build(trip.begin().told("ann-1", email="ann@acme.example"))
        next(root.iter(f"{SAML}NameID")).set(qualifier, "https://other.example")
        refused(trip.back(encode_field(seal(root, key=SIGNER, style=Signed.ASSERTION))))
    firm.change(subject_attribute="uid")
    refused(Trip(firm, Browser(host)).sign_in("ann-1", uid=["1", "2"], email="ann@acme.example"))
    refused(Trip(firm, Browser(host)).sign_in("ann-1", email="ann@acme.example"))
    assert firm.whys() == ["saml_no_identity"] * 7
    assert Trip(firm, Browser(host)).sign_in("ann-1", uid="1", email="ann@acme.example").status == 200


def test_an_address_finds_an_account_only_where_it_is_vouched_for(host: Host, firm: Firm) -> None:
    """The rules of arrivals hold: of the organization's domain, vouched for, and of nobody who owns the organization."""
    ben = Browser(host).sign_up("ben@acme.example", "Ben")
    Browser(host).sign_up("eve@elsewhere.example", "Eve")
    cases = [("eve@elsewhere.example", "address_of_another_domain"), ("ben@acme.example", "address_not_verified"), ("", "no_address")]
    for address, why in cases:
        refused(Trip(firm, Browser(host)).sign_in("someone", email=address))
        assert firm.whys()[-1] == why
    firm.change(vouches_for_addresses=True)
    refused(Trip(firm, Browser(host)).sign_in("boss", email="olga@acme.example"))
    refused(Trip(firm, Browser(host)).sign_in("two", email=["ben@acme.example", "eve@elsewhere.example"]))
    assert sorted(firm.whys()[-2:]) == ["no_address", "owner_not_linked"]
    assert Trip(firm, Browser(host)).sign_in("someone", email="BEN@acme.example").json["user_id"] == ben.id
    entra = setup(provider="entra_saml", vouches_for_addresses=True)
    assert firm.owner.auth(f"PUT {firm.one}", entra).status == 422


def test_an_owner_comes_in_after_linking_from_inside(host: Host, firm: Firm) -> None:
    """Linking is begun in a session, and ends in the browser that began it; then the provider signs the owner in."""
    trip = Trip(firm, firm.owner).begin(f"POST /sso/{firm.connection}/link")
    stolen = replace(trip, browser=Browser(host), cookies={})
    refused(stolen.back(answer(trip.told("boss"), key=SIGNER)))
    assert trip.back(answer(trip.told("boss"), key=SIGNER)).json == {"status": "linked"}
    assert Trip(firm, Browser(host)).sign_in("boss").json["status"] == "mfa_required"


@pytest.mark.proves("ASVS-6.8.3")
def test_a_response_counts_once_in_one_browser_for_one_connection(host: Host, firm: Firm) -> None:
    """Sent again, from another browser, to another connection or too late it signs nobody in, and everybody hears the same."""
    rival, other = found(host, name="rival"), Trip(firm, Browser(host)).begin()
    trip = Trip(firm, Browser(host)).begin()
    response = answer(trip.told("ann-1", email="ann@acme.example"), key=SIGNER)
    refused(replace(trip, cookies={}).back(response))
    refused(replace(trip, cookies={next(iter(trip.cookies)): next(iter(other.cookies.values()))}).back(response))
    refused(trip.back(response, relay=other.relay))
    refused(trip.back(response, relay=""))
    refused(trip.back(response, connection=rival.connection))
    refused(trip.back(response))
    expected = ["callback_wrong_browser"] * 3 + ["callback_no_state", "callback_code_already_used"]
    assert (sorted(firm.whys()), rival.whys()) == (sorted(expected), ["callback_wrong_connection"])
    assert other.back(answer(other.told("ann-1", email="ann@acme.example"), key=SIGNER)).status == 200
    again = Trip(firm, Browser(host)).begin()
    told = replace(again.told("ann-1"), assertion_id=other.told("ann-1").assertion_id)
    refused(again.back(answer(told, key=SIGNER)))
    late = Trip(firm, Browser(host)).begin()
    host.clock.advance(timedelta(minutes=10))
    refused(late.back(answer(late.told("ann-1"), key=SIGNER)))
    assert sorted(firm.whys()) == sorted([*expected, "assertion_came_before", "callback_expired"])


@pytest.mark.proves("CVE-2026-9098", "CVE-2026-16442", "CVE-2026-18967")
@pytest.mark.proves("CHANGELOG-django-allauth-0-63-3", "CHANGELOG-django-allauth-65-14-1")
def test_a_sign_in_that_the_provider_began_is_accepted_where_the_connection_says_so(host: Host, firm: Firm) -> None:
    """Only then, only without a request, once; RelayState decides nothing and leads nowhere."""
    nobody = Trip(firm, Browser(host))
    told = unasked(nobody.told("ann-1", email="ann@acme.example"))
    refused(nobody.back(answer(told, key=SIGNER)))
    firm.change(idp_initiated=True)
    reply = nobody.back(answer(told, key=SIGNER), relay="https://evil.example/")
    assert (reply.status, "location" in reply.headers) == (200, False), firm.whys()
    refused(nobody.back(answer(told, key=SIGNER)))
    asked = Trip(firm, Browser(host)).begin()
    for trip in (replace(asked, relay=""), replace(asked, relay="x"), replace(asked, cookies={})):
        refused(trip.back(answer(asked.told("ann-1"), key=SIGNER)))
    refused(asked.back(answer(unasked(replace(asked.told("ann-1"), assertion_id="_other")), key=SIGNER)))
    expected = ["callback_no_state", "assertion_came_before", *["saml_unexpected_request"] * 3, "saml_no_request"]
    assert sorted(firm.whys()) == sorted(expected)


@pytest.mark.proves("CVE-2026-2603")
def test_a_connection_that_is_off_signs_nobody_in(host: Host, firm: Firm) -> None:
    """Disabled, neither flow ends in a session; its sessions end too, and what was on its way is over."""
    firm.change(idp_initiated=True)
    browser, waiting = Browser(host), Trip(firm, Browser(host)).begin()
    assert Trip(firm, browser).sign_in("ann-1", email="ann@acme.example").status == 200
    firm.owner.ok(f"POST {firm.one}/disable")
    assert browser.auth("GET /session").status == 401
    assert Browser(host).auth(f"POST /sso/{firm.connection}/begin", {}).status == 404
    for told in (waiting.told("ann-1"), unasked(waiting.told("ann-1"))):
        reply = waiting.back(answer(told, key=SIGNER))
        assert (reply.status, "set-cookie" in reply.headers) == (404, False)


def test_the_session_ends_when_the_provider_wants_it(host: Host, firm: Firm) -> None:
    """SessionNotOnOrAfter bounds the session; a request that has to be fresh is not answered by an older sign-in."""
    trip = Trip(firm, browser := Browser(host)).begin()
    until = host.clock.now() + timedelta(minutes=30)
    assert trip.back(answer(replace(trip.told("ann-1", email="ann@acme.example"), session_until=until), key=SIGNER)).status == 200
    assert browser.auth("GET /session").status == 200
    host.clock.advance(timedelta(minutes=31))
    assert browser.auth("GET /session").status == 401


def test_the_provider_is_told_who_we_are_and_both_keys_open(host: Host, firm: Firm) -> None:
    """Metadata names the connection's own addresses and keys; after a rotation the new key signs, and both open what is encrypted."""
    address = f"/auth/sso/{firm.connection}/saml/metadata"
    before = Browser(host).call("GET", address)
    assert (before.status, before.headers["content-type"]) == (200, "application/samlmetadata+xml")
    root = etree.fromstring(before.body)
    assert root.get("entityID") == firm.saml["entity_id"] == f"{host.base_url}{address}"
    assert [each.get("Location") for each in root.iter(f"{MD}AssertionConsumerService")] == [firm.saml["acs_url"]]
    firm.owner.ok(f"POST {firm.one}/key")
    firm.change(signs_requests=True)
    after = etree.fromstring(Browser(host).call("GET", address).body)
    uses = [(each.get("use"), next(each.iter(f"{DS}X509Certificate")).text) for each in after.iter(f"{MD}KeyDescriptor")]
    assert [use for use, _ in uses] == ["signing", "signing", "encryption", "encryption"]
    assert uses[3][1] == next(root.iter(f"{DS}X509Certificate")).text != uses[2][1]
    for _, certificate in uses[2:]:
        pem = f"-----BEGIN CERTIFICATE-----\n{certificate}\n-----END CERTIFICATE-----\n"
        trip = Trip(firm, Browser(host)).begin()
        told = trip.told("ann-1", email="ann@acme.example")
        assert trip.back(answer(told, key=SIGNER, encrypt_for=pem)).status == 200, firm.whys()
    assert encrypt(b"", certificate=pem) is not None
    assert Browser(host).call("GET", f"/auth/sso/sso_{'0' * 26}/saml/metadata").status == 404


def test_a_connection_is_made_of_the_providers_metadata(host: Host, firm: Firm) -> None:
    """Entity id, addresses and every certificate are read from it; it is posted to where there is no redirect, signed if it says so."""
    second = SamlKey.generate(curve=True)
    keys = "".join(
        f'<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:X509Data><ds:X509Certificate>'
        f"{key.signer().certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
        for key in (PROVIDER, second)
    )
    document = (
        '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://idp.example/metadata">'
        '<md:IDPSSODescriptor WantAuthnRequestsSigned="true" protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
        f'{keys}<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://idp.example/post"/>'
        "</md:IDPSSODescriptor></md:EntityDescriptor>"
    )
    bare = {"issuer": "", "sso_redirect": None, "certificates": None}
    firm.change(metadata=document, **bare)
    shown = next(each for each in firm.owner.ok(f"GET /organizations/{firm.organization}/sso/connections")["connections"])["saml"]
    assert (shown["issuer"], shown["sso_post"], shown["sso_redirect"]) == ("https://idp.example/metadata", "https://idp.example/post", "")
    fingerprints = [TrustedKey.from_certificate(each.certificate).fingerprint for each in (PROVIDER, second)]
    assert [each["fingerprint"] for each in shown["keys"]] == fingerprints
    for key in (PROVIDER, second):
        trip = Trip(firm, Browser(host)).begin()
        assert trip.back(answer(trip.told("ann-1", email="ann@acme.example"), key=key.signer())).status == 200, firm.whys()
    begun = Browser(host).auth(f"POST /sso/{firm.connection}/begin", {}).json
    assert (begun["url"], sorted(begun["form"])) == ("https://idp.example/post", ["RelayState", "SAMLRequest"])
    changes = [each.details()["changes"] for each in host.events(firm.organization) if each.name == "sso_connection.changed"]
    assert any(change["path"] == "keys" for each in changes for change in each), changes
    for wrong in (
        {"metadata": "<x/>"},
        {"metadata": document, "sso_post": "https://idp.example/x"},
        {"sso_redirect": "http://idp.example"},
    ):
        assert firm.owner.auth(f"PUT {firm.one}", setup(**{**(bare if "metadata" in wrong else {}), **wrong})).status == 422, wrong


def test_the_route_takes_a_form_of_another_site_and_nothing_else(host: Host, firm: Firm) -> None:
    """No Origin is asked of it, its cap is its own; JSON, a field twice and too much are refused; other routes keep both rules."""
    trip = Trip(firm, Browser(host)).begin()
    path, form = f"/auth/sso/{firm.connection}/saml/acs", "application/x-www-form-urlencoded"
    cases = ((form, b"SAMLResponse=a&SAMLResponse=a", 422), (form, b"RelayState=a", 422), ("application/json", b"{}", 422))
    for kind, body, status in (*cases, (form, b"SAMLResponse=" + b"A" * 600_000, 413)):
        assert trip.browser.call("POST", path, raw=body, headers={"content-type": kind}).status == status, body[:40]
    refused(trip.back("A" * 400_000))
    assert firm.whys() == ["saml_too_large"]
    foreign = {"origin": "https://idp.example", "sec-fetch-site": "cross-site"}
    assert Browser(host).auth(f"POST /sso/{firm.connection}/begin", {}, headers=foreign).status == 403
    assert Browser(host).auth("POST /sign-in", {"email": "a" * 70_000, "password": "x"}).status == 413
    reply = Browser(host).auth(f"POST /sso/{firm.connection}/begin", {})
    assert "; SameSite=None; Secure" in reply.headers["set-cookie"]


def test_the_doctor_looks_at_a_connection_that_speaks_saml(host: Host, firm: Firm) -> None:
    """It says what to register, until when the keys are good, and what was lowered; there are no claims to paste."""
    firm.change(idp_initiated=True, unsafe_sha1=True)
    checks = {each["name"]: each for each in firm.owner.ok(f"POST {firm.one}/doctor")["checks"]}
    assert checks["redirect_uri"]["seen"] == f"register exactly {firm.saml['acs_url']}"
    assert checks["audience"]["seen"] == f"register exactly {firm.saml['entity_id']}"
    assert (checks["provider_keys"]["verdict"], checks["provider_keys"]["seen"]) == ("ok", "1 of them, the last until 2040-01-01")
    assert (checks["own_key"]["verdict"], checks["lowered"]["verdict"], checks["lowered"]["seen"]) == (
        "ok",
        "warn",
        "idp_initiated, unsafe_sha1",
    )
    assert firm.owner.auth(f"POST {firm.one}/preview", {"claims": {}}).status == 409
    assert Browser(host).auth(f"POST /sso/{firm.connection}/logout", {}).status == 404


HOSTILE = ("wrapping", "references", "algorithms", "keys", "signed info", "identifiers", "texts", "namespaces")


def hostile(told: SamlAnswer, monkeypatch: pytest.MonkeyPatch) -> list[stage.Case]:
    """Return some cases of each family of the attack kit, about what the provider tells in a sign-in that it began."""
    monkeypatch.setattr(stage, "TOLD", told)
    stage._sealed.cache_clear()
    chosen: list[stage.Case] = []
    for name in HOSTILE:
        made = [each for each in islice(FAMILIES[name](), 24) if each.expected and each.trust is stage.TRUST and each.now is stage.NOW]
        chosen += made[:: max(1, len(made) // 2)][:2]
    stage._sealed.cache_clear()
    return chosen


@pytest.mark.proves("CHANGELOG-samlify-2026-04-audit", "CHANGELOG-better-auth-6682")
def test_hostile_messages_are_refused_each_for_its_reason(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each family of the attack kit some come through the host: everybody hears the same, and the log has the reason."""
    keys = [stage.PROVIDER.certificate, stage.CURVE.certificate]
    firm = found(host, issuer=stage.TRUST.issuer, certificates=keys, idp_initiated=True, unsafe_name_id=True)
    told = unasked(Trip(firm, Browser(host)).told(stage.PERSON, email=stage.PERSON, groups=["staff", "sales"]))
    told = replace(told, issuer=stage.TRUST.issuer, life=timedelta(minutes=30), assertion_id=stage.TOLD.assertion_id)
    cases = hostile(told, monkeypatch)
    assert len(cases) > len(HOSTILE)
    for case in cases:
        refused(Trip(firm, Browser(host)).back(case.message))
        host.clock.advance(timedelta(seconds=1))
    for case, why in zip(cases, firm.whys(), strict=True):
        assert why in {each.value for each in case.expected}, (case.name, why)
