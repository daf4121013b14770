"""What the sealed log costs in a database: the erasure of a person.

Rules that this module keeps:

- SQLite takes part always, PostgreSQL where `CTSEC_BENCH_POSTGRES` is the SQLAlchemy URL of an empty database;
- an erasure is what the worker does once it was asked for; one that changed or deleted a row of an event ends the run; beside it is what
  the disk alone takes in the same rounds, for the commit of one row and the `fsync` of one line.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Column, Engine, LargeBinary, MetaData, String, Table, cast, create_engine, event, insert, literal, select

from benchmarks.entries.audit_export import POSTGRES
from benchmarks.measure import Contestant, Race, Unit
from ctsec.audit.erasure.file import FileErasureList
from ctsec.authn.argon2_pool import Argon2Hasher
from ctsec.encryption.context import Context
from ctsec.encryption.kms.local import LocalKms
from ctsec.ids import UserId
from ctsec.operators import Operator
from ctsec.presets import parts_of, settings_of
from ctsec.rbac import Policy
from ctsec.secret import Secret
from ctsec.security import EmbeddedOptions, Security
from ctsec.storage.sql import SqlStorage, schema
from ctsec.storage.sql.tables import Tables

ERASED_EVENTS: Final = 1_000_000
_OTHER_LOG: Final = "org_90000000000000000000000002"
_METADATA: Final = MetaData()
_PLAIN: Final = Table("bench_audit", _METADATA, Column("id", String(64), primary_key=True), Column("body", LargeBinary))


def races(folder: Path, *, rows: int | None) -> Iterator[Race]:
    """Return the races of each database that is there; a person has so many events as `rows` says, a million by default."""
    for url in (f"sqlite:///{folder}/stores.db", *([os.environ[POSTGRES]] if POSTGRES in os.environ else ())):
        schema.create(url)
        engine = create_engine(url)
        _METADATA.create_all(engine)
        yield _erasure(engine, folder, url=url, events=rows or ERASED_EVENTS)


def _erasure(engine: Engine, folder: Path, *, url: str, events: int) -> Race:
    options, key = EmbeddedOptions(), LocalKms(os.urandom(16), key=Secret(os.urandom(32)))
    storage = SqlStorage.from_url(url)
    security = Security(
        storage=storage,
        kms=key,
        slow_hash=Argon2Hasher(options.password_hash),
        parts=parts_of(key, policy=Policy.preset(), settings=settings_of("Bench", options), options=options),
        random=os.urandom,
        erased=FileErasureList(str(folder / f"{engine.dialect.name}-erased")),
    )
    security.prepare()
    with security.begin() as unit:
        unit.accounts.sign_up(email="ann@acme.example", password="correct horse battery", name="Ann")
    security.logs.flush()
    person = _multiplied(engine, events)
    jobs, who = security.jobs.erasures, Operator(id="bench", reason="benchmark")
    changed: list[str] = []
    for each in storage._engines:
        event.listen(each, "before_cursor_execute", lambda *told: changed.append(told[2]) if _changes_events(told[2]) else None)

    def erase() -> float:
        jobs._subjects.seal(b"x", subject=person, context=Context(organization=None, purpose="bench"))
        with security.begin() as unit:
            unit.erasures.request(who, user=person)
        security.logs.flush()
        begun = time.perf_counter()
        erased = jobs.run_due()
        spent = time.perf_counter() - begun
        if erased != 1 or changed:
            raise RuntimeError(f"expected one person to be erased and no event to be changed: {erased}, {changed}")
        return spent

    line = os.open(folder / f"{engine.dialect.name}-line", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    numbers = count(1)

    def disk() -> float:
        row = insert(_PLAIN).values(id=f"disk_{next(numbers)}", body=b"x" * 100)
        with engine.connect() as connection:
            connection.execute(row)
            begun = time.perf_counter()
            connection.commit()
            os.write(line, b"x" * 64 + b"\n")
            os.fsync(line)
            return time.perf_counter() - begun

    return Race(
        title=f"Erasing a person with {events:,} events, {engine.dialect.name}",
        floor=Contestant(name="nothing", slice=lambda: 0.0),
        contestants=(
            Contestant(name="a person, carried out", slice=erase, target=10),
            Contestant(name="of it the disk: one commit of a row, one fsync of a line", slice=disk),
        ),
        unit=Unit.MILLISECONDS,
        rounds=25,
    )


def _changes_events(statement: str) -> bool:
    return statement.startswith(("UPDATE ctsec_audit_event", "DELETE FROM ctsec_audit_event"))


def _multiplied(engine: Engine, events: int) -> UserId:
    """Give the one person that signed up so many events in another log; return their id."""
    made = Tables().log.event
    with engine.begin() as connection:
        row: dict[str, Any] = dict(connection.execute(select(made).where(made.c.name == "user.signed_up")).mappings().one())
        connection.execute(insert(made), {**row, "log": _OTHER_LOG, "index": 0, "id": "evt_bench_0"})
        for done in (1 << at for at in range(events.bit_length())):
            index = made.c["index"] + done
            id_ = literal("evt_bench_", String()) + cast(index, String(20))
            columns = [{"index": index, "id": id_}.get(each.name, each) for each in made.columns]
            limit = min(done, events - done)
            chosen = select(*columns).where(made.c.log == _OTHER_LOG, made.c["index"] < limit)
            connection.execute(insert(made).from_select([each.name for each in made.columns], chosen))
    return UserId(row["subject_id"] or row["actor_id"])
