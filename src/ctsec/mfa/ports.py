"""The ports of `ctsec.mfa`, in both colours."""

from __future__ import annotations

from ctsec.mfa._async_ports import (
    AsyncAuthenticatorRecords,
    AsyncBackupCodeRecords,
    AsyncOwners,
    AsyncPost,
    AsyncSessionControl,
    AsyncStretcher,
)
from ctsec.mfa._sync_ports import (
    AuthenticatorRecords,
    BackupCodeRecords,
    Owners,
    Post,
    SessionControl,
    Stretcher,
)

__all__ = [
    "AsyncAuthenticatorRecords",
    "AsyncBackupCodeRecords",
    "AsyncOwners",
    "AsyncPost",
    "AsyncSessionControl",
    "AsyncStretcher",
    "AuthenticatorRecords",
    "BackupCodeRecords",
    "Owners",
    "Post",
    "SessionControl",
    "Stretcher",
]
