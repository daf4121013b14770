"""The trees over the logs, and their checkpoints, as statements."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Insert,
    LargeBinary,
    RowMapping,
    Select,
    Text,
    Update,
    bindparam,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    union_all,
    update,
)

from ctsec.audit.event import LogId
from ctsec.audit.sealing import LOG_OF_LOGS, CheckpointRecord, Head
from ctsec.audit.tree.tiles import Tile
from ctsec.storage.sql.statements.rows import among, values
from ctsec.storage.sql.tables import Tables


def lead(tables: Tables) -> Update:
    """Return the update that changes nothing and takes the lock of the one leader: the head of the log of logs."""
    t = tables.log.head
    return update(t).where(t.c.log == LOG_OF_LOGS).values(size=t.c.size)


def new_head(tables: Tables, log: LogId) -> Insert:
    """Return the insert of the head of a log without events."""
    return insert(tables.log.head).values(values(Head(log=log)))


def new_heads(tables: Tables, logs: Collection[LogId]) -> tuple[Insert, list[dict[str, Any]]]:
    """Return the insert of the heads of logs without events, and its rows."""
    return insert(tables.log.head), [values(Head(log=log)) for log in logs]


def heads(tables: Tables, logs: Collection[LogId], *, dialect: str) -> Select[Any]:
    """Return the query for the heads of some logs."""
    t = tables.log.head
    return select(t).where(among(t.c.log, logs, dialect=dialect))


def page_of_heads(tables: Tables, *, after: str, limit: int) -> Select[Any]:
    """Return the query for heads in the order of ids."""
    t = tables.log.head
    return select(t).where(t.c.log > after).order_by(t.c.log).limit(limit)


def grown(tables: Tables, heads: Collection[Head], *, dialect: str) -> tuple[Update, list[dict[str, Any]] | None]:
    """Return the update of sizes and frontiers, and its rows; on PostgreSQL it is one statement for all heads, without rows."""
    t = tables.log.head
    if dialect == "postgresql":
        columns = ([head.log for head in heads], Text()), ([head.size for head in heads], BigInteger()), (
            [head.frontier for head in heads], LargeBinary(),
        )  # fmt: skip
        fresh = func.unnest(*[literal(told, ARRAY(kind)) for told, kind in columns]).table_valued("of", "to", "edge").render_derived()
        return update(t).where(t.c.log == fresh.c.of).values(size=fresh.c.to, frontier=fresh.c.edge), None
    statement = update(t).where(t.c.log == bindparam("of")).values(size=bindparam("to"), frontier=bindparam("edge"))
    return statement, [{"of": head.log, "to": head.size, "edge": head.frontier} for head in heads]


def leaves(tables: Tables, log: LogId, *, first: int, end: int) -> Select[Any]:
    """Return the query for leaves of events, in the order of indexes: those that were purged have left theirs."""
    parts = [
        select(t.c.index, t.c.leaf).where(t.c.log == log, t.c.index >= first, t.c.index < end) for t in (tables.log.event, tables.log.leaf)
    ]
    every = union_all(*parts).subquery()
    return select(every.c.leaf).order_by(every.c.index)


def roots(tables: Tables, log: LogId, *, level: int, first: int, end: int) -> Select[Any]:
    """Return the query for the roots of tiles, in the order of numbers."""
    t = tables.log.tile
    return select(t.c.root).where(t.c.log == log, t.c.level == level, t.c.number >= first, t.c.number < end).order_by(t.c.number)


@lru_cache(maxsize=8)
def tiles(tables: Tables) -> Select[Any]:
    """Return the query for the tiles of `log` at `level` with numbers from `first` to before `end`, in their order.

    A verification asks it for each page with other values, and it is made once.
    """
    t = tables.log.tile
    log, (level, first, end) = (
        bindparam("log", type_=t.c.log.type),
        [bindparam(name, type_=BigInteger()) for name in ("level", "first", "end")],
    )
    return select(t).where(t.c.log == log, t.c.level == level, t.c.number >= first, t.c.number < end).order_by(t.c.number)


def new_tiles(tables: Tables, log: LogId, made: Collection[Tile]) -> tuple[Insert, list[dict[str, Any]]]:
    """Return the insert of tiles, and its rows."""
    return insert(tables.log.tile), [{"log": log, **values(tile)} for tile in made]


def tile(row: RowMapping) -> Tile:
    """Return the tile in a row."""
    return Tile(level=row["level"], number=row["number"], hashes=row["hashes"], root=row["root"])


def due(tables: Tables, *, before: datetime | None, limit: int) -> Select[Any]:
    """Return the query for heads that grew since their last checkpoint."""
    t = tables.log.head
    waited = true() if before is None else or_(t.c.signed_at.is_(None), t.c.signed_at <= before)
    return select(t).where(t.c.log != LOG_OF_LOGS, t.c.size > t.c.signed, waited).order_by(t.c.log).limit(limit)


def last(tables: Tables, log: LogId) -> Select[Any]:
    """Return the query for the checkpoint of the largest size."""
    t = tables.log.checkpoint
    return select(t).where(t.c.log == log).order_by(t.c.size.desc()).limit(1)


def handed_up(tables: Tables) -> Select[Any]:
    """Return the query for the names under which checkpoints of the logs of logs of regions' stores are here."""
    t = tables.log.checkpoint
    return select(t.c.log).where(t.c.log.like(f"%/{LOG_OF_LOGS}")).distinct().order_by(t.c.log)


def page_of_checkpoints(tables: Tables, log: LogId, *, after: int, limit: int) -> Select[Any]:
    """Return the query for the checkpoints of a log, in the order of sizes."""
    t = tables.log.checkpoint
    return select(t).where(t.c.log == log, t.c.size > after).order_by(t.c.size).limit(limit)


def numbered(tables: Tables, *, first: int, limit: int) -> Select[Any]:
    """Return the query for the leaves of the log of logs, in the order of numbers."""
    t = tables.log.checkpoint
    return select(t).where(t.c.number >= first).order_by(t.c.number).limit(limit)


def checkpoint(tables: Tables, log: LogId, size: int) -> Select[Any]:
    """Return the query that finds out whether a size has a checkpoint."""
    t = tables.log.checkpoint
    return select(t.c.size).where(t.c.log == log, t.c.size == size)


def new_checkpoints(tables: Tables, made: Collection[CheckpointRecord]) -> tuple[Insert, list[dict[str, Any]]]:
    """Return the insert of checkpoints, and its rows."""
    return insert(tables.log.checkpoint), [values(each) for each in made]


def signed(tables: Tables, made: CheckpointRecord) -> Update:
    """Return the update of a head that notes what a checkpoint covers."""
    t = tables.log.head
    return update(t).where(t.c.log == made.log, t.c.signed < made.size).values(signed=made.size, signed_at=made.signed_at)
