"""Single logout with a provider that speaks SAML, in both directions and in both hosts."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pytest

from ctsec.sso.saml.assertion import NameId
from ctsec.sso.saml.keys import ServiceKey, TrustedKey
from ctsec.sso.saml.logout import LogoutResponse, logout_request, logout_response
from ctsec.sso.saml.names import PERSISTENT
from ctsec.sso.saml.request import Form, Message
from ctsec.sso.saml.trust import Trust
from ctsec.testing import UnsafeSeededRandom
from ctsec.testing.saml import SamlKey
from ctsec.testing.saml_provider import LocalSamlProvider, SamlPerson
from tests.hosts.harness import Browser, Host, Reply
from tests.hosts.saml import Firm, come, counts, joined, taken
from tests.peers.visitor import Forms

KEY: Final = SamlKey.generate(name="idp.example")
OTHER: Final = SamlKey.generate(curve=True)
RANDOM: Final = UnsafeSeededRandom(55)


@pytest.fixture
def provider(host: Host) -> Iterator[LocalSamlProvider]:
    """A provider on the host's clock, with two people."""
    with LocalSamlProvider(clock=host.clock, key=KEY) as made:
        for name in ("ann", "bea"):
            made.people[name] = SamlPerson(attributes={"email": [f"{name}@acme.example"]})
        yield made


@pytest.fixture
def firm(host: Host, provider: LocalSamlProvider) -> Firm:
    """An organization whose people sign in through the provider."""
    return joined(host, provider)


def told(firm: Firm, name: str) -> list[Mapping[str, Any]]:
    """Return the details of each event of a name in the organization's log."""
    return [each.details()["details"] for each in firm.host.events(firm.organization) if each.name == name]


def page(reply: Reply) -> Form:
    """Return the form of the page that a browser sends off by itself."""
    (script,) = re.findall(r"<script>([^<]*)</script>", reply.body.decode())
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert reply.headers["content-security-policy"].startswith(f"default-src 'none'; script-src 'sha256-{digest}'; ")
    ((url, fields),) = Forms(reply.body.decode()).found
    return Form(url=url, fields=fields)


def asked(firm: Firm, provider: LocalSamlProvider, person: str, **changed: Any) -> Message:
    """Return a provider's request to end the last session of a person, with something changed."""
    session = next(each for each in reversed(provider.sessions) if each.person == person)
    client = provider.clients[firm.saml["entity_id"]]
    trust = client.trust(provider=changed.get("issuer", provider.entity_id), slo_url=provider.slo_url)
    return logout_request(
        trust,
        slo_url=changed.get("slo_url", client.slo_url),
        name_id=NameId(value=changed.get("name", session.name_id.value), format=PERSISTENT),
        session_index=changed.get("index", session.index),
        now=provider.clock.now().replace(microsecond=0) + changed.get("later", timedelta()),
        random=RANDOM,
    )[0]


@pytest.mark.proves("ASVS-7.6.1")
@pytest.mark.parametrize("by_form", [False, True], ids=["redirect", "post"])
def test_signing_out_leads_to_the_provider(host: Host, provider: LocalSamlProvider, by_form: bool) -> None:
    """The session ends here first; the signed request names person and session as the provider did; its answer counts once."""
    ends = {"slo_post" if by_form else "slo_redirect": provider.slo_url}
    bare: dict[str, Any] = {
        "metadata": None,
        "issuer": provider.entity_id,
        "sso_redirect": provider.sso_url,
        "certificates": [KEY.certificate],
    }
    firm = joined(host, provider, **bare, **ends)
    browser, other = come(firm, provider, "ann"), come(firm, provider, "ann")
    first, second = provider.sessions
    reply = browser.auth("POST /sign-out")
    assert (reply.status, counts(browser), counts(other)) == (200, False, True)
    url = str(reply.json["provider_url"])
    assert ("provider_form" in reply.json, url.startswith(provider.slo_url)) == (by_form, True)
    back = provider.signed_out(Form(url=url, fields=reply.json["provider_form"]) if by_form else url)
    (ended,) = provider.ended
    assert (ended.name_id, ended.session_indexes, provider.sessions) == (first.name_id, (first.index,), [second])
    assert back is not None
    done = taken(firm, back)
    assert (done.status, done.json, "set-cookie" in done.headers) == (200, {"status": "signed_out", "complete": True}, False)
    assert (taken(firm, back).status, told(firm, "sso.logout_refused")[-1]["why"]) == (400, "logout_code_already_used")


def test_the_answer_is_believed_for_what_was_sent(host: Host, firm: Firm, provider: LocalSamlProvider) -> None:
    """A half success is told as one; another's answer, a forged, an old and an unasked one are refused alike, each for its reason."""
    rival = joined(host, provider, name="rival")

    def left() -> str | Form:
        url = str(come(firm, provider, "ann").ok("POST /sign-out")["provider_url"])
        back = provider.signed_out(url)
        assert back is not None
        return back

    provider.partial = True
    assert taken(firm, left()).json == {"status": "signed_out", "complete": False}
    provider.partial = False
    swapped = left()
    assert isinstance(swapped, str)
    relay = parse_qs(urlsplit(str(come(firm, provider, "bea").ok("POST /sign-out")["provider_url"])).query)["RelayState"][0]
    client = provider.clients[firm.saml["entity_id"]]
    trust = client.trust(provider=provider.entity_id, slo_url=provider.slo_url)
    now = provider.clock.now().replace(microsecond=0)
    message = logout_response(trust, slo_url=client.slo_url, request=provider.ended[-1], complete=True, now=now, random=RANDOM)
    assert refused(rival, taken(rival, swapped)) == "logout_not_asked_for"
    assert refused(firm, taken(firm, message.redirect(relay_state=relay, key=KEY.signer()))) == "saml_wrong_request"
    assert refused(firm, taken(firm, message.redirect(key=KEY.signer()))) == "logout_not_asked_for"
    relay = parse_qs(urlsplit(swapped).query)["RelayState"][0]
    assert refused(firm, taken(firm, message.redirect(relay_state=relay, key=OTHER.signer()))) == "saml_bad_signature"
    late = left()
    host.clock.advance(timedelta(minutes=10))
    assert refused(firm, taken(firm, late)) == "logout_expired"


def refused(firm: Firm, reply: Reply) -> str:
    """Require the one answer to whatever is wrong, and return why it was refused as the log tells."""
    assert (reply.status, reply.json["reason"], reply.json["detail"]) == (400, "invalid_token", "the logout was not accepted"), reply.body
    assert "set-cookie" not in reply.headers
    return str(told(firm, "sso.logout_refused")[-1]["why"])


@pytest.mark.proves("ASVS-7.6.1")
@pytest.mark.parametrize("by_form", [False, True], ids=["redirect", "post"])
def test_a_provider_ends_sessions(host: Host, firm: Firm, provider: LocalSamlProvider, by_form: bool) -> None:
    """A session there ends the one that came from it, a person all of theirs; the signed answer goes back; a request counts once."""
    if by_form:
        firm.change(metadata=None, issuer=provider.entity_id, sso_redirect=provider.sso_url, slo_post=provider.slo_url,
                    certificates=[KEY.certificate])  # fmt: skip
    browsers = [come(firm, provider, person) for person in ("ann", "bea", "ann")]
    client = firm.saml["entity_id"]
    brought = provider.sign_out(person="ann", client=client, by_form=by_form)
    reply = taken(firm, brought)
    back = page(reply) if by_form else reply.headers["location"]
    assert (reply.status, "set-cookie" in reply.headers) == (200 if by_form else 303, False)
    assert provider.signed_out(back) is None
    (answer,) = provider.answers
    assert isinstance(answer, LogoutResponse)
    assert answer.complete
    assert [counts(each) for each in browsers] == [True, True, False]
    again = come(firm, provider, "ann")
    assert refused(firm, taken(firm, brought)) == "request_came_before"
    assert counts(again)
    everything = asked(firm, provider, "ann", index=None)
    key = KEY.signer()
    sent = taken(firm, everything.form(key=key, relay_state="r") if by_form else everything.redirect(key=key, relay_state="r"))
    assert (page(sent).fields if by_form else parse_qs(urlsplit(sent.headers["location"]).query))["RelayState"] in ("r", ["r"])
    assert [counts(each) for each in (*browsers, again)] == [False, True, False, False]
    ended = [(each["why"], each["ended"], each["connection"]) for each in told(firm, "sso.sessions_ended")]
    assert ended == [("provider_logout", 1, firm.connection), ("provider_logout", 2, firm.connection)]


HOSTILE: Final[dict[str, tuple[str, dict[str, Any], ServiceKey | None]]] = {
    "unsigned": ("saml_unsigned", {}, None),
    "another key": ("saml_bad_signature", {}, OTHER.signer()),
    "another address": ("saml_wrong_destination", {"slo_url": "https://other.example/slo"}, KEY.signer()),
    "old": ("saml_expired", {"later": timedelta(minutes=-7)}, KEY.signer()),
    "to come": ("saml_issued_in_future", {"later": timedelta(minutes=7)}, KEY.signer()),
}


def test_hostile_requests_end_nothing(host: Host, firm: Firm, provider: LocalSamlProvider) -> None:
    """Unsigned, forged, misdirected, old, to come, of an issuer that is not the provider: each by redirect and by form."""
    browser = come(firm, provider, "ann")
    for name, (why, changed, key) in HOSTILE.items():
        for by_form in (False, True):
            message = asked(firm, provider, "ann", **changed)
            brought = message.form(key=key) if by_form else message.redirect(key=key)
            assert refused(firm, taken(firm, brought)) == why, (name, by_form)
    for body in ({}, {"SAMLRequest": "a", "SAMLResponse": "b"}, {"RelayState": "r"}):
        assert taken(firm, Form(url="", fields=body)).status == 422, body
    assert refused(firm, taken(firm, Form(url="", fields={"SAMLRequest": "a", "RelayState": "r" * 1_025}))) == "saml_query_malformed"
    assert Browser(host).auth(f"GET /sso/{firm.connection}/saml/slo").status == 422
    assert counts(browser)


def test_a_request_is_for_one_connection(host: Host, firm: Firm, provider: LocalSamlProvider) -> None:
    """The same provider, connected by two organizations, ends here only what it sends here; nobody by that name ends nothing."""
    rival = joined(host, provider, name="rival")
    browser = come(firm, provider, "ann")
    key = KEY.signer()
    assert refused(rival, taken(rival, asked(firm, provider, "ann").redirect(key=key))) == "saml_wrong_destination"
    there = provider.clients[rival.saml["entity_id"]].slo_url
    assert taken(rival, asked(firm, provider, "ann", slo_url=there).redirect(key=key)).status == 303
    assert taken(firm, asked(firm, provider, "ann", name="nobody", index=None).redirect(key=key)).status == 303
    assert taken(firm, asked(firm, provider, "ann", name="nobody").redirect(key=key)).status == 303
    assert taken(firm, asked(firm, provider, "ann", index="another").redirect(key=key)).status == 303
    assert counts(browser)
    request = asked(firm, provider, "ann").redirect(key=key)
    assert taken(firm, request, connection=f"sso_{'0' * 26}").status == 404
    firm.owner.ok(f"POST {firm.one}/disable")
    assert taken(firm, request).status == 404


def test_a_provider_without_an_address_takes_no_part(host: Host, provider: LocalSamlProvider) -> None:
    """Signing out then ends here, the metadata announce nothing, and a request is refused though it is signed."""
    bare: dict[str, Any] = {
        "metadata": None,
        "issuer": provider.entity_id,
        "sso_redirect": provider.sso_url,
        "certificates": [KEY.certificate],
    }
    firm = joined(host, provider, **bare)
    assert (provider.clients[firm.saml["entity_id"]].slo_url, firm.saml["slo_url"]) == ("", "")
    browser = come(firm, provider, "ann")
    slo = f"{firm.saml['acs_url'].removesuffix('/acs')}/slo"
    keys = (TrustedKey.from_certificate(KEY.certificate),)
    there = Trust(connection="c", issuer=firm.saml["entity_id"], audience=provider.entity_id, acs_url=slo, slo_url=slo, keys=keys)
    name, now = provider.sessions[-1].name_id, provider.clock.now().replace(microsecond=0)
    message, _ = logout_request(there, slo_url=slo, name_id=name, session_index=None, now=now, random=RANDOM)
    assert refused(firm, taken(firm, message.redirect(key=KEY.signer()))) == "saml_wrong_destination"
    assert counts(browser)
    assert browser.auth("POST /sign-out").status == 204
    assert not counts(browser)


def test_a_flood_is_held_back(host: Host, firm: Firm, provider: LocalSamlProvider) -> None:
    """Wrong ones use the allowance of their address up, right ones give back what they took."""
    browser = come(firm, provider, "ann")
    assert taken(firm, asked(firm, provider, "ann", name="nobody").redirect(key=KEY.signer())).status == 303
    statuses = [taken(firm, Form(url="", fields={"SAMLRequest": "a"})).status for _ in range(51)]
    assert (statuses, counts(browser)) == ([400] * 50 + [429], True)
