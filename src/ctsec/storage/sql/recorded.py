"""Which of a host's models are recorded: each change of a row is an event in the same transaction.

    RECORDED = RecordedModels(Recorded(Order, kind="order", organization="organization_id", fields={"title": "public", "card": "secret"}))
    RECORDED.listen()
    options = EmbeddedOptions(events=RECORDED.schemas)

Rules that this module keeps:

- every column of a recorded model, and every collection over a secondary table, is declared or ignored; a new one stops the start;
- ctsec's encrypted columns are secret, whatever is declared;
- rows that the session writes are recorded; statements on a recorded table are refused, unless the host says that it tells of them itself;
- a session that no unit rides in, and a unit without an actor, can not change a recorded model.

What is not seen: SQL as text, connections that are no session's, and what the database does by itself (cascades, triggers).
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import FromClause, inspect
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import CompositeProperty, Mapper, Session

from ctsec.audit.change import FieldClass
from ctsec.audit.schema import EventSchema, personal, public, secret
from ctsec.storage.sql.sealed_types import IndexColumn, SealedColumn

BY_HAND: Final = "ctsec_by_hand"
CREATED: Final = "created"
CHANGED: Final = "changed"
REMOVED: Final = "removed"
_DECLARE: Final = {FieldClass.PUBLIC: public(object), FieldClass.PERSONAL: personal(object), FieldClass.SECRET: secret()}


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recorded model: `kind` is what its events call a row (`order.changed`), `fields` says who may read which attribute.

    `id` is the attribute that names a row (None: its primary key), `organization` and `workspace` those that say whose it is; without
    `organization` it is that of the actor. These three need no declaration. A composite and a collection over a secondary table are
    declared by their names; of a collection, the ids that were taken out and put in are told. What is `ignored` is never told.
    """

    model: type[Any]
    kind: str = field(kw_only=True)
    fields: Mapping[str, FieldClass | str] = field(kw_only=True)
    id: str | None = field(default=None, kw_only=True)
    organization: str | None = field(default=None, kw_only=True)
    workspace: str | None = field(default=None, kw_only=True)
    ignored: Iterable[str] = field(default=(), kw_only=True)


class Plan:
    """How rows of one mapper are told: `columns` by attribute as (path, class), `collections` by name.

    Raises ValueError for what is neither declared nor ignored, and for a name that the model does not have.
    """

    __slots__ = ("collections", "columns", "recorded", "tables")

    def __init__(self, recorded: Recorded, mapper: Mapper[Any]) -> None:
        self.recorded = recorded
        declared = {name: FieldClass(kept) for name, kept in recorded.fields.items()}
        paths = {name: (name, kept) for name, kept in declared.items()}
        for composite in mapper.composites:
            if composite.key in declared:
                paths |= {part.key: (f"{composite.key}.{part.key}", declared[composite.key]) for part in _parts(composite)}
        named = (recorded.id, recorded.organization, recorded.workspace)
        open_to_all = {name: (name, FieldClass.PUBLIC) for name in named if name is not None}
        self.columns: dict[str, tuple[str, FieldClass]] = {}
        ignored = {*recorded.ignored, *(column.key for column in mapper.column_attrs if _is_key(recorded, mapper, column.key))}
        for prop in mapper.column_attrs:
            path = paths.get(prop.key) or open_to_all.get(prop.key)
            if any(isinstance(column.type, (SealedColumn, IndexColumn)) for column in prop.columns):
                if path is not None and path[1] is not FieldClass.SECRET:
                    raise ValueError(f"{_name(mapper)}.{prop.key} is encrypted; expected it declared secret, or not at all")
                path = (prop.key, FieldClass.SECRET)
            if path is not None and prop.key not in recorded.ignored:
                self.columns[prop.key] = path
            elif prop.key not in ignored:
                raise ValueError(_undeclared(mapper, prop.key))
        secondary = _secondary(mapper)
        self.collections = {name: declared[name] for name in secondary if self._declares(mapper, name, declared)}
        self.tables: frozenset[FromClause] = frozenset((*mapper.tables, *(secondary[name] for name in self.collections)))

    def _declares(self, mapper: Mapper[Any], name: str, declared: Mapping[str, FieldClass]) -> bool:
        if name not in declared and name not in self.recorded.ignored:
            raise ValueError(_undeclared(mapper, name))
        return name in declared


class RecordedModels:
    """The models of a host that are recorded; `schemas` are their events, for the bundle's `events`."""

    __slots__ = ("_by_model", "_plans", "tables")

    def __init__(self, *recorded: Recorded) -> None:
        self._by_model = {each.model: each for each in recorded}
        self._plans: dict[Mapper[Any], Plan] = {}
        for each in recorded:
            mapper: Mapper[Any] = inspect(each.model)
            plans = [self.plan(below) for below in mapper.self_and_descendants]
            known = {name for plan in plans for name in (*plan.columns, *plan.collections, *plan.recorded.ignored)}
            known |= {composite.key for below in mapper.self_and_descendants for composite in below.composites}
            for name in (*each.fields, *(named for named in (each.id, each.organization, each.workspace) if named is not None)):
                if name not in known:
                    raise ValueError(f"{_name(mapper)} has no column or collection {name!r} to record")
        self.tables = frozenset(table for plan in self._plans.values() for table in plan.tables)

    @property
    def schemas(self) -> tuple[EventSchema, ...]:
        """The schemas of `<kind>.created`, `<kind>.changed` and `<kind>.removed` for each model."""
        found: dict[str, dict[str, FieldClass]] = {}
        for plan in self._plans.values():
            changes = found.setdefault(plan.recorded.kind, {})
            changes |= dict(plan.columns.values()) | plan.collections
        return tuple(
            EventSchema(f"{kind}.{what}", changes={path: _DECLARE[kept] for path, kept in changes.items()})
            for kind, changes in found.items()
            for what in (CREATED, CHANGED, REMOVED)
        )

    @property
    def models(self) -> Mapping[type[Any], Recorded]:
        """The declarations by model."""
        return MappingProxyType(self._by_model)

    def plan(self, mapper: Mapper[Any]) -> Plan:
        """Return how rows of a mapper are told; raises ValueError as `Plan` does, also for a subclass that came later."""
        found = self._plans.get(mapper)
        if found is None:
            recorded = next(self._by_model[each] for each in mapper.class_.__mro__ if each in self._by_model)
            found = self._plans[mapper] = Plan(recorded, mapper)
        return found

    def listen(self, sessions: Any = Session) -> None:
        """Record from now on; `sessions` is a class of sessions or a sessionmaker, and all sessions of SQLAlchemy unless it is given.

        An `AsyncSession` writes through the Session of its `sync_session_class`. Call it once, where the models are.
        """
        from ctsec.storage.sql.recording import Listener

        Listener(self).listen(sessions)

    @contextmanager
    def by_hand(self, session: Session | AsyncSession) -> Generator[None]:
        """Let statements on recorded tables pass in this block: the host tells of them itself, with an event of its own.

        For a single statement, `execution_options={"ctsec_by_hand": True}` says the same.
        """
        before = session.info.get(BY_HAND, False)
        session.info[BY_HAND] = True
        try:
            yield
        finally:
            session.info[BY_HAND] = before


def _parts(composite: CompositeProperty[Any]) -> Iterable[Any]:
    return composite.props


def _secondary(mapper: Mapper[Any]) -> dict[str, FromClause]:
    """Return the collections that are written into a table of their own, with that table."""
    return {each.key: each.secondary for each in mapper.relationships if each.secondary is not None and not each.viewonly}


def _is_key(recorded: Recorded, mapper: Mapper[Any], name: str) -> bool:
    return recorded.id is None and name in {mapper.get_property_by_column(column).key for column in mapper.primary_key}


def _name(mapper: Mapper[Any]) -> str:
    return mapper.class_.__name__


def _undeclared(mapper: Mapper[Any], name: str) -> str:
    return f"expected {_name(mapper)}.{name} to be declared public, personal or secret, or ignored: what is recorded is said of each field"
