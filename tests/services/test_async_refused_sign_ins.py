"""Refused sign-ins are told to the organizations that manage the person, added up, and to no other (async source of the twin)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from ctsec.audit.event import DEPLOYMENT_LOG, EventName
from ctsec.directory.record import MembershipStatus
from ctsec.errors import StoreBusy
from ctsec.ids import ConnectionId, OrganizationId, UserId
from ctsec.security._async_refused_sign_ins import FOLLOWER, AsyncRefusedSignIns
from ctsec.testing.conformance.samples import ignore
from tests.services._async_world import AsyncWorld

ANN, BOB = "ann@acme.example", "bob@acme.example"


async def told(world: AsyncWorld, organization: OrganizationId) -> list[dict[str, Any]]:
    """Let the worker read on; return all that the organization was told so far, oldest first."""
    await world.security.jobs.place_events()
    await world.security.jobs.refused_sign_ins.run_due()
    await world.drain()
    found = await world.events(organization, EventName.MEMBER_SIGN_INS_REFUSED)
    return [{**each.details()["details"], "person": each.subject_id} for each in found]


async def change(world: AsyncWorld, organization: OrganizationId, person: UserId, **fields: Any) -> None:
    """Write a membership as a provider or an administrator would have left it."""
    async with world.storage.begin(after_commit=ignore) as store:
        (found,) = [each for each in await store.roster.of_user(person) if each.organization_id == organization]
        assert await store.memberships.replace(replace(found, version=found.version + 1, **fields))


async def test_who_manages_a_person_is_told_and_nobody_else() -> None:
    """By a verified domain of the address or a membership of its provider, while that is active; strangers' refusals are nobody's."""
    async with AsyncWorld.open() as world:
        ann = await world.person(ANN)
        homes = [(await world.organization(ann, name)).id for name in ("Domain", "Provider", "Guest", "Suspended")]
        domain, provider, _, suspended = homes
        await world.verified(domain)
        bob = await world.member(domain, BOB)
        for home in homes[1:]:
            await world.call("members.accept", bob, token=await world.invite(home, BOB))
        for home in (provider, suspended):
            await change(world, home, UserId(bob.id), provisioned_by=ConnectionId("con_1"))
        await change(world, suspended, UserId(bob.id), status=MembershipStatus.SUSPENDED)
        for email in (BOB, "nobody@acme.example"):
            await world.step(email, "not the password")
        assert [len(await told(world, home)) for home in homes] == [1, 1, 0, 0]
        (found,) = await told(world, domain)
        assert (found["person"], found["times"], found["reasons"]) == (bob.id, 1, ["invalid_credentials"])


async def test_refusals_are_added_up_and_each_counts_once() -> None:
    """However many there were since the last run: one event, with how many, from when to when; nothing new is nothing told."""
    async with AsyncWorld.open() as world:
        ann = await world.person(ANN)
        home = (await world.organization(ann)).id
        await world.verified(home)
        assert await told(world, home) == []
        begun = world.clock.now()
        for _ in range(3):
            await world.step(ANN, "not the password")
            world.clock.advance(timedelta(minutes=10))
        (one,) = await told(world, home)
        assert (one["times"], one["first_at"], one["last_at"]) == (3, begun.isoformat(), (begun + timedelta(minutes=20)).isoformat())
        assert len(await told(world, home)) == 1
        await world.step(ANN, "not the password")
        assert [each["times"] for each in await told(world, home)] == [3, 1]


async def test_an_old_history_fills_no_log() -> None:
    """What is more than a day old when it is read is passed over, and not counted later either."""
    async with AsyncWorld.open() as world:
        ann = await world.person(ANN)
        home = (await world.organization(ann)).id
        await world.verified(home)
        await world.step(ANN, "not the password")
        world.clock.advance(timedelta(days=1))
        assert await told(world, home) == []
        await world.step(ANN, "not the password")
        assert [each["times"] for each in await told(world, home)] == [1]


class AsyncSlow(AsyncRefusedSignIns):
    """A worker that another one overtakes between its reading and its writing."""

    others: ClassVar[list[AsyncRefusedSignIns]] = []

    async def _read(self) -> Any:
        found = await super()._read()
        if AsyncSlow.others:
            assert await AsyncSlow.others.pop().run_due() == 1
        return found


async def test_of_two_workers_one_tells() -> None:
    """A worker that was overtaken tells nothing; a position behind the end of a log that was restored goes back to its end."""
    async with AsyncWorld.open() as world:
        ann = await world.person(ANN)
        home = (await world.organization(ann)).id
        await world.verified(home)
        await world.step(ANN, "not the password")
        await world.security.jobs.place_events()
        jobs = world.security.jobs.refused_sign_ins
        AsyncSlow.others.append(jobs)
        with pytest.raises(StoreBusy):
            await AsyncSlow(jobs._storage, secrets=jobs._secrets, ambient=jobs._ambient).run_due()
        assert len(await told(world, home)) == 1
        async with world.storage.begin(after_commit=ignore) as store:
            position = await store.positions.get(FOLLOWER, DEPLOYMENT_LOG)
            assert position is not None
            assert await store.positions.put(position.reset(10_000))
        assert len(await told(world, home)) == 1
        await world.step(ANN, "not the password")
        assert [each["times"] for each in await told(world, home)] == [1, 1]
