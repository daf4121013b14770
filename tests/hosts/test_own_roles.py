"""Roles of the host's and of organizations' own, and roles for a time, over HTTP in both hosts."""

from __future__ import annotations

from datetime import timedelta

import pytest

import ctsec.fastapi
import ctsec.flask
from ctsec.rbac import Policy
from ctsec.rbac.preset import MATRIX
from tests.hosts.apps import ORGANIZATION_ACTIONS, WORKSPACE_ACTIONS, slug
from tests.hosts.harness import HOSTS, Browser, FastapiHost, FlaskHost, Host, bearer, named


@pytest.fixture
def owner(host: Host) -> Browser:
    """The owner of an organization, signed in."""
    return Browser(host).sign_up("owner@example.com", "Olga Owner")


@pytest.fixture
def guest(host: Host) -> Browser:
    """A person without any organization, signed in."""
    return Browser(host).sign_up("guest@example.com", "Gus Guest")


# Permissions and a role of a host's own, beside those that the test applications guard.
OWN = """
permission         owner  admin  editor  auditor  viewer
evidence:collect   yes    yes    -       yes      -
evidence:read      yes    yes    yes     yes      -
legal_hold:manage  yes    -      -       -        -
"""


@pytest.mark.proves("SEED-R4")
@pytest.mark.parametrize("name", sorted(HOSTS))
def test_a_host_has_permissions_and_roles_of_its_own(name: str) -> None:
    """A permission and a role that the host's table names are given, listed and guarded like built-in ones, cell by cell."""
    own = [line.split()[0] for line in OWN.splitlines()[2:]]
    organization_scope = (*ORGANIZATION_ACTIONS, "legal_hold:manage")
    policy = Policy.from_matrix((*WORKSPACE_ACTIONS, *ORGANIZATION_ACTIONS, *own), MATRIX, OWN, organization_scope=organization_scope)
    host = HOSTS[name](policy)
    evidence = [each for each in own if each.startswith("evidence")]
    guard_own(host, evidence)
    owner = Browser(host).sign_up("owner@example.com")
    organization = owner.found("Acme")
    workspace = owner.workspace(organization)
    expected = {"auditor": set(evidence), "editor": {"evidence:read"}, "operator": set[str](), "viewer": set[str]()}
    for role, allowed in expected.items():
        person = Browser(host).sign_up(f"{role}@example.com")
        owner.invite(organization, person, workspace_id=workspace, workspace_role=role)
        assert {each for each in evidence if person.call("GET", f"/own/{workspace}/{slug(each)}").status == 200} == allowed
        assert set(person.ok(f"GET /workspaces/{workspace}/permissions")["permissions"]) & set(own) == allowed
    assert {each for each in evidence if owner.call("GET", f"/own/{workspace}/{slug(each)}").status == 200} == set(evidence)
    assert "legal_hold:manage" in owner.ok(f"GET /organizations/{organization}/permissions")["permissions"]
    host.close()


def guard_own(host: Host, permissions: list[str]) -> None:
    """Add a guarded route for each of some permissions of workspaces."""
    if isinstance(host, FastapiHost):
        for each in permissions:
            needed = ctsec.fastapi.Guard(host.security).require(each, workspace="workspace_id")
            host.app.get(f"/own/{{workspace_id}}/{slug(each)}", dependencies=[needed])(lambda: None)
        return
    assert isinstance(host, FlaskHost)
    for each in permissions:
        view = ctsec.flask.Guard(host.security).require(each, workspace="workspace_id")(lambda **_: {})
        host.app.get(f"/own/<workspace_id>/{slug(each)}", endpoint=f"own {each}")(view)


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


@pytest.mark.proves("SEED-P2")
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
