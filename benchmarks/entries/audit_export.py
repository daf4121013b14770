"""What an export costs beside fetching the same bytes with the database's own driver.

Rules that this module keeps:

- the floor fetches index, leaf and body of every event in the order of indexes, and does nothing with them;
- an export is everything: pages, lines, the digest of the file, header and signed end; CSV and OCSF parse each event besides;
- PostgreSQL takes part where `CTSEC_BENCH_POSTGRES` is the SQLAlchemy URL of an empty database.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import create_engine

from benchmarks.measure import Contestant, Race
from ctsec.ambient import Ambient
from ctsec.audit.event import LogId
from ctsec.audit.export.request import ExportFormat, ExportRequest
from ctsec.audit.query import AuditQuery
from ctsec.audit.record import StoredEvent
from ctsec.audit.signing import LogIdentity
from ctsec.encryption.ed25519 import Signer
from ctsec.outcome import Refusal
from ctsec.principal import system
from ctsec.secret import Secret
from ctsec.security._sync_logs import Logs
from ctsec.storage.sql import SqlStorage, schema

EVENTS: Final = 20_000
POSTGRES: Final = "CTSEC_BENCH_POSTGRES"
_BATCH: Final = 1000
_SQL: Final = 'SELECT "index", leaf, body FROM ctsec_audit_event WHERE log = {} ORDER BY "index"'
# An export may take so many times the fetch: 0.30 and 0.65 of its rate.
_TARGETS: Final = {"sqlite": 1 / 0.30, "postgresql": 1 / 0.65}


def races(folder: Path, *, make: Callable[[int], Sequence[StoredEvent]], events: int = EVENTS) -> Iterator[Race]:
    """Return the races of each database that is there, over a log that `make` makes the events of."""
    urls = [f"sqlite:///{folder}/export.db", *([os.environ[POSTGRES]] if POSTGRES in os.environ else [])]
    for url in urls:
        schema.create(url)
        yield _race(url, make=make, events=events)


def _race(url: str, *, make: Callable[[int], Sequence[StoredEvent]], events: int) -> Race:
    storage = SqlStorage.from_url(url)
    signer = Signer(Secret(bytes(32)))
    identity = LogIdentity(deployment="acme.example", region="default", keys=(signer.public,))
    logs = Logs(storage, signer=signer, identity=identity, ambient=Ambient())
    for _ in range(0, events, _BATCH):
        made = make(_BATCH)
        with storage.sequencing() as store:
            for each in made:
                store.inbox.append(each)
    logs.flush()
    log = LogId(made[0].log)
    engine = create_engine(url)
    name, connection = engine.dialect.name, engine.raw_connection()

    def floor() -> float:
        cursor: Any = connection.cursor()
        begun = time.perf_counter()
        cursor.execute(_SQL.format("?" if name == "sqlite" else "%s"), (log,))
        while cursor.fetchmany(_BATCH):
            pass
        spent = time.perf_counter() - begun
        cursor.close()
        connection.rollback()
        return spent / events

    def export(form: ExportFormat) -> Callable[[], float]:
        def slice_() -> float:
            begun = time.perf_counter()
            found = logs.export(ExportRequest(query=AuditQuery(log=log), format=form), actor=system("bench"))
            if isinstance(found, Refusal):
                raise TypeError(found.detail)
            total = hashlib.sha256()
            for chunk in found.chunks():
                total.update(chunk[:1])
            return (time.perf_counter() - begun) / events

        return slice_

    return Race(
        title=f"Exporting a log of {events:,} events, {name}",
        floor=Contestant(name="the driver's fetch of the same bytes", slice=floor),
        contestants=(
            Contestant(name="JSONL, verifiable", slice=export(ExportFormat.JSONL), target=_TARGETS.get(name)),
            Contestant(name="CSV", slice=export(ExportFormat.CSV)),
            Contestant(name="OCSF", slice=export(ExportFormat.OCSF)),
        ),
        rate_unit="ev/s",
        rounds=7,
    )
