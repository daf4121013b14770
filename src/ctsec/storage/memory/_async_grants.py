"""What sessions through a provider rest on, in memory (async source)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ctsec.ids import SessionId
from ctsec.sso.grant import Grant
from ctsec.storage.memory.state import Transaction
from ctsec.storage.memory.tables import GRANTS


class AsyncMemoryGrants:
    """See `ctsec.sso.ports.AsyncGrantRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def add(self, grant: Grant) -> None:
        """Insert a grant."""
        self._tx.insert(GRANTS, grant.session_id, grant)

    async def get(self, session_id: SessionId) -> Grant | None:
        """Return the grant of a session."""
        return self._tx.get(GRANTS, session_id)

    async def replace(self, grant: Grant) -> bool:
        """Write if the stored version is one less."""
        stored = self._tx.current(GRANTS, grant.session_id)
        if stored is None or stored.version != grant.version - 1:
            return False
        self._tx.put(GRANTS, grant.session_id, grant)
        return True

    async def remove(self, session_id: SessionId) -> bool:
        """Delete the grant of a session."""
        if self._tx.current(GRANTS, session_id) is None:
            return False
        self._tx.put(GRANTS, session_id, None)
        return True

    async def hasten(self, session_id: SessionId, *, at: datetime) -> bool:
        """Make a grant that no worker has claimed due at a moment."""
        stored = self._tx.current(GRANTS, session_id)
        if stored is None or stored.claimed_until is not None:
            return False
        self._tx.put(GRANTS, session_id, replace(stored, due_at=at, version=stored.version + 1))
        return True

    async def due(self, *, now: datetime, limit: int) -> tuple[Grant, ...]:
        """Return grants that are due and not claimed, those that have waited longest first."""
        found = [each for each in self._tx.scan(GRANTS) if each.due_at <= now and (each.claimed_until is None or each.claimed_until <= now)]
        return tuple(sorted(found, key=lambda each: (each.due_at, each.session_id))[:limit])

    async def of_identity(self, identity: bytes) -> tuple[Grant, ...]:
        """Return the grants of an identity, in the order of sessions."""
        return _in_order([each for each in self._tx.scan(GRANTS) if each.identity == identity])

    async def named(self, *, subject: bytes | None, provider_session: bytes | None) -> tuple[Grant, ...]:
        """Return the grants that both names fit, in the order of sessions; none for no name."""
        if subject is None and provider_session is None:
            return ()
        found = [each for each in self._tx.scan(GRANTS) if subject is None or each.provider_subject == subject]
        return _in_order([each for each in found if provider_session is None or each.provider_session == provider_session])


def _in_order(grants: list[Grant]) -> tuple[Grant, ...]:
    return tuple(sorted(grants, key=lambda each: each.session_id))
