"""The ports of retention, in both colours."""

from __future__ import annotations

from ctsec.audit.retention._async_ports import AsyncPurgeRecords, AsyncRetentionRecords, AsyncRetentionRights
from ctsec.audit.retention._sync_ports import PurgeRecords, RetentionRecords, RetentionRights

__all__ = [
    "AsyncPurgeRecords",
    "AsyncRetentionRecords",
    "AsyncRetentionRights",
    "PurgeRecords",
    "RetentionRecords",
    "RetentionRights",
]
