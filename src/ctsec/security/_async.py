"""The composition root: a bundle of configured parts, opened as units of work (async source)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import MappingProxyType
from typing import TypeAlias

from ctsec.ambient import Ambient, Request
from ctsec.audit._async import AsyncAsideLog
from ctsec.audit._async_ports import AsyncLogSigner
from ctsec.audit._async_recorder import AsyncRecorder
from ctsec.audit._async_subjects import AsyncPersonalParts
from ctsec.audit.alerts._async_ports import AsyncAlertReceiver
from ctsec.audit.anchors._async_ports import AsyncKeeper
from ctsec.audit.anchors.anchor import Anchor
from ctsec.audit.erasure._async_ports import AsyncErasureList
from ctsec.audit.event import Event
from ctsec.audit.streams._async_ports import AsyncReceiver
from ctsec.audit.streams.stream import Stream
from ctsec.authn._async_ports import AsyncBreachRanges
from ctsec.directory._async_lifecycle_ports import AsyncHandsOver
from ctsec.encryption._async import AsyncKeyRing
from ctsec.encryption._async_ports import AsyncKeyServices, AsyncKms, AsyncSealedTable
from ctsec.encryption._async_subject_keys import AsyncSubjectKeys
from ctsec.encryption.context import DEPLOYMENT
from ctsec.encryption.dek import DEFAULT_REGION
from ctsec.guard._async_ports import AsyncSharedAllowances
from ctsec.ids import Random, WorkspaceId
from ctsec.keys._async_rate_ports import AsyncSharedRates
from ctsec.mail._async_ports import AsyncMailer
from ctsec.operators import Operator
from ctsec.principal import Principal
from ctsec.residency._async_content import AsyncRegionalContent
from ctsec.residency._async_ports import AsyncRegionalTables, AsyncRegionStorage
from ctsec.security._async_app_work import AsyncAppBeside
from ctsec.security._async_apps import AsyncApps
from ctsec.security._async_backups import AsyncBackupDesk
from ctsec.security._async_closing import close_each
from ctsec.security._async_connections import reports_of
from ctsec.security._async_domain_proofs import AsyncDomainProofs
from ctsec.security._async_engines import AsyncDeks, AsyncEngines, AsyncSlowHash, guard_of
from ctsec.security._async_gate import AsyncGate
from ctsec.security._async_jobs import AsyncJobs
from ctsec.security._async_key_uses import AsyncKeyUseJobs
from ctsec.security._async_leavers import AsyncLifecycleJobs
from ctsec.security._async_log_room import AsyncLogPeers, AsyncLogRoom
from ctsec.security._async_password_jobs import AsyncPasswordJobs
from ctsec.security._async_ready import AsyncReady
from ctsec.security._async_recovery import AsyncRecoveryJobs
from ctsec.security._async_reencryptions import AsyncReencryptions
from ctsec.security._async_region_events import AsyncRegionEvents
from ctsec.security._async_residency import AsyncRegional, AsyncRegionalLogs, AsyncRegionalPeers
from ctsec.security._async_sealed_tables import sealed_places
from ctsec.security._async_sso import AsyncSso
from ctsec.security._async_stale_jobs import AsyncStaleJobs
from ctsec.security._async_throttle_jobs import AsyncThrottleJobs
from ctsec.security._async_unit import AsyncUnit
from ctsec.security._async_workload import AsyncWorkload
from ctsec.security._sync import Security as Blocking  # sync: from ctsec.security._sync_ready import Ready as Blocking
from ctsec.security.parts import Parts, check_feed
from ctsec.sso._async_domain_ports import AsyncTxtResolver
from ctsec.storage._async_backup_ports import AsyncBackups
from ctsec.storage._async_ports import AsyncChangeFeed, AsyncStorage, AsyncStore
from ctsec.transport.report import ConnectionReport
from ctsec.worker._async import AsyncWorker
from ctsec.worker._async_ports import AsyncJobRecords

Wake: TypeAlias = Callable[[], None]


def _sleep_on() -> None:
    """What a bundle without a worker of its own does after a commit and at its end."""


class AsyncSecurity(AsyncReady):
    """Everything that a host imports, configured once: open units of work with `begin` and `join`, ask the `gate` for each request.

    `kms` is the deployment's own key, `key_services` opens those of customers. `wake` is called after each commit that wrote, so that a
    worker of this process looks at what is due, and `rest` when the bundle closes, so that this worker ends. `feed` is how processes tell
    each other what changed; without one, a process sees another's change when its own record dies, five seconds after it was read.
    `breaches` is asked about new passwords, `sharing` hands over what people shared who leave, and `rates` counts the requests of API keys
    (`ctsec.storage.redis.AsyncRedisRates`).
    `region_stores` has the storage of each region and replica of the settings, by name, and `regional_tables` what moves along with a
    workspace of the host's own; the bundle closes the storages with itself. `sealed_tables` are the host's own tables with sealed values,
    such as `ctsec.storage.sql.AsyncSealedAttribute`: the worker seals them anew after a data key was rotated.
    `allowances` is where what address blocks tried is counted, if not in the guard store: `ctsec.storage.redis.AsyncRedisAllowances`. The
    guard store takes over while that is away, and always keeps the counters of authenticators. The bundle closes it.
    `backups` is where backups go that operators ask for, such as `ctsec.storage.backup.FolderBackups`; `ctsec.storage.blocking`
    has its form for an event loop.
    `erased` is who was erased from the log, kept outside of the backups (`ctsec.audit.erasure.FileErasureList`).
    `log_signer` has the key that signs where the audit log stands; it must not be in the database. `logs` is that log as a whole,
    `log_reading` searches it in the home store and every region.
    `retention_signer` has another such key, which signs what is purged of it; without one nothing is. `retention` purges.
    `streams` are where the log goes besides (`ctsec.audit.streams`), `anchors` where its checkpoints are kept (`ctsec.audit.anchors`); the
    attributes say how far they are.
    `alert_receiver` is another system that is told of what `alerts` finds in the logs. `resolver` asks the DNS for `domain_proofs`.
    The attribute `blocking` of a ready-made async bundle is the sync one on the same store, for commands and scripts; None otherwise.
    """

    __slots__ = (
        "_allowances",
        "_ambient",
        "_aside",
        "_engines",
        "_erasures",
        "_feed",
        "_guard",
        "_peers",
        "_rates",
        "_rest",
        "_storage",
        "_wake",
        "alerts",
        "anchors",
        "apps",
        "backups",
        "blocking",
        "domain_proofs",
        "gate",
        "jobs",
        "log_reading",
        "logs",
        "parts",
        "regional",
        "retention",
        "sso",
        "streams",
        "workload",
    )
    blocking: Blocking | None

    def __init__(
        self,
        *,
        storage: AsyncStorage,
        kms: AsyncKms,
        slow_hash: AsyncSlowHash,
        parts: Parts,
        random: Random,
        mailer: AsyncMailer | None = None,
        key_services: AsyncKeyServices | None = None,
        wake: Wake = _sleep_on,
        rest: Wake = _sleep_on,
        feed: AsyncChangeFeed | None = None,
        breaches: AsyncBreachRanges | None = None,
        sharing: AsyncHandsOver | None = None,
        region_stores: Mapping[str, AsyncRegionStorage] = MappingProxyType({}),
        regional_tables: tuple[AsyncRegionalTables, ...] = (),
        sealed_tables: tuple[AsyncSealedTable, ...] = (),
        allowances: AsyncSharedAllowances | None = None,
        log_signer: AsyncLogSigner | None = None,
        backups: AsyncBackups | None = None,
        erased: AsyncErasureList | None = None,
        retention_signer: AsyncLogSigner | None = None,
        streams: tuple[Stream[AsyncReceiver], ...] = (),
        anchors: tuple[Anchor[AsyncKeeper], ...] = (),
        alert_receiver: AsyncAlertReceiver | None = None,
        resolver: AsyncTxtResolver | None = None,
        rates: AsyncSharedRates | None = None,
    ) -> None:
        check_feed(feed, parts.memory)
        self._guard, self._ambient = guard_of(storage, allowances=allowances, clock=parts.clock), Ambient(clock=parts.clock, random=random)
        self.parts, self._storage, self._allowances, self._wake, self._rest, self._feed = parts, storage, allowances, wake, rest, feed
        source, self.sso = AsyncDeks(storage), AsyncSso(self.begin, ambient=self._ambient, policy=parts.settings.single_sign_on)
        self.domain_proofs = AsyncDomainProofs(self.begin, policy=parts.settings.single_sign_on, resolver=resolver)
        secrets = self._ring(kms, source=source, services=key_services)
        subjects = AsyncSubjectKeys(storage.guard.subjects, sealer=secrets, held=parts.memory.subjects, ambient=self._ambient)
        personal, self._rates, self.blocking = AsyncPersonalParts(secrets, subjects=subjects), rates, None
        self._aside = AsyncAsideLog(storage.guard.events, personal=personal, catalogue=parts.catalogue)
        self.apps = AsyncApps(self.begin, reading=self.reading, beside=AsyncAppBeside(storage, secrets, self._aside, parts, self._ambient))
        self._peers: tuple[object, ...] = (storage, kms, key_services, mailer, feed, breaches, allowances, rates)
        given = AsyncLogPeers(log_signer, retention_signer, erased, alert_receiver, streams, anchors, region_stores)
        events, self.gate = self._keep_logs(secrets, subjects, given), self._gate(secrets)
        self.regional = self._regional(secrets, events, AsyncRegionalPeers(region_stores, regional_tables, sealed_tables))
        places = sealed_places(storage, router=self.regional.router, hosts=sealed_tables, committed=self._committed)
        at, self.backups = tuple(place for place, _ in places), AsyncBackupDesk(backups, aside=self._aside, ambient=self._ambient)
        self._engines = AsyncEngines(slow_hash=slow_hash, secrets=secrets, subjects=subjects, breaches=breaches, places=at, sharing=sharing)
        again = AsyncReencryptions(storage, ring=secrets, source=source, places=places, memory=parts.memory, ambient=self._ambient)
        self.jobs = self._jobs(secrets, mailer=mailer, hasher=slow_hash, reencryptions=again)

    @asynccontextmanager
    async def begin(self, request: Request | None = None) -> AsyncGenerator[AsyncUnit]:
        """Open a unit of work of our own: committed when the block ends, rolled back when it raises."""
        async with self._storage.begin(after_commit=self._committed) as store:
            yield self._unit(store, request)

    @asynccontextmanager
    async def reading(self, request: Request | None = None) -> AsyncGenerator[AsyncUnit, None]:
        """Open a short unit that only reads; a write in it raises StoreReadOnly. On SQLite it waits for no writer."""
        async with self._storage.reading() as store:
            yield self._unit(store, request, reads=True)

    @property
    def key_uses(self) -> AsyncKeyUseJobs:
        """What writes the uses of API keys that this process has seen."""
        return AsyncKeyUseJobs(self.begin, parts=self.parts)

    def region(
        self, workspace: WorkspaceId, *, region: str | None = None, request: Request | None = None
    ) -> AbstractAsyncContextManager[AsyncRegionalContent]:
        """Open the content of a workspace in the store of its region: committed when the block ends, rolled back when it raises.

        `region` is where the caller thinks it is; ResidencyError if it is elsewhere. See `regional.router` for reading alone, and for the
        host's own session. Do not open it inside of a unit of `begin`: the first key of a region is made in a unit of its own.
        """
        return self.regional.router.writing(workspace, region=region, request=request)

    def operator(self, name: str, *, reason: str) -> Operator:
        """Name who runs the deployment for one piece of work, and why; the host has authenticated them. Raises ValueError."""
        return Operator(id=name, reason=reason)

    async def record_aside(self, event: Event) -> None:
        """Write an audit event that belongs to no unit of work, committed before this returns: a guard's denial."""
        await self._aside.record_aside(event)

    def join(self, session: object, request: Request | None = None, *, actor: Principal | None = None) -> AsyncUnit:
        """Return a unit that rides in the host's session; the host commits or rolls back, ctsec never does.

        `actor` is in whose name changes of recorded models are written (`ctsec.storage.sql.RecordedModels`) until the transaction ends.
        """
        unit = self._unit(self._storage.join(session, after_commit=self._committed), request)
        AsyncRecorder(unit.audit, actor=actor).attach(session)
        return unit

    async def prepare(self) -> None:
        """Make the deployment's data key if there is none, another if it is old; run at each start, before the first unit of work."""
        async with self._storage.begin(after_commit=self._committed) as store:
            found = await store.deks.active(DEPLOYMENT, DEFAULT_REGION)
            if found is None:
                await store.deks.add(await self._engines.secrets.make_dek(DEPLOYMENT, region=DEFAULT_REGION))
        if found is not None:
            self._engines.secrets.open_kek(found.kek)  # KeyNotFound at the start, and not at the first request
            await self.jobs.keys.rotate_if_due(found)
            await self.jobs.erasures.replay()

    def worker(self, owner: str) -> AsyncWorker:
        """Return the worker that runs this bundle's jobs; `owner` names the process in leases."""
        return AsyncWorker(self.jobs.all(), transaction=self._job_records, owner=owner, clock=self.parts.clock)

    async def connections(self) -> tuple[ConnectionReport, ...]:
        """Connect to each peer of this bundle that can tell (stores, key services, mail, changes), and return what is spoken."""
        return await reports_of(self._peers, router=self.regional.router, ring=self._engines.secrets, regions=self.parts.settings.regions)

    async def aclose(self) -> None:
        """End the worker of this bundle, write what was seen used, and close the storage."""
        self._rest()
        await self.jobs.write_uses()
        await self.key_uses.write_all()
        await close_each(self._feed, self._allowances, self._rates, *self.regional.router.stores.values(), self._storage)

    def _keep_logs(self, ring: AsyncKeyRing, subjects: AsyncSubjectKeys, peers: AsyncLogPeers) -> AsyncRegionEvents:
        parts, ambient, committed = self.parts, self._ambient, self._committed
        room = AsyncLogRoom.made(
            self._storage, ring=ring, subjects=subjects, parts=parts, ambient=ambient, committed=committed, peers=peers
        )
        self.logs, self.retention, self.alerts, self._erasures = room.logs, room.retention, room.alerts, room.erasures
        self.streams, self.anchors, self.log_reading = room.streams, room.anchors, room.reading
        self._peers += (*(each.receiver for each in peers.streams), *(each.keeper for each in peers.anchors), peers.receiver)
        return room.events

    def _gate(self, ring: AsyncKeyRing) -> AsyncGate:
        allowances, feed, rates = self._guard.allowances, self._feed, self._rates
        return AsyncGate(self._storage, parts=self.parts, allowances=allowances, sealer=ring, feed=feed, rates=rates, aside=self._aside)

    def _ring(self, kms: AsyncKms, *, source: AsyncDeks, services: AsyncKeyServices | None) -> AsyncKeyRing:
        settings = self.parts.settings
        return AsyncKeyRing(
            kms=kms,
            source=source,
            ambient=self._ambient,
            services=services,
            policy=settings.data_keys,
            held=self.parts.memory.data_keys,
            region_keys=settings.regions.keys if settings.regions is not None else MappingProxyType({}),
        )

    def _jobs(
        self, ring: AsyncKeyRing, *, mailer: AsyncMailer | None, hasher: AsyncSlowHash, reencryptions: AsyncReencryptions
    ) -> AsyncJobs:
        self.workload = AsyncWorkload(self.begin, ambient=self._ambient, policy=self.parts.settings.keys.workload)
        letters, people = self.parts.letters, (self.sso.checks.job(), self.sso.saml_metadata.job(), *AsyncLifecycleJobs(self.begin).jobs())
        following = (*self.logs.regions.jobs(), *self.key_uses.jobs(), *self.streams.jobs(), *self.anchors.jobs())
        return AsyncJobs(
            self._storage,
            secrets=ring,
            mailer=mailer,
            letters=letters,
            memory=self.parts.memory,
            ambient=self._ambient,
            regional=self.regional,
            reencryptions=reencryptions,
            passwords=AsyncPasswordJobs(self._storage, hasher=hasher, parts=self.parts, ambient=self._ambient),
            recoveries=AsyncRecoveryJobs(self.begin),
            logs=self.logs,
            retention=self.retention,
            erasures=self._erasures,
            followers=(*following, *self.domain_proofs.jobs(), *people, *self.apps.jobs(), *self.workload.jobs()),
            alerts=self.alerts,
            throttle=AsyncThrottleJobs(self._storage, guard=self._guard, secrets=ring, letters=letters, ambient=self._ambient),
            stale=AsyncStaleJobs(self._storage, guard=self._guard, ambient=self._ambient),
        )

    def _regional(self, ring: AsyncKeyRing, events: AsyncRegionEvents, peers: AsyncRegionalPeers) -> AsyncRegional:
        logs = AsyncRegionalLogs(self.logs, events, self._aside)
        regions, committed, ambient = self.parts.settings.regions, self._committed, self._ambient
        return AsyncRegional.made(self._storage, regions, ring=ring, peers=peers, logs=logs, committed=committed, ambient=ambient)

    @asynccontextmanager
    async def _job_records(self) -> AsyncGenerator[AsyncJobRecords]:
        async with self._storage.begin(after_commit=self._forget) as store:
            yield store.jobs

    def _unit(self, store: AsyncStore, request: Request | None, *, reads: bool = False) -> AsyncUnit:
        given = self._ambient
        ambient = given if request is None else Ambient(clock=given.clock, random=given.random, request=request)
        return AsyncUnit(store, guard=self._guard, engines=self._engines, parts=self.parts, ambient=ambient, reads=reads)

    def _committed(self, scopes: frozenset[str]) -> None:
        self._forget(scopes)
        self._wake()

    def _forget(self, scopes: frozenset[str]) -> None:
        if scopes:
            self.parts.memory.evict(scopes)
            if self._feed is not None:
                self._feed.announce(scopes)
