# Generated from tests/services/test_async_custom_roles.py by tools/twin.py; edit that file.
"""Organizations' own roles over a whole deployment (async source of the twin)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ctsec.ids import OrganizationId, WorkspaceId
from ctsec.outcome import Reason
from ctsec.principal import Principal
from ctsec.rbac import CustomRole
from tests.services._sync_world import KINDS, World
from tests.services.probing import reason

PILOT = CustomRole("pilot", frozenset({"agents:run", "dashboards:view"}))
APPROVER = CustomRole("approver", frozenset({"operations:approve"}), extends="pilot")


class Scene:
    """Ann owns Acme and Bob operates its workspace; Eve owns Globex and Dan is a member there."""

    def __init__(self, world: World, people: tuple[Principal, ...], places: tuple[Any, ...]) -> None:
        self.world = world
        self.ann, self.bob, self.eve, self.dan = people
        self.acme: OrganizationId = places[0]
        self.globex: OrganizationId = places[1]
        self.prod: WorkspaceId = places[2]
        self.lab: WorkspaceId = places[3]

    def define(self, who: Principal, role: CustomRole, organization: OrganizationId | None = None) -> Any:
        """Make or change a role."""
        return self.world.call("custom_roles.define", who, organization=organization or self.acme, role=role)

    def assign(self, role: str, user: Principal | None = None) -> Any:
        """Give Bob, or somebody else, a role in Acme's workspace."""
        place = {"organization": self.acme, "workspace": self.prod, "user": (user or self.bob).id}
        return self.world.call("roles.assign", self.ann, **place, role=role)

    def may(self, permission: str) -> bool:
        """Ask the gate, the service and the list, which must agree, what Bob may in the workspace."""
        gate = self.world.may(self.bob, permission, self.acme, self.prod)
        place = {"organization": self.acme, "workspace": self.prod}
        assert (self.world.call("roles.check", self.bob, permission, **place)).allowed is gate
        assert self.world.call("lists.count", self.bob, permission, organization=self.acme) == gate
        return gate


def prepare(world: World) -> tuple[Any, Any]:
    """Play what was before, and return the people and the places."""
    ann, eve = world.person("ann@acme.example"), world.person("eve@globex.example")
    acme, globex = world.organization(ann), world.organization(eve, "Globex")
    prod, lab = world.workspace(acme.id), world.workspace(globex.id, "Lab")
    bob = world.member(acme.id, "bob@acme.example", workspace=prod.id, wrole="viewer")
    dan = world.member(globex.id, "dan@globex.example", workspace=lab.id, wrole="viewer")
    return (ann, bob, eve, dan), (acme.id, globex.id, prod.id, lab.id)


@pytest.fixture(params=KINDS)
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Scene, None, None]:
    with World.played(prepare, request.param, folder=tmp_path) as (world, made):
        yield Scene(world, *made)


def test_a_role_of_ones_own_is_given_and_counts(scene: Scene) -> None:
    """What an organization defines can be given like any workspace role, and gives exactly its permissions, those it extends included."""
    for role in (PILOT, APPROVER):
        assert reason(scene.define(scene.ann, role)) is None
    assert [each.name for each in scene.world.call("custom_roles.of_organization", organization=scene.acme)] == ["approver", "pilot"]
    assert reason(scene.assign("approver")) is None
    wanted = {"agents:run": True, "dashboards:view": True, "operations:approve": True, "connections:manage": False}
    assert {permission: scene.may(permission) for permission in wanted} == wanted


def test_a_change_reaches_everybody_who_holds_it_at_once(scene: Scene) -> None:
    """Law 12: a permission that a role loses is denied by the next check of everybody who holds it, and one that it gains is allowed."""
    scene.define(scene.ann, PILOT)
    scene.assign("pilot")
    assert scene.may("agents:run")
    changed = scene.define(scene.ann, replace(PILOT, permissions=frozenset({"dashboards:view", "connections:manage"})))
    assert changed.version == 2
    assert not scene.may("agents:run")
    assert scene.may("connections:manage")
    assert scene.define(scene.ann, changed.role) == changed


def test_organizations_do_not_see_each_others_roles(scene: Scene) -> None:
    """Law 8: a role of one organization is none in another, where the same name may mean something else."""
    scene.define(scene.ann, PILOT)
    scene.define(scene.eve, replace(PILOT, permissions=frozenset({"reports:view"})), scene.globex)
    scene.assign("pilot")
    there = {"organization": scene.globex, "workspace": scene.lab, "user": scene.dan.id}
    assert reason(scene.world.call("roles.assign", scene.eve, **there, role="pilot")) is None
    assert not scene.world.may(scene.dan, "agents:run", scene.globex, scene.lab)
    assert scene.world.may(scene.dan, "reports:view", scene.globex, scene.lab)
    assert scene.may("agents:run")
    assert reason(scene.define(scene.eve, APPROVER)) is Reason.NOT_FOUND
    only_here = scene.world.call("roles.assign", scene.eve, **there, role="approver")
    assert reason(only_here) is Reason.INVALID_INPUT


def test_ceilings_hold_custom_roles_too(scene: Scene) -> None:
    """Law 7: a viewer is not given a custom role above the ceiling, and one who is lowered to viewer keeps only what the ceiling lets."""
    scene.define(scene.ann, PILOT)
    scene.assign("pilot")
    lowered = {"organization": scene.acme, "user": scene.bob.id, "role": "viewer"}
    scene.world.call("roles.change_organization_role", scene.ann, **lowered)
    assert (scene.may("agents:run"), scene.may("dashboards:view")) == (False, True)
    assert reason(scene.assign("pilot")) is Reason.CEILING_EXCEEDED


@pytest.mark.parametrize(
    ("role", "wanted"),
    [
        (CustomRole("editor", frozenset({"dashboards:view"})), Reason.INVALID_INPUT),
        (CustomRole("owner", frozenset({"dashboards:view"})), Reason.INVALID_INPUT),
        (CustomRole("pilot", frozenset({"billing:manage"})), Reason.INVALID_INPUT),
        (CustomRole("pilot", frozenset({"agents:dance"})), Reason.INVALID_INPUT),
        (CustomRole("pilot", frozenset(), extends="nobody"), Reason.INVALID_INPUT),
        (CustomRole("pilot", frozenset(), extends="pilot"), Reason.INVALID_INPUT),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(scene: Scene, role: CustomRole, wanted: Reason) -> None:
    """A name of the policy, a permission of the organization or of no policy, and a chain that leads nowhere or back are refused."""
    refused = scene.define(scene.ann, role)
    assert (reason(refused), refused.detail.startswith("custom_roles.")) == (wanted, True)
    assert scene.world.call("custom_roles.of_organization", organization=scene.acme) == ()


def test_only_who_manages_the_organization_defines_roles(scene: Scene) -> None:
    """A workspace admin, a member and a stranger define nothing, not even what is there already; an admin of the organization does."""
    scene.assign("admin")
    assert reason(scene.define(scene.bob, PILOT)) is Reason.DENIED
    assert reason(scene.define(scene.eve, PILOT)) is Reason.NOT_FOUND
    admin = scene.world.member(scene.acme, "kim@acme.example", role="admin")
    assert reason(scene.define(admin, PILOT)) is None
    assert reason(scene.define(scene.bob, PILOT)) is Reason.DENIED


def test_nobody_defines_more_than_they_hold(scene: Scene) -> None:
    """Law 15: with a key that is narrowed, or a membership that ends, nobody makes a role of what they do not hold everywhere as long."""
    minted = scene.world.key(scene.ann, scene.acme, scopes=frozenset({"organization:manage", "dashboards:view"}))
    key: Any = scene.world.gate.api_key(minted.token.reveal(), scene.world.request)
    assert reason(scene.define(key, PILOT)) is Reason.BEYOND_OWN_RIGHTS
    assert reason(scene.define(key, CustomRole("watcher", frozenset({"dashboards:view"})))) is None
    grown = CustomRole("watcher", frozenset({"dashboards:view", "agents:run"}))
    assert reason(scene.define(key, grown)) is Reason.BEYOND_OWN_RIGHTS
    admin = scene.world.member(scene.acme, "kim@acme.example", role="admin")
    end = scene.world.clock.now().replace(year=2100)
    scene.world.call("roles.change_period", scene.ann, organization=scene.acme, user=admin.id, expires_at=end)
    assert reason(scene.define(admin, PILOT)) is Reason.BEYOND_OWN_RIGHTS


def test_a_role_in_use_stays(scene: Scene) -> None:
    """A role that somebody holds, or another role extends, is not taken away; afterwards it is, once, and its name gives nothing."""
    for role in (PILOT, APPROVER):
        scene.define(scene.ann, role)
    scene.assign("approver")
    named = {"organization": scene.acme}
    assert reason(scene.world.call("custom_roles.remove", scene.ann, **named, name="approver")) is Reason.CONFLICT
    assert reason(scene.world.call("custom_roles.remove", scene.ann, **named, name="pilot")) is Reason.CONFLICT
    scene.assign("viewer")
    for name in ("approver", "pilot"):
        assert (scene.world.call("custom_roles.remove", scene.ann, **named, name=name)).name == name
        assert scene.world.call("custom_roles.remove", scene.ann, **named, name=name) is None
    assert reason(scene.assign("pilot")) is Reason.INVALID_INPUT


def test_invitations_and_elevations_know_them(scene: Scene) -> None:
    """An organization's own role is invited to and asked for like any other."""
    scene.define(scene.ann, PILOT)
    kim = scene.world.member(scene.acme, "kim@acme.example", workspace=scene.prod, wrole="pilot")
    assert scene.world.may(kim, "agents:run", scene.acme, scene.prod)
    told = scene.world.call("roles.explain", scene.bob, "agents:run", organization=scene.acme, workspace=scene.prod)
    assert not told.decision.allowed
    stored = scene.world.call("custom_roles.policy", organization=scene.acme)
    assert (stored.problems, stored.policy.workspace_role("pilot").custom) == ((), True)
