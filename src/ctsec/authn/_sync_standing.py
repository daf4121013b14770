# Generated from src/ctsec/authn/_async_standing.py by tools/twin.py; edit that file.
"""What a session stands for now, for what was begun in it and ends where its token is not shown (async source)."""

from __future__ import annotations

from ctsec.ambient import Ambient
from ctsec.authn._sync_ports import AccountRecords, SessionConnections, SessionRecords
from ctsec.authn.session_token import standing
from ctsec.ids import SessionId
from ctsec.outcome import Refusal
from ctsec.principal import Principal


class Standings:
    """Reads sessions by their ids; whoever asks has shown something else than a session's token, and knows what that is worth."""

    __slots__ = ("_accounts", "_ambient", "_connections", "_records")

    def __init__(self, *, records: SessionRecords, accounts: AccountRecords, connections: SessionConnections, ambient: Ambient) -> None:
        self._records = records
        self._accounts = accounts
        self._connections = connections
        self._ambient = ambient

    def principal(self, session_id: SessionId) -> Principal | None:
        """Return the principal that a session stands for now, or None."""
        session = self._records.get(session_id)
        if session is None:
            return None
        user, now = self._accounts.get(session.user_id), self._ambient.now()
        until = self._connections.carried_until(session) if session.connection_id is not None else None
        found = standing(session, user=user, connected=until is not None and now < until, now=now)
        return None if isinstance(found, Refusal) else found
