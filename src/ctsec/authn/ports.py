"""The ports of `ctsec.authn`, in both colours."""

from __future__ import annotations

from ctsec.authn._async_ports import (
    AsyncAccountRecords,
    AsyncBreachRanges,
    AsyncDeviceRecords,
    AsyncEpochRecords,
    AsyncMemberships,
    AsyncPasswordHasher,
    AsyncPasswordRecords,
    AsyncPost,
    AsyncRecoveryTrails,
    AsyncSecondFactors,
    AsyncSessionRecords,
)
from ctsec.authn._sync_ports import (
    AccountRecords,
    BreachRanges,
    DeviceRecords,
    EpochRecords,
    Memberships,
    PasswordHasher,
    PasswordRecords,
    Post,
    RecoveryTrails,
    SecondFactors,
    SessionRecords,
)

__all__ = [
    "AccountRecords",
    "AsyncAccountRecords",
    "AsyncBreachRanges",
    "AsyncDeviceRecords",
    "AsyncEpochRecords",
    "AsyncMemberships",
    "AsyncPasswordHasher",
    "AsyncPasswordRecords",
    "AsyncPost",
    "AsyncRecoveryTrails",
    "AsyncSecondFactors",
    "AsyncSessionRecords",
    "BreachRanges",
    "DeviceRecords",
    "EpochRecords",
    "Memberships",
    "PasswordHasher",
    "PasswordRecords",
    "Post",
    "RecoveryTrails",
    "SecondFactors",
    "SessionRecords",
]
