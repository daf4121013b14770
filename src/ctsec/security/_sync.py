# Generated from src/ctsec/security/_async.py by tools/twin.py; edit that file.
"""The composition root: a bundle of configured parts, opened as units of work (async source)."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from types import MappingProxyType
from typing import TypeAlias

from ctsec.ambient import Ambient, Request
from ctsec.audit._sync import AsideLog
from ctsec.audit._sync_ports import LogSigner
from ctsec.audit._sync_recorder import Recorder
from ctsec.audit._sync_subjects import PersonalParts
from ctsec.audit.alerts._sync_ports import AlertReceiver
from ctsec.audit.anchors._sync_ports import Keeper
from ctsec.audit.anchors.anchor import Anchor
from ctsec.audit.erasure._sync_ports import ErasureList
from ctsec.audit.event import Event
from ctsec.audit.streams._sync_ports import Receiver
from ctsec.audit.streams.stream import Stream
from ctsec.authn._sync_ports import BreachRanges
from ctsec.directory._sync_lifecycle_ports import HandsOver
from ctsec.encryption._sync import KeyRing
from ctsec.encryption._sync_ports import KeyServices, Kms, SealedTable
from ctsec.encryption._sync_subject_keys import SubjectKeys
from ctsec.encryption.context import DEPLOYMENT
from ctsec.encryption.dek import DEFAULT_REGION
from ctsec.guard._sync_ports import SharedAllowances
from ctsec.ids import Random, WorkspaceId
from ctsec.keys._sync_rate_ports import SharedRates
from ctsec.mail._sync_ports import Mailer
from ctsec.operators import Operator
from ctsec.principal import Principal
from ctsec.residency._sync_content import RegionalContent
from ctsec.residency._sync_ports import RegionalTables, RegionStorage
from ctsec.security._sync_app_work import AppBeside
from ctsec.security._sync_apps import Apps
from ctsec.security._sync_backups import BackupDesk
from ctsec.security._sync_closing import close_each
from ctsec.security._sync_connections import reports_of
from ctsec.security._sync_domain_proofs import DomainProofs
from ctsec.security._sync_engines import Deks, Engines, SlowHash, guard_of
from ctsec.security._sync_gate import Gate
from ctsec.security._sync_jobs import Jobs
from ctsec.security._sync_key_uses import KeyUseJobs
from ctsec.security._sync_leavers import LifecycleJobs
from ctsec.security._sync_log_room import LogPeers, LogRoom
from ctsec.security._sync_password_jobs import PasswordJobs
from ctsec.security._sync_ready import Ready
from ctsec.security._sync_ready import Ready as Blocking
from ctsec.security._sync_recovery import RecoveryJobs
from ctsec.security._sync_reencryptions import Reencryptions
from ctsec.security._sync_region_events import RegionEvents
from ctsec.security._sync_residency import Regional, RegionalLogs, RegionalPeers
from ctsec.security._sync_sealed_tables import sealed_places
from ctsec.security._sync_sso import Sso
from ctsec.security._sync_stale_jobs import StaleJobs
from ctsec.security._sync_throttle_jobs import ThrottleJobs
from ctsec.security._sync_unit import Unit
from ctsec.security._sync_workload import Workload
from ctsec.security.parts import Parts, check_feed
from ctsec.sso._sync_domain_ports import TxtResolver
from ctsec.storage._sync_backup_ports import Backups
from ctsec.storage._sync_ports import ChangeFeed, Storage, Store
from ctsec.transport.report import ConnectionReport
from ctsec.worker._sync import Worker
from ctsec.worker._sync_ports import JobRecords

Wake: TypeAlias = Callable[[], None]


def _sleep_on() -> None:
    """What a bundle without a worker of its own does after a commit and at its end."""


class Security(Ready):
    """Everything that a host imports, configured once: open units of work with `begin` and `join`, ask the `gate` for each request.

    `kms` is the deployment's own key, `key_services` opens those of customers. `wake` is called after each commit that wrote, so that a
    worker of this process looks at what is due, and `rest` when the bundle closes, so that this worker ends. `feed` is how processes tell
    each other what changed; without one, a process sees another's change when its own record dies, five seconds after it was read.
    `breaches` is asked about new passwords, `sharing` hands over what people shared who leave, and `rates` counts the requests of API keys
    (`ctsec.storage.redis.RedisRates`).
    `region_stores` has the storage of each region and replica of the settings, by name, and `regional_tables` what moves along with a
    workspace of the host's own; the bundle closes the storages with itself. `sealed_tables` are the host's own tables with sealed values,
    such as `ctsec.storage.sql.SealedAttribute`: the worker seals them anew after a data key was rotated.
    `allowances` is where what address blocks tried is counted, if not in the guard store: `ctsec.storage.redis.RedisAllowances`. The
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
        storage: Storage,
        kms: Kms,
        slow_hash: SlowHash,
        parts: Parts,
        random: Random,
        mailer: Mailer | None = None,
        key_services: KeyServices | None = None,
        wake: Wake = _sleep_on,
        rest: Wake = _sleep_on,
        feed: ChangeFeed | None = None,
        breaches: BreachRanges | None = None,
        sharing: HandsOver | None = None,
        region_stores: Mapping[str, RegionStorage] = MappingProxyType({}),
        regional_tables: tuple[RegionalTables, ...] = (),
        sealed_tables: tuple[SealedTable, ...] = (),
        allowances: SharedAllowances | None = None,
        log_signer: LogSigner | None = None,
        backups: Backups | None = None,
        erased: ErasureList | None = None,
        retention_signer: LogSigner | None = None,
        streams: tuple[Stream[Receiver], ...] = (),
        anchors: tuple[Anchor[Keeper], ...] = (),
        alert_receiver: AlertReceiver | None = None,
        resolver: TxtResolver | None = None,
        rates: SharedRates | None = None,
    ) -> None:
        check_feed(feed, parts.memory)
        self._guard, self._ambient = guard_of(storage, allowances=allowances, clock=parts.clock), Ambient(clock=parts.clock, random=random)
        self.parts, self._storage, self._allowances, self._wake, self._rest, self._feed = parts, storage, allowances, wake, rest, feed
        source, self.sso = Deks(storage), Sso(self.begin, ambient=self._ambient, policy=parts.settings.single_sign_on)
        self.domain_proofs = DomainProofs(self.begin, policy=parts.settings.single_sign_on, resolver=resolver)
        secrets = self._ring(kms, source=source, services=key_services)
        subjects = SubjectKeys(storage.guard.subjects, sealer=secrets, held=parts.memory.subjects, ambient=self._ambient)
        personal, self._rates, self.blocking = PersonalParts(secrets, subjects=subjects), rates, None
        self._aside = AsideLog(storage.guard.events, personal=personal, catalogue=parts.catalogue)
        self.apps = Apps(self.begin, reading=self.reading, beside=AppBeside(storage, secrets, self._aside, parts, self._ambient))
        self._peers: tuple[object, ...] = (storage, kms, key_services, mailer, feed, breaches, allowances, rates)
        given = LogPeers(log_signer, retention_signer, erased, alert_receiver, streams, anchors, region_stores)
        events, self.gate = self._keep_logs(secrets, subjects, given), self._gate(secrets)
        self.regional = self._regional(secrets, events, RegionalPeers(region_stores, regional_tables, sealed_tables))
        places = sealed_places(storage, router=self.regional.router, hosts=sealed_tables, committed=self._committed)
        at, self.backups = tuple(place for place, _ in places), BackupDesk(backups, aside=self._aside, ambient=self._ambient)
        self._engines = Engines(slow_hash=slow_hash, secrets=secrets, subjects=subjects, breaches=breaches, places=at, sharing=sharing)
        again = Reencryptions(storage, ring=secrets, source=source, places=places, memory=parts.memory, ambient=self._ambient)
        self.jobs = self._jobs(secrets, mailer=mailer, hasher=slow_hash, reencryptions=again)

    @contextmanager
    def begin(self, request: Request | None = None) -> Generator[Unit, None]:
        """Open a unit of work of our own: committed when the block ends, rolled back when it raises."""
        with self._storage.begin(after_commit=self._committed) as store:
            yield self._unit(store, request)

    @contextmanager
    def reading(self, request: Request | None = None) -> Generator[Unit, None, None]:
        """Open a short unit that only reads; a write in it raises StoreReadOnly. On SQLite it waits for no writer."""
        with self._storage.reading() as store:
            yield self._unit(store, request, reads=True)

    @property
    def key_uses(self) -> KeyUseJobs:
        """What writes the uses of API keys that this process has seen."""
        return KeyUseJobs(self.begin, parts=self.parts)

    def region(
        self, workspace: WorkspaceId, *, region: str | None = None, request: Request | None = None
    ) -> AbstractContextManager[RegionalContent]:
        """Open the content of a workspace in the store of its region: committed when the block ends, rolled back when it raises.

        `region` is where the caller thinks it is; ResidencyError if it is elsewhere. See `regional.router` for reading alone, and for the
        host's own session. Do not open it inside of a unit of `begin`: the first key of a region is made in a unit of its own.
        """
        return self.regional.router.writing(workspace, region=region, request=request)

    def operator(self, name: str, *, reason: str) -> Operator:
        """Name who runs the deployment for one piece of work, and why; the host has authenticated them. Raises ValueError."""
        return Operator(id=name, reason=reason)

    def record_aside(self, event: Event) -> None:
        """Write an audit event that belongs to no unit of work, committed before this returns: a guard's denial."""
        self._aside.record_aside(event)

    def join(self, session: object, request: Request | None = None, *, actor: Principal | None = None) -> Unit:
        """Return a unit that rides in the host's session; the host commits or rolls back, ctsec never does.

        `actor` is in whose name changes of recorded models are written (`ctsec.storage.sql.RecordedModels`) until the transaction ends.
        """
        unit = self._unit(self._storage.join(session, after_commit=self._committed), request)
        Recorder(unit.audit, actor=actor).attach(session)
        return unit

    def prepare(self) -> None:
        """Make the deployment's data key if there is none, another if it is old; run at each start, before the first unit of work."""
        with self._storage.begin(after_commit=self._committed) as store:
            found = store.deks.active(DEPLOYMENT, DEFAULT_REGION)
            if found is None:
                store.deks.add(self._engines.secrets.make_dek(DEPLOYMENT, region=DEFAULT_REGION))
        if found is not None:
            self._engines.secrets.open_kek(found.kek)  # KeyNotFound at the start, and not at the first request
            self.jobs.keys.rotate_if_due(found)
            self.jobs.erasures.replay()

    def worker(self, owner: str) -> Worker:
        """Return the worker that runs this bundle's jobs; `owner` names the process in leases."""
        return Worker(self.jobs.all(), transaction=self._job_records, owner=owner, clock=self.parts.clock)

    def connections(self) -> tuple[ConnectionReport, ...]:
        """Connect to each peer of this bundle that can tell (stores, key services, mail, changes), and return what is spoken."""
        return reports_of(self._peers, router=self.regional.router, ring=self._engines.secrets, regions=self.parts.settings.regions)

    def close(self) -> None:
        """End the worker of this bundle, write what was seen used, and close the storage."""
        self._rest()
        self.jobs.write_uses()
        self.key_uses.write_all()
        close_each(self._feed, self._allowances, self._rates, *self.regional.router.stores.values(), self._storage)

    def _keep_logs(self, ring: KeyRing, subjects: SubjectKeys, peers: LogPeers) -> RegionEvents:
        parts, ambient, committed = self.parts, self._ambient, self._committed
        room = LogRoom.made(self._storage, ring=ring, subjects=subjects, parts=parts, ambient=ambient, committed=committed, peers=peers)
        self.logs, self.retention, self.alerts, self._erasures = room.logs, room.retention, room.alerts, room.erasures
        self.streams, self.anchors, self.log_reading = room.streams, room.anchors, room.reading
        self._peers += (*(each.receiver for each in peers.streams), *(each.keeper for each in peers.anchors), peers.receiver)
        return room.events

    def _gate(self, ring: KeyRing) -> Gate:
        allowances, feed, rates = self._guard.allowances, self._feed, self._rates
        return Gate(self._storage, parts=self.parts, allowances=allowances, sealer=ring, feed=feed, rates=rates, aside=self._aside)

    def _ring(self, kms: Kms, *, source: Deks, services: KeyServices | None) -> KeyRing:
        settings = self.parts.settings
        return KeyRing(
            kms=kms,
            source=source,
            ambient=self._ambient,
            services=services,
            policy=settings.data_keys,
            held=self.parts.memory.data_keys,
            region_keys=settings.regions.keys if settings.regions is not None else MappingProxyType({}),
        )

    def _jobs(self, ring: KeyRing, *, mailer: Mailer | None, hasher: SlowHash, reencryptions: Reencryptions) -> Jobs:
        self.workload = Workload(self.begin, ambient=self._ambient, policy=self.parts.settings.keys.workload)
        letters, people = self.parts.letters, (self.sso.checks.job(), self.sso.saml_metadata.job(), *LifecycleJobs(self.begin).jobs())
        following = (*self.logs.regions.jobs(), *self.key_uses.jobs(), *self.streams.jobs(), *self.anchors.jobs())
        return Jobs(
            self._storage,
            secrets=ring,
            mailer=mailer,
            letters=letters,
            memory=self.parts.memory,
            ambient=self._ambient,
            regional=self.regional,
            reencryptions=reencryptions,
            passwords=PasswordJobs(self._storage, hasher=hasher, parts=self.parts, ambient=self._ambient),
            recoveries=RecoveryJobs(self.begin),
            logs=self.logs,
            retention=self.retention,
            erasures=self._erasures,
            followers=(*following, *self.domain_proofs.jobs(), *people, *self.apps.jobs(), *self.workload.jobs()),
            alerts=self.alerts,
            throttle=ThrottleJobs(self._storage, guard=self._guard, secrets=ring, letters=letters, ambient=self._ambient),
            stale=StaleJobs(self._storage, guard=self._guard, ambient=self._ambient),
        )

    def _regional(self, ring: KeyRing, events: RegionEvents, peers: RegionalPeers) -> Regional:
        logs = RegionalLogs(self.logs, events, self._aside)
        regions, committed, ambient = self.parts.settings.regions, self._committed, self._ambient
        return Regional.made(self._storage, regions, ring=ring, peers=peers, logs=logs, committed=committed, ambient=ambient)

    @contextmanager
    def _job_records(self) -> Generator[JobRecords, None]:
        with self._storage.begin(after_commit=self._forget) as store:
            yield store.jobs

    def _unit(self, store: Store, request: Request | None, *, reads: bool = False) -> Unit:
        given = self._ambient
        ambient = given if request is None else Ambient(clock=given.clock, random=given.random, request=request)
        return Unit(store, guard=self._guard, engines=self._engines, parts=self.parts, ambient=ambient, reads=reads)

    def _committed(self, scopes: frozenset[str]) -> None:
        self._forget(scopes)
        self._wake()

    def _forget(self, scopes: frozenset[str]) -> None:
        if scopes:
            self.parts.memory.evict(scopes)
            if self._feed is not None:
                self._feed.announce(scopes)
