"""npm's oidc-provider with other keys, started again, standing still and gone, while people sign in, in both hosts."""

from __future__ import annotations

import pytest

from examples.walkthrough.transcript import eventually
from tests.hosts.harness import COOKIE, Browser, Host, Reply
from tests.hosts.sso import Traveller, whys
from tests.peers.patience import LONG, SHORT, Patience
from tests.peers.running import OidcProvider
from tests.peers.scene import MINUTE, come, connect, counts, pass_by, told

pytestmark = [pytest.mark.program("oidc-provider")]


def refused(reply: Reply) -> bool:
    """Tell whether an answer is the one refusal of a sign-in, without a session."""
    return (reply.status, reply.json["reason"]) == (401, "invalid_credentials") and COOKIE not in reply.headers.get("set-cookie", "")


def consumed(provider: OidcProvider) -> int:
    """Return how many refresh tokens were used at the provider."""
    return sum("consumed" in each for each in provider.kept("RefreshToken").values())


def test_other_keys_are_asked_for_once(host: Host, provider: OidcProvider) -> None:
    """Between two sign-ins, and between the beginning and the end of one; with claims in the token they are read from there."""
    acme = connect(host, provider, default_role="viewer", provisioning={"rules": [{"group": "engineers", "role": "member"}]})
    first = come(acme, "alice")
    assert provider.count("/jwks") == 1
    for claims_in, newcomer in (("token", "carol"), ("userinfo", "bob")):
        host.clock.advance(2 * MINUTE)
        traveller = Traveller(acme, Browser(host))
        url = traveller.begin()
        provider.restart(new_keys=True, claims_in=claims_in)
        provider.asked.clear()
        step = traveller.back(provider.visit(url, person="alice")).json
        assert (step.get("status"), counts(come(acme, newcomer))) == ("signed_in", True), whys(acme)
        assert step["user_id"] == first.ok("GET /session")["user_id"]
        assert provider.count("/jwks") == 1
    members = acme.owner.ok(f"GET /organizations/{acme.organization}/members")["members"]
    roles = {each["email"].partition("@")[0]: each["role"] for each in members}
    assert roles == {"olga": "owner", "alice": "member", "bob": "viewer", "carol": "member"}


def test_a_restart_costs_nobody_a_session(host: Host, provider: OidcProvider) -> None:
    """A code from before is taken after, and a session from before is asked about after."""
    acme = connect(host, provider)
    before = come(acme, "alice")
    traveller = Traveller(acme, Browser(host))
    callback = provider.visit(traveller.begin(), person="bob")
    provider.restart()
    provider.asked.clear()
    assert traveller.back(callback).json["status"] == "signed_in"
    pass_by(acme, provider, 120)
    assert (counts(before), counts(traveller.browser), told(acme, "sso.sessions_ended")) == (True, True, [])
    assert provider.count("/token") >= 3


def test_who_does_not_answer_is_not_waited_for(host: Host, provider: OidcProvider, patience: Patience) -> None:
    """A provider that stands still: the sign-in is refused, sessions go on, and once it moves again people come in."""
    acme = connect(host, provider)
    before, traveller = come(acme, "alice"), Traveller(acme, Browser(host))
    callback = provider.visit(traveller.begin(), person="bob")
    provider.freeze()
    patience.seconds = SHORT
    try:
        assert refused(traveller.back(callback))
        host.clock.advance(11 * MINUTE)  # its document is not known any more
        begun = Browser(host).auth(f"POST /sso/{acme.connection}/begin", {})
        assert (begun.status, begun.json["reason"], COOKIE in begun.headers.get("set-cookie", "")) == (409, "conflict", False)
        assert whys(acme) == ["too_slow", "too_slow"]
        assert counts(before)
    finally:
        patience.seconds = LONG
        provider.thaw()
    assert traveller.back(callback).json["reason"] == "invalid_token"  # it was used
    assert counts(come(acme, "bob"))
    assert counts(before)


def test_a_lost_answer_ends_one_session_at_most(host: Host, provider: OidcProvider, patience: Patience) -> None:
    """The provider replaced a refresh token and we never heard: it refuses the old one, and that session ends, no other of the person."""
    acme = connect(host, provider)
    first = come(acme, "alice")
    host.clock.advance(30 * MINUTE)
    second = come(acme, "alice")
    host.clock.advance(28 * MINUTE)
    Traveller(acme, Browser(host)).begin()  # its document is known for another while
    used = consumed(provider)
    provider.freeze()
    patience.seconds = SHORT
    try:
        host.mails("nobody")
    finally:
        patience.seconds = LONG
        provider.thaw()
    assert counts(first)
    eventually(lambda: consumed(provider) > used, what="the provider to take the question that waited", seconds=LONG)
    pass_by(acme, provider, 5)
    assert (counts(first), counts(second)) == (False, True)
    assert [(each["why"], each["ended"]) for each in told(acme, "sso.sessions_ended")] == [("interrupted", 1)]
    pass_by(acme, provider, 120)
    assert counts(second)


def test_who_is_gone_lets_nobody_in(host: Host, provider: OidcProvider) -> None:
    """Nobody listens: sign-ins are refused, the log says why, sessions go on for a while; when it is back people come in."""
    acme = connect(host, provider)
    before, traveller = come(acme, "alice"), Traveller(acme, Browser(host))
    callback = provider.visit(traveller.begin(), person="bob")
    provider.stop()
    assert refused(traveller.back(callback))
    host.clock.advance(11 * MINUTE)
    begun = Browser(host).auth(f"POST /sso/{acme.connection}/begin", {})
    assert (begun.status, begun.json["reason"]) == (409, "conflict")
    assert whys(acme) == ["no_connection", "no_connection"]
    host.clock.advance(60 * MINUTE)
    host.mails("nobody")
    assert (counts(before), told(acme, "sso.sessions_ended")) == (True, [])
    provider.start()
    assert counts(come(acme, "bob"))
    pass_by(acme, provider, 60)
    assert (counts(before), told(acme, "sso.sessions_ended")) == (True, [])
