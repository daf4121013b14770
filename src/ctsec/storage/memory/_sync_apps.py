# Generated from src/ctsec/storage/memory/_async_apps.py by tools/twin.py; edit that file.
"""Connected apps and their tokens in memory (async source)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ctsec.connections.record import AppConnection, StoredTokens, TokenState
from ctsec.ids import AppId, OrganizationId, UserId
from ctsec.storage.memory.guard_state import GuardState
from ctsec.storage.memory.state import Transaction, frozen
from ctsec.storage.memory.tables import APPS


class MemoryApps:
    """See `ctsec.connections.ports.AppRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def add(self, app: AppConnection) -> None:
        """Insert a connection."""
        self._tx.insert(APPS, app.id, app)

    def get(self, app_id: AppId) -> AppConnection | None:
        """Return a connection, one that has ended too."""
        return self._tx.get(APPS, app_id)

    def replace(self, app: AppConnection) -> bool:
        """Write if the stored version is one less."""
        stored = self._tx.current(APPS, app.id)
        if stored is None or stored.version != app.version - 1:
            return False
        self._tx.put(APPS, app.id, app)
        return True

    def remove(self, app_id: AppId) -> bool:
        """Delete a connection."""
        if self._tx.current(APPS, app_id) is None:
            return False
        self._tx.put(APPS, app_id, None)
        return True

    def of_organization(self, organization_id: OrganizationId) -> tuple[AppConnection, ...]:
        """Return the connections of an organization that have not ended, in the order of ids."""
        found = [each for each in self._tx.scan(APPS) if each.organization_id == organization_id and each.ended_at is None]
        return tuple(sorted(found, key=lambda each: each.id))

    def end_of_person(self, organization_id: OrganizationId, user_id: UserId, *, now: datetime) -> tuple[AppConnection, ...]:
        """End every connection of a person in an organization; return those that were live, as they are now."""
        whose = (organization_id, user_id)
        found = self._tx.current_where(APPS, lambda each: (each.organization_id, each.user_id) == whose and each.ended_at is None)
        ended = [replace(each, ended_at=now, due_at=now, version=each.version + 1) for each in sorted(found, key=lambda each: each.id)]
        for each in ended:
            self._tx.put(APPS, each.id, each)
        return tuple(ended)

    def due(self, *, now: datetime, limit: int) -> tuple[AppConnection, ...]:
        """Return ended connections that are due, those that have waited longest first."""
        found = [(each.due_at, each.id, each) for each in self._tx.scan(APPS) if each.due_at is not None and each.due_at <= now]
        return tuple(each for _, _, each in sorted(found, key=lambda pair: pair[:2])[:limit])


class MemoryAppTokens:
    """See `ctsec.connections.ports.AppTokenRecords`."""

    __slots__ = ("_state",)

    def __init__(self, state: GuardState) -> None:
        self._state = state

    def get(self, app_id: AppId) -> StoredTokens | None:
        """Return the tokens of a connection."""
        with self._state.lock:
            return self._state.app_tokens.get(app_id)

    def of(self, app_ids: tuple[AppId, ...]) -> tuple[StoredTokens, ...]:
        """Return the tokens of connections, in the order of ids."""
        with self._state.lock:
            return tuple(self._state.app_tokens[each] for each in sorted(set(app_ids)) if each in self._state.app_tokens)

    def of_organization(self, organization_id: OrganizationId, *, after: str, limit: int) -> tuple[StoredTokens, ...]:
        """Return the tokens of an organization's connections with an id above `after`, in the order of ids."""
        with self._state.lock:
            found = [each for each in self._state.app_tokens.values() if each.organization_id == organization_id and each.id > after]
            return tuple(sorted(found, key=lambda each: each.id)[:limit])

    def to_keep(self, *, now: datetime, limit: int) -> tuple[StoredTokens, ...]:
        """Return live tokens to be refreshed though nobody asks, those that are due longest first."""
        with self._state.lock:
            every = [(each.keep_at, each.id, each) for each in self._state.app_tokens.values() if each.keep_at is not None]
        found = [(due, key, each) for due, key, each in every if due <= now and each.state is TokenState.LIVE]
        free = [pair for pair in found if all(at is None or at <= now for at in (pair[2].lease_until, pair[2].retry_at))]
        return tuple(each for _, _, each in sorted(free, key=lambda pair: pair[:2])[:limit])

    def add(self, tokens: StoredTokens) -> bool:
        """Insert tokens; False if the connection has some."""
        with self._state.lock:
            if tokens.id in self._state.app_tokens:
                return False
            self._state.app_tokens[tokens.id] = frozen(tokens)
            return True

    def replace(self, tokens: StoredTokens) -> bool:
        """Write if the stored version is one less; True for exactly one caller."""
        with self._state.lock:
            stored = self._state.app_tokens.get(tokens.id)
            if stored is None or stored.version != tokens.version - 1:
                return False
            self._state.app_tokens[tokens.id] = frozen(tokens)
            return True

    def remove(self, app_id: AppId) -> bool:
        """Delete the tokens of a connection."""
        with self._state.lock:
            return self._state.app_tokens.pop(app_id, None) is not None
