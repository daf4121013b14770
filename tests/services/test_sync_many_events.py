# Generated from tests/services/test_async_many_events.py by tools/twin.py; edit that file.
"""Many events in one go: each judged as a single one is, and all of them or none (async source of the twin)."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from ctsec.ambient import Ambient
from ctsec.audit import Event, EventSchema, Target, build, personal, public
from ctsec.audit._sync import MAX_RECORDED
from ctsec.audit.event import DEPLOYMENT_LOG, LogId, Telling
from ctsec.principal import system
from ctsec.security.parts import EmbeddedOptions
from tests.services._sync_world import KINDS, World

BILLING = system("billing")
READ = EventSchema("report.read", {"page": public(int), "reader": personal(optional=True)})


@pytest.fixture(params=KINDS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[World, None, None]:
    with World.open(request.param, folder=tmp_path, options=EmbeddedOptions(events=(READ,))) as made:
        yield made


def reads(*pages: object, **more: object) -> list[tuple[str, Telling]]:
    """Return what is told of so many pages that were read; a page that is no number is not declared so."""
    return [("report.read", {"actor": BILLING, "targets": (Target("report", "q3"),), "details": {"page": page, **more}}) for page in pages]  # type: ignore[dict-item]


def told(world: World) -> list[object]:
    world.drain()
    return sorted(each.details()["details"]["page"] for each in world.events(name="report.read"))


def test_many_are_what_each_would_be(world: World) -> None:
    """What is noted in one go stands in the log as if each had been noted alone: fields, targets, personal parts and request."""
    with world.security.begin(world.request) as unit:
        unit.audit.note_many(reads(1, 2, reader="Ann"))
        for name, each in reads(3, reader="Ann"):
            unit.audit.note(name, **each)
        unit.audit.note_many(())
    assert told(world) == [1, 2, 3]
    with world.security.reading() as unit:
        first, *rest = world.events(name="report.read")
        assert {(e.target_id, e.request_id, e.actor_id, bool(e.personal)) for e in rest} == {("q3", world.request.id, BILLING.id, True)}
        assert [(unit.audit.personal(each))["reader"] for each in (first, *rest)] == ["Ann"] * 3


def test_each_is_told_as_it_came(world: World) -> None:
    """Whoever tells many events from one mapping, changed between them, has told each as it was when it came."""
    details: dict[str, int] = {}
    telling: Telling = {"actor": BILLING, "details": details}

    def pages() -> Iterator[tuple[str, Telling]]:
        for page in (1, 2, 3):
            details["page"] = page
            yield "report.read", telling

    with world.security.begin() as unit:
        unit.audit.note_many(pages())
    assert told(world) == [1, 2, 3]


def test_one_wrong_event_keeps_all_of_them_out(world: World) -> None:
    """An event that its schema refuses is refused as a single one is, with its place; no other is written, and the unit goes on."""
    with world.security.begin() as unit:
        with pytest.raises(ValueError, match="expected a whole number for 'page', not str") as refused:
            unit.audit.note_many(reads(1, "two", 3))
        assert refused.value.__notes__ == ["event 1 of the batch, counted from 0; none was written"]
        unit.audit.note_many(reads(4))
    assert told(world) == [4]


def test_a_row_that_the_store_refuses_keeps_all_of_them_out(world: World) -> None:
    """An id that is there already fails the batch whole, and the rest of the transaction is committed."""
    made: list[Event] = [build(name, ambient=Ambient(clock=world.clock, random=os.urandom), **each) for name, each in reads(1, 2, 3)]
    with world.security.begin() as unit:
        unit.audit.record(made[1])
        with pytest.raises(Exception, match=r"exists already|constraint"):
            unit.audit.record_many(made)
    assert told(world) == [2]


def test_there_are_only_so_many(world: World) -> None:
    """One more than the limit is refused before anything is written; the limit itself is written."""
    with world.security.begin() as unit:
        with pytest.raises(ValueError, match="at most 1,000 events in one go"):
            unit.audit.note_many(reads(*range(MAX_RECORDED + 1)))
        unit.audit.note_many(reads(*range(MAX_RECORDED)))
    with world.security.reading() as unit:
        assert len(unit.audit._inbox.pending(limit=MAX_RECORDED + 1, log=LogId(DEPLOYMENT_LOG))) == MAX_RECORDED
