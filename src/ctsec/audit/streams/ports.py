"""What streams need of a store and of a receiver, in both colours."""

from __future__ import annotations

from ctsec.audit.streams._async_ports import AsyncPositionRecords, AsyncReceiver
from ctsec.audit.streams._sync_ports import PositionRecords, Receiver

__all__ = ["AsyncPositionRecords", "AsyncReceiver", "PositionRecords", "Receiver"]
