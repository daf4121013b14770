"""A verification or an export that a purge or a prune overtakes finds nothing that is not so: what went in between has its record."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from ctsec.ambient import Ambient
from ctsec.audit.export.request import ExportRequest
from ctsec.audit.query import AuditQuery
from ctsec.audit.retention.plan import RetentionPlan
from ctsec.errors import CorruptRecord, StoreBusy
from ctsec.outcome import Refusal
from ctsec.principal import system
from ctsec.security._sync_logs import Logs
from ctsec.storage.memory import MemoryStorage
from ctsec.storage.ports import Storage
from ctsec.storage.sql.schema import create
from ctsec.testing import ProbedStorage
from tests.audit.archive import IDENTITY, Archive
from tests.audit.exported import judged
from tests.audit.kept import ONE, SIGNER, read_memory, write_memory
from tests.audit.pruned import aged, fill, later
from tests.audit.storm import open_storage
from tests.servers import available_databases, drop_database, fresh_database

EVERY = ExportRequest(query=AuditQuery(log=ONE))
PLANS = ExportRequest(query=AuditQuery(log=ONE, name="retention.*"))


class Between:
    """A probe that does something before the `nth` call (1 is the first), or the nth of a name, and never again."""

    def __init__(self, nth: int, do: Callable[[], object], *, of: str = "") -> None:
        self.left, self._do, self._of = nth, do, of

    def before(self, call: str) -> None:
        """Count, and do it if it is the turn of this call."""
        self.left -= self._of in {"", call}
        if self.left == 0:
            self._do()

    def after(self, call: str, result: object) -> None:
        """Nothing to note."""


class _Family:
    """Records of one family, each call of which is a reading of its own."""

    def __init__(self, storage: Storage, name: str) -> None:
        self._storage, self._name = storage, name

    def __getattr__(self, method: str) -> Any:
        def call(*given: Any, **named: Any) -> Any:
            with self._storage.reading() as store:
                return getattr(getattr(store, self._name), method)(*given, **named)

        return call


class _Families:
    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def __getattr__(self, name: str) -> Any:
        return _Family(self._storage, name)


class ReadCommitted:
    """A storage in memory whose readings see what is committed at each call, as those of a database do."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    @contextmanager
    def reading(self) -> Generator[Any, None, None]:
        """Open a reading."""
        yield _Families(self._storage)


def logs_over(archive: Archive, probe: Between) -> Logs:
    """Return logs over the storage of an archive, whose calls the probe hears of."""
    held = archive.storage
    committed = cast(Storage, ReadCommitted(held)) if isinstance(held, MemoryStorage) else held
    return Logs(ProbedStorage(committed, probe=probe), signer=SIGNER, identity=IDENTITY, ambient=Ambient(clock=archive.clock))


def verified_beside(archive: Archive, nth: int, do: Callable[[], object]) -> bool:
    """Do something before the nth call of a verification, which has to find nothing; say whether it made so many calls."""
    probe = Between(nth, do)
    report = logs_over(archive, probe).verify()
    assert report.findings == (), nth
    return probe.left <= 0


def exported_beside(archive: Archive, probe: Between, wanted: ExportRequest) -> tuple[bool, bool]:
    """Do something between two calls of an export; say whether it made so many, and whether it was told to be asked for again."""
    again = False
    logs = logs_over(archive, probe)
    try:
        data = written(logs, wanted)
    except StoreBusy:
        data, again = written(logs, wanted), True
    verdict = judged(data, log=ONE)
    assert (verdict.sound, verdict.complete) == (True, not wanted.filters), (probe.left, verdict.told)
    return probe.left <= 0, again


def written(logs: Logs, wanted: ExportRequest) -> bytes:
    """Return the file of an export."""
    made = logs.export(wanted, actor=system("test"))
    assert not isinstance(made, Refusal)
    return b"".join(made.chunks())


def test_a_verification_that_a_prune_overtakes_finds_nothing() -> None:
    """Whichever two reads the prune comes between."""
    nth = 1
    while True:
        archive = aged(counts=(300, 240))
        if not verified_beside(archive, nth, lambda: archive.jobs.prune(ONE)):  # noqa: B023 - it is called at once
            break
        assert archive.jobs.prune_preview(ONE).minimum == 512
        nth += 1
    assert nth > 30


def test_a_verification_that_a_purge_overtakes_finds_nothing() -> None:
    """Whichever two reads the purge comes between, or the checkpoint after it."""
    nth = 1
    while True:
        archive = Archive(MemoryStorage())
        archive.plan(ONE, RetentionPlan(90))
        archive.write(ONE, *["user.signed_in"] * 40)
        archive.logs.flush()
        archive.pass_days(100)
        if not verified_beside(archive, nth, archive.purge):
            break
        assert archive.indexes(ONE, "user.") == []
        nth += 1
    assert nth > 20


def test_what_was_taken_is_found_beside_a_prune() -> None:
    """A verification that is made anew forgives nothing: a tile without a record of its going stays a finding, and so does an event."""
    archive = aged()
    archive.write(ONE, *["role.assigned"] * 700)
    archive.logs.flush()
    sound = read_memory(archive.storage.state)  # type: ignore[attr-defined]
    for nth in (1, 9, 20, 40):
        rows = sound.copy()
        rows.tiles[(ONE, 0, 6)] = rows.tiles[(ONE, 0, 6)].bare()
        rows.purged[(ONE, 1800)] = rows.events.pop((ONE, 1800)).leaf
        write_memory(archive.storage.state, rows)  # type: ignore[attr-defined]
        probe = Between(nth, lambda: archive.jobs.prune(ONE))
        told = [each.detail for each in logs_over(archive, probe).verify().findings]
        assert probe.left <= 0
        assert any("no signed record lets them go" in each for each in told), told
        assert "1 events are gone that no purge accounts for" in told


@pytest.mark.parametrize("wanted", [EVERY, PLANS], ids=["whole", "filtered"])
def test_an_export_that_a_prune_overtakes_is_asked_for_again(wanted: ExportRequest) -> None:
    """A file without its end, and an error that says why and may be tried again; the next file begins behind what went."""
    nth, asked = 1, set[bool]()
    while True:
        archive = aged(counts=(300, 240))
        reached, again = exported_beside(archive, Between(nth, lambda: archive.jobs.prune(ONE)), wanted)  # noqa: B023 - it is called at once
        if not reached:
            break
        asked.add(again)
        nth += 1
    assert asked == ({True, False} if wanted is EVERY else {False})
    assert nth > 10


def test_an_export_of_events_that_go_meanwhile_is_asked_for_again() -> None:
    """Where the events that a filter chose are purged and their tile is pruned before their neighbours are read."""
    reached, asked = True, list[bool]()
    for nth in range(1, 17):
        archive = Archive(MemoryStorage())
        archive.plan(ONE, RetentionPlan(90))
        archive.logs.flush()
        archive.write(ONE, *["role.assigned", "user.signed_in"] * 300)
        archive.logs.flush()
        archive.pass_days(100)
        roles = ExportRequest(query=AuditQuery(log=ONE, name="role.*"))
        go = Between(nth, lambda: (archive.purge(), archive.jobs.prune(ONE)))  # noqa: B023 - it is called at once
        reached, again = exported_beside(archive, go, roles)
        asked.append(again)
    assert not reached
    assert {*asked} == {True, False}


def test_an_export_goes_on_where_its_last_tile_is_completed_and_purged() -> None:
    """The leaves of what was the end of the log are in a tile by then."""
    reached = True
    for nth in range(1, 12):
        archive = Archive(MemoryStorage())
        archive.plan(ONE, RetentionPlan(90))
        archive.write(ONE, *["user.signed_in"] * 40)
        archive.logs.flush()

        def go(archive: Archive = archive) -> None:
            archive.write(ONE, *["user.signed_in"] * 250)
            archive.logs.flush()
            archive.pass_days(100)
            assert archive.purge() == 290

        reached, again = exported_beside(archive, Between(nth, go), EVERY)
        assert not again
    assert not reached


def test_an_export_of_a_log_that_was_robbed_is_no_matter_of_again() -> None:
    """A tile that lost its entries without a record is told as damage, before a prune and behind one."""
    archive = aged(counts=(300, 240))
    rows = read_memory(archive.storage.state)  # type: ignore[attr-defined]
    rows.tiles[(ONE, 0, 1)] = rows.tiles[(ONE, 0, 1)].bare()
    write_memory(archive.storage.state, rows)  # type: ignore[attr-defined]
    with pytest.raises(CorruptRecord, match="lacks a hash of its tile 0/1"):
        written(archive.logs, EVERY)


@pytest.fixture(params=available_databases())
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    """Return a storage on each database."""
    made = fresh_database(request.param, folder=tmp_path)
    create(made.sync_url)
    storage = open_storage(made.sync_url)
    yield storage
    storage.close()
    drop_database(made)


def test_a_log_is_pruned_from_end_to_end(storage: Storage) -> None:
    """Placed, purged, pruned, verified, exported and proved on each database, and pruned beside a verification and an export of it."""
    fill(storage)
    archive = Archive(storage, clock=later(storage, seed=1).clock, seed=2)
    archive.write(ONE, *["role.assigned"] * 3)
    archive.logs.flush()
    outside = archive.logs.checkpoint(ONE)
    assert outside is not None
    # Beside a verification, before it reads leaves of what is gone; then more of it, beside an export, before its first page.
    overtaken = Between(1, lambda: archive.jobs.prune(ONE), of="purges.leaves")
    assert logs_over(archive, overtaken).verify(log=ONE, held=(outside,)).findings == ()
    assert overtaken.left <= 0
    (report,) = archive.logs.verify(log=ONE, held=(outside,)).logs
    assert (report.minimum, report.purged, report.held, report.findings) == (768, 800, outside.checkpoint.size, ())
    with storage.reading() as store:
        assert len(store.purges.whole(ONE, first=0, end=3, limit=9)) == 1
    for wanted in (EVERY, PLANS):
        assert judged(written(archive.logs, wanted), log=ONE).sound
    for index in archive.indexes(ONE):
        with storage.reading() as store:
            (sealed,) = store.log.page(ONE, first=index, limit=1)
        proof = archive.logs.prove(ONE, index=index)
        assert not isinstance(proof, Refusal)
        assert proof.shows(sealed.event.body, public=SIGNER.public), index
    assert isinstance(archive.logs.prove(ONE, index=400), Refusal)
    archive.write(ONE, *["user.signed_in"] * 600)
    archive.logs.flush()
    archive.pass_days(100)
    archive.purge()
    assert exported_beside(archive, Between(1, lambda: archive.jobs.prune(ONE), of="log.raw"), EVERY) == (True, True)
    assert archive.findings() == []
