"""The ports of `ctsec.storage`, in both colours."""

from __future__ import annotations

from ctsec.storage._async_ports import (
    AsyncBackups,
    AsyncChangeFeed,
    AsyncEpochStore,
    AsyncStorage,
    AsyncStore,
)
from ctsec.storage._sync_ports import (
    Backups,
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
