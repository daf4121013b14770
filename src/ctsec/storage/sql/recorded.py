"""How rows of recorded models are told: which attribute under which path, and who may read it.

Rules that this module keeps:

- every column of a recorded model, and every collection over a secondary table, is declared or ignored; a new one stops the start;
- ctsec's encrypted columns are secret, whatever is declared.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import FromClause, inspect
from sqlalchemy.orm import CompositeProperty, Mapper

from ctsec.audit.change import FieldClass
from ctsec.storage.sql.sealed_types import IndexColumn, SealedColumn

BY_HAND: Final = "ctsec_by_hand"
CREATED: Final = "created"
CHANGED: Final = "changed"
REMOVED: Final = "removed"


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
    ignored: Collection[str] = field(default=(), kw_only=True)


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


class Plans:
    """How every recorded model and every subclass of it is told. Raises ValueError for a name that none of them has."""

    __slots__ = ("_plans", "models", "tables")

    def __init__(self, recorded: Iterable[Recorded]) -> None:
        self.models = {each.model: each for each in recorded}
        self._plans: dict[Mapper[Any], Plan] = {}
        for each in self.models.values():
            mapper: Mapper[Any] = inspect(each.model)
            plans = [self.of(below) for below in mapper.self_and_descendants]
            known = {name for plan in plans for name in (*plan.columns, *plan.collections, *plan.recorded.ignored)}
            known |= {composite.key for below in mapper.self_and_descendants for composite in below.composites}
            for name in (*each.fields, *(named for named in (each.id, each.organization, each.workspace) if named is not None)):
                if name not in known:
                    raise ValueError(f"{_name(mapper)} has no column or collection {name!r} to record")
        self.tables = frozenset(table for plan in self._plans.values() for table in plan.tables)

    def of(self, mapper: Mapper[Any]) -> Plan:
        """Return how rows of a mapper are told; raises ValueError as `Plan` does, also for a subclass that came later."""
        found = self._plans.get(mapper)
        if found is None:
            recorded = next(self.models[each] for each in mapper.class_.__mro__ if each in self.models)
            found = self._plans[mapper] = Plan(recorded, mapper)
        return found

    def all(self) -> tuple[Plan, ...]:
        """Return every plan so far."""
        return tuple(self._plans.values())


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
