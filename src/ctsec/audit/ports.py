"""The ports of `ctsec.audit`, in both colours."""

from __future__ import annotations

from ctsec.audit._async_ports import (
    AsyncCheckpointRecords,
    AsyncInboxRecords,
    AsyncLogRecords,
    AsyncRecorder,
    AsyncTreeRecords,
)
from ctsec.audit._sync_ports import (
    CheckpointRecords,
    InboxRecords,
    LogRecords,
    Recorder,
    TreeRecords,
)

__all__ = [
    "AsyncCheckpointRecords",
    "AsyncInboxRecords",
    "AsyncLogRecords",
    "AsyncRecorder",
    "AsyncTreeRecords",
    "CheckpointRecords",
    "InboxRecords",
    "LogRecords",
    "Recorder",
    "TreeRecords",
]
