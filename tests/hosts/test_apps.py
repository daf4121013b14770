"""Connected apps over the routes of both hosts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.hosts.connected import begin, connect, simulator
from tests.hosts.harness import Browser, Host


@pytest.mark.proves("SEED-O2", "ASVS-10.4.9", "ASVS-10.7.3")
def test_an_app_is_connected_seen_and_disconnected(host: Host, browser: Browser) -> None:
    """A person connects an app and ends it; its view has no token; what is wrong with it is in the list of health."""
    olga, files = browser.sign_up("olga@acme.example"), simulator(host)
    organization = olga.found("Acme")
    home = f"/organizations/{organization}/apps"
    made = connect(olga, files, organization, scopes=["files.write"])
    assert (made["provider"], made["user_id"], made["health"]) == ("files", olga.id, "fine")
    assert made["scopes"] == ["files.read", "files.write"]
    assert olga.ok(f"GET {home}") == {"apps": [made], "providers": ["files"]}
    assert olga.ok(f"GET {home}/{made['id']}") == made
    assert olga.ok(f"GET /organizations/{organization}/app-health") == {"apps": []}
    assert not any(each.refresh in repr(made) for each in files.consents)
    assert olga.auth(f"DELETE {home}/{made['id']}", csrf=False).status == 403
    assert olga.auth(f"DELETE {home}/{made['id']}").status == 204
    assert olga.ok(f"GET {home}")["apps"] == []
    assert olga.auth(f"GET {home}/{made['id']}").status == 404
    host.clock.advance(timedelta(minutes=2))
    host.mails("olga@acme.example")
    assert files.consents[0].over


@pytest.mark.proves("CHANGELOG-authlib-1-6-11-2026-04-16")
def test_a_callback_is_for_the_session_that_began(host: Host, browser: Browser) -> None:
    """Without the session, in another one, with another state or a second time nothing is connected; beginning takes the CSRF token."""
    olga, files = browser.sign_up("olga@acme.example"), simulator(host)
    organization = olga.found("Acme")
    back = f"GET /apps/files/callback?{files.visit(begin(olga, organization))}"
    other = Browser(host).sign_up("eve@evil.example")
    assert Browser(host).auth(back).status == 401
    assert [other.auth(back).status, olga.auth("GET /apps/files/callback?code=x&state=y").status] == [400, 400]
    assert [olga.auth(back).status, olga.auth(back).status] == [200, 400]
    assert olga.auth(f"POST /organizations/{organization}/apps", {"provider": "files"}, csrf=False).status == 403
    assert olga.auth(f"POST /organizations/{organization}/apps", {"provider": "nothing"}).status == 404
    assert olga.auth("GET /apps/Nothing/callback?code=x&state=y").status == 404
    assert len(olga.ok(f"GET /organizations/{organization}/apps")["apps"]) == 1
