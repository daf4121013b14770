"""Inserts that are compiled once: the row that SQLAlchemy would have written, refused as it would have been."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import Column, MetaData, Table, create_engine, select, text
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.engine import Dialect

from ctsec.ambient import Ambient
from ctsec.audit.event import Target, build
from ctsec.audit.record import departures, store_form
from ctsec.errors import StoreError
from ctsec.principal import system
from ctsec.storage.sql import SqlStorage
from ctsec.storage.sql.prepared import prepared_for, prepared_insert
from ctsec.storage.sql.statements.rows import added
from ctsec.storage.sql.types import Blob, Ident, Instant
from ctsec.testing.conformance.samples import ignore
from tests.servers import available_databases
from tests.storage.sql.support import LEVELS, place_of

TABLE = Table("row", MetaData(), Column("id", Ident(8), primary_key=True), Column("at", Instant()), Column("body", Blob()))


@dataclass(frozen=True, slots=True)
class Row:
    body: bytes
    id: str
    at: datetime | None


ROW = Row(b"\x00\xff", "é%s:a?", datetime(2026, 1, 1, 1, 1, 1, 123456, tzinfo=UTC))

LIARS = [replace(ROW, **{name: cast(Any, value)}) for name, value in (("at", "2026"), ("id", 7))]


@pytest.mark.parametrize("row", [ROW, replace(ROW, at=None, body=b"")])
def test_the_row_is_the_one_that_sqlalchemy_writes(tmp_path: Path, row: Row) -> None:
    """Both ways store the same values of the same types, and a connection that translates schemas is left to SQLAlchemy."""
    with create_engine(f"sqlite:///{tmp_path}/a.db").begin() as connection:
        TABLE.create(connection)
        connection.execute(added(TABLE, replace(row, id="one")))
        prepared = prepared_for(connection, TABLE)
        assert prepared is not None
        connection.exec_driver_sql(prepared.text, prepared.parameters(row))
        one, two = connection.execute(text('SELECT typeof(id), typeof(at), at, typeof(body), body FROM "row"')).all()
        assert one == two
        assert connection.execute(select(TABLE).where(TABLE.c.id == row.id)).one()._mapping["at"] == row.at
        connection.execution_options(schema_translate_map={None: "other"})
        assert prepared_for(connection, TABLE) is None


class Kind(str, Enum):  # noqa: UP042 - what hosts have from before StrEnum: it shows its name
    REPORT = "report"


@pytest.mark.parametrize("kind", available_databases())
def test_columns_say_what_the_body_says(kind: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A text of a host's own class is in the columns as it is in the body, whatever it shows of itself, in one row and in many."""
    storage = SqlStorage.from_url(place_of(kind, LEVELS[kind][0], folder=tmp_path_factory.getbasetemp()).database.sync_url)
    rows = [
        store_form(build("report.viewed", ambient=Ambient(), actor=system("x"), targets=(Target(Kind.REPORT, "1"),)), personal=b"")
        for _ in range(3)
    ]
    with storage.begin(after_commit=ignore) as store:
        store.inbox.append(rows[0])
        store.inbox.append_all(rows[1:])
    with storage.reading() as store:
        found = store.inbox.pending(limit=9)
    storage.close()
    assert [(each.target_kind, departures(each)) for each in found] == [("report", ())] * 3


@pytest.mark.parametrize("style", ["qmark", "numeric", "named"])
def test_parameters_of_every_style_of_a_host_are_written(tmp_path: Path, style: Any) -> None:
    """An engine that names its parameters is left to SQLAlchemy; whatever numbers or counts them takes them by position."""
    with create_engine(f"sqlite:///{tmp_path}/a.db", paramstyle=style).begin() as connection:
        TABLE.create(connection)
        prepared = prepared_for(connection, TABLE)
        assert (prepared is None) == (style == "named")
        if prepared is not None:
            connection.exec_driver_sql(prepared.text, prepared.parameters(ROW))
            assert connection.execute(select(TABLE)).one()._mapping["id"] == ROW.id


@pytest.mark.parametrize("dialect", [sqlite.dialect(), postgresql.psycopg.dialect(), postgresql.asyncpg.dialect(), mysql.pymysql.dialect()])
@pytest.mark.parametrize("wrong", [replace(ROW, id="more than 8"), replace(ROW, at=ROW.at and ROW.at.replace(tzinfo=None)), *LIARS])
def test_what_does_not_fit_is_refused(dialect: Dialect, wrong: Row) -> None:
    """A text that is too long, a time without zone and another type never reach a driver, and the error tells no value; what fits does."""
    prepared = prepared_insert(TABLE, dialect)
    assert prepared is not None
    assert len(prepared.parameters(ROW)) == 3
    with pytest.raises(StoreError, match="does not fit its column") as many:
        prepared.many([ROW, wrong, ROW])
    assert many.value.__cause__ is many.value.__context__ is None
    several = [ROW, replace(ROW, id="short", at=None), replace(ROW, id="short")]
    assert prepared.many(several) == [prepared.parameters(each) for each in several]
    with pytest.raises(StoreError, match="does not fit its column") as refused:
        prepared.parameters(wrong)
    assert refused.value.__cause__ is refused.value.__context__ is None
