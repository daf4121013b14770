"""The ports of `ctsec.vault`, in both colours."""

from __future__ import annotations

from ctsec.vault._async_ports import (
    AsyncCredentialRecords,
    AsyncPlaces,
    AsyncVaultRights,
    AsyncVaultSealer,
)
from ctsec.vault._sync_ports import (
    CredentialRecords,
    Places,
    VaultRights,
    VaultSealer,
)

__all__ = [
    "AsyncCredentialRecords",
    "AsyncPlaces",
    "AsyncVaultRights",
    "AsyncVaultSealer",
    "CredentialRecords",
    "Places",
    "VaultRights",
    "VaultSealer",
]
