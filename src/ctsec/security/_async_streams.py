"""Streams of the logs: sealed events, delivered in order, again and again until they are taken (async source).

Rules that this module keeps:

- a batch is claimed before it is delivered, and the position moves after the receiver took it: what a crash or a second leader leaves is a
  repeat of the same indexes, and nothing is missing;
- an index whose event was purged is told as purged;
- what fails waits longer each time, and keeps no other stream and no other log of the same stream waiting; a run ends after a minute, or
  after three failures. A receiver that took nothing in a whole run is tried once after a rest of at most a minute;
- where a stream is stands in the home store, for the logs of regions too, which are read where they are: a region that does not answer is
  tried again as a receiver is that fails, and keeps no other waiting;
- a log that is shorter than what was delivered of it is told, and nothing of it is delivered until an operator decides.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._async import AsyncAuditLog
from ctsec.audit.assurance import named
from ctsec.audit.event import EventName, LogId, Target
from ctsec.audit.query import AuditQuery
from ctsec.audit.signing import LogIdentity
from ctsec.audit.streams._async_ports import AsyncReceiver
from ctsec.audit.streams.batch import MOST_BYTES, MOST_EVENTS, StreamBatch
from ctsec.audit.streams.position import Position, problem_of
from ctsec.audit.streams.status import StreamStatus
from ctsec.audit.streams.stream import Stream
from ctsec.encryption._async import AsyncKeyRing
from ctsec.encryption._async_subject_keys import AsyncSubjectKeys
from ctsec.errors import ConfigurationError, CtsecError, ResidencyError, StoreError
from ctsec.operators import Operator
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.security._async_logs import AsyncLogs
from ctsec.storage._async_ports import AsyncStorage
from ctsec.storage._async_sealed_ports import AsyncSealedStorage
from ctsec.worker._async import AsyncJob

_LOG: Final = logging.getLogger("ctsec.streams")
RUN: Final = timedelta(minutes=1)
FAILURES: Final = 3
REST: Final = timedelta(minutes=1)
EVERY: Final = timedelta(seconds=5)
_NO_LOG: Final = LogId("")
_NO_STREAM: Final = Refusal(Reason.NOT_FOUND, "no such stream of this log")
_PAGE: Final = 1000
SHORTER: Final = "the log is shorter than what was delivered of it: a backup was restored, or it was cut; reset the stream"


def _nothing(scopes: frozenset[str]) -> None:
    """Positions change nothing that a cache holds."""


class AsyncStreams:
    """Delivers the streams of a deployment, of the home store and of the stores of regions that `logs` has.

    `ring` and `subjects` seal the reason of a reset.
    """

    __slots__ = ("_ambient", "_ring", "_storage", "_stores", "_subjects", "all")

    def __init__(
        self,
        storage: AsyncStorage,
        *,
        streams: tuple[Stream[AsyncReceiver], ...],
        logs: AsyncLogs,
        ring: AsyncKeyRing,
        subjects: AsyncSubjectKeys,
        ambient: Ambient,
    ) -> None:
        if len({each.name for each in streams}) != len(streams):
            raise ConfigurationError("expected streams with different names")
        regions = {name: (each.storage, each.logs.identity) for name, each in logs.regions.stores.items()}
        self._stores: Mapping[str, tuple[AsyncSealedStorage, LogIdentity]] = {"": (storage, logs.identity), **regions}
        unknown = sorted({store for each in streams for store in each.stores} - self._stores.keys())
        if unknown:
            there = ", ".join(regions) or "(there is none)"
            raise ConfigurationError(f"expected streams of the home store and these stores of regions: {there}; found {', '.join(unknown)}")
        self.all = streams
        self._storage = storage
        self._ring = ring
        self._subjects = subjects
        self._ambient = ambient

    async def run_due(self) -> int:
        """Deliver what each stream has not delivered yet; return how many events were taken."""
        return sum([await self.run(stream) for stream in self.all])

    async def run(self, stream: Stream[AsyncReceiver]) -> int:
        """Deliver one stream until it is at the end of every log, one batch of each log in turn; return how many events were taken."""
        pulse = await self._pulse(stream)
        now = self._ambient.now()
        if not pulse.is_due(now):
            return 0
        ends, taken, batches, failures, problem = now + RUN, 0, 0, 0, ""
        patience = 1 if pulse.failures else FAILURES
        found = [each for each in await self._standing(stream, now=now) if each.log and each.position.is_due(now)]
        # Logs that failed go last: they are what may use up the patience of this run.
        waiting = deque(sorted(found, key=lambda each: (each.position.failures, each.place)))
        while waiting and failures < patience and self._ambient.now() < ends:
            each = waiting.popleft()
            after = await self._tried(stream, each)
            if after is None:
                continue
            if after.failures:
                failures, problem = failures + 1, after.problem
                continue
            batches += 1
            taken += after.next - each.position.next - (after.purged - each.position.purged)
            if after.next < each.size:
                waiting.append(replace(each, position=after))
        await self._beat(pulse, batches=batches, problem=problem)
        return taken

    def jobs(self) -> tuple[AsyncJob, ...]:
        """Return a job for each stream, with a lease of its own: one process delivers it at a time."""
        return tuple(AsyncJob(name=f"stream:{each.name}", every=EVERY, work=partial(self.run, each)) for each in self.all)

    async def status(self) -> tuple[StreamStatus, ...]:
        """Return where each stream is in each log that it streams."""
        return tuple([each for stream in self.all for each in await self._standing(stream)])

    async def reset(self, operator: Operator, name: str, *, log: LogId, to: int | None = None, store: str = "") -> Outcome[Position]:
        """Let a stream go on from index `to` of a log, its end if that is None, as an event of the deployment's log.

        `store` is that of a region, empty for the home store.

        Refused with NOT_FOUND for an unknown stream or log, with INVALID_INPUT for an index that the log does not reach, and with CONFLICT
        if the stream moved meanwhile.
        """
        stream = next((each for each in self.all if each.name == name and each.has(log, store=store)), None)
        if stream is None:
            return _NO_STREAM
        async with self._stores[store][0].reading() as opened:
            head = await opened.tree.head(log)
        if head is None:
            return _NO_STREAM
        if to is not None and not 0 <= to <= head.size:
            return Refusal(Reason.INVALID_INPUT, f"expected an index from 0 to {head.size}")
        place = LogId(named(log, store=store))
        async with self._storage.begin(after_commit=_nothing) as home:
            before = await home.positions.get(name, place) or Position(follower=name, log=place)
            after = before.reset(head.size if to is None else to)
            if not await home.positions.put(after):
                return Refusal(Reason.CONFLICT, "the stream moved meanwhile; try again")
            await AsyncAuditLog(
                inbox=home.inbox,
                log=home.log,
                aside=self._storage.guard.events,
                sealer=self._ring,
                subjects=self._subjects,
                ambient=self._ambient,
            ).note(
                EventName.STREAM_RESET,
                actor=operator.principal,
                targets=(Target("stream", name),),
                details={"log": place, "before": before.next, "next": after.next},
                personal={"reason": operator.reason},
            )
        return after

    async def _pulse(self, stream: Stream[AsyncReceiver]) -> Position:
        """Return what is known of the receiver as a whole: a row of no log, whose failures are runs in which nothing was taken."""
        async with self._storage.reading() as store:
            return await store.positions.get(stream.name, _NO_LOG) or Position(follower=stream.name, log=_NO_LOG)

    async def _beat(self, pulse: Position, *, batches: int, problem: str) -> None:
        now = self._ambient.now()
        if problem and not batches:
            await self._put(pulse.failed(problem, now=now, longest=REST))
        elif batches and pulse.failures:
            await self._put(pulse.moved(0, purged=0, now=now))

    async def _standing(self, stream: Stream[AsyncReceiver], *, now: datetime | None = None) -> list[StreamStatus]:
        """Return where a stream is in its logs, and which regions do not answer.

        With `now` only in those that have something for it, and what is known of regions is written down: one is asked when it is due.
        """
        positions: dict[LogId, Position] = {}
        found: list[StreamStatus] = []
        after: str = ""
        async with self._storage.reading() as home:
            while page := await home.positions.of(stream.name, after=after, limit=_PAGE):
                positions |= {each.log: each for each in page}
                after = page[-1].log
        for store in stream.stores:
            name = LogId(f"{store}/")
            pulse = positions.get(name) or Position(follower=stream.name, log=name)
            if now is not None and not pulse.is_due(now):
                continue
            try:
                found += await self._in_store(stream, store, positions)
            except (StoreError, ResidencyError) as error:
                if not store:
                    raise
                failed = pulse.failed(problem_of(error), now=now or self._ambient.now())
                found.append(StreamStatus(stream=stream.name, log=_NO_LOG, size=0, position=failed, store=store))
                if now is not None:
                    await self._put(failed)
                continue
            if now is not None and pulse.failures:
                await self._put(pulse.moved(0, purged=0, now=now))
        return [each for each in found if now is None or each.position.next != each.size]

    async def _in_store(self, stream: Stream[AsyncReceiver], store: str, positions: Mapping[LogId, Position]) -> list[StreamStatus]:
        """Return where a stream is in its logs of one store."""
        found: list[StreamStatus] = []
        after: str = ""
        async with self._stores[store][0].reading() as opened:
            while heads := await opened.tree.heads(after=after, limit=_PAGE):
                for head in heads:
                    if stream.has(head.log, store=store):
                        place = LogId(named(head.log, store=store))
                        position = positions.get(place) or Position(follower=stream.name, log=place)
                        found.append(StreamStatus(stream=stream.name, log=head.log, size=head.size, position=position, store=store))
                after = heads[-1].log
        return found

    async def _tried(self, stream: Stream[AsyncReceiver], each: StreamStatus) -> Position | None:
        """Do what `_step` does; a region that does not answer is a failure of its log."""
        try:
            return await self._step(stream, each)
        except (StoreError, ResidencyError) as error:
            if not each.store:
                raise
            return await self._put(each.position.failed(problem_of(error), now=self._ambient.now()))

    async def _step(self, stream: Stream[AsyncReceiver], each: StreamStatus) -> Position | None:
        """Deliver one batch and return the position after it; None if another process was faster."""
        position = each.position
        if position.next > each.size or (position.until or 0) > each.size:
            return await self._put(position.failed(SHORTER, now=self._ambient.now()))
        if position.until is None:
            batch = await self._read(each, end=min(each.size, position.next + MOST_EVENTS))
            claimed = await self._put(position.delivering(batch.end))
        else:
            batch = await self._read(each, end=position.until, whole=True)
            claimed = position
        if claimed is None:
            return None
        problem = await self._deliver(stream, batch)
        now = self._ambient.now()
        if problem:
            return await self._put(claimed.failed(problem, now=now))
        purged = batch.end - batch.first - len(batch.events)
        return await self._put(claimed.moved(batch.end, purged=purged, now=now))

    async def _read(self, each: StreamStatus, *, end: int, whole: bool = False) -> StreamBatch:
        """Return the events from the position on up to `end`, or up to where they are too many bytes unless `whole`."""
        (storage, identity), first = self._stores[each.store], each.position.next
        async with storage.reading() as store:
            rows = await store.log.raw(AuditQuery(log=each.log), first=first, end=end, limit=MOST_EVENTS)
        total = 0
        for at, row in enumerate(rows):
            total += len(row[2])
            if total > MOST_BYTES and at and not whole:
                rows, end = rows[:at], row[0]
                break
        origin = identity.origin(each.log)
        return StreamBatch(stream=each.stream, log=each.log, origin=origin, first=first, end=end, events=rows, store=each.store)

    async def _deliver(self, stream: Stream[AsyncReceiver], batch: StreamBatch) -> str:
        """Return why a batch was not taken, empty if it was."""
        try:
            await stream.receiver.deliver(batch)
        except Exception as error:  # noqa: BLE001 - a mistake in one receiver must not stop the others
            if not isinstance(error, CtsecError):
                _LOG.exception("the receiver of the stream %s failed", stream.name)
            return problem_of(error)
        return ""

    async def _put(self, position: Position) -> Position | None:
        async with self._storage.begin(after_commit=_nothing) as store:
            return position if await store.positions.put(position) else None
