"""The ports of `ctsec.rbac`, in both colours."""

from __future__ import annotations

from ctsec.rbac._async_ports import (
    AsyncAssignmentRecords,
    AsyncEpochRecords,
    AsyncOwnerCount,
    AsyncStandingRecords,
)
from ctsec.rbac._sync_ports import (
    AssignmentRecords,
    EpochRecords,
    OwnerCount,
    StandingRecords,
)

__all__ = [
    "AssignmentRecords",
    "AsyncAssignmentRecords",
    "AsyncEpochRecords",
    "AsyncOwnerCount",
    "AsyncStandingRecords",
    "EpochRecords",
    "OwnerCount",
    "StandingRecords",
]
