"""Alerts in SQL (async source)."""

from __future__ import annotations

from datetime import datetime

from ctsec.audit.alerts.record import Alert, AlertPosition, AlertStatus, Mute
from ctsec.audit.event import LogId
from ctsec.ids import AlertId
from ctsec.storage.sql._async_executor import AsyncExecutor
from ctsec.storage.sql.log_tables import MUTED
from ctsec.storage.sql.statements import alerts
from ctsec.storage.sql.statements.rows import added, all_made, made, put, replaced, values
from ctsec.storage.sql.tables import Tables


class AsyncSqlAlerts:
    """See `ctsec.audit.alerts.ports.AsyncAlertRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    async def behind(self, *, limit: int) -> tuple[LogId, ...]:
        """Return logs with events that the rules have not seen, in the order of ids."""
        return tuple(LogId(row["log"]) for row in await self._run.rows(alerts.behind(self._tables, limit=limit)))

    async def position(self, log: LogId) -> AlertPosition | None:
        """Return how far the rules have read a log."""
        return made(AlertPosition, await self._run.row(alerts.position(self._tables, log)))

    async def positions(self, store: str, *, after: str, limit: int) -> tuple[tuple[LogId, int], ...]:
        """Return the logs of the store of a region above `after`, each with how far it was read, in the order of ids."""
        rows = await self._run.rows(alerts.positions(self._tables, store, after=after, limit=limit))
        return tuple((LogId(row["log"].removeprefix(f"{store}/")), row["position"]) for row in rows)

    async def advance(self, position: AlertPosition) -> bool:
        """Store version 1 if there is none, another one over the version before."""
        table = self._tables.log.alert_position
        if position.version == 1:
            return await self._run.change_unless_taken(added(table, position)) is not None
        return await self._run.change(replaced(table, position, key=("log",))) == 1

    async def add(self, alert: Alert) -> bool:
        """Insert one; False if the log has one of the same rule, key and occasion."""
        return await self._run.change_unless_taken(added(self._tables.log.alert, alert)) is not None

    async def get(self, alert_id: AlertId) -> Alert | None:
        """Return one."""
        return made(Alert, await self._run.row(alerts.one(self._tables, alert_id)))

    async def replace(self, alert: Alert) -> bool:
        """Write if the stored version is one less."""
        return await self._run.change(replaced(self._tables.log.alert, alert)) == 1

    async def page(self, log: LogId, *, after: str, limit: int, state: AlertStatus | None = None) -> tuple[Alert, ...]:
        """Return alerts of a log, newest first."""
        return all_made(Alert, await self._run.rows(alerts.page(self._tables, log, after=after, limit=limit, state=state)))

    async def untold(self, *, now: datetime, limit: int) -> tuple[Alert, ...]:
        """Return alerts that the receiver is to be told of by now, in the order of when, then of ids."""
        return all_made(Alert, await self._run.rows(alerts.untold(self._tables, now=now, limit=limit)))

    async def mute(self, mute: Mute) -> None:
        """Store a mute, over an earlier one of the same rule and key."""
        table = self._tables.log.alert_mute
        await self._run.change(put(table, values(mute), key=MUTED, dialect=self._run.dialect))

    async def mutes(self, log: LogId) -> tuple[Mute, ...]:
        """Return the mutes of a log, in the order of rules and keys."""
        return all_made(Mute, await self._run.rows(alerts.mutes(self._tables, log)))
