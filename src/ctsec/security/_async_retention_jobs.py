"""The purge of the logs: plans taken on, what is too old deleted, in the worker or on demand (async source)."""

from __future__ import annotations

from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncLogSigner
from ctsec.audit.event import DEPLOYMENT_LOG, EventName, LogId, Target, build
from ctsec.audit.record import store_form
from ctsec.audit.retention._async import plan_details
from ctsec.audit.retention._async_prune import TILES, AsyncPruneParts, AsyncPruner
from ctsec.audit.retention._async_purge import BATCH, AsyncPurgeParts, AsyncPurger
from ctsec.audit.retention.hold import LegalHold
from ctsec.audit.retention.plan import Plans, RetentionPlan, RetentionPolicy
from ctsec.audit.retention.preview import PrunePreview, PurgePreview
from ctsec.audit.retention.record import StoredPlans
from ctsec.audit.sealing import LOG_OF_LOGS
from ctsec.audit.streams._async_ports import AsyncReceiver
from ctsec.audit.streams.stream import Stream
from ctsec.errors import ConfigurationError, CtsecError, LogInconsistent
from ctsec.ids import OrganizationId
from ctsec.principal import system
from ctsec.security._async_logs import AsyncLogs
from ctsec.security._async_region_retention import STEPS, AsyncRegionRetention
from ctsec.storage._async_ports import AsyncStorage, AsyncStore

RETENTION_JOB: Final = "retention"
_LOGS: Final = 1000


def _nothing(scopes: frozenset[str]) -> None:
    """Plans and purges change nothing that a cache holds."""


def _parts(store: AsyncStore) -> AsyncPurgeParts:
    return AsyncPurgeParts(retention=store.retention, purges=store.purges, checkpoints=store.checkpoints, tree=store.tree)


def _prune_parts(store: AsyncStore) -> AsyncPruneParts:
    return AsyncPruneParts(
        retention=store.retention, purges=store.purges, checkpoints=store.checkpoints, tree=store.tree, log=store.log
    )  # fmt: skip


class AsyncRetentionJobs:
    """Purges the logs of a deployment, those of the home store, and by `regions` those in the stores of regions.

    `signer` has the retention key, outside of the database; without one nothing is purged.

    A step is a transaction in which at most `batch` events go, or the hashes of at most so many tiles. Nothing is pruned that one of
    `streams` has not delivered.
    """

    __slots__ = ("_ambient", "_logs", "_policy", "_pruner", "_purger", "_storage", "_streams", "regions")

    def __init__(
        self,
        storage: AsyncStorage,
        *,
        logs: AsyncLogs,
        signer: AsyncLogSigner | None,
        policy: RetentionPolicy,
        ambient: Ambient,
        batch: int = BATCH,
        streams: tuple[Stream[AsyncReceiver], ...] = (),
    ) -> None:
        self._storage = storage
        self.regions = AsyncRegionRetention(storage, logs=logs, signer=signer, policy=policy, ambient=ambient, batch=batch)
        self._streams = streams
        self._logs = logs
        self._policy = policy
        self._ambient = ambient
        self._purger = None if signer is None else AsyncPurger(signer, identity=logs.identity, policy=policy, ambient=ambient, batch=batch)
        self._pruner = None if signer is None else AsyncPruner(signer, identity=logs.identity, ambient=ambient, tiles=min(batch, TILES))

    @property
    def purges(self) -> bool:
        """Whether there is a key to sign purges with."""
        return self._purger is not None

    async def run_due(self) -> int:
        """Take on the plans of logs that have none yet, then purge every log, in regions too; return how many events went.

        What can be pruned then is, if the policy says so.
        Raises the first problem after all the others were purged: LogInconsistent if the checkpoint of a log does not count, or what kept
        the store of a region from it.
        """
        problem: CtsecError | None = None
        count = 0
        # What is committed gets its index first: a purge is judged by the plans and holds that stand before it.
        await self._logs.place()
        for log in await self.logs():
            await self.adopt(log)
            try:
                count += await self.purge(log)
                if self._policy.prune is not None:
                    await self.prune(log, least=self._policy.prune)
            except LogInconsistent as error:
                problem = error
        try:
            count += await self.regions.run_due()
        except CtsecError as error:
            problem = problem or error
        if problem is not None:
            raise problem
        return count

    async def purge(self, log: LogId) -> int:
        """Purge one log now, at most 200 steps of it; return how many events went.

        Raises LogInconsistent if the last checkpoint does not count, and ConfigurationError without a key.
        """
        # What is committed gets its index first: a release that waits for it would seem to come after the purge.
        await self._logs.place()
        count, first = 0, 0
        for _ in range(STEPS):
            async with self._storage.sequencing() as store:
                gone, following = await self._of().step(log, _parts(store), first=first)
            count += gone
            if following is None:
                break
            first = following
        return count

    async def preview(self, log: LogId) -> PurgePreview:
        """Return what a purge of one log would do now; nothing is written. Raises as `purge` does."""
        async with self._storage.reading() as store:
            return await self._of().preview(log, _parts(store))

    async def prune(self, log: LogId, *, least: int = 1) -> int:
        """Prune one log now, where at least `least` tiles can go, and finish what was under way; return how many tiles went.

        Raises LogInconsistent if the last checkpoint does not count or the tiles do not lead to it, and ConfigurationError without a key.
        """
        pruner = self._pruning()
        # What is committed gets its index first: a prune is judged by the holds and releases that stand before it.
        await self._logs.place()
        # A record counts from its checkpoint on, that of a prune that was broken off too.
        await self._logs.sign(log)
        done = await self._sweep(log)
        async with self._storage.sequencing() as store:
            made = await pruner.record(log, _prune_parts(store), reached=await self._reached(log, store), least=least)
        if made:
            await self._logs.sign(log)
            done += await self._sweep(log)
        return done

    async def prune_preview(self, log: LogId) -> PrunePreview:
        """Return what a prune of one log would do now; nothing is written. Raises as `prune` does."""
        async with self._storage.reading() as store:
            return await self._pruning().preview(log, _prune_parts(store), reached=await self._reached(log, store))

    async def plans(self, log: LogId) -> Plans:
        """Return the plan of a log that is in force, and the one that follows."""
        async with self._storage.reading() as store:
            found = await store.retention.get(log)
        return Plans() if found is None else found.plans.at(self._ambient.now())

    async def holds(self, log: LogId) -> tuple[LegalHold, ...]:
        """Return the holds on a log, those that were released too."""
        async with self._storage.reading() as store:
            return await store.retention.holds(log)

    async def adopt(self, log: LogId) -> bool:
        """Give a log whose organization chose no plan the deployment's, as an event of it; a shorter one after the delay."""
        wanted = self._policy.deployment if log == DEPLOYMENT_LOG else self._policy.default
        async with self._storage.reading() as store:
            if _has(await store.retention.get(log), wanted):
                return False
        now = self._ambient.now()
        async with self._storage.begin(after_commit=_nothing) as store:
            found = await store.retention.lock(log)
            if _has(found, wanted):
                return False
            before = found or StoredPlans(log=log, version=0)
            changed = before.with_plans(before.plans.change(wanted, now=now, delay=self._policy.delay), chosen_by="")
            if not await store.retention.put(changed):
                return False
            event = build(
                EventName.RETENTION_CHANGED,
                ambient=self._ambient,
                actor=system("retention"),
                targets=(Target("log", log),),
                organization=None if log == DEPLOYMENT_LOG else OrganizationId(log),
                details=plan_details(changed, now=now),
            )
            await store.inbox.append(store_form(event, personal=b""))
        return True

    async def _sweep(self, log: LogId) -> int:
        count, first = 0, 0
        for _ in range(STEPS):
            async with self._storage.sequencing() as store:
                gone, following = await self._pruning().sweep(log, _prune_parts(store), first=first)
            count += gone
            if following is None:
                break
            first = following
        return count

    async def _reached(self, log: LogId, store: AsyncStore) -> int | None:
        """Return the first index of a log that one of its streams has not delivered, None where it has none."""
        found = [await store.positions.get(each.name, log) for each in self._streams if each.has(log)]
        return min((0 if each is None else each.next for each in found), default=None)

    def _pruning(self) -> AsyncPruner:
        if self._pruner is None:
            raise ConfigurationError("expected a retention key (retention_signer); nothing is pruned without one")
        return self._pruner

    def _of(self) -> AsyncPurger:
        if self._purger is None:
            raise ConfigurationError("expected a retention key (retention_signer); nothing is purged without one")
        return self._purger

    async def logs(self) -> tuple[LogId, ...]:
        """Return the logs that have events, in the order of ids; the log of logs is none of them."""
        found: list[LogId] = []
        async with self._storage.reading() as store:
            while page := await store.tree.heads(after=found[-1] if found else "", limit=_LOGS):
                found += [head.log for head in page]
        return tuple(log for log in found if log != LOG_OF_LOGS)


def _has(found: StoredPlans | None, wanted: RetentionPlan) -> bool:
    """Say whether a log has a plan that its organization chose, or that the deployment wants."""
    return found is not None and (bool(found.chosen_by) or (found.following or found.plan) == str(wanted))
