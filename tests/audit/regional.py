"""An archive whose organizations have logs in the store of a region too, `eu`, which may be silent."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from threading import Event
from types import MappingProxyType
from typing import Any, Final, cast

from ctsec.audit.event import LogId, build
from ctsec.audit.record import store_form
from ctsec.audit.retention._sync_purge import BATCH
from ctsec.audit.retention._sync_telling import told_in
from ctsec.audit.retention.plan import RetentionPolicy
from ctsec.audit.retention.told import Told
from ctsec.errors import StoreError
from ctsec.ids import OrganizationId
from ctsec.residency.ports import RegionStorage
from ctsec.security._sync_logs import Logs
from ctsec.security._sync_named_store import NamedStorage
from ctsec.security._sync_region_logs import RegionLog, RegionLogs
from ctsec.security._sync_retention_jobs import RetentionJobs
from ctsec.security._sync_sealed_logs import SealedLogs
from ctsec.storage.ports import Storage
from ctsec.testing import FixedClock
from tests.audit.archive import IDENTITY, POLICY, RETENTION, Archive
from tests.audit.kept import SIGNER

EU: Final = replace(IDENTITY, region="eu")


class Switch:
    """The store of a region that answers, or does not, or hangs until an event is set."""

    def __init__(self, storage: Any) -> None:
        self.storage = storage
        self.silent = False
        self.hang: Event | None = None
        self.opened: list[str] = []

    def reading(self) -> Any:
        """Open a read, or raise what a driver's error becomes."""
        return self._open("reading")

    def sequencing(self) -> Any:
        """Open a transaction, or raise what a driver's error becomes."""
        return self._open("sequencing")

    def _open(self, kind: str) -> Any:
        if self.silent:
            raise StoreError("the database can not be reached")
        self.opened.append(kind)
        if self.hang is not None:
            self.hang.wait()
        return getattr(self.storage, kind)()


class RegionalArchive(Archive):
    """An archive with `eu`; what is `regional` is of the log there."""

    def __init__(
        self,
        storage: Storage,
        region: RegionStorage,
        *,
        policy: RetentionPolicy = POLICY,
        batch: int = BATCH,
        clock: FixedClock | None = None,
        seed: int = 7,
    ) -> None:
        super().__init__(storage, policy=policy, batch=batch, clock=clock, seed=seed)
        self.region = region
        self.eu = Switch(NamedStorage(region, region="eu", store="eu"))
        logs = SealedLogs(cast(Any, self.eu), signer=SIGNER, identity=EU, ambient=self.ambient, exports=self.logs.exports, region="eu")
        there = RegionLog("eu", logs, cast(Any, self.eu), cast(Any, None))
        regions = RegionLogs(storage, ambient=self.ambient, stores=MappingProxyType({"eu": there}))
        self.logs = Logs(storage, signer=SIGNER, identity=IDENTITY, ambient=self.ambient, regions=regions)
        self.jobs = RetentionJobs(storage, logs=self.logs, signer=RETENTION, policy=policy, ambient=self.ambient, batch=batch)

    def write_there(self, log: LogId, *names: str, actor: str = "usr_anna", ago: timedelta = timedelta(0)) -> None:
        """Write an event for each name into the region's log, as of now or `ago`."""
        with self.region.begin() as store:
            for name in names:
                event = build(name, ambient=self.at(ago), actor=self.person(actor), organization=OrganizationId(log))
                store.inbox.append(store_form(replace(event, region="eu"), personal=b"sealed"))

    def there(self, log: LogId, name: str = "") -> list[int]:
        """Return the indexes of the events in the region's log, of those whose name begins with `name`."""
        with self.region.reading() as store:
            return [each.index for each in store.log.page(log, first=0, limit=100_000) if each.event.name.startswith(name)]

    def told(self, log: LogId) -> list[Told]:
        """Return what the region's log was told."""
        with self.region.reading() as store:
            return list(told_in(log, store.log))

    def told_names(self, log: LogId) -> list[str]:
        """Return the names of the decisions that the region's log was told of."""
        return [each.decision.name for each in self.told(log)]

    @contextmanager
    def silence(self) -> Generator[None, None, None]:
        """Have the region not answer."""
        self.eu.silent = True
        try:
            yield
        finally:
            self.eu.silent = False
