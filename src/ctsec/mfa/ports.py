"""The ports of `ctsec.mfa`, in both colours."""

from __future__ import annotations

from ctsec.mfa._async_ports import (
    AsyncAuthenticatorRecords,
    AsyncBackupCodeRecords,
    AsyncOwners,
    AsyncPasskeyRecords,
    AsyncPost,
    AsyncSessionControl,
    AsyncStretcher,
)
from ctsec.mfa._sync_ports import (
    AuthenticatorRecords,
    BackupCodeRecords,
    Owners,
    PasskeyRecords,
    Post,
    SessionControl,
    Stretcher,
)

__all__ = [
    "AsyncAuthenticatorRecords",
    "AsyncBackupCodeRecords",
    "AsyncOwners",
    "AsyncPasskeyRecords",
    "AsyncPost",
    "AsyncSessionControl",
    "AsyncStretcher",
    "AuthenticatorRecords",
    "BackupCodeRecords",
    "Owners",
    "PasskeyRecords",
    "Post",
    "SessionControl",
    "Stretcher",
]
