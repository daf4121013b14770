"""The logs in the stores of regions: sealed, signed, handed up to the home store, and verified, each store by itself (async source).

Rules that this module keeps:

- a log is of one store: `<deployment>/<region>/<organization>`, with the name of the store for that of the region where a replica was
  promoted; that of the region `default` stands apart from the home store's, which has had that name from the beginning;
- a store that does not answer stops no other; it is told, and left alone for a while;
- each checkpoint of a store's log of logs becomes a leaf of the home store's, so one anchor covers every region, and a region's store that
  was set back is found by the home store;
- a store that was not verified is named, and the report is worth nothing until it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from types import MappingProxyType
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncSealedStore
from ctsec.audit.assurance import Finding, FindingKind, LogReport, VerificationReport
from ctsec.audit.cover import Cover
from ctsec.audit.event import LogId
from ctsec.audit.retention._async_telling import decisions_in
from ctsec.audit.retention.told import departures
from ctsec.audit.retention.trail import RetentionTrail
from ctsec.audit.sealing import LOG_OF_LOGS, CheckpointRecord, LogStatus
from ctsec.audit.signing import LogIdentity
from ctsec.audit.tree.checkpoint import SignedCheckpoint
from ctsec.encryption.dek import DEFAULT_REGION
from ctsec.errors import CorruptRecord, CtsecError, LogInconsistent, ResidencyError, StoreError
from ctsec.security._async_region_events import AsyncOpensParts
from ctsec.security._async_sealed_logs import LOGS, AsyncSealedLogs, checkpoints_in, waiting_in
from ctsec.storage._async_sealed_ports import AsyncSealedStorage
from ctsec.worker._async import AsyncJob

REGION_LOGS_JOB: Final = "region-logs"
OFTEN: Final = timedelta(seconds=1)
PAUSE: Final = timedelta(seconds=30)
_MOST: Final = 100
STALLED: Final = timedelta(minutes=5)
# The code of a store that the home store knows and the configuration does not.
NOT_CONFIGURED: Final = "not_configured"


def part_of(store: str) -> str:
    """Return what stands for the region in the origins of the logs of a store; nothing else can be called `default.store`."""
    return f"{DEFAULT_REGION}.store" if store == DEFAULT_REGION else store


def handed_up(store: str) -> LogId:
    """Return the name under which the home store keeps the checkpoints of the log of logs of a region's store."""
    return LogId(f"{store}/{LOG_OF_LOGS}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Where a log stood: its origin, size and root (empty if its head was not to be read), and whether its last checkpoint says so."""

    origin: str
    size: int
    root: bytes
    signed: bool


@dataclass(frozen=True, slots=True)
class AsyncRegionLog:
    """The logs of one store, that store, the region that it is of, and what opens the personal parts of events there."""

    region: str
    logs: AsyncSealedLogs
    storage: AsyncSealedStorage
    parts: AsyncOpensParts


class AsyncRegionLogs:
    """The logs of the stores of regions, by the names of the stores; `left` have left the configuration for good."""

    __slots__ = ("_ambient", "_down", "_handed", "_home", "_left", "stores")

    def __init__(
        self,
        home: AsyncSealedStorage,
        *,
        ambient: Ambient,
        stores: Mapping[str, AsyncRegionLog] = MappingProxyType({}),
        left: tuple[str, ...] = (),
    ) -> None:
        self._home = home
        self._ambient = ambient
        self._down: dict[str, tuple[datetime, CtsecError]] = {}
        self._handed: set[str] = set()
        self._left = left
        self.stores = stores

    def jobs(self) -> tuple[AsyncJob, ...]:
        """Return the worker's job, where there are regions."""
        return (AsyncJob(name=REGION_LOGS_JOB, every=OFTEN, work=self.run_due),) if self.stores else ()

    def store_of(self, held: SignedCheckpoint) -> str | None:
        """Return the store whose log a checkpoint is of by its origin, None if it is of none of these."""
        found = (name for name, each in self.stores.items() if held.checkpoint.origin.startswith(_prefix(each.logs)))
        return next(found, None)

    async def run_due(self) -> int:
        """Place what waits and sign what is due, in every store that answers; raise what stopped the first of the others."""
        now, done = self._ambient.now(), 0
        problem: CtsecError | None = None
        for name, each in self.stores.items():
            until, why = self._down.get(name, (now, None))
            if why is not None and now < until:
                problem = problem or why
                continue
            try:
                done += await each.logs.place()
                done += await self._sign(name, each.logs)
                self._down.pop(name, None)
            except CtsecError as error:
                problem = problem or error
                if isinstance(error, StoreError) and not (error.retryable or isinstance(error, LogInconsistent)):
                    self._down[name] = (now + PAUSE, error)
        if problem is not None:
            raise problem.with_traceback(None)
        return done

    async def missing(self, home: AsyncSealedStore) -> tuple[str, ...]:
        """Return the stores of which the home store has checkpoints, and that nobody can ask: neither configured, nor left for good."""
        return tuple(each for each in await home.checkpoints.stores() if each not in self.stores and each not in self._left)

    async def flush(self) -> tuple[int, CtsecError | None]:
        """Place and sign now; return how many events were placed, and what kept a store from it."""
        placed = 0
        problem: CtsecError | None = None
        for name, each in self.stores.items():
            try:
                placed += await self._flush(name, each.logs)
            except CtsecError as error:
                problem = problem or error
        return placed, problem

    async def final(self, store: str, log: LogId) -> Ending | None:
        """Seal a log of a store and return where it stands then, None if it never had an event.

        Whatever keeps it from being signed is in the answer: who asks has closed the workspace for writes already, and must go on.
        """
        each = self.stores[store]
        try:
            await each.logs.place()
            await self._signed(store, await each.logs.sign(log))
        except CtsecError:
            pass
        async with each.storage.reading() as opened:
            head, last = await opened.tree.head(log), await opened.checkpoints.last(log)
        if head is None or not head.size:
            return None
        try:
            root, signed = head.edge().root, last is not None and last.size == head.size
        except CorruptRecord:
            root, signed = b"", False
        return Ending(origin=each.logs.identity.origin(log), size=head.size, root=root, signed=signed)

    async def status(self) -> Mapping[str, LogStatus]:
        """Return how far the logs of each store are; `problem` is the code of what keeps it from answering, or `stalled`."""
        found: dict[str, LogStatus] = {}
        for name, each in self.stores.items():
            try:
                waiting, oldest = await waiting_in(each.storage)
                async with each.storage.reading() as store:
                    unsigned = len(await store.checkpoints.due(before=None, limit=LOGS))
            except CtsecError as error:
                found[name] = LogStatus(waiting=0, oldest=None, unsigned=0, problem=error.code)
                continue
            stalled = oldest is not None and self._ambient.now() - oldest > STALLED
            found[name] = LogStatus(waiting=waiting, oldest=oldest, unsigned=unsigned, problem="stalled" if stalled else "")
        return found

    async def verify(
        self,
        store: str | None,
        *,
        log: LogId | None,
        held: Sequence[SignedCheckpoint],
        locked: Sequence[SignedCheckpoint],
        cover: Cover,
        home: Mapping[LogId, RetentionTrail] | None = None,
    ) -> VerificationReport:
        """Verify the logs of one store or of all; `cover` has judged the home store's log of logs, if that was verified.

        Where the logs of the home store were, `home` is what they say of plans and holds: what was told of it here is compared with that.
        """
        reports: list[LogReport] = []
        silent: list[tuple[str, str]] = []
        waiting, times = 0, list[datetime]()
        for name in self.stores if store is None else (store,):
            mine = tuple([each for each in held if self.store_of(each) == name])
            fixed = tuple([each for each in locked if self.store_of(each) == name])
            try:
                reports += await self._reports(name, log=log, held=mine, locked=fixed, cover=cover, home=home)
                count, oldest = await waiting_in(self.stores[name].storage)
            except (StoreError, ResidencyError) as error:
                silent.append((name, error.code))
                continue
            waiting += count
            times += [] if oldest is None else [oldest]
        return VerificationReport(logs=tuple(reports), waiting=waiting, oldest=min(times, default=None), silent=tuple(silent))

    async def strangers(self, names: Iterable[LogId], *, identity: LogIdentity) -> tuple[tuple[Finding, ...], tuple[tuple[str, str], ...]]:
        """Judge names in the home store's log of logs that no store here is asked for: what does not fit, and which stores are missing.

        A store of a region that left the configuration is as one that does not answer. What stands under its name has to be its own: the
        checkpoints of a store that is here would be missed nowhere under another name.
        """
        found: list[Finding] = []
        missing: list[tuple[str, str]] = []
        for name in sorted(each for each in names if "/" in each and each not in map(handed_up, self.stores)):
            store = name.rpartition("/")[0]
            wrong = [each.size for each in await checkpoints_in(self._home, name) if not _is_of(store, each, identity=identity)]
            said = f"checkpoints stand under the name {name}, and are not of that store"
            found += [Finding(LOG_OF_LOGS, FindingKind.CHECKPOINT, size, said) for size in wrong[:1]]
            missing += [] if wrong else [(store, NOT_CONFIGURED)]
        return tuple(found), tuple(missing)

    async def _reports(
        self,
        name: str,
        *,
        log: LogId | None,
        held: Sequence[SignedCheckpoint],
        locked: Sequence[SignedCheckpoint],
        cover: Cover,
        home: Mapping[LogId, RetentionTrail] | None,
    ) -> list[LogReport]:
        logs = self.stores[name].logs
        kept = await checkpoints_in(self._home, handed_up(name))
        at, fixed, cosigned = cover.of(handed_up(name))
        pinned = {each.size: said for each in kept if each.size in (at, fixed, cosigned) and (said := _read(each)) is not None}
        more, witnessed = ([each for size, each in pinned.items() if size == wanted] for wanted in (fixed, cosigned))
        trails: dict[LogId, RetentionTrail] = {}
        found = await logs.reports(
            log=log, held=(*held, *pinned.values()), cover=Cover((*locked, *more), witnessed=witnessed), trails=trails
        )
        findings = () if log is not None else await self._departures(name, kept)
        made: list[LogReport] = []
        for each in found:
            told = (*each.findings, *(findings if each.log == LOG_OF_LOGS else ()))
            if home is not None and each.log in trails:
                told = (*told, *await self._unsaid(each.log, trails[each.log], home=home.get(each.log)))
            if each.size or told or held or kept:
                made.append(replace(each, store=name, findings=tuple([replace(one, store=name) for one in told])))
        return made

    async def _unsaid(self, log: LogId, trail: RetentionTrail, *, home: RetentionTrail | None) -> tuple[Finding, ...]:
        """Return what a log was told, or its purges heard, that is not what the home log says."""
        if not trail.told and not trail.listened:
            return ()
        known = tuple(home.decisions) if home is not None else ()
        # What was decided since the home log was verified may have been told already.
        async with self._home.reading() as store:
            size, later = await decisions_in(log, store.log, first=known[-1].index + 1 if known else 0)
        found = departures(trail.told, trail.listened, decisions=(*known, *later), size=size)
        return tuple([Finding(log, FindingKind.PURGE, at, said) for at, said in islice(found, _MOST)])

    async def _departures(self, name: str, kept: Sequence[CheckpointRecord]) -> tuple[Finding, ...]:
        """Return which checkpoints that the home store has of a store's log of logs are not there, or are others."""
        there = {each.size: each.note for each in await checkpoints_in(self.stores[name].storage, LOG_OF_LOGS)}
        missing = [each.size for each in kept if there.get(each.size) != each.note]
        said = "the home store has a checkpoint of this log that is not here: the store was set back, or is another"
        return tuple([Finding(LOG_OF_LOGS, FindingKind.HELD, size, said) for size in missing])

    async def _sign(self, name: str, logs: AsyncSealedLogs) -> int:
        """Sign what is due in a store; what was signed is handed up also where one log is not what it was."""
        try:
            count = await logs.sign_due()
        except LogInconsistent:
            await self._signed(name, 1)
            raise
        return await self._signed(name, count)

    async def _flush(self, name: str, logs: AsyncSealedLogs) -> int:
        try:
            placed = await logs.flush()
        except LogInconsistent:
            await self._signed(name, 1)
            raise
        await self._signed(name, 1)
        return placed

    async def _signed(self, name: str, count: int) -> int:
        """Hand the last checkpoint of a store's log of logs up to the home store, if it counts; return `count`.

        Where nothing was signed this is done once all the same: who signed last may have been killed before.
        """
        if not count and name in self._handed:
            return 0
        self._handed.discard(name)
        logs, storage = self.stores[name].logs, self.stores[name].storage
        async with storage.reading() as store:
            last = await store.checkpoints.last(LOG_OF_LOGS)
        if last is not None and logs.identity.opened(last) is not None:
            async with self._home.sequencing() as home:
                await home.checkpoints.add((replace(last, log=handed_up(name), number=None),))
        self._handed.add(name)
        return count


def _is_of(store: str, record: CheckpointRecord, *, identity: LogIdentity) -> bool:
    try:
        of_store = replace(identity, region=part_of(store))
    except ValueError:
        return False
    return record.log == handed_up(store) and of_store.opened(replace(record, log=LOG_OF_LOGS)) is not None


def _read(record: CheckpointRecord) -> SignedCheckpoint | None:
    try:
        return SignedCheckpoint.read(record.note)
    except ValueError:
        return None


def _prefix(logs: AsyncSealedLogs) -> str:
    return logs.identity.origin(LogId("x"))[:-1]
