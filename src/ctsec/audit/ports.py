"""The ports of `ctsec.audit`, in both colours."""

from __future__ import annotations

from ctsec.audit._async_ports import (
    AsyncCheckpointRecords,
    AsyncInboxRecords,
    AsyncLogRecords,
    AsyncLogRights,
    AsyncLogSigner,
    AsyncRecorder,
    AsyncSealedStore,
    AsyncTreeRecords,
)
from ctsec.audit._sync_ports import (
    CheckpointRecords,
    InboxRecords,
    LogRecords,
    LogRights,
    LogSigner,
    Recorder,
    SealedStore,
    TreeRecords,
)

__all__ = [
    "AsyncCheckpointRecords",
    "AsyncInboxRecords",
    "AsyncLogRecords",
    "AsyncLogRights",
    "AsyncLogSigner",
    "AsyncRecorder",
    "AsyncSealedStore",
    "AsyncTreeRecords",
    "CheckpointRecords",
    "InboxRecords",
    "LogRecords",
    "LogRights",
    "LogSigner",
    "Recorder",
    "SealedStore",
    "TreeRecords",
]
