"""The ports of retention, in both colours."""

from __future__ import annotations

from ctsec.audit.retention._async_ports import AsyncPurgeRecords, AsyncPurgeTerms, AsyncRetentionRecords
from ctsec.audit.retention._sync_ports import PurgeRecords, PurgeTerms, RetentionRecords

__all__ = [
    "AsyncPurgeRecords",
    "AsyncPurgeTerms",
    "AsyncRetentionRecords",
    "PurgeRecords",
    "PurgeTerms",
    "RetentionRecords",
]
