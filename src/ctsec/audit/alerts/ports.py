"""The ports of `ctsec.audit.alerts`, in both colours."""

from __future__ import annotations

from ctsec.audit.alerts._async_ports import AsyncAlertReceiver, AsyncAlertRecords, AsyncAlertRights
from ctsec.audit.alerts._sync_ports import AlertReceiver, AlertRecords, AlertRights

__all__ = ["AlertReceiver", "AlertRecords", "AlertRights", "AsyncAlertReceiver", "AsyncAlertRecords", "AsyncAlertRights"]
