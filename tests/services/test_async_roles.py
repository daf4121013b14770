"""Roles asked and changed over a whole deployment: batches, explanations, periods of memberships, versions (async source of the twin)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
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
from tests.services._async_world import KINDS, AsyncWorld
from tests.services.probing import reason

DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)


class Scene:
    """Ann owns Acme and is a viewer in Globex, which Eve owns; Bob is an operator in Acme's workspace."""

    def __init__(self, world: AsyncWorld, people: tuple[Principal, ...], places: tuple[Any, ...]) -> None:
        self.world = world
        self.ann, self.bob, self.eve = people
        self.acme: OrganizationId = places[0]
        self.globex: OrganizationId = places[1]
        self.prod: WorkspaceId = places[2]
        self.lab: WorkspaceId = places[3]


async def prepare(world: AsyncWorld) -> tuple[Any, Any]:
    """Play what was before, and return the people and the places."""
    ann, eve = await world.person("ann@acme.example"), await world.person("eve@globex.example")
    acme, globex = await world.organization(ann), await world.organization(eve, "Globex")
    prod, lab = await world.workspace(acme.id), await world.workspace(globex.id, "Lab")
    bob = await world.member(acme.id, "bob@acme.example", workspace=prod.id, wrole="operator")
    token = await world.invite(globex.id, "ann@acme.example", role="viewer", workspace=lab.id, wrole="viewer")
    assert reason(await world.call("members.accept", ann, token=token)) is None
    return (ann, bob, eve), (acme.id, globex.id, prod.id, lab.id)


@pytest.fixture(params=KINDS)
async def scene(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Scene, None]:
    async with AsyncWorld.played(prepare, request.param, folder=tmp_path) as (world, made):
        yield Scene(world, *made)


async def test_a_batch_is_its_questions_one_by_one(scene: Scene) -> None:
    """Law 14: answers come in the order of the questions, for duplicates, both organizations and places that do not fit together."""
    places = [(scene.acme, None), (scene.acme, scene.prod), (scene.globex, scene.lab), (scene.globex, scene.prod), (scene.acme, scene.lab)]
    asks = [Ask(permission, *place) for permission, place in product(("dashboards:view", "agents:run", "members:manage"), places)]
    asks = [*asks, *reversed(asks), Ask("agents:run", scene.acme, WorkspaceId("wsp_00000000000000000000000000"))]
    for who in (scene.ann, scene.bob, scene.eve):
        one_by_one = [
            await scene.world.call("roles.check", who, ask.permission, organization=ask.organization, workspace=ask.workspace)
            for ask in asks
        ]
        assert list(await scene.world.call("roles.check_many", who, asks)) == one_by_one
    assert {True, False} == {decision.allowed for decision in one_by_one}


async def test_a_batch_reads_each_organization_once(scene: Scene) -> None:
    """A batch of many questions reads one standing for each organization, whatever the number of questions."""
    asks = [Ask("agents:run", organization, scene.prod) for organization in (scene.acme, scene.globex)] * 50
    with scene.world.tap.to(Written()) as probe:
        await scene.world.call("roles.check_many", scene.ann, asks)
    assert probe.calls.count("standings.standing") == 2


async def test_a_batch_is_whole_or_nothing(scene: Scene) -> None:
    """A permission of no name raises for the whole batch, and so do more than ten thousand questions."""
    fine = Ask("agents:run", scene.acme, scene.prod)
    with pytest.raises(UnknownPermission):
        await scene.world.call("roles.check_many", scene.ann, [fine, Ask("agents:dance", scene.acme)])
    with pytest.raises(ValueError, match="10000"):
        await scene.world.call("roles.check_many", scene.ann, [fine] * 10_001)


async def test_everybody_is_told_why(scene: Scene) -> None:
    """A denial is explained to the person it is about, with the smallest change that would turn it round."""
    told = await scene.world.call("roles.explain", scene.bob, "recommendations:create", organization=scene.acme, workspace=scene.prod)
    assert told.decision.reason is DecisionReason.ROLE_LACKS_PERMISSION
    assert told.missing == (AssignWorkspaceRole("editor"),)
    by_name: dict[str, Any] = {"organization": scene.acme, "workspace": scene.prod, "user": UserId(scene.bob.id)}
    assert await scene.world.call("roles.explain", scene.bob, "recommendations:create", **by_name) == told
    changed = {"organization": scene.acme, "workspace": scene.prod, "user": scene.bob.id, "role": "editor"}
    await scene.world.call("roles.assign", scene.ann, **changed)
    again = await scene.world.call("roles.explain", scene.bob, "recommendations:create", organization=scene.acme, workspace=scene.prod)
    assert (again.decision.allowed, again.missing) == (True, ())


async def test_who_manages_people_is_told_about_them(scene: Scene) -> None:
    """About somebody else it is told to who manages the people of the place, and to nobody else; strangers find nothing."""
    asked: dict[str, Any] = {"organization": scene.acme, "workspace": scene.prod, "user": UserId(scene.bob.id)}
    told = await scene.world.call("roles.explain", scene.ann, "operations:approve", **asked)
    assert told.missing == (AssignWorkspaceRole("editor"),)
    of_ann = {**asked, "user": UserId(scene.ann.id)}
    assert reason(await scene.world.call("roles.explain", scene.bob, "operations:approve", **of_ann)) is Reason.DENIED
    assert reason(await scene.world.call("roles.explain", scene.eve, "operations:approve", **asked)) is Reason.NOT_FOUND
    elsewhere = {**asked, "organization": scene.globex}
    assert reason(await scene.world.call("roles.explain", scene.eve, "operations:approve", **elsewhere)) is Reason.NOT_FOUND
    nobody = await scene.world.call("roles.explain", scene.ann, "operations:approve", **{**asked, "user": UserId(scene.eve.id)})
    assert nobody.decision.reason is DecisionReason.NOT_A_MEMBER
    assert scene.eve.id not in repr(nobody)


async def test_a_membership_counts_from_its_start_until_its_end(scene: Scene) -> None:
    """Law 21: a contractor's membership counts on [start, end), for checks and lists, and is endless again when the period is lifted."""
    now = scene.world.clock.now()
    period = {"organization": scene.acme, "user": scene.bob.id}
    given = await scene.world.call("roles.change_period", scene.ann, **period, starts_at=now + DAY, expires_at=now + 2 * DAY)
    assert (given.starts_at, given.expires_at) == (now + DAY, now + 2 * DAY)
    seen = []
    for moment in (now, now + DAY - TICK, now + DAY, now + 2 * DAY - TICK, now + 2 * DAY):
        scene.world.clock.advance(moment - scene.world.clock.now())
        allowed = await scene.world.may(scene.bob, "agents:run", scene.acme, scene.prod)
        assert await scene.world.call("lists.count", scene.bob, "agents:run", organization=scene.acme) == allowed
        seen.append(allowed)
    assert seen == [False, False, True, True, False]
    await scene.world.call("roles.change_period", scene.ann, **period)
    assert await scene.world.may(scene.bob, "agents:run", scene.acme, scene.prod)


async def test_the_last_owner_takes_no_end(scene: Scene) -> None:
    """The only permanent owner takes neither a start nor an end; with a second one it may, and the first is the last again."""
    end = scene.world.clock.now() + DAY
    period = {"organization": scene.acme, "user": scene.ann.id}
    for bounded in ({"expires_at": end}, {"starts_at": end}):
        assert reason(await scene.world.call("roles.change_period", scene.ann, **period, **bounded)) is Reason.LAST_OWNER
    await scene.world.call("roles.change_organization_role", scene.ann, organization=scene.acme, user=scene.bob.id, role="owner")
    assert reason(await scene.world.call("roles.change_period", scene.ann, **period, expires_at=end)) is None
    left = await scene.world.call("members.remove", scene.bob, organization=scene.acme, user=scene.bob.id)
    assert reason(left) is Reason.LAST_OWNER
    assert reason(await scene.world.call("roles.change_period", scene.bob, **period)) is None
    assert reason(await scene.world.call("members.remove", scene.bob, organization=scene.acme, user=scene.bob.id)) is None


@pytest.mark.proves("ASVS-2.2.3")
async def test_nobody_extends_their_own_time(scene: Scene) -> None:
    """A member whose time is bounded may shorten it and not extend it, and a period that makes no sense is refused."""
    now = scene.world.clock.now()
    admin = await scene.world.member(scene.acme, "dan@acme.example", role="admin")
    own = {"organization": scene.acme, "user": admin.id}
    assert reason(await scene.world.call("roles.change_period", scene.ann, **own, expires_at=now + DAY)) is None
    for bounded in ({}, {"expires_at": now + 2 * DAY}):
        assert reason(await scene.world.call("roles.change_period", admin, **own, **bounded)) is Reason.SELF_CHANGE
    assert reason(await scene.world.call("roles.change_period", admin, **own, expires_at=now + DAY / 2)) is None
    for wrong in ({"starts_at": now, "expires_at": now}, {"expires_at": now.replace(tzinfo=None)}):
        assert reason(await scene.world.call("roles.change_period", scene.ann, **own, **wrong)) is Reason.INVALID_INPUT


class _Order:
    """Notes in which order roles and their version are read."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def before(self, call: str) -> None:
        if call.startswith("standings."):
            self.calls.append(call)

    def after(self, call: str, result: object) -> None:
        """Nothing to note."""


async def test_the_version_is_read_before_the_roles_that_answer_for_it(scene: Scene) -> None:
    """Law 12: a change that commits between the two reads is in the roles that are answered, never missing from them."""
    async with scene.world.security.reading() as unit:
        version = await unit.roles.version(scene.acme)
    order = _Order()
    with scene.world.tap.to(order):
        await scene.world.call("roles.check", scene.bob, "agents:run", organization=scene.acme, workspace=scene.prod, at_least=version)
    assert order.calls[:2] == ["standings.version", "standings.standing"]


async def test_at_least_reads_again_what_is_remembered_from_before(scene: Scene) -> None:
    """Law 12: after a revocation elsewhere, a check that asks for its version denies, whatever this process remembers."""
    async with AsyncWorld.over(scene.world.storage, keys=scene.world.keys) as other:
        place: Any = {"organization": scene.acme, "workspace": scene.prod}
        assert await other.may(scene.bob, "agents:run", **place)
        await scene.world.call("roles.revoke", scene.ann, **place, user=scene.bob.id)
        async with scene.world.security.reading() as unit:
            version = await unit.roles.version(scene.acme)
        assert await other.may(scene.bob, "agents:run", **place)
        newest = await other.gate.access(scene.bob, scene.acme, workspace=scene.prod, at_least=version)
        assert not newest.can("agents:run")
        assert not await other.may(scene.bob, "agents:run", **place)
        with pytest.raises(StaleRead):
            await other.gate.access(scene.bob, scene.acme, workspace=scene.prod, at_least=version + 1)
        with pytest.raises(StaleRead):
            await other.call("roles.check", scene.bob, "agents:run", organization=scene.acme, at_least=version + 1)
        for who in (scene.bob, scene.eve):
            decision = await other.call("roles.check", who, "agents:run", **place, at_least=version)
            assert not decision.allowed
