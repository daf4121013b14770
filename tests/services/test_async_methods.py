"""The table of methods over a whole deployment: what a check refuses, no other way of doing it gets past (async source of the twin)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

import pytest

from ctsec.errors import UnknownPermission
from ctsec.ids import KeyId, OrganizationId, WorkspaceId
from ctsec.keys.policy import KeyRequest
from ctsec.outcome import Reason
from ctsec.principal import Principal
from ctsec.rbac import Ask, DecisionReason, MatrixError, MethodTable, StepUp
from ctsec.rbac.methods import Method
from ctsec.rbac.preset import POLICY
from ctsec.security.parts import EmbeddedOptions
from tests.services._async_world import REQUEST, AsyncWorld
from tests.services.probing import reason

HOUR = timedelta(hours=1)
CLOSED: Final = """
permission                session  second_factor  fresh_second_factor  api_key
dashboards:view           yes      -              -                    yes
members:manage            -        yes            -                    -
workspace_members:manage  -        -              yes                  -
"""
BY_FACTOR: Final = ("invite", "withdraw", "change_role", "change_period", "suspend", "reinstate", "explain")
BY_FRESH_FACTOR: Final = ("assign", "revoke", "approve", "deny", "permit")
BY_SESSION: Final = ("rename", "create_workspace", "mint", "rotate", "leave")
ACTS: Final = (*BY_FACTOR, *BY_FRESH_FACTOR, *BY_SESSION)


class Scene:
    """Ann owns Acme; Bob is an admin without a second factor, and has a key; Mia is a member, asks for a role, and is to be managed."""

    def __init__(self, world: AsyncWorld, people: tuple[Principal, ...], key: Principal, acme: OrganizationId, prod: WorkspaceId) -> None:
        self.world = world
        self.ann, self.bob, self.mia = people
        self.key = key
        self.acme = acme
        self.prod = prod

    async def act(self, who: Principal, act: str) -> Any:
        """Do one of the acts that change who may do what."""
        here: dict[str, Any] = {"organization": self.acme}
        mia: dict[str, Any] = {**here, "user": self.mia.id}
        there: dict[str, Any] = {**mia, "workspace": self.prod}
        match act:
            case "invite":
                return await self.world.call("members.invite", who, **here, email="new@acme.example", role="member")
            case "withdraw":
                return await self.world.call("members.withdraw", who, **here, invitation="inv_00000000000000000000000000")
            case "change_role":
                return await self.world.call("roles.change_organization_role", who, **mia, role="viewer")
            case "change_period":
                return await self.world.call("roles.change_period", who, **mia, expires_at=self.world.clock.now() + HOUR)
            case "suspend" | "reinstate":
                return await self.world.call(f"members.{act}", who, **mia)
            case "explain":
                return await self.world.call("roles.explain", who, "billing:manage", **mia)
            case "assign":
                return await self.world.call("roles.assign", who, **there, role="viewer")
            case "revoke":
                return await self.world.call("roles.revoke", who, **there)
            case "approve" | "deny":
                (asked,) = await self.world.call("elevations.in_state", **here)
                return await self.world.call(f"elevations.{act}", who, **here, elevation=asked.id)
            case "permit":
                return await self.world.call("break_glass.permit", who, **there, role="viewer", longest=HOUR)
            case _:
                return await self._by_session(who, act)

    async def _by_session(self, who: Principal, act: str) -> Any:
        here: dict[str, Any] = {"organization": self.acme}
        match act:
            case "rename":
                return await self.world.call("directory.rename_organization", who, **here, name="Acme Two")
            case "create_workspace":
                return await self.world.call("directory.create_workspace", who, **here, name="Lab")
            case "mint":
                return await self.world.call("api_keys.mint", who, **here, request=KeyRequest(name="another"))
            case "rotate":
                return await self.world.call("api_keys.rotate", who, **here, key_id=KeyId(self.key.credential.id))
            case _:
                return await self.world.call("members.remove", who, **here, user=who.id)


@asynccontextmanager
async def staged(table: str | MethodTable | None) -> AsyncGenerator[Scene, None]:
    """Set the scene, with a table of methods or without; Ann acts with a second factor that she has just proved."""
    async with AsyncWorld.open(options=EmbeddedOptions(methods=table)) as world:
        ann = await world.person("ann@acme.example")
        acme = await world.organization(ann)
        await world.enrol(ann)
        ann = world._owners[acme.id] = await world.again(ann)
        prod = await world.workspace(acme.id)
        bob = await world.member(acme.id, "bob@acme.example", role="admin")
        mia = await world.member(acme.id, "mia@acme.example", workspace=prod.id, wrole="viewer")
        asked: dict[str, Any] = {"organization": acme.id, "workspace": prod.id, "role": "editor", "reason": "ticket 7 waits for me"}
        assert reason(await world.call("elevations.request", mia, **asked, duration=HOUR)) is None
        minted = await world.key(bob, acme.id)
        key = await world.gate.api_key(minted.token.reveal(), REQUEST)
        assert isinstance(key, Principal)
        yield Scene(world, (ann, bob, mia), key, acme.id, prod.id)


@pytest.mark.parametrize("act", ACTS)
async def test_a_key_does_not_what_its_checks_refuse(act: str) -> None:
    """Closed by default: no act of ctsec's own gets past the table through a key; without a table, or with the open one, each does."""
    async with staged(CLOSED) as scene:
        assert reason(await scene.act(scene.key, act)) is Reason.DENIED
    for table in (None, MethodTable.keys_unrestricted(POLICY.index)):
        async with staged(table) as scene:
            assert reason(await scene.act(scene.key, act)) is None


@pytest.mark.parametrize("act", ACTS)
async def test_a_session_that_is_too_weak_is_told_to_step_up(act: str) -> None:
    """Who manages people by role alone is told to prove a second factor, where the table asks for one; the rest is for sessions."""
    async with staged(CLOSED) as scene:
        assert reason(await scene.act(scene.bob, act)) is (None if act in BY_SESSION else Reason.STEP_UP_REQUIRED)
        await scene.world.enrol(scene.bob)
        strong = await scene.world.again(scene.bob)
        scene.world.clock.advance(timedelta(minutes=11))
        wanted = Reason.STEP_UP_REQUIRED if act in BY_FRESH_FACTOR else None
        if act not in BY_SESSION:
            assert reason(await scene.act(strong, act)) is wanted


async def test_nobody_is_let_in_by_a_table() -> None:
    """Law 6: who lacks the role stays refused for that, with a second factor too, and is not told to step up."""
    async with staged(CLOSED) as scene:
        await scene.world.enrol(scene.mia)
        mia = await scene.world.again(scene.mia)
        for who in (scene.mia, mia):
            outcome = await scene.world.call("members.suspend", who, organization=scene.acme, user=scene.bob.id)
            assert reason(outcome) is Reason.DENIED


async def test_an_invitation_is_accepted_in_the_inviters_name() -> None:
    """At acceptance the inviter's roles are asked again, and not how the inviter is signed in by then: nobody is."""
    async with staged(CLOSED) as scene:
        guest = await scene.world.member(scene.acme, "gus@acme.example", workspace=scene.prod, wrole="viewer")
        assert await scene.world.may(guest, "dashboards:view", scene.acme, scene.prod)


async def test_every_path_of_a_decision_says_the_same() -> None:
    """Gate, access, check, batch, explanation and list agree under a table, for a key, a weak session and a strong one."""
    async with staged(CLOSED) as scene:
        world, place = scene.world, {"organization": scene.acme, "workspace": scene.prod}
        for who in (scene.key, scene.bob, scene.ann):
            for permission in ("dashboards:view", "agents:run", "workspace_members:manage"):
                decision = await world.call("roles.check", who, permission, **place)
                access = await world.gate.access(who, scene.acme, workspace=scene.prod)
                told = await world.call("roles.explain", who, permission, **place)
                (batched,) = await world.call("roles.check_many", who, [Ask(permission, scene.acme, scene.prod)])
                assert decision is access.check(permission) is told.decision is batched
                assert await world.call("lists.count", who, permission, organization=scene.acme) == int(decision.allowed)
        told = await world.call("roles.explain", scene.bob, "workspace_members:manage", **place)
        assert (told.decision.reason, told.missing) == (DecisionReason.STEP_UP_REQUIRED, (StepUp(Method.FRESH_SECOND_FACTOR),))
        for asking in ("roles.check", "roles.explain", "lists.count"):
            with pytest.raises(UnknownPermission):
                await world.call(asking, scene.key, "agents:dance", organization=scene.acme)


async def test_a_mistake_in_the_text_stops_the_start() -> None:
    """A table given as text is read against the policy when the bundle is built, and a mistake names its place."""
    with pytest.raises(MatrixError, match="agents:dance"):
        async with staged("permission  session\nagents:dance  yes"):
            pass
