"""Rows that an export takes from the driver itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from ctsec.audit.query import AuditQuery
from ctsec.storage.sql import SqlStorage
from ctsec.storage.sql.schema import create
from tests.audit.kept import ONE, events
from tests.servers import Database, available_databases, drop_database, fresh_database


@pytest.fixture(params=available_databases())
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Return a database with our tables."""
    made = fresh_database(request.param, folder=tmp_path)
    create(made.sync_url)
    yield made
    drop_database(made)


def test_postgresql_is_asked_for_bytes_and_not_for_their_text(database: Database) -> None:
    """Whoever listens sees the statement of an export; from PostgreSQL it comes back in binary, and no other statement does."""
    storage, seen = SqlStorage.from_url(database.sync_url), list[tuple[bool, bool]]()

    def note(connection: Any, cursor: Any, statement: str, *_: object) -> None:
        seen.append(("leaf, " in statement and "ctsec_audit_event" in statement, getattr(cursor, "format", 0) == 1))

    told = events(ONE, count=3)
    with storage.sequencing() as store:
        for each in told:
            store.inbox.append(each)
    with storage.sequencing() as store:
        store.log.place(limit=9)
    event.listen(Engine, "after_cursor_execute", note)
    try:
        with storage.reading() as store:
            rows = store.log.raw(AuditQuery(log=ONE), first=0, end=9, limit=9, personal=True)
            assert store.log.size(ONE) == 3
    finally:
        event.remove(Engine, "after_cursor_execute", note)
    storage.close()
    assert rows == tuple((index, each.leaf, each.body, each.personal) for index, each in enumerate(told))
    assert [(reads, binary) for reads, binary in seen if reads or binary] == [(True, database.kind == "postgresql")]
    assert len(seen) > 1
