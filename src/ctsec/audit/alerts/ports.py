"""The ports of `ctsec.audit.alerts`, in both colours."""

from __future__ import annotations

from ctsec.audit.alerts._async_ports import AsyncAlertReceiver, AsyncAlertRecords
from ctsec.audit.alerts._sync_ports import AlertReceiver, AlertRecords

__all__ = ["AlertReceiver", "AlertRecords", "AsyncAlertReceiver", "AsyncAlertRecords"]
