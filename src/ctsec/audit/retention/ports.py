"""The ports of retention, in both colours."""

from __future__ import annotations

from ctsec.audit.retention._async_ports import AsyncPurgeRecords, AsyncRetentionRecords
from ctsec.audit.retention._sync_ports import PurgeRecords, RetentionRecords

__all__ = [
    "AsyncPurgeRecords",
    "AsyncRetentionRecords",
    "PurgeRecords",
    "RetentionRecords",
]
