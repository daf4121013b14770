"""Cells that somebody gave another type: SQLite keeps what it is given, and a text that was made bytes is found by no search."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Final

import pytest
from sqlalchemy import Engine, create_engine, text

from ctsec.audit.query import AuditQuery
from ctsec.audit.record import StoredEvent
from ctsec.security._sync_logs import Logs
from ctsec.storage.sql import AsyncSqlStorage, SqlStorage, Tables
from ctsec.storage.sql.schema import create
from ctsec.storage.sql.statements.log_cells import page, read_spelled, sealed_events, spelled
from tests.audit.kept import ONE, fill

AT: Final = 5
TEXTS: Final = (
    "id", "name", "actor_kind", "actor_id", "target_kind", "target_id", "subject_id", "outcome", "reason", "organization_id", "request_id",
)  # fmt: skip


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Engine, SqlStorage, Logs]]:
    """A signed log in a SQLite file."""
    url = f"sqlite:///{tmp_path_factory.mktemp('cells')}/log.db"
    create(url)
    storage, engine = SqlStorage.from_url(url), create_engine(url)
    yield engine, storage, fill(storage, sizes={ONE: (20, 25)})
    engine.dispose()
    storage.close()


def found(engine: Engine, logs: Logs, change: str) -> list[tuple[str, int | None]]:
    """Change the row of one event by an expression, verify, and put it back."""
    with engine.begin() as connection:
        connection.execute(text("CREATE TEMP TABLE was AS SELECT * FROM ctsec_audit_event"))
        connection.execute(text(f'UPDATE ctsec_audit_event SET {change} WHERE log = :log AND "index" = :at'), {"log": ONE, "at": AT})
    report = logs.verify(log=ONE)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM ctsec_audit_event"))
        connection.execute(text("INSERT INTO ctsec_audit_event SELECT * FROM was"))
        connection.execute(text("DROP TABLE was"))
    return [(each.kind.value, each.at) for each in report.findings]


def test_a_text_that_was_made_bytes_is_found(stored: tuple[Engine, SqlStorage, Logs]) -> None:
    """In each column of texts: the same letters as bytes hide an event from searches, so they are another value."""
    engine, _, logs = stored
    assert found(engine, logs, "id = id") == []
    assert {name: found(engine, logs, f"{name} = CAST({name} AS BLOB)") for name in TEXTS} == {name: [("projection", AT)] for name in TEXTS}


def test_a_text_that_is_no_utf_8_is_found(stored: tuple[Engine, SqlStorage, Logs]) -> None:
    """In each column of texts: the driver fails at it, and the page is read all the same, where others on it are found too."""
    engine, _, logs = stored
    assert {name: found(engine, logs, f"{name} = CAST(x'ff41' AS TEXT)") for name in TEXTS} == {
        name: [("projection", AT)] for name in TEXTS
    }
    with engine.connect() as connection:
        read = [connection.execute(each, {"log": ONE, "first": 0, "most": 100}).all() for each in (page(Tables()), spelled(Tables()))]
    assert read_spelled(tuple(tuple(row) for row in read[1])) == tuple(tuple(row) for row in read[0])


async def test_both_colours_read_what_is_no_utf_8(stored: tuple[Engine, SqlStorage, Logs]) -> None:
    """The driver of the async colour fails at the statement, and not amid the rows."""
    engine, kept, _ = stored
    with kept.reading() as store:
        (was,) = store.log.page(ONE, first=AT, limit=1)
    change = text("UPDATE ctsec_audit_event SET actor_id = CAST(:to AS TEXT) WHERE id = :id")
    with engine.begin() as connection:
        connection.execute(change, {"id": was.event.id, "to": b"\xff"})
    storage = AsyncSqlStorage.from_url(str(engine.url))
    async with storage.reading() as async_store:
        read = await async_store.log.page(ONE, first=AT, limit=2)
    await storage.aclose()
    with engine.begin() as connection:
        connection.execute(change, {"id": was.event.id, "to": was.event.actor_id})
    assert [(each.index, each.event.actor_id) for each in read] == [(AT, repr(b"\xff")), (AT + 1, was.event.actor_id)]


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        ("time = 'soon'", ["projection"]),
        ("time = x'00'", ["projection"]),
        ("time = 1.5", ["projection"]),
        ("time = 9223372036854775807", ["projection"]),
        ("body = CAST(body AS TEXT)", ["leaf", "body"]),
        ("leaf = 'leaf'", ["leaf"]),
        ("personal = 'ann'", ["projection"]),
        ("time = CAST(x'ff' AS TEXT)", ["projection"]),
        ("body = CAST(x'7bff' AS TEXT)", ["leaf", "body"]),
        ("leaf = CAST(x'ff00' AS TEXT)", ["leaf"]),
        ("personal = CAST(x'ff' AS TEXT)", ["projection"]),
        ("body = CAST(replace(hex(zeroblob(100000)), '00', '[') AS BLOB)", ["leaf", "body"]),
    ],
)
def test_a_cell_that_can_not_be_read_is_a_finding(stored: tuple[Engine, SqlStorage, Logs], change: str, kinds: list[str]) -> None:
    """What is no time, no bytes, no UTF-8, or JSON nested deeper than a stack ends no verification: it is told where it stands."""
    engine, _, logs = stored
    at_once = found(engine, logs, change)
    assert [each for each in at_once if each[1] == AT] == [(kind, AT) for kind in kinds]


def test_a_page_is_what_a_search_finds(stored: tuple[Engine, SqlStorage, Logs]) -> None:
    """Events read by index are those that a search makes of its rows, field by field; columns stand in the order of the fields."""
    _, storage, _ = stored
    with storage.reading() as store:
        searched = store.log.search(AuditQuery(log=ONE), before=None, limit=100)
        assert store.log.page(ONE, first=0, limit=100) == searched[::-1]
    columns = [column.name for column in Tables().log.event.columns]
    assert columns == ["index", *(field.name for field in dataclasses.fields(StoredEvent))]


def test_a_driver_may_have_other_types_for_bytes() -> None:
    """Ids in binary columns read as texts on MariaDB alone; bytes of any type are bytes."""
    texts = [b"evt_1", b"org_1", 1_000_000, b"n", b"k", b"a", b"", b"", b"", b"success", b"", None, None, b""]
    row = (7, *texts, bytearray(b"{}"), memoryview(b"leaf"), b"")
    (one,) = sealed_events([row], dialect="mysql")
    assert (one.index, one.event.id, one.event.body, one.event.leaf) == (7, "evt_1", b"{}", b"leaf")
    assert one.event.organization_id is None
    (broken,) = sealed_events([(7, b"\xff", *row[2:])], dialect="mysql")
    assert broken.event.id == "b'\\xff'"
    (other,) = sealed_events([row], dialect="sqlite")
    assert other.event.id == "b'evt_1'"
    assert sealed_events([], dialect="sqlite") == ()
