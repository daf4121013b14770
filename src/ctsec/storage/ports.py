"""The ports of `ctsec.storage`, in both colours."""

from __future__ import annotations

from ctsec.storage._async_backup_ports import AsyncBackups
from ctsec.storage._async_ports import (
    AsyncChangeFeed,
    AsyncEpochStore,
    AsyncStorage,
    AsyncStore,
)
from ctsec.storage._sync_backup_ports import Backups
from ctsec.storage._sync_ports import (
    ChangeFeed,
    EpochStore,
    Storage,
    Store,
)

__all__ = [
    "AsyncBackups",
    "AsyncChangeFeed",
    "AsyncEpochStore",
    "AsyncStorage",
    "AsyncStore",
    "Backups",
    "ChangeFeed",
    "EpochStore",
    "Storage",
    "Store",
]
