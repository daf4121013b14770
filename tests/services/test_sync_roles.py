# Generated from tests/services/test_async_roles.py by tools/twin.py; edit that file.
"""Roles asked and changed over a whole deployment: batches, explanations, periods of memberships, versions (async source of the twin)."""

from __future__ import annotations

from collections.abc import Generator
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from ctsec.errors import StaleRead, UnknownPermission
from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.outcome import Reason
from ctsec.principal import Principal
from ctsec.rbac import Ask, AssignWorkspaceRole, DecisionReason
from ctsec.testing import Written
from tests.services._sync_world import KINDS, World
from tests.services.probing import reason

DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)


class Scene:
    """Ann owns Acme and is a viewer in Globex, which Eve owns; Bob is an operator in Acme's workspace."""

    def __init__(self, world: World, people: tuple[Principal, ...], places: tuple[Any, ...]) -> None:
        self.world = world
        self.ann, self.bob, self.eve = people
        self.acme: OrganizationId = places[0]
        self.globex: OrganizationId = places[1]
        self.prod: WorkspaceId = places[2]
        self.lab: WorkspaceId = places[3]


def prepare(world: World) -> tuple[Any, Any]:
    """Play what was before, and return the people and the places."""
    ann, eve = world.person("ann@acme.example"), world.person("eve@globex.example")
    acme, globex = world.organization(ann), world.organization(eve, "Globex")
    prod, lab = world.workspace(acme.id), world.workspace(globex.id, "Lab")
    bob = world.member(acme.id, "bob@acme.example", workspace=prod.id, wrole="operator")
    token = world.invite(globex.id, "ann@acme.example", role="viewer", workspace=lab.id, wrole="viewer")
    assert reason(world.call("members.accept", ann, token=token)) is None
    return (ann, bob, eve), (acme.id, globex.id, prod.id, lab.id)


@pytest.fixture(params=KINDS)
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Scene, None, None]:
    with World.played(prepare, request.param, folder=tmp_path) as (world, made):
        yield Scene(world, *made)


def test_a_batch_is_its_questions_one_by_one(scene: Scene) -> None:
    """Law 14: answers come in the order of the questions, for duplicates, both organizations and places that do not fit together."""
    places = [(scene.acme, None), (scene.acme, scene.prod), (scene.globex, scene.lab), (scene.globex, scene.prod), (scene.acme, scene.lab)]
    asks = [Ask(permission, *place) for permission, place in product(("dashboards:view", "agents:run", "members:manage"), places)]
    asks = [*asks, *reversed(asks), Ask("agents:run", scene.acme, WorkspaceId("wsp_00000000000000000000000000"))]
    for who in (scene.ann, scene.bob, scene.eve):
        one_by_one = [
            scene.world.call("roles.check", who, ask.permission, organization=ask.organization, workspace=ask.workspace) for ask in asks
        ]
        assert list(scene.world.call("roles.check_many", who, asks)) == one_by_one
    assert {True, False} == {decision.allowed for decision in one_by_one}


def test_a_batch_reads_each_organization_once(scene: Scene) -> None:
    """A batch of many questions reads one standing for each organization, whatever the number of questions."""
    asks = [Ask("agents:run", organization, scene.prod) for organization in (scene.acme, scene.globex)] * 50
    with scene.world.tap.to(Written()) as probe:
        scene.world.call("roles.check_many", scene.ann, asks)
    assert probe.calls.count("standings.standing") == 2


def test_a_batch_is_whole_or_nothing(scene: Scene) -> None:
    """A permission of no name raises for the whole batch, and so do more than ten thousand questions."""
    fine = Ask("agents:run", scene.acme, scene.prod)
    with pytest.raises(UnknownPermission):
        scene.world.call("roles.check_many", scene.ann, [fine, Ask("agents:dance", scene.acme)])
    with pytest.raises(ValueError, match="10000"):
        scene.world.call("roles.check_many", scene.ann, [fine] * 10_001)


def test_everybody_is_told_why(scene: Scene) -> None:
    """A denial is explained to the person it is about, with the smallest change that would turn it round."""
    told = scene.world.call("roles.explain", scene.bob, "recommendations:create", organization=scene.acme, workspace=scene.prod)
    assert told.decision.reason is DecisionReason.ROLE_LACKS_PERMISSION
    assert told.missing == (AssignWorkspaceRole("editor"),)
    by_name: dict[str, Any] = {"organization": scene.acme, "workspace": scene.prod, "user": UserId(scene.bob.id)}
    assert scene.world.call("roles.explain", scene.bob, "recommendations:create", **by_name) == told
    changed = {"organization": scene.acme, "workspace": scene.prod, "user": scene.bob.id, "role": "editor"}
    scene.world.call("roles.assign", scene.ann, **changed)
    again = scene.world.call("roles.explain", scene.bob, "recommendations:create", organization=scene.acme, workspace=scene.prod)
    assert (again.decision.allowed, again.missing) == (True, ())


def test_who_manages_people_is_told_about_them(scene: Scene) -> None:
    """About somebody else it is told to who manages the people of the place, and to nobody else; strangers find nothing."""
    asked: dict[str, Any] = {"organization": scene.acme, "workspace": scene.prod, "user": UserId(scene.bob.id)}
    told = scene.world.call("roles.explain", scene.ann, "operations:approve", **asked)
    assert told.missing == (AssignWorkspaceRole("editor"),)
    of_ann = {**asked, "user": UserId(scene.ann.id)}
    assert reason(scene.world.call("roles.explain", scene.bob, "operations:approve", **of_ann)) is Reason.DENIED
    assert reason(scene.world.call("roles.explain", scene.eve, "operations:approve", **asked)) is Reason.NOT_FOUND
    elsewhere = {**asked, "organization": scene.globex}
    assert reason(scene.world.call("roles.explain", scene.eve, "operations:approve", **elsewhere)) is Reason.NOT_FOUND
    nobody = scene.world.call("roles.explain", scene.ann, "operations:approve", **{**asked, "user": UserId(scene.eve.id)})
    assert nobody.decision.reason is DecisionReason.NOT_A_MEMBER
    assert scene.eve.id not in repr(nobody)


def test_a_membership_counts_from_its_start_until_its_end(scene: Scene) -> None:
    """Law 21: a contractor's membership counts on [start, end), for checks and lists, and is endless again when the period is lifted."""
    now = scene.world.clock.now()
    period = {"organization": scene.acme, "user": scene.bob.id}
    given = scene.world.call("roles.change_period", scene.ann, **period, starts_at=now + DAY, expires_at=now + 2 * DAY)
    assert (given.starts_at, given.expires_at) == (now + DAY, now + 2 * DAY)
    seen = []
    for moment in (now, now + DAY - TICK, now + DAY, now + 2 * DAY - TICK, now + 2 * DAY):
        scene.world.clock.advance(moment - scene.world.clock.now())
        allowed = scene.world.may(scene.bob, "agents:run", scene.acme, scene.prod)
        assert scene.world.call("lists.count", scene.bob, "agents:run", organization=scene.acme) == allowed
        seen.append(allowed)
    assert seen == [False, False, True, True, False]
    scene.world.call("roles.change_period", scene.ann, **period)
    assert scene.world.may(scene.bob, "agents:run", scene.acme, scene.prod)


def test_the_last_owner_takes_no_end(scene: Scene) -> None:
    """The only permanent owner takes neither a start nor an end; with a second one it may, and the first is the last again."""
    end = scene.world.clock.now() + DAY
    period = {"organization": scene.acme, "user": scene.ann.id}
    for bounded in ({"expires_at": end}, {"starts_at": end}):
        assert reason(scene.world.call("roles.change_period", scene.ann, **period, **bounded)) is Reason.LAST_OWNER
    scene.world.call("roles.change_organization_role", scene.ann, organization=scene.acme, user=scene.bob.id, role="owner")
    assert reason(scene.world.call("roles.change_period", scene.ann, **period, expires_at=end)) is None
    left = scene.world.call("members.remove", scene.bob, organization=scene.acme, user=scene.bob.id)
    assert reason(left) is Reason.LAST_OWNER
    assert reason(scene.world.call("roles.change_period", scene.bob, **period)) is None
    assert reason(scene.world.call("members.remove", scene.bob, organization=scene.acme, user=scene.bob.id)) is None


@pytest.mark.proves("ASVS-2.2.3")
def test_nobody_extends_their_own_time(scene: Scene) -> None:
    """A member whose time is bounded may shorten it and not extend it, and a period that makes no sense is refused."""
    now = scene.world.clock.now()
    admin = scene.world.member(scene.acme, "dan@acme.example", role="admin")
    own = {"organization": scene.acme, "user": admin.id}
    assert reason(scene.world.call("roles.change_period", scene.ann, **own, expires_at=now + DAY)) is None
    for bounded in ({}, {"expires_at": now + 2 * DAY}):
        assert reason(scene.world.call("roles.change_period", admin, **own, **bounded)) is Reason.SELF_CHANGE
    assert reason(scene.world.call("roles.change_period", admin, **own, expires_at=now + DAY / 2)) is None
    for wrong in ({"starts_at": now, "expires_at": now}, {"expires_at": now.replace(tzinfo=None)}):
        assert reason(scene.world.call("roles.change_period", scene.ann, **own, **wrong)) is Reason.INVALID_INPUT


class _Order:
    """Notes in which order roles and their version are read."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def before(self, call: str) -> None:
        if call.startswith("standings."):
            self.calls.append(call)

    def after(self, call: str, result: object) -> None:
        """Nothing to note."""


def test_the_version_is_read_before_the_roles_that_answer_for_it(scene: Scene) -> None:
    """Law 12: a change that commits between the two reads is in the roles that are answered, never missing from them."""
    with scene.world.security.reading() as unit:
        version = unit.roles.version(scene.acme)
    order = _Order()
    with scene.world.tap.to(order):
        scene.world.call("roles.check", scene.bob, "agents:run", organization=scene.acme, workspace=scene.prod, at_least=version)
    assert order.calls[:2] == ["standings.version", "standings.standing"]


def test_at_least_reads_again_what_is_remembered_from_before(scene: Scene) -> None:
    """Law 12: after a revocation elsewhere, a check that asks for its version denies, whatever this process remembers."""
    with World.over(scene.world.storage, keys=scene.world.keys) as other:
        place: Any = {"organization": scene.acme, "workspace": scene.prod}
        assert other.may(scene.bob, "agents:run", **place)
        scene.world.call("roles.revoke", scene.ann, **place, user=scene.bob.id)
        with scene.world.security.reading() as unit:
            version = unit.roles.version(scene.acme)
        assert other.may(scene.bob, "agents:run", **place)
        newest = other.gate.access(scene.bob, scene.acme, workspace=scene.prod, at_least=version)
        assert not newest.can("agents:run")
        assert not other.may(scene.bob, "agents:run", **place)
        with pytest.raises(StaleRead):
            other.gate.access(scene.bob, scene.acme, workspace=scene.prod, at_least=version + 1)
        with pytest.raises(StaleRead):
            other.call("roles.check", scene.bob, "agents:run", organization=scene.acme, at_least=version + 1)
        for who in (scene.bob, scene.eve):
            decision = other.call("roles.check", who, "agents:run", **place, at_least=version)
            assert not decision.allowed
