"""Retention in the stores of regions: their logs are told what was decided at home, and purged by what they were told (async source).

Rules that this module keeps:

- a purge in a region reads the home log in the transaction in which events go, tells the region's log what that was not told yet, and takes
  nothing where the home store can not be read, or a hold there waits for its index;
- a region that does not answer stops neither a decision at home nor another region: it is told when it answers again;
- a log that is not what it should be stops no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncLogSigner, AsyncSealedStore
from ctsec.audit.event import DEPLOYMENT_LOG, LogId
from ctsec.audit.retention._async_purge import BATCH, AsyncPurgeParts, AsyncPurger
from ctsec.audit.retention._async_telling import AsyncHeardTerms, AsyncTeller, Decided, decisions_in, told_in, untold
from ctsec.audit.retention.hold import GRACE
from ctsec.audit.retention.plan import RetentionPolicy
from ctsec.audit.retention.preview import PurgePreview
from ctsec.audit.retention.standing import StoreStanding
from ctsec.audit.retention.told import Heard
from ctsec.audit.sealing import LOG_OF_LOGS
from ctsec.errors import ConfigurationError, CorruptRecord, CtsecError, LogInconsistent
from ctsec.security._async_logs import AsyncLogs
from ctsec.security._async_region_logs import AsyncRegionLog
from ctsec.security.patience import AsyncPatience
from ctsec.storage._async_ports import AsyncStorage

REGION_HOLDS_JOB: Final = "region-holds"
STEPS: Final = 200
_LOGS: Final = 1000


class AsyncRegionRetention:
    """Tells and purges the logs in the stores of regions. `signer` has the retention key; without one nothing is purged.

    `patience` bounds how long a request waits for a store.
    """

    __slots__ = ("_ambient", "_batch", "_home", "_logs", "_policy", "_signer", "patience")

    def __init__(
        self,
        home: AsyncStorage,
        *,
        logs: AsyncLogs,
        signer: AsyncLogSigner | None,
        policy: RetentionPolicy,
        ambient: Ambient,
        batch: int = BATCH,
    ) -> None:
        self._home = home
        self._logs = logs
        self._signer = signer
        self._policy = policy
        self._ambient = ambient
        self._batch = batch
        self.patience = AsyncPatience(clock=ambient.clock)

    async def logs(self, store: str) -> tuple[LogId, ...]:
        """Return the logs that have events in the store of a region, in the order of ids; the log of logs is none of them."""
        found: list[LogId] = []
        async with self._of(store).storage.reading() as there:
            while page := await there.tree.heads(after=found[-1] if found else "", limit=_LOGS):
                found += [head.log for head in page]
        return tuple(log for log in found if log != LOG_OF_LOGS and self._of(store).logs.identity.has(log))

    async def tell(self, log: LogId) -> tuple[StoreStanding, ...]:
        """Tell the log of an organization in every store that answers what was decided at home; return what `standing` does."""
        if self._logs.regions.stores:
            # What is committed gets its index first: a decision is told by where it stands.
            await self._logs.place()
        return await self._asked(log, tell=True)

    async def standing(self, log: LogId) -> tuple[StoreStanding, ...]:
        """Return what the log of an organization was told in each store that has it, and which stores do not answer in three seconds.

        Of one that was told what the home log does not say, `problem` says that.
        """
        return await self._asked(log, tell=False)

    async def previews(self, log: LogId) -> tuple[Mapping[str, PurgePreview], Mapping[str, str]]:
        """Return what a purge would do in each store that has the log, and the code of what kept others from saying so in three seconds."""
        found: dict[str, PurgePreview] = {}
        silent: dict[str, str] = {}
        for each in await self.standing(log):
            try:
                if each.problem:
                    silent[each.store] = each.problem
                else:
                    found[each.store] = await self.patience.ask(each.store, partial(self.preview, log, store=each.store))
            except CtsecError as error:
                silent[each.store] = error.code
        return found, silent

    async def tell_holds(self) -> int:
        """Tell every log on which a hold is in force at home, or was a day ago, and that was not told so; return how many were told.

        Raises what kept the first of the stores that could not be told, after the others were.
        """
        if not self._logs.regions.stores:
            return 0
        async with self._home.reading() as home:
            holds = await home.retention.in_force(since=self._ambient.now() - GRACE)
        logs = sorted({each.log for each in holds} - {DEPLOYMENT_LOG})
        problem: CtsecError | None = None
        count = 0
        if logs:
            await self._logs.place()
        for store in self._logs.regions.stores if logs else ():
            try:
                for log in logs:
                    try:
                        count += await self._tell(log, store)
                    except (LogInconsistent, CorruptRecord) as error:
                        problem = problem or error
            except CtsecError as error:
                problem = problem or error
        if problem is not None:
            raise problem.with_traceback(None)
        return count

    async def run_due(self) -> int:
        """Purge every log in every store; return how many events went. Raises the first problem after all the others were purged."""
        problem: CtsecError | None = None
        count = 0
        for store in self._logs.regions.stores:
            try:
                for log in await self.logs(store):
                    try:
                        count += await self.purge(log, store=store)
                    except (LogInconsistent, CorruptRecord) as error:
                        problem = problem or error
            except CtsecError as error:
                problem = problem or error
        if problem is not None:
            raise problem.with_traceback(None)
        return count

    async def purge(self, log: LogId, *, store: str) -> int:
        """Purge one log in the store of a region now, at most 200 steps of it; return how many events went.

        Raises LogInconsistent if the last checkpoint does not count or the log was told what the home log does not say, StoreError where
        one of the two stores does not answer, and ConfigurationError without a key, and for a store that is none.
        """
        await self._logs.place()
        count, first, waited = 0, 0, False
        for _ in range(STEPS):
            step = await self._step(log, store, first=first)
            if step is None and waited:
                raise LogInconsistent(f"a hold on the log {log} is in force at home and stands not in its log; run `ctsec audit verify`")
            if step is None:
                waited = True
                await self._logs.place()
                continue
            gone, following = step
            count += gone
            if following is None:
                break
            first = following
        return count

    async def preview(self, log: LogId, *, store: str) -> PurgePreview:
        """Return what a purge of one log in the store of a region would do now, told of all that was decided; nothing is written.

        Raises as `purge` does.
        """
        each, purger = self._of(store), self._purger(store)
        async with each.storage.reading() as there:
            told = await told_in(log, there.log)
            heard = self._teller(each).expected(log, told, await self._decided(log))
            return await purger.preview(log, _parts(log, heard, there))

    async def _asked(self, log: LogId, *, tell: bool) -> tuple[StoreStanding, ...]:
        found: list[StoreStanding] = []
        for store in self._logs.regions.stores:
            try:
                standing = await self.patience.ask(store, partial(self._stands, log, store, tell=tell))
            except CtsecError as error:
                standing = StoreStanding(store=store, problem=error.code)
            found += [] if standing is None else [standing]
        return tuple(found)

    async def _stands(self, log: LogId, store: str, *, tell: bool) -> StoreStanding | None:
        """Return what a log was told in one store, None where it has no events there; with `tell`, tell it first."""
        if tell:
            # What kept it from it shows in what it was told; the worker goes on telling.
            with suppress(CtsecError):
                await self._tell(log, store)
        async with self._of(store).storage.reading() as there:
            told = await told_in(log, there.log)
            if not await there.log.size(log):
                return None
        # Home is read last: what was told by now stands there.
        untold(log, told, (await self._decided(log)).decisions)
        return StoreStanding(store=store, heard=Heard.of(log, told).at(self._ambient.now()))

    async def _step(self, log: LogId, store: str, *, first: int) -> tuple[int, int | None] | None:
        """Tell a log what it was not told and take one step of its purge; None where a hold at home waits for its index."""
        each, purger = self._of(store), self._purger(store)
        async with each.storage.sequencing() as there:
            heard, size = await self._hear(log, each, there)
            return None if heard is None else await purger.step(log, _parts(log, heard, there), first=first, heard=size)

    async def _tell(self, log: LogId, store: str) -> bool:
        """Tell a log what it was not told; False where it has no events or there was nothing to tell, and nothing was locked."""
        each = self._of(store)
        decided = await self._decided(log)
        async with each.storage.reading() as there:
            if not await there.log.size(log) or len(await told_in(log, there.log)) == len(decided.decisions):
                return False
        async with each.storage.sequencing() as there:
            await self._hear(log, each, there)
        return True

    async def _hear(self, log: LogId, each: AsyncRegionLog, there: AsyncSealedStore) -> tuple[Heard | None, int]:
        """Read the home log and tell the region's, under the lock of its leader; return what that was told, and the size of the former."""
        await there.purges.lead(log)
        decided = await self._decided(log)
        return await self._teller(each).tell(log, decided, there=there), decided.size

    async def _decided(self, log: LogId) -> Decided:
        async with self._home.reading() as home:
            # Rows last: one that is released meanwhile was in force when its release stood in the log at the latest.
            size, decisions = await decisions_in(log, home.log)
            holds = await home.retention.holds(log)
        return Decided(size=size, decisions=decisions, holds=tuple(each for each in holds if each.released_at is None))

    def _teller(self, each: AsyncRegionLog) -> AsyncTeller:
        return AsyncTeller(region=each.region, policy=self._policy, ambient=self._ambient)

    def _of(self, store: str) -> AsyncRegionLog:
        found = self._logs.regions.stores.get(store)
        if found is None:
            raise ConfigurationError(f"{store} is no store of a region in this configuration")
        return found

    def _purger(self, store: str) -> AsyncPurger:
        if self._signer is None:
            raise ConfigurationError("expected a retention key (retention_signer); nothing is purged without one")
        each = self._of(store)
        return AsyncPurger(
            self._signer,
            identity=each.logs.identity,
            policy=self._policy,
            ambient=self._ambient,
            batch=self._batch,
            region=each.region,
        )


def _parts(log: LogId, heard: Heard, there: AsyncSealedStore) -> AsyncPurgeParts:
    return AsyncPurgeParts(retention=AsyncHeardTerms(log, heard), purges=there.purges, checkpoints=there.checkpoints, tree=there.tree)
