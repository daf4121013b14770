"""Roles of the host's and of organizations' own, and roles for a time, over HTTP in both hosts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.hosts.apps import slug
from tests.hosts.harness import Browser, Host, bearer, named


@pytest.fixture
def owner(host: Host) -> Browser:
    """The owner of an organization, signed in."""
    return Browser(host).sign_up("owner@example.com", "Olga Owner")


@pytest.fixture
def guest(host: Host) -> Browser:
    """A person without any organization, signed in."""
    return Browser(host).sign_up("guest@example.com", "Gus Guest")


@pytest.mark.proves("SEED-R4")
def test_an_organization_makes_a_role_and_guards_obey_it(host: Host, owner: Browser, guest: Browser) -> None:
    """A role that an organization defines is given like any other, opens exactly the guards of its permissions, and changes at once."""
    organization = owner.found("Acme")
    workspace = owner.workspace(organization)
    roles = f"/organizations/{organization}/roles"
    made = owner.ok(f"PUT {roles}/approver", {"permissions": ["operations:approve"], "extends": "viewer"})
    assert (made["name"], made["permissions"], made["extends"]) == ("approver", ["operations:approve"], "viewer")
    owner.invite(organization, guest, workspace_id=workspace, workspace_role="approver")

    def allowed() -> set[str]:
        actions = ("dashboards:view", "agents:run", "operations:approve", "connections:manage")
        return {each for each in actions if guest.call("POST", f"/workspaces/{workspace}/{slug(each)}").status == 200}

    assert allowed() == {"dashboards:view", "operations:approve"}
    assert owner.ok(f"GET {roles}")["roles"] == [{**made, "version": 1}]
    owner.ok(f"PUT {roles}/approver", {"permissions": ["agents:run"]})
    assert allowed() == {"agents:run"}
    told = {"permissions": ["agents:run"]}
    assert guest.auth(f"PUT {roles}/pilot", told).status == 403
    assert owner.auth(f"PUT {roles}/editor", told).status == 422
    assert owner.auth(f"PUT {roles}/pilot", {"permissions": ["billing:manage"]}).status == 422
    assert owner.auth(f"DELETE {roles}/approver").json["reason"] == "conflict"
    owner.ok(f"PUT /workspaces/{workspace}/roles/{guest.id}", {"role": "viewer"})
    owner.ok(f"DELETE {roles}/approver")
    assert owner.auth(f"DELETE {roles}/approver").status == 404
    names = [event.name for event in host.events(organization) if event.name.startswith("custom_role.")]
    assert sorted(names) == ["custom_role.changed", "custom_role.created", "custom_role.removed"]


def test_a_role_for_a_time_over_http(host: Host, owner: Browser, guest: Browser) -> None:
    """A person asks for a role and says why, an owner gives it, the guard obeys until it ends, and the asker can not approve it."""
    organization = owner.found("Acme")
    workspace = owner.workspace(organization)
    owner.invite(organization, guest, workspace_id=workspace, workspace_role="viewer")
    where = f"/organizations/{organization}/elevations"
    wish = {"role": "editor", "workspace_id": workspace, "minutes": 30, "reason": "the night shift"}
    asked = guest.ok(f"POST {where}", wish)
    assert (asked["state"], asked["expires_at"]) == ("open", None)
    assert [each["id"] for each in owner.ok(f"GET {where}")["elevations"]] == [asked["id"]]
    assert guest.auth(f"GET {where}").status == 403
    assert guest.auth(f"POST {where}/{asked['id']}/approve").json["reason"] == "self_change"
    assert guest.call("POST", f"/workspaces/{workspace}/operations-approve").status == 403
    assert owner.ok(f"POST {where}/{asked['id']}/approve")["state"] == "active"
    assert guest.call("POST", f"/workspaces/{workspace}/operations-approve").status == 200
    host.clock.advance(timedelta(minutes=30))
    assert guest.call("POST", f"/workspaces/{workspace}/operations-approve").status == 403
    second = guest.ok(f"POST {where}", wish)
    assert owner.ok(f"POST {where}/{second['id']}/deny")["state"] == "denied"
    third = guest.ok(f"POST {where}", wish)
    assert guest.ok(f"POST {where}/{third['id']}/end")["state"] == "withdrawn"
    assert guest.auth(f"POST {where}", {**wish, "minutes": 0}).status == 422
    assert guest.auth(f"POST {where}", {**wish, "reason": " "}).status == 422
    minted = guest.ok(f"POST /organizations/{organization}/api-keys", {"name": "ci"})["token"]
    assert bearer(host, minted, "POST", f"/auth{where}", wish).status == 403
    (event,) = named(host.events(organization), "elevation.approved")
    assert (event.actor_id, event.subject_id) == (owner.id, guest.id)
