"""What a review of rights stands on: the least is what people get, the smallest role is named, and a lower role counts at once."""

from __future__ import annotations

import pytest

from tests.hosts.apps import slug
from tests.hosts.harness import Browser, Host, bearer, named
from tests.hosts.meanings import IN_WORKSPACE, furnish, lines, meaning

# The lowest workspace role for each thing that somebody may do in a workspace, lowest first; above it stands what it does not give.
SMALLEST = {
    "dashboards:view": "viewer",
    "reports:view": "viewer",
    "recommendations:view": "viewer",
    "agents:run": "operator",
    "recommendations:create": "editor",
    "operations:approve": "editor",
    "connections:manage": "editor",
    "workspace_settings:manage": "editor",
    "workspace_members:manage": "admin",
}
LOWER = {"viewer": None, "operator": "viewer", "editor": "operator", "admin": "editor"}


@pytest.fixture(autouse=True)
def furnished(host: Host) -> None:
    """The hosts have a route for every built-in permission, and one that says why."""
    furnish(host)


@pytest.fixture
def owner(host: Host) -> Browser:
    """The owner of an organization, signed in."""
    return Browser(host).sign_up("owner@example.com", "Olga Owner")


@pytest.fixture
def guest(host: Host) -> Browser:
    """A person without any organization, signed in."""
    return Browser(host).sign_up("guest@example.com", "Gus Guest")


@pytest.mark.proves("SEED-P2")
def test_who_is_invited_without_a_role_gets_the_least(owner: Browser, guest: Browser) -> None:
    """An invitation that names no role makes a member who may do nothing in any workspace, nor for the organization but have own keys."""
    organization = owner.found("Acme")
    workspace = owner.workspace(organization)
    owner.invite(organization, guest)
    assert guest.ok("GET /organizations")["organizations"][0]["role"] == "member"
    assert guest.ok(f"GET /workspaces/{workspace}/permissions")["permissions"] == []
    assert guest.ok(f"GET /organizations/{organization}/permissions")["permissions"] == ["api_keys:manage"]


@pytest.mark.proves("SEED-P2", "ASVS-8.3.2")
def test_a_lowered_role_counts_at_once_for_sessions_and_keys(host: Host, owner: Browser, guest: Browser) -> None:
    """Lowered at the JSON route, a person and an older key may with the next request exactly what the lower role gives, and it is told."""
    organization = owner.found("Acme")
    workspace = owner.workspace(organization)
    owner.invite(organization, guest, workspace_id=workspace, workspace_role="admin")
    key = guest.ok(f"POST /organizations/{organization}/api-keys", {"name": "ci"})["token"]

    def may() -> list[set[str]]:
        paths = {each: f"/in/{workspace}/{slug(each)}" for each in lines(IN_WORKSPACE)}
        by_session = {each for each, path in paths.items() if guest.call("GET", path).status == 200}
        return [by_session, {each for each, path in paths.items() if bearer(host, key, "GET", path).status == 200}]

    assert may() == [meaning("ws-admin").workspace] * 2
    for role, column in (("editor", "editor"), ("operator", "operator"), ("viewer", "ws-viewer")):
        owner.ok(f"PUT /workspaces/{workspace}/roles/{guest.id}", {"role": role})
        assert may() == [meaning(column).workspace] * 2
        (told,) = owner.ok(f"GET /workspaces/{workspace}/roles")["roles"]
        assert (told["user_id"], told["role"]) == (guest.id, role)
    owner.ok(f"PUT /organizations/{organization}/members/{guest.id}/role", {"role": "viewer"})
    assert may() == [meaning("viewer").workspace] * 2
    members = owner.ok(f"GET /organizations/{organization}/members")["members"]
    assert {each["user_id"]: each["role"] for each in members} == {owner.id: "owner", guest.id: "viewer"}
    changes = [event for event in host.events(organization) if event.name in {"role.assigned", "role.changed"}]
    assert [(event.actor_id, event.subject_id) for event in changes][-4:] == [(owner.id, guest.id)] * 4


@pytest.mark.proves("SEED-P2")
def test_an_admin_is_lowered_to_what_is_needed(host: Host, owner: Browser, guest: Browser) -> None:
    """An admin who is made a member keeps nothing of the organization, and of workspaces exactly the role that is assigned there."""
    organization = owner.found("Acme")
    here, elsewhere = (owner.workspace(organization, name) for name in ("Main", "Other"))
    owner.invite(organization, guest, role="admin", workspace_id=here, workspace_role="operator")
    assert guest.call("GET", f"/in/{elsewhere}/{slug('operations:approve')}").status == 200
    owner.ok(f"PUT /organizations/{organization}/members/{guest.id}/role", {"role": "member"})
    told = {place: set(guest.ok(f"GET /workspaces/{place}/permissions")["permissions"]) for place in (here, elsewhere)}
    assert told == {here: meaning("operator").workspace, elsewhere: set()}
    for place, permission in ((here, "operations:approve"), (elsewhere, "dashboards:view")):
        assert guest.call("GET", f"/in/{place}/{slug(permission)}").status == 403
    assert guest.auth(f"GET /organizations/{organization}/audit").status == 403
    assert named(host.events(organization), "role.changed")[-1].subject_id == guest.id


@pytest.mark.proves("SEED-P2")
@pytest.mark.parametrize("permission", SMALLEST)
def test_the_explanation_names_the_smallest_role(host: Host, owner: Browser, guest: Browser, permission: str) -> None:
    """A refused person, and whoever manages them, is told the smallest role; that role opens the route, and the one below it does not."""
    organization = owner.found("Acme")
    workspace = owner.workspace(organization)
    owner.invite(organization, guest)
    guest.ok("POST /session/organization", {"organization_id": organization})
    smallest = SMALLEST[permission]
    why = f"/why/{workspace}/{guest.id}?permission={permission}"
    missing = [f"assign the workspace role {smallest}"]
    for person in (guest, owner):
        assert person.call("GET", why).json == {"reason": "no_workspace_role", "missing": missing}
    assert guest.call("GET", f"/why/{workspace}/{owner.id}?permission={permission}").json == {"refused": "denied"}
    below = LOWER[smallest]
    if below is not None:
        owner.ok(f"PUT /workspaces/{workspace}/roles/{guest.id}", {"role": below})
        assert guest.call("GET", f"/in/{workspace}/{slug(permission)}").status == 403
        assert guest.call("GET", why).json == {"reason": "role_lacks_permission", "missing": missing}
    owner.ok(f"PUT /workspaces/{workspace}/roles/{guest.id}", {"role": smallest})
    assert guest.call("GET", f"/in/{workspace}/{slug(permission)}").status == 200
    assert owner.call("GET", why).json == {"reason": "allowed_by_workspace_role", "missing": []}
