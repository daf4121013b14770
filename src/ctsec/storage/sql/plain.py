"""Rows as a driver hands them out, for reads of many: neither SQLAlchemy's rows nor, where a driver knows better, the text form of bytes.

Rules that this module keeps:

- the statement goes through SQLAlchemy as any other, so whoever listens on the engine sees it; what comes back is the driver's;
- no type of SQLAlchemy looks at a value: a statement that is read so has columns without types, or ones that need no reading;
- an error of the driver amid the rows is one of SQLAlchemy, as an error of the statement is.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection, CursorResult, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

_BINARY: Final = 1  # of libpq's formats


@contextmanager
def binary_results(connection: Connection | AsyncConnection) -> Generator[None, None, None]:
    """Have psycopg ask for the binary form of results; PostgreSQL sends bytes as hexadecimal text otherwise, twice as long."""
    ours = connection.sync_connection if isinstance(connection, AsyncConnection) else connection
    if ours is None or not ours.dialect.driver.startswith("psycopg") or ours.dialect.driver == "psycopg2":
        yield
        return
    event.listen(ours, "before_cursor_execute", _ask_binary)
    try:
        yield
    finally:
        event.remove(ours, "before_cursor_execute", _ask_binary)


def plain_rows(result: CursorResult[Any]) -> tuple[tuple[Any, ...], ...]:
    """Return all rows of a result from the driver's own cursor, and close it."""
    driver: Any = result.dialect.loaded_dbapi
    try:
        cursor: Any = result.cursor
        return tuple(cursor.fetchall())
    except driver.Error as error:
        raise DBAPIError.instance(None, None, error, driver.Error, hide_parameters=True, dialect=result.dialect) from error
    finally:
        result.close()


def _ask_binary(connection: Connection, cursor: Any, *told: object) -> None:
    del connection, told
    getattr(cursor, "_cursor", cursor).format = _BINARY  # SQLAlchemy wraps the cursors of asynchronous drivers
