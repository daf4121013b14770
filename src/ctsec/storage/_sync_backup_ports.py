# Generated from src/ctsec/storage/_async_backup_ports.py by tools/twin.py; edit that file.
"""Where backups of the store are kept (async source)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ctsec.ids import DekId, Random
from ctsec.outcome import Outcome
from ctsec.storage.backup.stored import StoredBackup


class Backups(Protocol):
    """Where backups of the store are kept; see `ctsec.storage.backup`."""

    def write(self, *, now: datetime, random: Random) -> Outcome[StoredBackup]:
        """Write another backup and return what it holds; refused with CONFLICT while one is being written."""
        ...

    def listed(self) -> tuple[StoredBackup, ...]:
        """Return the backups that are there, newest first; what they hold is not read."""
        ...

    def verify(self, backup: DekId) -> Outcome[StoredBackup]:
        """Read a whole backup and return what it holds; refused with NOT_FOUND."""
        ...
