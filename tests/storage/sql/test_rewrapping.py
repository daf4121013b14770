"""Moving a deployment to another key: how much is written, and what is left of a process that is killed meanwhile."""

from __future__ import annotations

import os
import random
import signal
from contextlib import closing
from pathlib import Path
from threading import get_ident

import pytest
from sqlalchemy import Column, Engine, Integer, LargeBinary, MetaData, Table, create_engine, event, insert, select

from ctsec.ambient import Ambient
from ctsec.clock import SystemClock
from ctsec.encryption import Context, KeyRing
from ctsec.encryption.kms import LocalKeyServices, LocalKms
from ctsec.ids import OrganizationId
from ctsec.security._sync_engines import Deks
from ctsec.security._sync_key_jobs import KeyJobs
from ctsec.security.parts import new_memory
from ctsec.storage.sql import SqlStorage
from ctsec.testing.conformance.samples import ignore, number
from tests.servers import Database
from tests.storage.sql.support import place_of as place_at
from tests.victim import ROUNDS, Victim, settle

SOAK = bool(os.environ.get("CTSEC_SOAK"))
ORGANIZATIONS, ROWS = 100, 1_000_000 if SOAK else 2_000
REWRAP = "tests.storage.sql.test_rewrapping:rewrap"


def ring_of(storage: SqlStorage, kms: LocalKms, *others: LocalKms) -> KeyRing:
    """Return a ring of the deployment with the key `kms`, which knows the others too."""
    return KeyRing(kms=kms, services=LocalKeyServices(kms, *others), source=Deks(storage), ambient=Ambient())


def jobs_of(storage: SqlStorage, old: LocalKms, new: LocalKms) -> KeyJobs:
    """Return the jobs of a deployment that moves from one key to another."""
    return KeyJobs(storage, ring=ring_of(storage, new, old), memory=new_memory(SystemClock()), ambient=Ambient())


def organization(n: int) -> OrganizationId:
    """Return the id of the n-th organization."""
    return OrganizationId(number("org", n))


def place_of(n: int) -> Context:
    """Return the context of a secret of the n-th organization."""
    return Context(organization=organization(n), purpose="token", table="thing", row=str(n), field="secret")


def sealed_by(storage: SqlStorage, ring: KeyRing, count: int) -> list[bytes]:
    """Make the data keys of `count` organizations, and return a secret of each."""
    with storage.begin(after_commit=ignore) as store:
        for n in range(count):
            store.deks.add(ring.make_dek(organization(n), region="default"))
    return [ring.seal(b"secret %d" % n, context=place_of(n)) for n in range(count)]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server("postgresql"))])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Database:
    """An embedded store and a server."""
    return place_at(request.param, "", folder=tmp_path_factory.getbasetemp()).database


@pytest.mark.slow
def test_a_hundred_organizations_are_a_hundred_writes(store: Database, tmp_path: Path) -> None:
    """Wrapping everything anew writes one record for each organization, whatever the number of rows, and touches no row of data."""
    old, new = LocalKms.create(tmp_path / "old"), LocalKms.create(tmp_path / "new")
    storage = SqlStorage.from_url(store.sync_url, guard=store.guard_sync_url)
    blobs = sealed_by(storage, ring_of(storage, old), ORGANIZATIONS)
    things = Table("sealed_thing", MetaData(), Column("id", Integer, primary_key=True), Column("secret", LargeBinary))
    engine = create_engine(f"sqlite:///{tmp_path / 'things.db'}")
    things.create(engine)
    with engine.begin() as connection:
        for start in range(0, ROWS, 10_000):
            rows = [{"id": n, "secret": blobs[n % ORGANIZATIONS]} for n in range(start, min(start + 10_000, ROWS))]
            connection.execute(insert(things), rows)
    written: list[str] = []
    here = get_ident()

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if get_ident() == here and statement.split(maxsplit=1)[0] in {"UPDATE", "INSERT", "DELETE"}:
            written.append(" ".join(statement.split()[:2]))

    jobs = jobs_of(storage, old, new)
    event.listen(Engine, "before_cursor_execute", note)
    try:
        after: str | None = ""
        while after is not None:
            after = jobs.rewrap(old.ref, after=after, limit=30).after
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert written == ["UPDATE ctsec_dek"] * ORGANIZATIONS
    ring = ring_of(storage, new)
    with engine.begin() as connection:
        kept = connection.execute(select(things.c.id, things.c.secret).order_by(things.c.id).limit(3 * ORGANIZATIONS)).all()
    for n, blob in ((row.id % ORGANIZATIONS, row.secret) for row in kept):
        assert ring.open(blob, context=place_of(n)) == b"secret %d" % n
    engine.dispose()
    storage.close()


def rewrap(url: str, guard: str, old: str, new: str) -> None:
    """Wrap everything anew, two records at a time: what the victim does."""
    first, second = LocalKms.load(old), LocalKms.load(new)
    with closing(SqlStorage.from_url(url, guard=guard)) as storage:
        jobs = jobs_of(storage, first, second)
        after: str | None = ""
        while after is not None:
            after = jobs.rewrap(first.ref, after=after, limit=2).after


@pytest.mark.slow
def test_killed_at_any_moment_nothing_is_lost(store: Database, tmp_path: Path, victim: Victim) -> None:
    """A process that is killed while it wraps anew leaves every record under one key or the other, and the next run finishes."""
    files = [tmp_path / "old", tmp_path / "new"]
    keys = [LocalKms.create(file) for file in files]
    with closing(SqlStorage.from_url(store.sync_url, guard=store.guard_sync_url)) as storage:
        blobs = sealed_by(storage, ring_of(storage, keys[0]), 8)
    draw, left = random.Random(7), set[int]()
    code, whole = victim.run(REWRAP, store.sync_url, store.guard_sync_url, *files)
    assert code == 0
    for _ in range(ROUNDS):
        files.reverse()
        last = draw.randint(1, whole)
        assert victim.run(REWRAP, store.sync_url, store.guard_sync_url, *files, last=last) == (-signal.SIGKILL, last)
        settle(store.sync_url)
        old, new = (LocalKms.load(file) for file in files)
        with closing(SqlStorage.from_url(store.sync_url, guard=store.guard_sync_url)) as storage:
            with storage.reading() as read:
                keks = [dek.kek for n in range(8) for dek in read.deks.of_scope(organization(n))]
            assert set(keks) <= {old.ref, new.ref}
            left.add(keks.count(old.ref))
            for ring in (ring_of(storage, old, new), ring_of(storage, new, old)):
                assert [ring.open(blob, context=place_of(n)) for n, blob in enumerate(blobs)] == [b"secret %d" % n for n in range(8)]
            assert jobs_of(storage, old, new).rewrap(old.ref).failed == ()
            with storage.reading() as read:
                assert read.deks.under(old.ref, after="", limit=9) == ()
    assert len(left) > 2
