"""Sign-in, sign-out and single logout through providers of SAML that others wrote, in both hosts."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from ctsec.sso.saml import Form
from ctsec.testing.saml import Signed
from tests.hosts.harness import Host, Reply
from tests.hosts.saml import Firm, counts, taken
from tests.peers.saml_home import RULES, come, connect, member
from tests.peers.saml_running import SamlPeer
from tests.peers.visitor import Visitor

PEERS = [pytest.param(name, marks=pytest.mark.program(name)) for name in ("samlp", "simplesamlphp")]


@pytest.fixture(params=PEERS)
def peer(request: pytest.FixtureRequest) -> SamlPeer:
    """Each of the running providers."""
    made: SamlPeer = request.getfixturevalue(request.param)
    return made


def told(firm: Firm, name: str) -> list[Any]:
    """Return why something was done or refused, as the organization's log tells."""
    return [each.details()["details"]["why"] for each in firm.host.events(firm.organization) if each.name == name]


@pytest.mark.parametrize("encrypts", [False, True], ids=["plain", "encrypted"])
@pytest.mark.proves("SEED-A3")
def test_people_come_and_leave(host: Host, peer: SamlPeer, encrypts: bool) -> None:
    """By metadata alone: an account with address, name and role by group; the sign-out here ends the session there; and the other way."""
    firm = connect(host, peer, style=Signed.BOTH, encrypts=encrypts, provisioning=RULES)
    with Visitor(peer.at) as there:
        browser, first = come(firm, peer, "alice", there)
        assert first.json.get("status") == "signed_in", told(firm, "sso.sign_in_refused")
        url = str(browser.ok("POST /sign-out")["provider_url"])
        assert not counts(browser)
        done = bring(firm, there.carry(url))
        assert (done.status, done.headers.get("location")) == (303, f"{host.base_url}/bye"), told(firm, "sso.logout_refused")
        asked = there.asked_for("username")
        browser, again = come(firm, peer, "alice", there)
        assert (again.json["user_id"], there.asked_for("username")) == (first.json["user_id"], asked + 1)
        other = come(firm, peer, "alice")[0]
        assert (counts(browser), counts(other)) == (True, True)
        back = bring(firm, there.carry(peer.leave_url))
        assert back.status == 303, told(firm, "sso.logout_refused")
        assert (counts(browser), counts(other)) == (False, True)
        assert there.carry(back.headers["location"]) is None
    assert member(firm, first.json["user_id"]) == ("alice@acme.example", "Alice Able", "member")
    assert told(firm, "sso.sessions_ended") == ["provider_logout"]


def bring(firm: Firm, brought: str | Form | None) -> Reply:
    """Bring what the provider sent the browser with to the address that our metadata name."""
    assert brought is not None
    place = brought if isinstance(brought, str) else brought.url
    assert urlsplit(place)._replace(query="").geturl() == firm.saml["slo_url"]
    return taken(firm, brought)
