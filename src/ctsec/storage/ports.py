"""The ports of `ctsec.storage`, in both colours."""

from __future__ import annotations

from ctsec.storage._async_ports import (
    AsyncStorage,
    AsyncStore,
)
from ctsec.storage._sync_ports import (
    Storage,
    Store,
)

__all__ = [
    "AsyncStorage",
    "AsyncStore",
    "Storage",
    "Store",
]
