"""The ports of `ctsec.worker`, in both colours."""

from __future__ import annotations

from ctsec.worker._async_ports import (
    AsyncJobRecords,
)
from ctsec.worker._sync_ports import (
    JobRecords,
)

__all__ = [
    "AsyncJobRecords",
    "JobRecords",
]
