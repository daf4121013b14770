"""How old consents may be, and which connections are therefore kept alive (async source)."""

from __future__ import annotations

from datetime import datetime

from ctsec.ambient import Ambient
from ctsec.connections._async_ports import AsyncAppRecords, AsyncGrantRules
from ctsec.connections.record import AppConnection
from ctsec.ids import AppId


async def too_old(app: AppConnection, *, rules: AsyncGrantRules, now: datetime) -> bool:
    """Tell whether the organization of a connection asks for another consent."""
    by = app.consent_by(await rules.longest_grant(app.organization_id))
    return by is not None and by <= now


class AsyncAppAges:
    """What the worker asks before it refreshes a connection that nobody uses."""

    __slots__ = ("_ambient", "_records", "_rules")

    def __init__(self, records: AsyncAppRecords, *, rules: AsyncGrantRules, ambient: Ambient) -> None:
        self._records = records
        self._rules = rules
        self._ambient = ambient

    async def to_keep(self, app: AppId) -> AppConnection | None:
        """Return a connection that the worker may refresh; None where it has ended, or its consent is too old."""
        found = await self._records.get(app)
        if found is None or found.ended_at is not None or await too_old(found, rules=self._rules, now=self._ambient.now()):
            return None
        return found
