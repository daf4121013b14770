"""What is asked of a key service, and what is written, when organizations seal and when a deployment moves to another key.

Rules that this module keeps:

- the store is a file of SQLite with the tables of ctsec, and the host's rows are in a table of the same file: a write to them shows;
- calls are counted at the key service, statements where they are executed; nothing is timed;
- afterwards a sample of the rows is opened by a process that has the new key only.
"""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Engine, event

from benchmarks.counted import Count, CountedTable
from benchmarks.entries.engines import Choice
from ctsec.ambient import Ambient
from ctsec.clock import SystemClock
from ctsec.encryption import Context, KeyRing
from ctsec.encryption.kms import LocalKeyServices, LocalKms
from ctsec.ids import OrganizationId, new_id
from ctsec.secret import Secret
from ctsec.security._sync_engines import Deks
from ctsec.security._sync_key_jobs import KeyJobs
from ctsec.security.parts import new_memory
from ctsec.storage.sql import SqlStorage, schema

SEALS = 10_000
ORGANIZATIONS = 100
SAMPLE = 200


class CountedKms(LocalKms):
    """A local key that counts what it is asked; `asked` has the verbs."""

    asked: Counter[str]

    def generate_data_key(self, context: bytes) -> tuple[Secret, bytes]:
        self.asked["generate_data_key"] += 1
        return super().generate_data_key(context)

    def unwrap(self, wrapped: bytes, context: bytes) -> Secret:
        self.asked["unwrap"] += 1
        return super().unwrap(wrapped, context)

    def wrap(self, key: Secret, context: bytes) -> bytes:
        self.asked["wrap"] += 1
        return super().wrap(key, context)


def entry(choice: Choice) -> Iterable[CountedTable]:
    """Return both tables; `choice.rows` is how many rows of data there are."""
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/store.db"
        schema.create(url)
        with closing(SqlStorage.from_url(url)) as storage:
            old, new = _kms(), _kms()
            organizations = [new_id(OrganizationId, now=SystemClock().now(), random=os.urandom) for _ in range(ORGANIZATIONS)]
            with storage.begin(after_commit=lambda _: None) as store:
                for each in organizations:
                    store.deks.add(_ring(storage, old).make_dek(each, region="default"))
            yield _sealing(storage, old, organizations[0])
            yield _moving(storage, old, new, organizations, path=Path(folder) / "store.db", rows=choice.rows)


def _kms() -> CountedKms:
    made = CountedKms(os.urandom(16), key=Secret(os.urandom(32)))
    made.asked = Counter()
    return made


def _ring(storage: SqlStorage, kms: LocalKms, *others: LocalKms) -> KeyRing:
    """Return the ring of a process that has just started."""
    return KeyRing(kms=kms, services=LocalKeyServices(kms, *others), source=Deks(storage), ambient=Ambient())


def _context(organization: OrganizationId) -> Context:
    return Context(organization=organization, purpose="column", table="secret_thing", field="secret")


def _sealing(storage: SqlStorage, kms: CountedKms, organization: OrganizationId) -> CountedTable:
    ring, context, of = _ring(storage, kms), _context(organization), f"{SEALS:,} seals of one organization"
    kms.asked.clear()
    with _statements() as written:
        for _ in range(SEALS):
            ring.seal(b"a token of thirty-two characters", context=context)
    return CountedTable(
        title=f"a process that starts and seals {SEALS:,} times",
        counts=(
            Count(name="calls of the key service", of=of, number=kms.asked.total(), target=1),
            Count(name="writes to the store (messages reserved)", of=of, number=written.total()),
        ),
    )


def _moving(
    storage: SqlStorage, old: CountedKms, new: CountedKms, organizations: list[OrganizationId], *, path: Path, rows: int
) -> CountedTable:
    ring = _ring(storage, old)
    sealed = [ring.seal(b"secret", context=_context(each)) for each in organizations]
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE secret_thing (id INTEGER PRIMARY KEY, secret BLOB)")
        database.executemany("INSERT INTO secret_thing VALUES (?, ?)", ((n, sealed[n % len(sealed)]) for n in range(rows)))
    jobs = KeyJobs(storage, ring=_ring(storage, new, old), memory=new_memory(SystemClock()), ambient=Ambient())
    old.asked.clear()
    new.asked.clear()
    with _statements() as written:
        after: str | None = ""
        while after is not None:
            after = jobs.rewrap(old.ref, after=after).after
    asked_old, asked_new = old.asked.total(), new.asked.total()
    _open_sample(_ring(storage, new), organizations, path=path)
    of = f"{len(organizations):,} organizations with {rows:,} rows to another key"
    return CountedTable(
        title=f"a deployment that moves {of}",
        counts=(
            Count(name="writes", of=of, number=written.total(), target=len(organizations)),
            Count(name="writes to data keys", of=of, number=written["UPDATE ctsec_dek"], target=len(organizations)),
            Count(name="calls of the old key", of=of, number=asked_old, target=len(organizations)),
            Count(name="calls of the new key (wrapped, and tried)", of=of, number=asked_new, target=2 * len(organizations)),
        ),
    )


@contextmanager
def _statements() -> Iterator[Counter[str]]:
    """Count what is written meanwhile, by verb and table."""
    written: Counter[str] = Counter()

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        verb, *words = statement.replace("INSERT INTO", "INSERT").replace("DELETE FROM", "DELETE").split()
        if verb in {"UPDATE", "INSERT", "DELETE", "REPLACE"}:
            written[f"{verb} {words[0]}"] += len(parameters) if many else 1

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield written
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def _open_sample(ring: KeyRing, organizations: list[OrganizationId], *, path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        for n, blob in database.execute("SELECT id, secret FROM secret_thing ORDER BY id DESC LIMIT ?", (SAMPLE,)):
            if ring.open(blob, context=_context(organizations[n % len(organizations)])) != b"secret":
                raise RuntimeError("a row does not open under the new key")
