"""API keys and the audit log over HTTP."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.hosts.harness import Browser, Host, bearer, named


@pytest.fixture
def owner(host: Host) -> Browser:
    """The owner of an organization, signed in."""
    return Browser(host).sign_up("owner@example.com", "Olga Owner")


@pytest.mark.proves("ASVS-14.2.6", "SEED-K1", "SEED-K2")
def test_a_key_is_shown_once_and_opens_the_hosts_api(host: Host, owner: Browser) -> None:
    """A minted key's text is in one answer only; as a bearer it acts for its owner, until it expires."""
    organization = owner.found("Acme")
    workspace = owner.workspace(organization)
    made = owner.ok(f"POST /organizations/{organization}/api-keys", {"name": "robot", "life_days": 30})
    assert made["token"].startswith("ct_live_")
    listed = owner.auth(f"GET /organizations/{organization}/api-keys")
    assert made["token"].encode() not in listed.body
    assert [(each["id"], each["name"], each["status"]) for each in listed.json["api_keys"]] == [(made["id"], "robot", "valid")]
    used = bearer(host, made["token"], "POST", f"/workspaces/{workspace}/agents-run")
    assert used.json == {"workspace": workspace, "by": owner.id}
    assert bearer(host, made["token"], "GET", "/me").json == {"id": owner.id, "via": "api_key"}
    host.clock.advance(timedelta(days=30))
    late = bearer(host, made["token"], "GET", "/me")
    assert (late.status, late.json["reason"]) == (401, "expired")
    minted = named(host.events(organization), "api_key.minted")
    assert [(event.target_id, event.actor_id) for event in minted] == [(made["id"], owner.id)]
    assert made["token"].encode() not in b"".join(event.body for event in host.events(organization))


@pytest.mark.proves("SEED-K4")
def test_a_key_does_what_its_scopes_and_its_owner_may(host: Host, owner: Browser) -> None:
    """A scoped key does what it names and nothing else, not even where its owner may; the denial is an event."""
    organization = owner.found("Acme")
    workspace, other = owner.workspace(organization), owner.workspace(organization, "Other")
    wanted = {"name": "robot", "scopes": ["dashboards:view"], "workspaces": [workspace]}
    token = owner.ok(f"POST /organizations/{organization}/api-keys", wanted)["token"]
    assert bearer(host, token, "POST", f"/workspaces/{workspace}/dashboards-view").status == 200
    assert bearer(host, token, "POST", f"/workspaces/{workspace}/agents-run").status == 403
    assert bearer(host, token, "POST", f"/workspaces/{other}/dashboards-view").status == 403
    for path in ("members", "invitations", "audit", "api-keys", "workspaces", "permissions"):
        assert bearer(host, token, "GET", f"/auth/organizations/{organization}/{path}").status == 403, path
    denied = [event for event in named(host.events(organization), "access.denied") if event.details()["details"].get("permission")]
    assert sorted(event.details()["details"]["permission"] for event in denied) == ["agents:run", "dashboards:view"]
    assert [event.details()["actor"]["credential"]["kind"] for event in denied] == ["api_key", "api_key"]


def test_a_key_is_nobody_in_another_organization_of_its_owner(host: Host, owner: Browser) -> None:
    """A key of one organization gets 404 in another one, although its owner owns both."""
    first, second = owner.found("Acme"), owner.found("Globex")
    workspace = owner.workspace(second)
    token = owner.ok(f"POST /organizations/{first}/api-keys", {"name": "robot", "workspaces": [owner.workspace(first)]})["token"]
    assert bearer(host, token, "POST", f"/workspaces/{workspace}/dashboards-view").status == 404
    assert bearer(host, token, "GET", f"/auth/organizations/{second}/members").status == 404
    assert [each["id"] for each in bearer(host, token, "GET", "/auth/organizations").json["organizations"]] == [first]


@pytest.mark.proves("SEED-K3", "SEED-K6")
def test_rotation_overlaps_and_revocation_is_immediate(host: Host, owner: Browser) -> None:
    """After a rotation both secrets work until the overlap ends, then the new one alone; revoked, neither does, at once."""
    organization = owner.found("Acme")
    keys = f"/organizations/{organization}/api-keys"
    made = owner.ok(f"POST {keys}", {"name": "robot"})
    fresh = owner.ok(f"POST {keys}/{made['id']}/rotate", {"overlap_hours": 1})
    assert fresh["id"] == made["id"]
    assert [bearer(host, token, "GET", "/me").status for token in (made["token"], fresh["token"])] == [200, 200]
    host.clock.advance(timedelta(hours=1))
    assert [bearer(host, token, "GET", "/me").status for token in (made["token"], fresh["token"])] == [401, 200]
    assert owner.auth(f"DELETE {keys}/{made['id']}").status == 204
    gone = bearer(host, fresh["token"], "GET", "/me")
    assert (gone.status, gone.json["reason"]) == (401, "revoked")
    events = host.events(organization)
    assert [event.details()["details"]["overlap_seconds"] for event in named(events, "api_key.rotated")] == [3600]
    assert len(named(events, "api_key.revoked")) == 1


def test_a_key_can_not_do_what_takes_a_session(host: Host, owner: Browser) -> None:
    """Routes of the person's own account refuse a key, and so does a guard that asks for a second factor."""
    organization = owner.found("Acme")
    workspace = owner.workspace(organization)
    token = owner.ok(f"POST /organizations/{organization}/api-keys", {"name": "robot"})["token"]
    for method, path in (("GET", "/auth/session"), ("POST", "/auth/mfa/totp"), ("POST", "/auth/organizations")):
        assert bearer(host, token, method, path).status == 403, path
    assert bearer(host, token, "GET", f"/workspaces/{workspace}/strong").status == 403


@pytest.mark.proves("SEED-L2", "SEED-L1")
def test_the_log_is_searched_by_person_action_resource_and_date(host: Host, owner: Browser) -> None:
    """Each filter alone and together gives exactly the matching events, page by page, without loss and repetition."""
    organization = owner.found("Acme")
    guest = Browser(host).sign_up("guest@example.com")
    workspaces = [owner.workspace(organization, f"W{number}") for number in range(5)]
    owner.invite(organization, guest, workspace_id=workspaces[0], workspace_role="viewer")
    host.events(organization)
    middle = host.clock.now()
    host.clock.advance(timedelta(minutes=1))
    guest.call("POST", f"/workspaces/{workspaces[0]}/agents-run")
    host.events(organization)

    def search(query: str) -> list[str]:
        found = owner.ok(f"GET /organizations/{organization}/audit?{query}")["events"]
        return [f"{event['name']} {event['targets'][0]['id']}" for event in found if event["name"] != "audit.searched"]

    assert search("name=workspace.created") == [f"workspace.created {each}" for each in reversed(workspaces)]
    assert search(f"target={workspaces[2]}") == [f"workspace.created {workspaces[2]}"]
    assert search(f"actor={guest.id}&outcome=refused") == [f"access.denied {workspaces[0]}"]
    assert len(search(f"person={guest.id}")) >= 2
    after = middle.isoformat().replace("+", "%2B")
    assert search(f"since={after}") == [f"access.denied {workspaces[0]}"]
    assert f"access.denied {workspaces[0]}" not in search(f"until={after}")
    assert search(f"workspace={workspaces[0]}&name=access.*") == [f"access.denied {workspaces[0]}"]
    pages, cursor = [], ""
    while True:
        page = owner.ok(f"GET /organizations/{organization}/audit?name=workspace.created&limit=2{cursor}")
        pages += [event["targets"][0]["id"] for event in page["events"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert pages == list(reversed(workspaces))
    assert len(named(host.events(organization), "audit.searched")) >= 7
    event = owner.ok(f"GET /organizations/{organization}/audit?name=workspace.created")["events"][0]
    assert event["actor"] == {"kind": "user", "id": owner.id, "credential": {"kind": "session", "id": event["actor"]["credential"]["id"]}}
    assert event["personal"] == {"address": "198.51.100.7", "user_agent": "test browser"}


def test_who_may_not_see_the_log_does_not(host: Host, owner: Browser) -> None:
    """A member without audit:view is denied, and a cursor of another log, a bad limit and a bad date are refused."""
    organization = owner.found("Acme")
    guest = Browser(host).sign_up("guest@example.com")
    owner.invite(organization, guest)
    assert guest.auth(f"GET /organizations/{organization}/audit").status == 403
    for query in ("cursor=AAAA", "limit=0", "limit=501", "limit=x", "since=yesterday", "since=2026-01-01T00:00:00", "colour=red"):
        assert owner.auth(f"GET /organizations/{organization}/audit?{query}").status == 422, query
    assert owner.auth(f"GET /organizations/{organization}/audit?limit=1&limit=2").status == 422
