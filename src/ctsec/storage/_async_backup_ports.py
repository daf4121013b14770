"""Where backups of the store are kept (async source)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ctsec.ids import DekId, Random
from ctsec.outcome import Outcome
from ctsec.storage.backup.stored import StoredBackup


class AsyncBackups(Protocol):
    """Where backups of the store are kept; see `ctsec.storage.backup`."""

    async def write(self, *, now: datetime, random: Random) -> Outcome[StoredBackup]:
        """Write another backup and return what it holds; refused with CONFLICT while one is being written."""
        ...

    async def listed(self) -> tuple[StoredBackup, ...]:
        """Return the backups that are there, newest first; what they hold is not read."""
        ...

    async def verify(self, backup: DekId) -> Outcome[StoredBackup]:
        """Read a whole backup and return what it holds; refused with NOT_FOUND."""
        ...
