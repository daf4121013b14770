"""Persons who are erased: asked for by operators, carried out by the worker, kept waiting by holds, and again after a restore (async
source of the twin).
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Any, cast

import pytest

from ctsec.audit.erasure import Erased, Erasure, ErasureState
from ctsec.audit.event import DEPLOYMENT_LOG
from ctsec.audit.retention.hold import GRACE
from ctsec.errors import ConfigurationError, StoreError
from ctsec.ids import UserId, new_id
from ctsec.operators import Operator
from ctsec.outcome import Reason
from ctsec.principal import Principal
from tests.services._async_world import AsyncWorld
from tests.services.probing import reason

ANN = "ann@acme.example"
SAM = Operator(id="sam", reason="ticket 9")
TESS = Operator(id="tess", reason="ticket 9")


class AsyncListed:
    """The list outside of the backups, for the length of a test."""

    def __init__(self) -> None:
        self.entries: list[Erased] = []

    async def add(self, erased: Erased) -> None:
        """Append an entry."""
        self.entries.append(erased)
        await self.listing()

    async def listing(self) -> None:
        """Do what a test has happen while entries are written."""

    async def all(self) -> tuple[Erased, ...]:
        """Return every entry."""
        return tuple(self.entries)


class AsyncBatches(AsyncListed):
    """A list that takes many entries at once."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []

    async def add_all(self, erased: tuple[Erased, ...]) -> None:
        """Append entries."""
        self.batches.append(len(erased))
        self.entries.extend(erased)


class AsyncBroken(AsyncListed):
    """A list that can not be written."""

    async def listing(self) -> None:
        """Fail."""
        raise StoreError("the disk is full")


class AsyncOvertaken(AsyncListed):
    """A list during whose writing another worker carries everything out."""

    def __init__(self, world: AsyncWorld) -> None:
        super().__init__()
        self._world = world
        self.others: list[int] = []

    async def listing(self) -> None:
        """Let the other one run."""
        if len(self.entries) == 1:
            self.others.append(await self._world.security.jobs.erasures.run_due())


@pytest.fixture
async def world() -> AsyncGenerator[AsyncWorld, None]:
    async with AsyncWorld.open() as made:
        made.security._erasures._erased = AsyncListed()
        yield made


async def asked(world: AsyncWorld, user: str) -> Erasure:
    made: Erasure = await world.call("erasures.request", SAM, user=user)
    return made


async def state(world: AsyncWorld, erasure: Erasure) -> ErasureState:
    found: Any = await world.call("erasures.get", erasure.id)
    return ErasureState(found.state)


async def known(world: AsyncWorld, user: str) -> list[dict[str, str]]:
    """Return what the deployment's log still tells of a person's own requests."""
    told = []
    for event in await world.events(DEPLOYMENT_LOG):
        if event.actor_id == user:
            async with world.security.begin() as unit:
                told.append(dict(await unit.audit.personal(event)))
    return [each for each in told if each]


async def names(world: AsyncWorld) -> list[str]:
    return [event.name for event in await world.events(DEPLOYMENT_LOG) if event.name.startswith("person.")]


async def stored(world: AsyncWorld, user: str) -> list[tuple[str, bytes]]:
    return [(event.id, event.personal) for event in await world.events(DEPLOYMENT_LOG) if user in {event.actor_id, event.subject_id}]


async def test_a_person_is_erased_and_nothing_else_changes(world: AsyncWorld) -> None:
    """What the log tells of the person is gone, no row of it has changed, and it verifies; asked for twice, it is done once."""
    ann = await world.person(ANN)
    assert await known(world, ann.id)
    before = await stored(world, ann.id)
    erasure = await asked(world, ann.id)
    assert reason(await world.call("erasures.request", TESS, user=ann.id)) is Reason.CONFLICT
    assert [await world.security.jobs.erasures.run_due() for _ in range(2)] == [1, 0]
    assert await state(world, erasure) is ErasureState.DONE
    assert await known(world, ann.id) == []
    assert (await stored(world, ann.id))[: len(before)] == before
    assert sorted(await names(world)) == ["person.erased", "person.erasure_requested", "person.erasure_requested"]
    await world.security.logs.flush()
    assert (await world.security.logs.verify()).findings == ()
    again = await asked(world, ann.id)
    assert again.id != erasure.id


async def test_who_is_no_person_can_not_be_erased(world: AsyncWorld) -> None:
    """An id of another kind is refused; an unknown person is erased of nothing."""
    assert reason(await world.call("erasures.request", SAM, user="org_00000000000000000000000000")) is Reason.INVALID_INPUT
    nobody = new_id(UserId, now=world.clock.now(), random=os.urandom)
    erasure = await asked(world, nobody)
    assert await world.security.jobs.erasures.run_due() == 1
    assert await state(world, erasure) is ErasureState.DONE


async def released(world: AsyncWorld, hold: Any) -> None:
    """Release a hold of the deployment's log with two operators, and let its day pass."""
    await world.call("retention.request_deployment_release", SAM, hold=hold.id)
    await world.call("retention.approve_deployment_release", TESS, hold=hold.id)
    assert await world.security.jobs.erasures.run_due() == 0
    world.clock.advance(GRACE)


async def held(world: AsyncWorld, ann: Principal, scope: str) -> Any:
    """Place a hold on the deployment's log: on the person, on the names of her events, on the names of nothing, or on all."""
    narrowed = {"person": {"person": ann.id}, "name": {"name": "user.*"}, "other": {"name": "region.promoted"}, "all": {}}[scope]
    return await world.call("retention.place_deployment_hold", SAM, matter="case 1", **narrowed)


@pytest.mark.parametrize("scope", ["person", "name", "all"])
async def test_a_hold_keeps_an_erasure_waiting(world: AsyncWorld, scope: str) -> None:
    """While a hold needs what is known of the person nothing is destroyed, which is recorded once; a day after its release it is done."""
    ann = await world.person(ANN)
    hold = await held(world, ann, scope)
    erasure = await asked(world, ann.id)
    assert [await world.security.jobs.erasures.run_due() for _ in range(3)] == [0, 0, 0]
    assert await state(world, erasure) is ErasureState.DEFERRED
    assert (await names(world)).count("person.erasure_deferred") == 1
    assert await known(world, ann.id)
    await released(world, hold)
    assert await world.security.jobs.erasures.run_due() == 1
    assert await known(world, ann.id) == []


async def test_a_hold_on_something_else_keeps_nobody_waiting(world: AsyncWorld) -> None:
    """A hold that covers none of the person's events is no reason to wait."""
    ann = await world.person(ANN)
    await held(world, ann, "other")
    await asked(world, ann.id)
    assert await world.security.jobs.erasures.run_due() == 1


async def test_a_restored_store_erases_again(world: AsyncWorld) -> None:
    """Keys that a restore brought back go at the next start, with an event; what was written since the erasure stays readable."""
    ann = await world.person(ANN)
    before = await world.storage.guard.subjects.of_subject(ann.id)
    await asked(world, ann.id)
    assert await world.security.jobs.erasures.run_due() == 1
    cast(Any, world.storage).state.guard.subjects.update({key.id: key for key in before})
    assert await known(world, ann.id)
    await world.security.prepare()
    assert await known(world, ann.id) == []
    world.clock.advance(timedelta(minutes=1))
    await world.login(ANN)
    await world.security.prepare()
    assert len(await known(world, ann.id)) == 1
    assert (await names(world)).count("person.erasure_replayed") == 1


async def test_those_who_are_due_are_erased_together(world: AsyncWorld) -> None:
    """However many are due, a list that can is asked once, and each of them has an event."""
    people = [await world.person(f"{name}@acme.example") for name in ("ann", "bob", "cid")]
    world.security._erasures._erased = listed = AsyncBatches()
    for each in people:
        await asked(world, each.id)
    assert await world.security.jobs.erasures.run_due() == 3
    assert (listed.batches, {each.user_id for each in listed.entries}) == ([3], {each.id for each in people})
    assert [await known(world, each.id) for each in people] == [[], [], []]
    assert (await names(world)).count("person.erased") == 3


async def test_who_is_held_keeps_nobody_behind_waiting(world: AsyncWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many erasures wait for holds, those that were asked for after them are carried out."""
    monkeypatch.setattr("ctsec.security._async_erasures._PAGE", 1)
    ann, bob = [await world.person(each) for each in (ANN, "bob@acme.example")]
    await held(world, ann, "person")
    one = await asked(world, ann.id)
    world.clock.advance(timedelta(seconds=1))
    two = await asked(world, bob.id)
    assert one.id < two.id
    assert [await world.security.jobs.erasures.run_due() for _ in range(2)] == [1, 0]
    assert [await state(world, each) for each in (one, two)] == [ErasureState.DEFERRED, ErasureState.DONE]


async def test_two_workers_erase_once(world: AsyncWorld) -> None:
    """Of two that meet the same erasure one carries it out, with one event that names how many keys went."""
    ann = await world.person(ANN)
    erasure = await asked(world, ann.id)
    world.security._erasures._erased = listed = AsyncOvertaken(world)
    assert (await world.security.jobs.erasures.run_due(), listed.others) == (0, [1])
    events = [each for each in await world.events(DEPLOYMENT_LOG) if each.name == "person.erased"]
    assert [each.details()["details"]["keys"] for each in events] == [1]
    assert await state(world, erasure) is ErasureState.DONE


async def test_what_can_not_be_listed_is_not_erased(world: AsyncWorld) -> None:
    """Without an entry that outlasts a restore no key goes: it is due until the list can be written."""
    ann = await world.person(ANN)
    erasure = await asked(world, ann.id)
    world.security._erasures._erased = AsyncBroken()
    with pytest.raises(StoreError):
        await world.security.jobs.erasures.run_due()
    assert await known(world, ann.id)
    assert await state(world, erasure) is ErasureState.REQUESTED
    world.security._erasures._erased = AsyncListed()
    assert await world.security.jobs.erasures.run_due() == 1


async def test_without_a_list_nothing_is_erased(world: AsyncWorld) -> None:
    """Where a restore could bring a person back, no key is destroyed: the job fails and says what is missing."""
    ann = await world.person(ANN)
    world.security._erasures._erased = None
    await asked(world, ann.id)
    with pytest.raises(ConfigurationError, match="outside of the backups"):
        await world.security.jobs.erasures.run_due()
    assert await known(world, ann.id)
