"""Errors of SQLAlchemy and its drivers, translated: no foreign exception leaves the store, and no value of a row is in a message."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ctsec.errors import SchemaMismatch, StoreBusy, StoreError, StoreReadOnly

# SQLITE_BUSY_SNAPSHOT: no time-out waits for it, since a transaction that has read an older state can never write.
_OLD_SNAPSHOT: Final = 517
_OVERTAKEN: Final = (
    "this transaction on SQLite read before it wrote, and another one wrote in between; nothing was consumed: roll back before you try "
    "again, and begin transactions that write with BEGIN IMMEDIATE"
)
_BUSY: Final = "the database could not serialise this call with others; nothing was consumed, try again"
MISFIT: Final = "a value does not fit its column: it is too long, of another type, or a time without zone"
_READ_ONLY: Final = "the database accepts no writes"
_SCHEMA: Final = "the tables of ctsec are missing or of another version; run `ctsec db upgrade`"

_POSTGRESQL: Final[dict[str, type[StoreError]]] = {
    "40001": StoreBusy, "40P01": StoreBusy, "55P03": StoreBusy, "57014": StoreBusy, "25006": StoreReadOnly, "42P01": SchemaMismatch,
    "42703": SchemaMismatch, "3F000": SchemaMismatch,
}  # fmt: skip
_MARIADB: Final[dict[int, type[StoreError]]] = {
    1020: StoreBusy, 1205: StoreBusy, 1213: StoreBusy, 1969: StoreBusy, 1036: StoreReadOnly, 1290: StoreReadOnly, 1792: StoreReadOnly,
    1054: SchemaMismatch, 1146: SchemaMismatch,
}  # fmt: skip
_SQLITE: Final[dict[int, type[StoreError]]] = {5: StoreBusy, 6: StoreBusy, 8: StoreReadOnly}
_MESSAGES: Final[dict[type[StoreError], str]] = {StoreBusy: _BUSY, StoreReadOnly: _READ_ONLY, SchemaMismatch: _SCHEMA}


def translate(error: SQLAlchemyError) -> StoreError:
    """Return the error of ours that `error` means; it carries a driver's code, never its text, which quotes rows."""
    if isinstance(error, PoolTimeout):
        return StoreBusy("every connection of the pool is in use; nothing was consumed, try again")
    if isinstance(error, DBAPIError):
        kind, code = _judge(error.orig)
        if kind is not None:
            overtaken = getattr(error.orig, "sqlite_errorcode", None) == _OLD_SNAPSHOT
            return kind(_OVERTAKEN if overtaken else _MESSAGES[kind])
        if isinstance(error, IntegrityError):
            return StoreError(f"the database refused a row that breaks one of its constraints ({code})")
        return StoreError(f"the database failed with {code}")
    if isinstance(error, StatementError) and isinstance(error.orig, (ValueError, TypeError)):
        return StoreError(MISFIT)
    return StoreError(f"the database session can not be used ({type(error).__name__})")


def is_busy(error: SQLAlchemyError) -> bool:
    """Say whether `error` means that the call may be tried again."""
    return isinstance(translate(error), StoreBusy)


def _judge(original: Any) -> tuple[type[StoreError] | None, str]:
    """Return our class for a driver's exception, if it has one, and a code without data."""
    name = type(original).__name__
    arguments = getattr(original, "args", ())
    if arguments and isinstance(arguments[0], int):  # before the SQLSTATE, which the drivers of MariaDB have too: HY000 for most
        return _MARIADB.get(arguments[0]), f"{name} {arguments[0]}"
    state = getattr(original, "sqlstate", None) or getattr(original, "pgcode", None)
    if isinstance(state, str):
        return _POSTGRESQL.get(state), f"{name} {state}"
    number = getattr(original, "sqlite_errorcode", None)
    if isinstance(number, int):
        missing = number == 1 and str(original).startswith(("no such table", "no such column"))
        return (SchemaMismatch if missing else _SQLITE.get(number & 0xFF)), f"{name} {number}"
    return None, name
