"""The listener behind `RecordedModels`: from what a session flushes to events in its transaction.

A value that the session does not know any more, because the row was expired or changed in place, is read before it is overwritten.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from inspect import iscoroutine
from typing import Any, Final
from uuid import UUID
from weakref import ref

from sqlalchemy import ClauseElement, Connection, Row, UpdateBase, event, inspect, select
from sqlalchemy.orm import InstanceState, Mapper, Session, SessionTransaction, object_session
from sqlalchemy.sql.visitors import iterate
from sqlalchemy.util import await_only

from ctsec.audit._sync_recorder import RECORDER
from ctsec.audit.change import UNKNOWN, Change, FieldClass
from ctsec.audit.event import Target
from ctsec.storage.sql.joined import FLUSHING
from ctsec.storage.sql.recorded import BY_HAND, CHANGED, CREATED, REMOVED, Plan, Plans

_WATCHING: Final = "ctsec.watching"
_KNOWN: Final = "ctsec.known"
_FLUSH: Final = "ctsec.flush"
_LONGEST: Final = 256
_EXACT: Final = 1 << 53


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read of a row that the session did not know, and which attributes are `asked` of the database by an expression."""

    before: Mapping[str, Any]
    asked: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Seen:
    """A row that was flushed; the ids of related rows are known when all are."""

    plan: Plan
    state: InstanceState[Any]
    what: str
    changes: tuple[Change, ...]
    related: tuple[tuple[str, tuple[Any, ...], tuple[Any, ...]], ...] = ()


class Listener:
    """Listens to models and sessions, and tells of rows as `plans` say."""

    __slots__ = ("_plans",)

    def __init__(self, plans: Plans) -> None:
        self._plans = plans

    def listen(self, sessions: Any) -> None:
        """Hear of every row that sessions write, and of every statement that they execute."""
        for model in self._plans.models:
            event.listen(model, "before_insert", _open, propagate=True)
            event.listen(model, "before_update", self._recall, propagate=True)
            event.listen(model, "before_delete", self._recall_all, propagate=True)
            event.listen(model, "after_insert", self._created, propagate=True)
            event.listen(model, "after_update", self._changed, propagate=True)
            event.listen(model, "after_delete", self._removed, propagate=True)
        event.listen(sessions, "before_flush", _begin)
        event.listen(sessions, "after_flush", _write)
        event.listen(sessions, "after_soft_rollback", _forget)
        event.listen(sessions, "after_transaction_end", _release)
        event.listen(sessions, "after_begin", self._watch)

    def _recall(self, mapper: Mapper[Any], connection: Connection, row: object) -> None:
        _open(mapper, connection, row)
        plan, state = self._plans.of(mapper), _state(row)
        histories: dict[str, Any] = {name: state.attrs[name].history for name in plan.columns}
        asked = {name for name, each in histories.items() if each.added and isinstance(each.added[0], ClauseElement)}
        unknown = {name for name, each in histories.items() if each.added and not each.deleted}
        before = self._read(plan, state, connection, {name for name in unknown if plan.columns[name][1] is not FieldClass.SECRET})
        before |= {name: histories[name].deleted[0] for name in asked if histories[name].deleted}
        state.info[_KNOWN] = _Known(before, frozenset(asked))

    def _recall_all(self, mapper: Mapper[Any], connection: Connection, row: object) -> None:
        _open(mapper, connection, row)
        plan, state = self._plans.of(mapper), _state(row)
        unknown = {name for name in plan.columns if name not in state.dict}
        # Whose a row is, was written over without being read: the row that goes is still that of before.
        histories = {name: state.attrs[name].history for name in (plan.recorded.organization, plan.recorded.workspace) if name is not None}
        unknown |= {name for name, each in histories.items() if each.added and not each.deleted}
        state.info[_KNOWN] = _Known(self._read(plan, state, connection, unknown))

    def _read(self, plan: Plan, state: InstanceState[Any], connection: Connection, names: Iterable[str]) -> dict[str, Any]:
        """Read what the row has now, and whose it is, where the session does not know."""
        whose = (plan.recorded.id, plan.recorded.organization, plan.recorded.workspace)
        wanted = {*names, *(name for name in whose if name is not None and name not in state.dict)}
        if not wanted:
            return {}
        mapper = state.mapper
        columns = [mapper.column_attrs[name].columns[0].label(name) for name in sorted(wanted)]
        key = state.identity or mapper.primary_key_from_instance(state.obj())
        where = [column == value for column, value in zip(mapper.primary_key, tuple(key), strict=True)]
        found: Row[Any] | None = connection.execute(select(*columns).select_from(mapper.selectable).where(*where)).first()
        return dict(zip(sorted(wanted), found, strict=True)) if found is not None else {}

    def _created(self, mapper: Mapper[Any], connection: Connection, row: object) -> None:
        plan, state = self._plans.of(mapper), _state(row)
        # What the database makes: defaults of its own, and expressions.
        made = self._read(plan, state, connection, [name for name in plan.columns if name not in state.dict])
        state.info[_KNOWN] = _Known(made)
        values = {name: _plain({**made, **state.dict}.get(name), plan.columns[name]) for name in _told(plan)}
        changes = [Change(path=plan.columns[name][0], after=value) for name, value in values.items() if value is not None]
        self._see(_Seen(plan, state, CREATED, tuple(changes), _related(plan, state)))

    def _changed(self, mapper: Mapper[Any], connection: Connection, row: object) -> None:
        plan, state = self._plans.of(mapper), _state(row)
        known: _Known = state.info.get(_KNOWN, _Known({}))
        after = self._read(plan, state, connection, known.asked) if known.asked else {}
        changes: list[Change] = []
        for name, (path, kept) in plan.columns.items():
            history = state.attrs[name].history
            if name not in known.asked and not history.has_changes():
                continue
            old = history.deleted[0] if history.deleted else known.before.get(name, UNKNOWN)
            new = after.get(name, UNKNOWN) if name in known.asked else history.added[0] if history.added else None
            one, two = _plain(old, (path, kept)), _plain(new, (path, kept))
            if one is UNKNOWN or one != two or kept is FieldClass.SECRET:
                changes.append(Change(path=path, before=one, after=two))
        seen = _Seen(plan, state, CHANGED, tuple(changes), _related(plan, state))
        if seen.changes or seen.related:
            self._see(seen)

    def _removed(self, mapper: Mapper[Any], connection: Connection, row: object) -> None:
        del connection
        plan, state = self._plans.of(mapper), _state(row)
        known = {**state.info.get(_KNOWN, _Known({})).before, **state.dict}
        for name in _told(plan):
            history = state.attrs[name].history
            if history.deleted:
                known[name] = history.deleted[0]
        values = {name: _plain(known.get(name), plan.columns[name]) for name in _told(plan)}
        changes = [Change(path=plan.columns[name][0], before=value) for name, value in values.items() if value is not None]
        self._see(_Seen(plan, state, REMOVED, tuple(changes)))

    def _see(self, seen: _Seen) -> None:
        session = object_session(seen.state.obj())
        if session is None or FLUSHING not in session.info:
            raise ValueError(f"expected a session of a class that RecordedModels.listen was given, to change {seen.plan.recorded.kind}")
        if RECORDER not in session.info:
            raise ValueError(
                f"expected a unit in the session that changes {seen.plan.recorded.kind}: call security.join(session, actor=…) first,"
                " in each transaction, or security.regional.router.join(session, workspace, actor=…) where it is in a region"
            )
        session.info[FLUSHING].append(seen)

    def _watch(self, session: Session, transaction: SessionTransaction, connection: Connection) -> None:
        """Hear of every statement on the connection of this session, once."""
        del transaction
        watches: dict[Listener, tuple[Any, Any]] = session.info.setdefault(_WATCHING, {})
        if self not in watches:
            watches[self] = self._watchers(ref(session))
        for name, watch in zip(("before_execute", "before_cursor_execute"), watches[self], strict=True):
            if not event.contains(connection, name, watch):
                event.listen(connection, name, watch)

    def _watchers(self, watched: ref[Session]) -> tuple[Any, Any]:
        def before_execute(_connection: Connection, clause: Any, _many: Any, _params: Any, options: Mapping[str, Any]) -> None:
            if isinstance(clause, UpdateBase):
                self._refuse(clause, watched(), options)

        def before_cursor_execute(_connection: Connection, _cursor: Any, _text: Any, _params: Any, context: Any, _many: Any) -> None:
            # Statements inside of a statement are known once it is compiled; to look through each before would cost every SELECT.
            for cte in getattr(context.compiled, "ctes", None) or ():
                if isinstance(cte.element, UpdateBase):
                    self._refuse(cte.element, watched(), context.execution_options)

        return before_execute, before_cursor_execute

    def _refuse(self, clause: UpdateBase, session: Session | None, options: Mapping[str, Any]) -> None:
        """Raise ValueError for a statement that changes a recorded table, itself, by an alias or in a join, unless its host tells of it."""
        found = next((each for each in (*iterate(clause.table), *_set_elsewhere(clause)) if each in self._plans.tables), None)
        if found is None or options.get(BY_HAND) or (session is not None and (session.info.get(BY_HAND) or _flushes(session))):
            return
        raise ValueError(
            f"a statement on {found} is not recorded: change its rows through the session, or record an event of your own"
            f" and say so with execution_options={{{BY_HAND!r}: True}} or RecordedModels.by_hand(session)"
        )


def _set_elsewhere(clause: UpdateBase) -> list[Any]:
    """Return the tables whose columns a statement sets: on MariaDB an UPDATE of one table may set those of another that it joins."""
    values: Mapping[Any, Any] = getattr(clause, "_values", None) or {}
    return [column.table for column in values if getattr(column, "table", None) is not None]


def _begin(session: Session, context: object, instances: object) -> None:
    del instances
    session.info[_FLUSH] = context


def _flushes(session: Session) -> bool:
    """Say whether the session writes its rows now; a flush that had nothing to do is never said to have ended, and counts for nothing."""
    return bool(getattr(session.info.get(_FLUSH), "has_work", False))


def _open(mapper: Mapper[Any], connection: Connection, row: object) -> None:
    """Begin to hear of a flush: at its first row, for a flush without work has no end to hear of."""
    del mapper, connection
    session = object_session(row)
    if session is not None and _WATCHING in session.info:
        session.info.setdefault(FLUSHING, [])


def _write(session: Session, context: object) -> None:
    """Write what this flush has changed; the session is told not to flush again for it."""
    del context
    try:
        for seen in session.info.get(FLUSHING, ()):
            recorder, plan = session.info[RECORDER], seen.plan
            says, before = (plan.recorded.organization, plan.recorded.workspace), seen.state.info.pop(_KNOWN, _Known({})).before
            known = {**before, **seen.state.dict}
            if seen.what == REMOVED:
                known |= before | _replaced(seen.state, says)
            whose = [known.get(name) if name is not None else None for name in says]
            done: Any = recorder.write(
                f"{plan.recorded.kind}.{seen.what}",
                target=Target(plan.recorded.kind, _id(plan, seen.state, known)),
                organization=_text(whose[0]),
                workspace=_text(whose[1]),
                says=says,
                changes=(*seen.changes, *(Change(path=path, before=_ids(out), after=_ids(put)) for path, out, put in seen.related)),
            )
            if iscoroutine(done):
                await_only(done)
    finally:
        _end(session)


def _end(session: Session) -> None:
    session.info.pop(FLUSHING, None)
    session.info.pop(_FLUSH, None)


def _forget(session: Session, transaction: SessionTransaction) -> None:
    del transaction
    _end(session)


def _release(session: Session, transaction: SessionTransaction) -> None:
    """Forget who acts when the outermost transaction ends: the next one may be somebody else's."""
    if transaction.parent is None:
        session.info.pop(RECORDER, None)


def _state(row: object) -> InstanceState[Any]:
    state: InstanceState[Any] = inspect(row)
    return state


def _told(plan: Plan) -> list[str]:
    """Return the attributes that are told of a row which comes or goes: not its id and whose it is, which every event says."""
    named = {plan.recorded.id, plan.recorded.organization, plan.recorded.workspace}
    return [name for name in plan.columns if name not in named]


def _related(plan: Plan, state: InstanceState[Any]) -> tuple[tuple[str, tuple[Any, ...], tuple[Any, ...]], ...]:
    histories = {name: state.attrs[name].history for name in plan.collections}
    return tuple((name, tuple(each.deleted), tuple(each.added)) for name, each in histories.items() if each.added or each.deleted)


def _ids(rows: Iterable[Any]) -> tuple[str, ...]:
    return tuple(sorted("/".join(map(str, _state(row).mapper.primary_key_from_instance(row))) for row in rows))


def _id(plan: Plan, state: InstanceState[Any], known: Mapping[str, Any]) -> str:
    name = plan.recorded.id
    values = state.mapper.primary_key_from_instance(state.obj()) if name is None else [known.get(name)]
    return "/".join(map(str, values))[:_LONGEST]


def _replaced(state: InstanceState[Any], names: Iterable[str | None]) -> dict[str, Any]:
    """Return what attributes were before they were written over in this session."""
    histories = {name: state.attrs[name].history for name in names if name is not None}
    return {name: each.deleted[0] for name, each in histories.items() if each.deleted}


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _plain(value: object, told: tuple[str, FieldClass]) -> object:
    """Return a value of a column as an event says it; raises ValueError for what has no form there."""
    path, kept = told
    if kept is FieldClass.SECRET:
        return value
    if value is None or value is UNKNOWN or isinstance(value, (str, bool)):
        return value
    if isinstance(value, ClauseElement):
        return UNKNOWN
    for kinds, form in _FORMS:
        if isinstance(value, kinds):
            return form(value, told)
    if is_dataclass(value):
        return {each.name: _plain(getattr(value, each.name), told) for each in fields(value)}
    raise ValueError(f"{path}: expected a value with a form in JSON, not a {type(value).__name__}; declare it secret, or ignore it")


_FORMS: Final[tuple[tuple[tuple[type, ...], Callable[[Any, tuple[str, FieldClass]], object]], ...]] = (
    ((enum.Enum,), lambda value, told: _plain(value.value, told)),
    ((int,), lambda value, _: value if abs(value) < _EXACT else str(value)),
    ((date, time), lambda value, _: value.isoformat()),
    ((float, Decimal, UUID, timedelta), lambda value, _: str(value)),
    ((bytes, bytearray, memoryview), lambda value, _: {"bytes": len(bytes(value))}),
    ((Mapping,), lambda value, told: {str(key): _plain(each, told) for key, each in value.items()}),
    ((list, tuple), lambda value, told: [_plain(each, told) for each in value]),
    ((set, frozenset), lambda value, told: sorted(str(_plain(each, told)) for each in value)),
)
