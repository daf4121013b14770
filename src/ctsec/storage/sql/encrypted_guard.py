"""What a session of the host refuses: to write rows whose values are not sealed, and statements that set sealed columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from sqlalchemy import event, inspect
from sqlalchemy.orm import InstanceState, ORMExecuteState, Session

from ctsec.encryption.columns import attributes_of
from ctsec.secret import Secret

_GUARDED: Final = "ctsec.encrypted"
_HELD: Final = "ctsec.columns"


class Held:
    """A value in memory: opened, or (`pending`) not sealed for its row yet; `waits` while it is being sealed.

    `bound` is the context that it was sealed in or opened from.
    """

    __slots__ = ("bound", "pending", "value", "waits")

    def __init__(self, value: bytes | None, *, pending: bool = False, bound: bytes | None = None) -> None:
        self.value = None if value is None else Secret(value)
        self.pending = pending
        self.waits = False
        self.bound = bound


def state_of(row: object) -> InstanceState[Any]:
    """Return the state that the mapper keeps of a row."""
    state: InstanceState[Any] = inspect(row)
    return state


def held(row: object) -> dict[str, Held]:
    """Return what is in memory of a row's encrypted columns, by attribute."""
    found: dict[str, Held] = state_of(row).info.setdefault(_HELD, {})
    return found


def guard(session: Session) -> None:
    """Have a session refuse to write or commit rows whose values are not sealed, and statements that set sealed columns.

    It is called for every session in which such a value is set; call it where a session is made to have it refuse statements from the
    first one on.
    """
    if _GUARDED not in session.info:
        session.info[_GUARDED] = True
        event.listen(session, "before_flush", _before_flush)
        event.listen(session, "before_commit", _require_all_sealed)
        event.listen(session, "do_orm_execute", _refuse_statements)


def _before_flush(session: Session, context: object, instances: object) -> None:
    del context, instances
    _require_all_sealed(session)


def _require_all_sealed(session: Session) -> None:
    for row in (*session.new, *session.identity_map.values()):
        for name, kept in _seen(row).items():
            if kept.pending and not kept.waits:
                raise ValueError(f"{type(row).__name__}.{name} was set and not sealed; call unit.columns.seal(row) before it is written")


def _refuse_statements(executing: ORMExecuteState) -> None:
    mapper = executing.bind_mapper
    if mapper is None or not (executing.is_insert or executing.is_update):
        return
    kept = attributes_of(mapper.class_)
    sealed = {mapper.columns[name].name for each in kept for name in each.columns()}
    placing: set[str] = (
        {column.name for column in mapper.primary_key} | {mapper.columns[each.organization].name for each in kept} if kept else set()
    )
    moved = _given(executing) if executing.is_update else _upserted(executing.statement)
    if sealed & (_given(executing) | moved) or placing & moved:
        raise ValueError("expected rows that the session writes: a statement can not seal, so it sets and moves no encrypted column")


def _given(executing: ORMExecuteState) -> set[str]:
    """Return the names of the columns that an INSERT or UPDATE sets."""
    statement: Any = executing.statement
    # Nothing public says what a statement sets before it is compiled.
    rows: list[Any] = [statement._values or {}, *(row for rows in statement._multi_values for row in rows)]  # noqa: SLF001
    given: Any = executing.parameters or ()
    rows += [given] if isinstance(given, Mapping) else given
    # In their order (SQLAlchemy 2.0), or as another query has them.
    rows += [dict(getattr(statement, "_ordered_values", None) or ()), dict.fromkeys(getattr(statement, "_select_names", None) or ())]
    return {name for row in rows if isinstance(row, Mapping) for name in _names(cast(Mapping[object, object], row))}


def _upserted(statement: Any) -> set[str]:
    """Return the names of the columns that an INSERT sets in a row that is there already (ON CONFLICT, ON DUPLICATE KEY)."""
    clause = getattr(statement, "_post_values_clause", None)
    found: Any = getattr(clause, "update_values_to_set", None) or getattr(clause, "update", None) or {}
    return set(_names(dict(found)))


def _names(row: Mapping[object, object]) -> list[str]:
    return [str(getattr(key, "name", key)) for key in row]


def _seen(row: object) -> Mapping[str, Held]:
    found: Mapping[str, Held] = state_of(row).info.get(_HELD, {})
    return found
