"""Erasures that are killed at any step, or lose what waited for no disk: who was to be erased is so, with one event, or still due."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event

from ctsec.storage.sql.schema import create
from tests.audit.erasure_storm import Seen, asked, opened, seen
from tests.servers import Database, available_databases, drop_database, fresh_database
from tests.victim import Victim, settle

SOAK = bool(os.environ.get("CTSEC_SOAK"))
RUN = "tests.audit.erasure_storm:run"
DONE = Seen(done=True, told=(1,), alive=False, listed=True)
# What may be there of an erasure that is due, in the order in which it happens: nothing, the entry of the list, and where the keys
# lie in another database, no key.
DUE = [Seen(done=False, told=(), alive=alive, listed=listed) for alive, listed in ((True, False), (True, True), (False, True))]
PERSONS = 2
pytestmark = [pytest.mark.slow] if SOAK else []


@pytest.fixture(params=available_databases() if SOAK else [kind for kind in available_databases() if kind != "mariadb"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Return a database with our tables."""
    made = fresh_database(request.param, folder=tmp_path)
    create(made.sync_url)
    yield made
    drop_database(made)


def test_killed_at_every_step_an_erasure_is_done_or_due(victim: Victim, empty: Database, tmp_path: Path) -> None:
    """Before every statement, every commit and every write and `fsync` of the list the process is killed: nobody is half erased.

    Whose key is gone is in the list, and who is done has one event. What is left is done by the next run, told as if nothing had
    happened. Where the keys lie in the same database, they go with the event or not at all.
    """
    met: set[Seen] = set()
    # Over a server every second step, since each child connects anew; every one in a long run.
    each_step = 1 if SOAK or empty.kind == "sqlite" else 2
    code, last = 1, 1 - each_step
    security = opened(empty.sync_url, tmp_path)
    security.prepare()
    while code:
        last += each_step
        due = asked(security, persons=PERSONS)
        security._storage.close()  # its connections; what it has compiled stays
        code, _ = victim.run(RUN, empty.sync_url, tmp_path, last=last)
        settle(empty.sync_url)
        found = seen(security, tmp_path, due)
        assert all(each in [*DUE, DONE] for each in found), (last, found)
        met |= {*found}
        assert security.jobs.erasures.run_due() == sum(not each.done for each in found)
        assert seen(security, tmp_path, due) == [DONE] * PERSONS, last
    security.close()
    assert met == {DONE, *DUE[: 3 if empty.kind == "sqlite" else 2]}
    assert last >= 15


def _noting(waited: list[tuple[str, int]]) -> Callable[[Connection], None]:
    """Return a listener that notes of every commit which file it is of, and SQLite's `synchronous` at that moment."""

    def note(connection: Connection) -> None:
        (level,) = connection.connection.cursor().execute("PRAGMA synchronous").fetchone()
        waited.append((Path(connection.engine.url.database or "").name, level))

    return note


def test_a_loss_of_power_takes_back_no_more_than_is_done_again(tmp_path: Path) -> None:
    """On SQLite the list and the keys are on the disk before the rest is written, which need not be: without it the erasure is due."""
    url, kept = f"sqlite:///{tmp_path}/a.db", tmp_path / "kept"
    create(url)
    security = opened(url, tmp_path)
    security.prepare()
    due = asked(security, persons=PERSONS)
    kept.mkdir()
    for each in tmp_path.glob("a.db*"):
        if "-guard" not in each.name and each.suffix != ".db-shm":
            shutil.copy(each, kept)
    waited: list[tuple[str, int]] = []
    event.listen(Engine, "commit", note := _noting(waited))
    try:
        assert security.jobs.erasures.run_due() == PERSONS
        security.logs.place()
    finally:
        event.remove(Engine, "commit", note)
    full, normal = 2, 1
    assert waited == [("a.db-guard", full), ("a.db", normal), ("a.db", full)]
    security.close()
    for each in tmp_path.glob("a.db*"):
        if "-guard" not in each.name:
            each.unlink()
    for each in kept.iterdir():
        shutil.copy(each, tmp_path)
    security = opened(url, tmp_path)
    assert seen(security, tmp_path, due) == [DUE[2]] * PERSONS
    assert security.jobs.erasures.run_due() == PERSONS
    assert seen(security, tmp_path, due) == [DONE] * PERSONS
    security.close()
