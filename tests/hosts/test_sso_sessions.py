"""Sessions through a provider, once they have begun: asked about every hour, ended by the provider's word, and signed out there too."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from ctsec.jose.signing import SigningKey
from ctsec.sso.oidc.logout import EVENT
from ctsec.testing import LocalIdentityProvider
from tests.hosts.harness import Browser, Host, Reply
from tests.hosts.sso import Acme, Traveller, found, setup

MINUTE = timedelta(minutes=1)
PEOPLE = ("ann", "bea")


@pytest.fixture
def provider(host: Host) -> Iterator[LocalIdentityProvider]:
    """A provider on loopback, on the host's clock."""
    with LocalIdentityProvider(clock=host.clock) as made:
        for name in PEOPLE:
            made.people[name] = {"email": f"{name}@acme.example", "email_verified": True}
        yield made


@pytest.fixture
def acme(host: Host, provider: LocalIdentityProvider) -> Acme:
    """An organization whose people sign in through the provider."""
    return found(host, provider)


def come(acme: Acme, person: str) -> Browser:
    """Return a browser in which a person has signed in through the provider."""
    browser = Browser(acme.host)
    assert Traveller(acme, browser).sign_in(person).json["status"] == "signed_in"
    return browser


def counts(browser: Browser) -> bool:
    """Tell whether the session of a browser counts."""
    return browser.auth("GET /session").status == 200


def pass_by(host: Host, minutes: int) -> None:
    """Let time go by, and the worker run every five minutes."""
    for _ in range(minutes // 5):
        host.clock.advance(5 * MINUTE)
        host.mails("nobody")


def notify(acme: Acme, token: str, *, connection: str = "", kind: str = "application/x-www-form-urlencoded") -> Reply:
    """Send a logout token as a provider does."""
    path = f"/auth/sso/{connection or acme.connection}/logout"
    headers = [("content-type", kind)]
    return acme.host.send("POST", path, headers=headers, body=urlencode({"logout_token": token}).encode())


def told(acme: Acme, name: str) -> list[Mapping[str, Any]]:
    """Return the details of each event of a name in the organization's log."""
    return [each.details()["details"] for each in acme.host.events(acme.organization) if each.name == name]


@pytest.mark.proves("ASVS-7.6.1")
def test_a_removed_person_is_out_within_the_hour(host: Host, acme: Acme, provider: LocalIdentityProvider) -> None:
    """Without a sign-in and without a word to us: the provider is asked within the hour, and every session of that person ends."""
    first, second, other = come(acme, "ann"), come(acme, "ann"), come(acme, "bea")
    pass_by(host, 130)
    assert (counts(first), counts(second), counts(other)) == (True, True, True)
    provider.leave("ann")
    pass_by(host, 60)
    assert (counts(first), counts(second), counts(other)) == (False, False, True)
    (event,) = told(acme, "sso.sessions_ended")
    assert (event["why"], event["ended"], event["connection"]) == ("grant_refused", 2, acme.connection)


def test_a_provider_that_is_away_is_waited_for_and_not_for_ever(host: Host, acme: Acme, provider: LocalIdentityProvider) -> None:
    """For four hours since its last word a session goes on; then it counts no more, whether a worker runs or not."""
    watched, unwatched = come(acme, "ann"), come(acme, "bea")
    provider.away = True
    pass_by(host, 230)
    assert counts(watched)
    provider.away = False
    pass_by(host, 60)
    provider.away = True
    pass_by(host, 175)
    assert (counts(watched), told(acme, "sso.sessions_ended")) == (True, [])
    host.clock.advance(70 * MINUTE)
    assert not counts(unwatched)
    host.mails("nobody")
    assert [each["why"] for each in told(acme, "sso.sessions_ended")] == ["provider_not_heard"] * 2


def test_a_provider_that_can_not_be_asked_gives_half_a_day(host: Host, acme: Acme, provider: LocalIdentityProvider) -> None:
    """Without a refresh token a session ends twelve hours after its sign-in, and says so from the beginning."""
    provider.refreshes = False
    before = host.clock.now()
    browser = come(acme, "ann")
    ends = browser.ok("GET /session")["expires_at"]
    assert ends == (before + timedelta(hours=12)).isoformat()
    pass_by(host, 60)
    assert "/revoke" not in provider.asked
    host.clock.advance(before + timedelta(hours=12) - MINUTE - host.clock.now())
    assert counts(browser)
    host.clock.advance(MINUTE)
    assert not counts(browser)


@pytest.mark.proves("ASVS-10.5.5")
@pytest.mark.proves("ASVS-7.6.1")
def test_a_notice_ends_what_it_names(host: Host, acme: Acme, provider: LocalIdentityProvider) -> None:
    """A session there ends the one that came from it, a person all of theirs; both together have to fit; a token counts once."""
    browsers = [come(acme, person) for person in ("ann", "ann", "bea")]
    first, second, third = provider.sign_ins
    both = provider.logout_token(person="bea", session=first.session)
    assert notify(acme, both).status == 200
    assert all(counts(each) for each in browsers)
    token = provider.logout_token(session=first.session)
    reply = notify(acme, token)
    assert (reply.status, reply.body, reply.headers["cache-control"]) == (200, b"", "no-store")
    assert [counts(each) for each in browsers] == [False, True, True]
    again = come(acme, "ann")
    replayed = notify(acme, token)
    assert (replayed.status, told(acme, "sso.logout_refused")[-1]["why"]) == (400, "token_came_before")
    assert notify(acme, provider.logout_token(person="ann", session=second.session)).status == 200
    assert [counts(each) for each in (*browsers, again)] == [False, False, True, True]
    assert notify(acme, provider.logout_token(person="ann")).status == 200
    assert [counts(each) for each in (*browsers, again)] == [False, False, True, False]
    assert third.ended is False
    assert [each["why"] for each in told(acme, "sso.sessions_ended")] == ["provider_logout"] * 3


def _forged(at: LocalIdentityProvider) -> str:
    real, at.key = at.key, SigningKey.generate(kid="local-1")
    try:
        return at.logout_token(person="ann")
    finally:
        at.key = real


HOSTILE: dict[str, tuple[str, Callable[[LocalIdentityProvider], str]]] = {
    "no token": ("token_malformed", lambda at: ""),
    "no form of one": ("token_malformed", lambda at: "a.b"),
    "an ID token": ("token_wrong_type", lambda at: at.logout_token(person="ann", typ="JWT")),
    "a nonce": ("token_unexpected_nonce", lambda at: at.logout_token(person="ann", nonce="n")),
    "no event": ("token_bad_events", lambda at: at.logout_token(person="ann", events=None)),
    "another event": ("token_bad_events", lambda at: at.logout_token(person="ann", events={"http://example.com/event": {}})),
    "an event that is a text": ("token_bad_events", lambda at: at.logout_token(person="ann", events={EVENT: "yes"})),
    "nobody": ("token_nobody_named", lambda at: at.logout_token()),
    "an empty session": ("token_nobody_named", lambda at: at.logout_token(session="")),
    "no id": ("token_no_token_id", lambda at: at.logout_token(person="ann", jti=None)),
    "another client": ("token_wrong_audience", lambda at: at.logout_token(person="ann", aud="other")),
    "another issuer": ("token_wrong_issuer", lambda at: at.logout_token(person="ann", iss="https://evil.example")),
    "no expiry": ("token_no_expiry", lambda at: at.logout_token(person="ann", exp=None)),
    "over": ("token_expired", lambda at: at.logout_token(person="ann", exp=int(at.clock.now().timestamp()) - 61)),
    "old": ("token_issued_long_ago", lambda at: at.logout_token(person="ann", iat=int(at.clock.now().timestamp()) - 300)),
    "to come": ("token_issued_in_future", lambda at: at.logout_token(person="ann", iat=int(at.clock.now().timestamp()) + 90)),
    "another key": ("token_bad_signature", _forged),
}


@pytest.mark.proves("ASVS-10.5.5", "ASVS-9.2.2")
def test_hostile_notices_end_nothing(host: Host, acme: Acme, provider: LocalIdentityProvider) -> None:
    """Each is refused for its own reason, which the log tells and the answer does not; what is no form, too long or doubled too."""
    browser = come(acme, "ann")
    provider.people["ann"]["email_verified"] = True
    for name, (why, make) in HOSTILE.items():
        host.clock.advance(2 * MINUTE)  # keys are asked for again, and the address block has its allowance back
        reply = notify(acme, make(provider))
        assert (reply.status, reply.json) == (400, {"error": "invalid_request"}), name
        assert reply.headers["cache-control"] == "no-store", name
        assert told(acme, "sso.logout_refused")[-1]["why"] == why, name
    token = provider.logout_token(person="ann")
    assert notify(acme, token, kind="application/json").status == 400
    twice = urlencode([("logout_token", token), ("logout_token", token)]).encode()
    form = [("content-type", "application/x-www-form-urlencoded")]
    for body in (twice, b"logout_token=" + b"a" * 40_000, b"\xff=1", b""):
        assert host.send("POST", f"/auth/sso/{acme.connection}/logout", headers=form, body=body).status == 400, body[:20]
    assert counts(browser)


def test_a_notice_is_for_one_connection(host: Host, acme: Acme, provider: LocalIdentityProvider) -> None:
    """The same provider and client, connected by another organization, ends nothing here; a connection that is none is not there."""
    browser, rival = come(acme, "ann"), found(host, provider, name="rival")
    assert notify(rival, provider.logout_token(person="ann")).status == 200
    assert counts(browser)
    token = provider.logout_token(person="ann")
    for connection in ("sso_" + "0" * 26, "nonsense"):
        assert notify(acme, token, connection=connection).status == 404
    acme.owner.ok(f"POST {acme.home}/{acme.connection}/disable")
    assert notify(acme, token).status == 404


def test_a_flood_of_notices_is_held_back(host: Host, acme: Acme, provider: LocalIdentityProvider) -> None:
    """Wrong ones use the allowance of their address up, right ones do not; the provider's keys are not asked for each time."""
    for _ in range(12):
        assert notify(acme, provider.logout_token(person="bea")).status == 200
    asked = provider.asked.count("/keys")
    statuses = [notify(acme, _forged(provider)).status for _ in range(400)]
    assert set(statuses) == {400, 429}
    assert statuses == sorted(statuses)
    assert provider.asked.count("/keys") <= asked + 1


@pytest.mark.proves("ASVS-7.6.1")
def test_signing_out_leads_to_the_provider(host: Host, acme: Acme, provider: LocalIdentityProvider) -> None:
    """The session ends here first; the answer says where the browser signs out there; the worker gives the refresh token back."""
    browser = come(acme, "ann")
    (there,) = provider.sign_ins
    provider.away = True
    reply = browser.auth("POST /sign-out")
    assert reply.status == 200
    url = urlsplit(str(reply.json["provider_url"]))
    assert f"{url.scheme}://{url.netloc}{url.path}" == f"{provider.issuer}/end-session"
    assert parse_qs(url.query) == {"client_id": ["ctsec"], "logout_hint": [there.session]}
    assert not counts(browser)
    provider.away = False
    assert there.ended is False
    host.clock.advance(MINUTE)
    host.mails("nobody")
    assert (there.ended, provider.asked.count("/revoke")) == (True, 1)
    pass_by(host, 120)
    assert provider.asked.count("/revoke") == 1
    own = Browser(host).sign_up("cy@elsewhere.example", "Cy")
    assert own.auth("POST /sign-out").status == 204


@pytest.mark.proves("ASVS-10.1.1")
def test_no_token_of_the_provider_reaches_a_browser_or_the_log(host: Host, acme: Acme, provider: LocalIdentityProvider) -> None:
    """What the provider gave is in no answer, address or event, from the sign-in to the sign-out."""
    browser = Browser(host)
    traveller = Traveller(acme, browser)
    replies = [traveller.sign_in("ann")]
    (there,) = provider.sign_ins
    tokens = {there.refresh, *there.access}
    replies += [browser.auth("GET /session"), browser.auth("GET /organizations")]
    pass_by(host, 60)
    assert there.refresh not in tokens
    replies.append(browser.auth("POST /sign-out"))
    tokens |= {there.refresh, *there.access}
    seen = [str((each.headers, each.body)) for each in replies]
    seen += [str((each.body, each.details())) for each in host.events(acme.organization)]
    assert not [token for token in tokens for text in seen if token in text]


@pytest.mark.proves("SEED-S14", "ASVS-7.4.2")
def test_a_group_taken_away_is_taken_here_within_the_hour(host: Host, acme: Acme, provider: LocalIdentityProvider) -> None:
    """Without a sign-in roles follow the groups that the provider tells then; outside the required ones access ends, and only there."""
    body = {name: value for name, value in setup(provider).items() if name != "secret"} | {"default_role": "viewer"}
    rules = [{"group": "staff", "role": "member"}]
    said = {"rules": rules, "required_groups": ["staff", "guests"]}
    acme.owner.ok(f"PUT {acme.home}/{acme.connection}", {**body, "provisioning": said})
    for name in PEOPLE:
        provider.people[name]["groups"] = ["staff"]
    ann, bea = come(acme, "ann"), come(acme, "bea")

    def role(browser: Browser) -> list[str]:
        members = acme.owner.ok(f"GET /organizations/{acme.organization}/members")["members"]
        return [each["role"] for each in members if each["user_id"] == who[browser is bea]]

    who = [each.ok("GET /session")["user_id"] for each in (ann, bea)]
    assert role(ann) == ["member"]
    for groups, expected in ((["guests"], "viewer"), (None, "viewer"), (["staff"], "member"), ("no list", "member")):
        provider.people["ann"]["groups"] = groups
        pass_by(host, 60)
        assert (role(ann), counts(ann)) == ([expected], True), groups
    provider.people["ann"]["groups"] = ["elsewhere"]
    pass_by(host, 60)
    assert (role(ann), counts(ann), role(bea), counts(bea)) == ([], False, ["member"], True)
    assert Traveller(acme, Browser(host)).sign_in("ann").status == 401
