"""Rows of the log as the driver hands them out, a page at a time: whoever reads a whole log reads them all.

Rules that this module keeps:

- a cell counts only in the type that its column was written in: on SQLite a text that somebody made bytes is found by no search, so it
  must not read as the same text either. What has another type reads as something that no body says, and a verification tells it;
- no cell ends the reading of a page. SQLite keeps a text that is not UTF-8, at which its driver fails: the page is read spelled then.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Final, cast

from sqlalchemy import BigInteger, ColumnElement, Select, bindparam, case, func, literal, select, type_coerce
from sqlalchemy.types import NULLTYPE

from ctsec.audit.record import SealedEvent, StoredEvent
from ctsec.audit.rows import LogRow
from ctsec.draft import draft_of
from ctsec.storage.sql.tables import Tables
from ctsec.storage.sql.types import MARIADB

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NO_TIME: Final = datetime.min.replace(tzinfo=UTC)
_EVENT: Final = draft_of(StoredEvent)
_SEALED: Final = draft_of(SealedEvent)
_TIME: Final = 3
_BYTES: Final = slice(15, 18)
_TEXT_OR_NULL: Final = frozenset({str, type(None)}).issuperset
_NUMBER: Final = frozenset({int}).issuperset
_BINARY: Final = frozenset({bytes}).issuperset


@lru_cache(maxsize=8)
def page(tables: Tables) -> Select[Any]:
    """Return the statement for the events of `log` from the index `first` on, at most `most`, in their order, with the cells as they are.

    A verification asks it for each page with other values of the three, and it is made once.
    """
    return _of_page(tables, [type_coerce(each, NULLTYPE) for each in tables.log.event.columns])


@lru_cache(maxsize=8)
def spelled(tables: Tables) -> Select[Any]:
    """Return the statement of `page` for SQLite with each text and blob as hexadecimal digits behind `t` or `b`, which any driver reads."""
    return _of_page(tables, [_spelled(type_coerce(each, NULLTYPE)) for each in tables.log.event.columns])


def _spelled(cell: ColumnElement[Any]) -> ColumnElement[Any]:
    digits, kind = func.hex(cell), func.typeof(cell)
    return case((kind == "text", literal("t").concat(digits)), (kind == "blob", literal("b").concat(digits)), else_=cell)


def read_spelled(rows: tuple[tuple[Any, ...], ...]) -> tuple[tuple[Any, ...], ...]:
    """Return rows of `spelled` as those of `page`; a text that is not UTF-8 is one that no body says."""
    return tuple([tuple([_unspelled(cell) for cell in row]) for row in rows])


def _unspelled(cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    data = bytes.fromhex(cell[1:])
    if cell[0] == "b":
        return data
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return repr(data)


def _of_page(tables: Tables, columns: Sequence[ColumnElement[Any]]) -> Select[Any]:
    t = tables.log.event
    cells = select(*columns)
    log, (first, most) = bindparam("log", type_=t.c.log.type), [bindparam(name, type_=BigInteger()) for name in ("first", "most")]
    return cast("Select[Any]", cells.where(t.c.log == log, t.c.index >= first).order_by(t.c.index).limit(most))


def log_rows(rows: tuple[tuple[Any, ...], ...], *, dialect: str) -> tuple[LogRow, ...]:
    """Return rows of `page` as a verification compares them: on MariaDB ids lie in binary columns, elsewhere a cell is what it is."""
    return tuple([_plain(row, binary=True) for row in rows]) if dialect in MARIADB else rows


def sealed_events(rows: Sequence[tuple[Any, ...]], *, dialect: str) -> tuple[SealedEvent, ...]:
    """Return the events in rows of `page`."""
    columns = list(zip(*rows, strict=True))
    texts = [*columns[1:_TIME], *columns[_TIME + 1 : _BYTES.start]]
    plain = (
        all(_TEXT_OR_NULL(map(type, each)) for each in texts)
        and all(_BINARY(map(type, each)) for each in columns[_BYTES])
        and all(_NUMBER(map(type, each)) for each in columns[_TIME : _TIME + 1])
    )
    return tuple(_made(rows if plain else [_plain(row, binary=dialect in MARIADB) for row in rows]))


def _made(rows: Collection[tuple[Any, ...]]) -> Iterator[SealedEvent]:
    for row in rows:
        event, sealed = _EVENT(), _SEALED()
        (
            sealed.index, event.id, event.log, micros, event.name, event.actor_kind, event.actor_id, event.target_kind, event.target_id,
            event.subject_id, event.outcome, event.reason, event.organization_id, event.workspace_id, event.request_id, event.body,
            event.leaf, event.personal,
        ) = row  # fmt: skip
        try:
            event.time = _EPOCH + timedelta(microseconds=micros)
        except (OverflowError, TypeError):
            event.time = _NO_TIME
        event.__class__ = StoredEvent
        sealed.event = event
        sealed.__class__ = SealedEvent
        yield cast(SealedEvent, sealed)


def _plain(row: tuple[Any, ...], *, binary: bool) -> tuple[Any, ...]:
    """Return a row with cells of the right types: MariaDB keeps ids in binary columns, and drivers have several types for bytes."""
    index, *texts = row[: _BYTES.start]
    micros = texts.pop(_TIME - 1)
    told: list[Any] = [_text(cell, binary=binary) for cell in texts]
    told.insert(_TIME - 1, micros if type(micros) is int else None)
    raw = [bytes(cast(bytes, cell)) if isinstance(cell, (bytes, bytearray, memoryview)) else b"\x00" for cell in row[_BYTES]]
    return (index, *told, *raw)


def _text(cell: object, *, binary: bool) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    if binary and isinstance(cell, (bytes, bytearray)):
        try:
            return cell.decode("utf-8")
        except UnicodeDecodeError:
            pass
    return repr(cell)
