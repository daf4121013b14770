"""What alerts need of a store, of the roles, and of who is told (async source)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ctsec.audit.alerts.record import Alert, AlertPosition, AlertStatus, Mute
from ctsec.audit.event import LogId
from ctsec.ids import AlertId


class AsyncAlertRecords(Protocol):
    """Alerts, positions and mutes."""

    async def behind(self, *, limit: int) -> tuple[LogId, ...]:
        """Return logs with events that the rules have not seen, in the order of ids; the log of logs is none of them."""
        ...

    async def position(self, log: LogId) -> AlertPosition | None:
        """Return how far the rules have read a log; one in the store of a region is `<store>/<log>`."""
        ...

    async def positions(self, store: str, *, after: str, limit: int) -> tuple[tuple[LogId, int], ...]:
        """Return the logs of the store of a region above `after`, each with how far it was read, in the order of ids."""
        ...

    async def advance(self, position: AlertPosition) -> bool:
        """Store version 1 if there is none, another one over the version before; True if stored."""
        ...

    async def add(self, alert: Alert) -> bool:
        """Insert one; False, and nothing is written, if the log has one of the same rule, key and occasion."""
        ...

    async def get(self, alert_id: AlertId) -> Alert | None:
        """Return one."""
        ...

    async def replace(self, alert: Alert) -> bool:
        """Write if the stored version is one less; True if written."""
        ...

    async def page(self, log: LogId, *, after: str, limit: int, state: AlertStatus | None = None) -> tuple[Alert, ...]:
        """Return alerts of a log, newest first; those with an id below `after` if it is not empty."""
        ...

    async def untold(self, *, now: datetime, limit: int) -> tuple[Alert, ...]:
        """Return alerts that the receiver is to be told of by now, in the order of when, then of ids."""
        ...

    async def mute(self, mute: Mute) -> None:
        """Store a mute, over an earlier one of the same rule and key."""
        ...

    async def mutes(self, log: LogId) -> tuple[Mute, ...]:
        """Return the mutes of a log, those that are over too, in the order of rules and keys."""
        ...


class AsyncAlertReceiver(Protocol):
    """Another system that is told of alerts, such as a signed webhook. It gets each alert at least once, with the same id each time."""

    async def deliver(self, alert: Alert, *, body: bytes) -> bool:
        """Tell of an alert; `body` is its JSON form. Return whether the other side took it; an error counts as no.

        It must end by itself within seconds, whatever the other side does: the job waits for it.
        """
        ...
