"""Statements that a process compiles once, however many engines its tests make.

An engine keeps what it compiled to itself. An application has one and each test has its own, and compiled the same statements anew.
Engines whose dialects compile alike share here what any of them has compiled.
"""

from __future__ import annotations

from typing import Any, Final
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Dialect, Engine, event
from sqlalchemy.util import LRUCache

ROOM: Final = 4_000
PLAIN: Final = (bool, int, str, tuple, type(None))
# What a statement's text does not depend on: the name of the database, which some have here, and how its connections are made.
ELSEWHERE: Final = {"default_schema_name", "default_isolation_level", "_on_connect_isolation_level", "_has_events"}
SERIALIZERS: Final = {"_json_serializer", "_json_deserializer"}
_compiled: Final[LRUCache[Any, Any]] = LRUCache(ROOM)
_caches: Final[WeakKeyDictionary[Dialect, Statements]] = WeakKeyDictionary()


class Statements:
    """Stands for the cache of an engine: in a key, its dialect is told by what it is and not by which."""

    def __init__(self, dialect: Dialect) -> None:
        told = ((name, value) for name, value in vars(dialect).items() if isinstance(value, PLAIN) or name in SERIALIZERS)
        self._alike = type(dialect), frozenset((name, value) for name, value in told if name not in ELSEWHERE)

    def get(self, key: tuple[Any, ...]) -> Any:
        """Return a compiled statement, or None."""
        return _compiled.get((self._alike, *key[1:]))

    def __setitem__(self, key: tuple[Any, ...], statement: Any) -> None:
        """Keep a compiled statement."""
        _compiled[(self._alike, *key[1:])] = statement


def share() -> None:
    """Have the engines of this process share what they compile from now on."""

    @event.listens_for(Engine, "engine_connect")
    def connected(connection: Connection) -> None:
        if connection.dialect not in _caches:  # it knows its server by now
            _caches[connection.dialect] = Statements(connection.dialect)
        connection.execution_options(compiled_cache=_caches[connection.dialect])
