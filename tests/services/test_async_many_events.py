"""Many events in one go: each judged as a single one is, and all of them or none (async source of the twin)."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest

from ctsec.ambient import Ambient
from ctsec.audit import Event, EventSchema, Target, build, personal, public
from ctsec.audit._async import MAX_RECORDED
from ctsec.audit.event import DEPLOYMENT_LOG, LogId, Telling
from ctsec.principal import system
from ctsec.security.parts import EmbeddedOptions
from tests.services._async_world import KINDS, AsyncWorld

BILLING = system("billing")
READ = EventSchema("report.read", {"page": public(int), "reader": personal(optional=True)})


@pytest.fixture(params=KINDS)
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[AsyncWorld, None]:
    async with AsyncWorld.open(request.param, folder=tmp_path, options=EmbeddedOptions(events=(READ,))) as made:
        yield made


def reads(*pages: object, **more: object) -> list[tuple[str, Telling]]:
    """Return what is told of so many pages that were read; a page that is no number is not declared so."""
    return [("report.read", {"actor": BILLING, "targets": (Target("report", "q3"),), "details": {"page": page, **more}}) for page in pages]  # type: ignore[dict-item]


async def told(world: AsyncWorld) -> list[object]:
    await world.drain()
    return sorted(each.details()["details"]["page"] for each in await world.events(name="report.read"))


async def test_many_are_what_each_would_be(world: AsyncWorld) -> None:
    """What is noted in one go stands in the log as if each had been noted alone: fields, targets, personal parts and request."""
    async with world.security.begin(world.request) as unit:
        await unit.audit.note_many(reads(1, 2, reader="Ann"))
        for name, each in reads(3, reader="Ann"):
            await unit.audit.note(name, **each)
        await unit.audit.note_many(())
    assert await told(world) == [1, 2, 3]
    async with world.security.reading() as unit:
        first, *rest = await world.events(name="report.read")
        assert {(e.target_id, e.request_id, e.actor_id, bool(e.personal)) for e in rest} == {("q3", world.request.id, BILLING.id, True)}
        assert [(await unit.audit.personal(each))["reader"] for each in (first, *rest)] == ["Ann"] * 3


async def test_each_is_told_as_it_came(world: AsyncWorld) -> None:
    """Whoever tells many events from one mapping, changed between them, has told each as it was when it came."""
    details: dict[str, int] = {}
    telling: Telling = {"actor": BILLING, "details": details}

    def pages() -> Iterator[tuple[str, Telling]]:
        for page in (1, 2, 3):
            details["page"] = page
            yield "report.read", telling

    async with world.security.begin() as unit:
        await unit.audit.note_many(pages())
    assert await told(world) == [1, 2, 3]


async def test_one_wrong_event_keeps_all_of_them_out(world: AsyncWorld) -> None:
    """An event that its schema refuses is refused as a single one is, with its place; no other is written, and the unit goes on."""
    async with world.security.begin() as unit:
        with pytest.raises(ValueError, match="expected a whole number for 'page', not str") as refused:
            await unit.audit.note_many(reads(1, "two", 3))
        assert refused.value.__notes__ == ["event 1 of the batch, counted from 0; none was written"]
        await unit.audit.note_many(reads(4))
    assert await told(world) == [4]


async def test_a_row_that_the_store_refuses_keeps_all_of_them_out(world: AsyncWorld) -> None:
    """An id that is there already fails the batch whole, and the rest of the transaction is committed."""
    made: list[Event] = [build(name, ambient=Ambient(clock=world.clock, random=os.urandom), **each) for name, each in reads(1, 2, 3)]
    async with world.security.begin() as unit:
        await unit.audit.record(made[1])
        with pytest.raises(Exception, match=r"exists already|constraint"):
            await unit.audit.record_many(made)
    assert await told(world) == [2]


async def test_there_are_only_so_many(world: AsyncWorld) -> None:
    """One more than the limit is refused before anything is written; the limit itself is written."""
    async with world.security.begin() as unit:
        with pytest.raises(ValueError, match="at most 1,000 events in one go"):
            await unit.audit.note_many(reads(*range(MAX_RECORDED + 1)))
        await unit.audit.note_many(reads(*range(MAX_RECORDED)))
    async with world.security.reading() as unit:
        assert len(await unit.audit._inbox.pending(limit=MAX_RECORDED + 1, log=LogId(DEPLOYMENT_LOG))) == MAX_RECORDED
