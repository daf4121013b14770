# Generated from src/ctsec/connections/_async_ages.py by tools/twin.py; edit that file.
"""How old consents may be, and which connections are therefore kept alive (async source)."""

from __future__ import annotations

from datetime import datetime

from ctsec.ambient import Ambient
from ctsec.connections._sync_ports import AppRecords, GrantRules
from ctsec.connections.record import AppConnection
from ctsec.ids import AppId


def too_old(app: AppConnection, *, rules: GrantRules, now: datetime) -> bool:
    """Tell whether the organization of a connection asks for another consent."""
    by = app.consent_by(rules.longest_grant(app.organization_id))
    return by is not None and by <= now


class AppAges:
    """What the worker asks before it refreshes a connection that nobody uses."""

    __slots__ = ("_ambient", "_records", "_rules")

    def __init__(self, records: AppRecords, *, rules: GrantRules, ambient: Ambient) -> None:
        self._records = records
        self._rules = rules
        self._ambient = ambient

    def to_keep(self, app: AppId) -> AppConnection | None:
        """Return a connection that the worker may refresh; None where it has ended, or its consent is too old."""
        found = self._records.get(app)
        if found is None or found.ended_at is not None or too_old(found, rules=self._rules, now=self._ambient.now()):
            return None
        return found
