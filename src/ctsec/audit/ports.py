"""The ports of `ctsec.audit`, in both colours."""

from __future__ import annotations

from ctsec.audit._async_ports import (
    AsyncInboxRecords,
    AsyncLogRecords,
    AsyncRecorder,
)
from ctsec.audit._sync_ports import (
    InboxRecords,
    LogRecords,
    Recorder,
)

__all__ = [
    "AsyncInboxRecords",
    "AsyncLogRecords",
    "AsyncRecorder",
    "InboxRecords",
    "LogRecords",
    "Recorder",
]
