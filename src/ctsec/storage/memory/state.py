"""The rows behind the memory store, and its transactions.

Rules that this module keeps:

- committed rows are never changed in place: a commit publishes a new snapshot, so a reader keeps the one that it began with;
- a plain read sees the snapshot of the transaction's first read, a locking read sees the newest committed row; both see the
  transaction's own writes;
- a transaction locks the rows that it writes and those that it read with a locking read; if another transaction that locked one of
  them committed meanwhile, the commit raises StoreBusy and applies nothing: the first committer wins;
- a unique key is a row of a table of its own, so the rule above covers it; inserts of different rows never conflict;
- what is stored is immutable and its times are in UTC.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import UTC, datetime
from functools import cache
from types import MappingProxyType
from typing import Any, Final, Generic, TypeAlias, TypeVar, cast

from ctsec.clock import utc
from ctsec.errors import StoreBusy, StoreError, StoreReadOnly
from ctsec.storage.memory.guard_state import GuardState

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
Row: TypeAlias = tuple[str, Hashable]
Rows: TypeAlias = Mapping[Any, Any]
AfterCommit: TypeAlias = Callable[[frozenset[str]], None]
_NO_ROWS: Final[Rows] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Table(Generic[K, V]):
    """The name of a record family, with the types of its key and its records."""

    name: str


EPOCHS: Final[Table[str, tuple[str, int]]] = Table("epochs")
META: Final[Table[str, str]] = Table("meta")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that was committed up to and including commit number `commit`."""

    commit: int = 0
    tables: Mapping[str, Rows] = field(default_factory=lambda: MappingProxyType({}))


class MemoryState:
    """What is committed, and the rows of the guard store; several storages, of both colours, may share one."""

    __slots__ = ("_changed", "_lock", "guard", "newest")

    def __init__(self) -> None:
        self.newest = Snapshot(tables=MappingProxyType({META.name: {"incarnation": secrets.token_hex(16)}}))
        self.guard = GuardState()
        self._changed: dict[Row, int] = {}
        self._lock = threading.Lock()

    def commit(self, *, writes: Mapping[str, Rows], locked: Mapping[Row, int], scopes: frozenset[str]) -> None:
        """Apply `writes` (None deletes) and new epochs; raise StoreBusy if a locked row is newer than the commit it was seen at."""
        with self._lock:
            if any(self._changed.get(row, 0) > seen for row, seen in locked.items()):
                raise StoreBusy("another transaction changed the same rows first; nothing was written, try again")
            number = self.newest.commit + 1
            tables = dict(self.newest.tables)
            for name, rows in {**writes, EPOCHS.name: {scope: (scope, number) for scope in scopes}}.items():
                merged = {**tables.get(name, _NO_ROWS), **rows}
                tables[name] = {key: record for key, record in merged.items() if record is not None}
            self._changed.update(dict.fromkeys(locked, number))
            self.newest = Snapshot(number, tables)


class Transaction:
    """A view of the state and the writes that a commit will apply; it may be used again after commit or rollback, until `end`."""

    __slots__ = ("_base", "_ended", "_listeners", "_locked", "_scopes", "_state", "_writable", "_writes")

    def __init__(self, state: MemoryState, *, writable: bool = True) -> None:
        self._state = state
        self._writable = writable
        self._ended = False
        self._listeners: list[AfterCommit] = []
        self._forget()

    def _forget(self) -> None:
        self._base: Snapshot | None = None
        self._writes: dict[str, dict[Any, Any]] = {}
        self._locked: dict[Row, int] = {}
        self._scopes: set[str] = set()

    def _opened(self) -> Snapshot:
        if self._ended:
            raise StoreError("the transaction has ended; open another one")
        if self._base is None:
            self._base = self._state.newest
        return self._base

    def _merged(self, table: Table[K, V], snapshot: Snapshot) -> dict[K, V]:
        merged = {**snapshot.tables.get(table.name, _NO_ROWS), **self._writes.get(table.name, _NO_ROWS)}
        return {key: record for key, record in merged.items() if record is not None}

    def _one(self, table: Table[K, V], key: K, snapshot: Snapshot) -> V | None:
        own = self._writes.get(table.name, _NO_ROWS)
        return cast("V | None", own[key] if key in own else snapshot.tables.get(table.name, _NO_ROWS).get(key))

    def get(self, table: Table[K, V], key: K) -> V | None:
        """Return a record, by a plain read."""
        return self._one(table, key, self._opened())

    def scan(self, table: Table[K, V]) -> list[V]:
        """Return every record of a table, by a plain read, in no order."""
        return list(self._merged(table, self._opened()).values())

    def current(self, table: Table[K, V], key: K) -> V | None:
        """Return a record by a locking read; the row is locked even if there is none."""
        self._opened()
        newest = self._state.newest
        self._locked.setdefault((table.name, key), newest.commit)
        return self._one(table, key, newest)

    def current_where(self, table: Table[K, V], wanted: Callable[[V], bool]) -> list[V]:
        """Return the records that are `wanted`, by a locking read, in no order."""
        self._opened()
        newest = self._state.newest
        found = {key: record for key, record in self._merged(table, newest).items() if wanted(record)}
        for key in found:
            self._locked.setdefault((table.name, key), newest.commit)
        return list(found.values())

    def put(self, table: Table[K, V], key: K, record: V | None) -> None:
        """Write a record over whatever is there; None deletes it."""
        if not self.writable:
            raise StoreReadOnly("a reading writes nothing")
        self._locked.setdefault((table.name, key), self._state.newest.commit)
        self._writes.setdefault(table.name, {})[key] = frozen(record)

    def insert(self, table: Table[K, V], key: K, record: V) -> None:
        """Write a record that is not there; raise StoreError if it is."""
        if self.current(table, key) is not None:
            raise StoreError(f"a row of {table.name} with this key exists already")
        self.put(table, key, record)

    def bump(self, scope: str) -> None:
        """Give `scope` another epoch at commit; two transactions may both do so."""
        if not self.writable:
            raise StoreReadOnly("a reading writes nothing")
        self._scopes.add(scope)

    def after_commit(self, listener: AfterCommit) -> None:
        """Call `listener` once after every commit that wrote; one that is there already is not added."""
        if listener not in self._listeners:
            self._listeners.append(listener)

    @property
    def wrote(self) -> bool:
        """Whether anything was written."""
        return bool(self._writes or self._scopes)

    @property
    def writable(self) -> bool:
        """Whether it writes, and locks for others; a reading does neither."""
        self._opened()
        return self._writable

    def commit(self) -> None:
        """Apply the writes, all or (StoreBusy) none, then tell the listeners if there were any."""
        wrote, scopes = self.wrote, frozenset(self._scopes)
        try:
            if wrote:
                self._state.commit(writes=self._writes, locked=self._locked, scopes=scopes)
        finally:
            self._forget()
        for listener in self._listeners if wrote else ():
            listener(scopes)

    def rollback(self) -> None:
        """Drop the writes."""
        self._forget()

    def end(self) -> None:
        """Refuse any further use."""
        self._ended = True


def frozen(record: V) -> V:
    """Return a record with its times in UTC and its mappings copied and closed; raise ValueError for a naive time."""
    if not is_dataclass(record) or isinstance(record, type):
        return record
    changes: dict[str, Any] = {}
    for name in _names_of(type(record)):
        value = getattr(record, name)
        if isinstance(value, datetime):
            if value.tzinfo is not UTC:
                changes[name] = utc(value)
        elif isinstance(value, Mapping):
            changes[name] = _closed(getattr(record, name))
    return replace(record, **changes) if changes else record


@cache
def _names_of(kind: type[Any]) -> tuple[str, ...]:
    return tuple(each.name for each in fields(kind))


def _closed(mapping: Rows) -> Rows:
    return MappingProxyType({key: utc(item) if isinstance(item, datetime) else item for key, item in mapping.items()})
