# Generated from src/ctsec/storage/memory/_async_alerts.py by tools/twin.py; edit that file.
"""Alerts in memory (async source)."""

from __future__ import annotations

from datetime import datetime

from ctsec.audit.alerts.record import Alert, AlertPosition, AlertStatus, Mute
from ctsec.audit.event import LogId
from ctsec.audit.sealing import LOG_OF_LOGS
from ctsec.ids import AlertId
from ctsec.storage.memory.state import Transaction
from ctsec.storage.memory.tables import ALERT_MUTES, ALERT_OCCASIONS, ALERT_POSITIONS, ALERTS, HEADS


class MemoryAlerts:
    """See `ctsec.audit.alerts.ports.AlertRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def behind(self, *, limit: int) -> tuple[LogId, ...]:
        """Return logs with events that the rules have not seen, in the order of ids."""
        read = {each.log: each.position for each in self._tx.scan(ALERT_POSITIONS)}
        return tuple(
            sorted(each.log for each in self._tx.scan(HEADS) if each.log != LOG_OF_LOGS and each.size > read.get(each.log, 0))[:limit]
        )

    def position(self, log: LogId) -> AlertPosition | None:
        """Return how far the rules have read a log."""
        return self._tx.get(ALERT_POSITIONS, log)

    def positions(self, store: str, *, after: str, limit: int) -> tuple[tuple[LogId, int], ...]:
        """Return the logs of the store of a region above `after`, each with how far it was read, in the order of ids."""
        place = f"{store}/"
        found = [each for each in self._tx.scan(ALERT_POSITIONS) if each.log.startswith(place) and each.log > place + after]
        ranked = sorted(found, key=lambda each: each.log)[:limit]
        return tuple((LogId(each.log.removeprefix(place)), each.position) for each in ranked)

    def advance(self, position: AlertPosition) -> bool:
        """Store version 1 if there is none, another one over the version before."""
        found = self._tx.current(ALERT_POSITIONS, position.log)
        if (0 if found is None else found.version) != position.version - 1:
            return False
        self._tx.put(ALERT_POSITIONS, position.log, position)
        return True

    def add(self, alert: Alert) -> bool:
        """Insert one; False if the log has one of the same rule, key and occasion."""
        if self._tx.current(ALERT_OCCASIONS, alert.once) is not None:
            return False
        self._tx.insert(ALERT_OCCASIONS, alert.once, alert.id)
        self._tx.insert(ALERTS, alert.id, alert)
        return True

    def get(self, alert_id: AlertId) -> Alert | None:
        """Return one."""
        return self._tx.get(ALERTS, alert_id)

    def replace(self, alert: Alert) -> bool:
        """Write if the stored version is one less."""
        found = self._tx.current(ALERTS, alert.id)
        if found is None or found.version != alert.version - 1:
            return False
        self._tx.put(ALERTS, alert.id, alert)
        return True

    def page(self, log: LogId, *, after: str, limit: int, state: AlertStatus | None = None) -> tuple[Alert, ...]:
        """Return alerts of a log, newest first."""
        found = [
            each for each in self._tx.scan(ALERTS) if each.log == log and state in {None, each.state} and (not after or each.id < after)
        ]
        return tuple(sorted(found, key=lambda each: each.id, reverse=True)[:limit])

    def untold(self, *, now: datetime, limit: int) -> tuple[Alert, ...]:
        """Return alerts that the receiver is to be told of by now, in the order of when, then of ids."""
        due = [(each.due_at, each.id, each) for each in self._tx.scan(ALERTS) if each.due_at is not None and each.due_at <= now]
        return tuple(each for _, _, each in sorted(due, key=lambda each: each[:2])[:limit])

    def mute(self, mute: Mute) -> None:
        """Store a mute, over an earlier one of the same rule and key."""
        self._tx.put(ALERT_MUTES, (mute.log, mute.rule, mute.key), mute)

    def mutes(self, log: LogId) -> tuple[Mute, ...]:
        """Return the mutes of a log, in the order of rules and keys."""
        return tuple(sorted((each for each in self._tx.scan(ALERT_MUTES) if each.log == log), key=lambda each: (each.rule, each.key)))
