"""Streams over the memory store: nothing is missing, repeats are the same, and one that fails keeps no other waiting (async source of the
twin).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from ctsec.audit.event import DEPLOYMENT_LOG, LogId
from ctsec.audit.streams import Position, Stream, StreamBatch
from ctsec.audit.streams.batch import MOST_EVENTS
from ctsec.audit.streams.position import LONGEST
from ctsec.errors import DeliveryFailed
from ctsec.ids import OrganizationId
from ctsec.operators import Operator
from ctsec.outcome import Reason
from ctsec.security._async_streams import FAILURES, REST, SHORTER
from ctsec.testing.conformance.samples import event, ignore, org_id
from tests.services._async_world import KINDS, AsyncWorld
from tests.services.probing import reason

SAM = Operator(id="sam", reason="ticket 9")
ONE, TWO = LogId(org_id(1)), LogId(org_id(2))


class Killed(BaseException):
    """The end of a process, in the middle of a delivery."""


class AsyncReceived:
    """A receiver that keeps what it takes, and ends each delivery as `decide` says: taken, refused, lost, killed or broken."""

    def __init__(self, decide: Callable[[StreamBatch], str] = lambda batch: "taken") -> None:
        self.decide = decide
        self.batches: list[StreamBatch] = []
        self.tried: list[str] = []

    async def deliver(self, batch: StreamBatch) -> None:
        """Take a batch, or not, or take it and say otherwise."""
        end = self.decide(batch)
        self.tried.append(batch.key)
        if end == "refused":
            raise DeliveryFailed("away")
        if end == "broken":
            raise RuntimeError("a mistake")
        self.batches.append(batch)
        if end == "lost":
            raise DeliveryFailed("no answer")
        if end == "killed":
            raise Killed

    def keys(self, log: LogId) -> list[str]:
        """Return the keys of what was taken of a log, repeats too."""
        return [item.key.rpartition("/")[2] for batch in self.batches if batch.log == log for item in batch.items()]


@pytest.fixture
async def world() -> AsyncGenerator[AsyncWorld, None]:
    async with AsyncWorld.open() as made:
        yield made


async def fill(world: AsyncWorld, *, of: int | None, count: int, first: int = 0) -> None:
    """Write and place events, of an organization's log or the deployment's."""
    async with world.storage.begin(after_commit=ignore) as store:
        for n in range(first, first + count):
            await store.inbox.append(event((of or 0) * 100_000 + n, of=of))
    await world.security.logs.place()


def stream(world: AsyncWorld, name: str, receiver: AsyncReceived, *organizations: int) -> AsyncReceived:
    """Add a stream to the bundle."""
    only = tuple(OrganizationId(org_id(number)) for number in organizations) or None
    world.security.streams.all += (Stream(name=name, receiver=receiver, organizations=only),)
    return receiver


async def position(world: AsyncWorld, log: LogId, name: str = "siem") -> Position:
    return next(each.position for each in await world.security.streams.status() if (each.stream, each.log) == (name, log))


@pytest.mark.parametrize("kind", KINDS)
async def test_a_stream_delivers_every_log_in_order_and_once(kind: str, tmp_path: Path) -> None:
    """Each index of each log comes once, in bounded batches, under `<origin>/<index>`; a run with nothing new delivers nothing."""
    async with AsyncWorld.open(kind, folder=tmp_path) as world:
        got = stream(world, "siem", AsyncReceived())
        await fill(world, of=1, count=MOST_EVENTS + 3)
        await fill(world, of=None, count=2)
        assert await world.security.streams.run_due() == MOST_EVENTS + 5
        assert got.keys(ONE) == [str(n) for n in range(MOST_EVENTS + 3)]
        assert got.keys(DEPLOYMENT_LOG) == ["0", "1"]
        assert [len(batch.events) for batch in got.batches if batch.log == ONE] == [MOST_EVENTS, 3]
        origin = world.security.logs.identity.origin(ONE)
        assert next(got.batches[-1].items()).key == f"{origin}/{got.batches[-1].first}"
        assert await world.security.streams.run_due() == 0
        await fill(world, of=1, count=1, first=MOST_EVENTS + 3)
        assert await world.security.streams.run_due() == 1
        assert (await position(world, ONE)).next == MOST_EVENTS + 4


@pytest.mark.parametrize("seed", range(5))
async def test_nothing_is_missing_and_repeats_are_the_same_whatever_fails(seed: int, world: AsyncWorld) -> None:
    """Refused, lost, broken and killed deliveries at random: each index arrives, in order, and a repeat has the same key and bytes."""
    random = Random(seed)
    ends = ("taken", "refused", "lost", "killed", "broken")
    got = stream(world, "siem", AsyncReceived(lambda batch: random.choice(ends)))
    sizes = {ONE: 0, TWO: 0}
    for _ in range(12):
        number = random.choice((1, 2))
        log, more = LogId(org_id(number)), random.randint(0, 4)
        await fill(world, of=number, count=more, first=sizes[log])
        sizes[log] += more
        with suppress(Killed):
            await world.security.streams.run_due()
        world.clock.advance(timedelta(seconds=random.choice((1, 600))))
    got.decide = lambda batch: "taken"
    world.clock.advance(LONGEST)
    await world.security.streams.run_due()
    for log, size in sizes.items():
        keys = got.keys(log)
        assert list(dict.fromkeys(keys)) == [str(n) for n in range(size)]
        assert (await position(world, log)).next == size if size else not keys
    seen: dict[str, object] = {}
    ranges: dict[tuple[LogId, int], int] = {}
    for batch in got.batches:
        assert ranges.setdefault((batch.log, batch.first), batch.end) == batch.end
        for item in batch.items():
            assert seen.setdefault(item.key, item) == item


async def test_a_batch_has_its_bytes_too(world: AsyncWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch ends before it would have too many bytes, and has one event at least; a repeat is of the same indexes all the same."""
    monkeypatch.setattr("ctsec.security._async_streams.MOST_BYTES", 20)  # three bodies of this size, or two
    got = stream(world, "siem", AsyncReceived(lambda batch: "lost"))
    await fill(world, of=1, count=5)
    await world.security.streams.run_due()
    assert got.tried == [got.batches[0].key]
    first = len(got.batches[0].events)
    assert 0 < first < 5
    monkeypatch.setattr("ctsec.security._async_streams.MOST_BYTES", 1)
    got.decide = lambda batch: "taken"
    world.clock.advance(REST)
    assert await world.security.streams.run_due() == 5
    assert [len(batch.events) for batch in got.batches] == [first, first, *(1 for _ in range(5 - first))]


async def test_what_was_purged_before_it_was_delivered_is_told(world: AsyncWorld) -> None:
    """A purged index is a run of its own with its own key, in its place; it counts as purged and not as delivered."""
    got = stream(world, "siem", AsyncReceived())
    await fill(world, of=1, count=7)
    async with world.storage.sequencing() as store:
        await store.purges.remove(ONE, (0, 1, 4, 6), size=7)
    assert await world.security.streams.run_due() == 3
    assert got.keys(ONE) == ["0-1", "2", "3", "4-4", "5", "6-6"]
    assert got.batches[0].purged == ((0, 2), (4, 5), (6, 7))
    after = await position(world, ONE)
    assert (after.next, after.purged) == (7, 4)


async def test_a_stream_may_be_of_some_organizations_only(world: AsyncWorld) -> None:
    """Of the chosen organizations' logs everything comes, of no other log anything, and the status names no other."""
    got = stream(world, "siem", AsyncReceived(), 2)
    for of in (None, 1, 2):
        await fill(world, of=of, count=2)
    await world.security.logs.flush()
    assert await world.security.streams.run_due() == 2
    assert {batch.log for batch in got.batches} == {TWO}
    assert [each.log for each in await world.security.streams.status()] == [TWO]


async def test_a_receiver_that_fails_waits_longer_each_time_and_stops_nobody(world: AsyncWorld) -> None:
    """Its failure and problem are told and nothing is tried before its time; another stream, and another log of its own, go on."""
    bad = stream(world, "bad", AsyncReceived(lambda batch: "refused" if batch.log == ONE else "taken"))
    good = stream(world, "good", AsyncReceived())
    for of in (1, 2):
        await fill(world, of=of, count=3)
    assert await world.security.streams.run_due() == 9
    assert bad.keys(TWO) == ["0", "1", "2"]
    assert len(good.keys(ONE)) == 3
    waits = []
    for _ in range(9):
        at = await position(world, ONE, "bad")
        assert at.problem == "delivery_failed: away"
        assert at.due_at is not None
        tried = len(bad.tried)
        await world.security.streams.run_due()
        assert len(bad.tried) == tried
        waits.append(at.due_at - world.clock.now())
        world.clock.advance(max(waits[-1], REST))
        await world.security.streams.run_due()
    assert [wait.total_seconds() for wait in waits] == [5, 10, 20, 40, 80, 160, 320, 600, 600]


async def test_a_receiver_that_is_away_is_asked_once_a_rest(world: AsyncWorld) -> None:
    """A run of a receiver that takes nothing ends after three failures, and the next after one: others need the time of the worker."""
    away = stream(world, "siem", AsyncReceived(lambda batch: "refused"))
    for of in range(1, 9):
        await fill(world, of=of, count=1)
    await world.security.streams.run_due()
    assert len(away.tried) == FAILURES
    await world.security.streams.run_due()
    assert len(away.tried) == FAILURES
    world.clock.advance(REST)
    await world.security.streams.run_due()
    assert len(away.tried) == FAILURES + 1
    away.decide = lambda batch: "taken"
    world.clock.advance(LONGEST)
    assert await world.security.streams.run_due() == 8


@pytest.mark.parametrize(("at", "until"), [(9, None), (1, 9)])
async def test_a_log_that_became_shorter_is_told_and_waits_for_an_operator(world: AsyncWorld, at: int, until: int | None) -> None:
    """What was delivered, or begun to be, can not be delivered under the same keys: nothing is, until a reset, which is an event."""
    got = stream(world, "siem", AsyncReceived())
    await fill(world, of=1, count=3)
    async with world.storage.begin(after_commit=ignore) as store:
        await store.positions.put(Position(follower="siem", log=ONE, next=at, until=until, version=1))
    assert await world.security.streams.run_due() == 0
    assert (await position(world, ONE)).problem == SHORTER
    assert got.tried == []
    assert reason(await world.security.streams.reset(SAM, "siem", log=ONE, to=4)) is Reason.INVALID_INPUT
    assert reason(await world.security.streams.reset(SAM, "other", log=ONE)) is Reason.NOT_FOUND
    assert reason(await world.security.streams.reset(SAM, "siem", log=TWO)) is Reason.NOT_FOUND
    assert isinstance(await world.security.streams.reset(SAM, "siem", log=ONE, to=1), Position)
    world.clock.advance(REST)
    assert await world.security.streams.run_due() == 2
    assert got.keys(ONE) == ["1", "2"]
    told = [each for each in await world.events(DEPLOYMENT_LOG) if each.name == "stream.reset"]
    assert [(each.actor_id, each.target_id) for each in told] == [("sam", "siem")]


async def test_of_two_processes_one_moves_the_position(world: AsyncWorld) -> None:
    """Whoever delivers while another has delivered the same leaves the position where the other put it."""
    first = stream(world, "siem", AsyncReceived())
    await fill(world, of=1, count=2)

    inner = AsyncReceived()

    async def meanwhile(batch: StreamBatch) -> None:
        async with world.storage.begin(after_commit=ignore) as store:
            found = await store.positions.get("siem", ONE)
            assert found is not None
            assert found.until == batch.end == 2
            assert await store.positions.put(found.moved(2, purged=0, now=world.clock.now()))
        await inner.deliver(batch)

    first.deliver = meanwhile  # type: ignore[method-assign]
    assert await world.security.streams.run_due() == 0
    assert (await position(world, ONE)).next == 2
    assert (await position(world, ONE)).version == 2


async def test_the_worker_runs_a_job_for_each_stream(world: AsyncWorld) -> None:
    """Each stream has a lease of its own, so one process delivers it at a time."""
    stream(world, "siem", AsyncReceived())
    stream(world, "lake", AsyncReceived())
    names = [job.name for job in world.security.streams.jobs()]
    assert names == ["stream:siem", "stream:lake"]
