"""The ports of `ctsec.keys`, in both colours."""

from __future__ import annotations

from ctsec.keys._async_owner_ports import AsyncKeyLists, AsyncKeyPolicyRecords
from ctsec.keys._async_ports import (
    AsyncEpochRecords,
    AsyncKeyRecords,
    AsyncRights,
)
from ctsec.keys._sync_owner_ports import KeyLists, KeyPolicyRecords
from ctsec.keys._sync_ports import (
    EpochRecords,
    KeyRecords,
    Rights,
)

__all__ = [
    "AsyncEpochRecords",
    "AsyncKeyLists",
    "AsyncKeyPolicyRecords",
    "AsyncKeyRecords",
    "AsyncRights",
    "EpochRecords",
    "KeyLists",
    "KeyPolicyRecords",
    "KeyRecords",
    "Rights",
]
