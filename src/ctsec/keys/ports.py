"""The ports of `ctsec.keys`, in both colours."""

from __future__ import annotations

from ctsec.keys._async_ports import (
    AsyncEpochRecords,
    AsyncKeyRecords,
    AsyncRights,
)
from ctsec.keys._sync_ports import (
    EpochRecords,
    KeyRecords,
    Rights,
)

__all__ = [
    "AsyncEpochRecords",
    "AsyncKeyRecords",
    "AsyncRights",
    "EpochRecords",
    "KeyRecords",
    "Rights",
]
