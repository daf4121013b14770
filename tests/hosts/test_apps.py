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


@pytest.mark.proves("SEED-P3")
def test_one_report_of_what_is_due(host: Host, browser: Browser) -> None:
    """Keys, credentials and consents that are to be replaced are in one list, the longest due first, each for who manages its kind."""
    olga, files = browser.sign_up("olga@acme.example"), simulator(host)
    organization = olga.found("Acme")
    base = f"/organizations/{organization}"
    due = f"GET {base}/rotation-due"
    made = connect(olga, files, organization)
    robot = olga.ok(f"POST {base}/service-accounts", {"name": "Deployer", "role": "member"})["id"]
    key = olga.ok(f"POST {base}/service-accounts/{robot}/api-keys", {"name": "ci", "life_days": 30})["id"]
    wish = {"name": "db", "kind": "database", "secret": "x", "access": "read_only", "services": None, "regions": None, "users": None}
    credential = olga.ok(f"POST {base}/credentials", {**wish, "rotate_days": 20})["id"]
    rules = olga.ok(f"PUT {base}/api-key-rules", {"longest_life_days": 90, "longest_grant_days": 24})
    assert (rules["longest_grant_days"], olga.ok(due)) == (24, {"due": []})
    assert olga.auth(f"PUT {base}/api-key-rules", {"longest_life_days": 90, "longest_grant_days": 0}).status == 422
    assert [each["kind"] for each in olga.ok(f"{due}?days=10")["due"]] == ["connected_app"]
    assert [each["kind"] for each in olga.ok(f"{due}?days=30")["due"]] == ["connected_app", "api_key", "credential"]
    host.clock.advance(timedelta(days=20))
    olga.sign_in()
    found = olga.ok(due)["due"]
    assert [(each["kind"], each["id"]) for each in found] == [("connected_app", made["id"]), ("api_key", key), ("credential", credential)]
    assert found[0]["ends_at"] == olga.ok(f"GET {base}/apps/{made['id']}")["consent_by"]
    assert [each["name"] for each in found] == ["files", "ci", "db"]
    assert olga.auth(f"{due}?days=x").status == 422
    assert Browser(host).sign_up("eve@evil.example").auth(due).status == 404
