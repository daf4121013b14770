"""A folder of backups of one store: a new one written there, those that are there told and verified.

Rules that this module keeps:

- a file is called `<id>.bak` after the id of its backup; what is called otherwise, and what is not whole, is not told;
- one backup at a time is written into a folder, by whatever process;
- nothing here deletes or replaces a file.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import URL

from ctsec.encryption.ed25519 import Signer
from ctsec.encryption.ports import Kms
from ctsec.ids import DekId, Random, id_time, is_id, new_id
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.storage.backup.failures import BackupChanged
from ctsec.storage.backup.file import failures_of
from ctsec.storage.backup.restoring import verify_backup
from ctsec.storage.backup.saving import Backup, write_backup
from ctsec.storage.backup.stored import StoredBackup
from ctsec.storage.sql.tables import Tables, default_tables
from ctsec.transport import Transport
from ctsec.transport.tls import TRANSPORT

SUFFIX: Final = ".bak"
_LOCK: Final = ".lock"


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupFolder:
    """Where backups go: an existing folder, the key service's key that they are encrypted under, and the key that signs them.

    Neither key should be the store's own: who has lost that needs the backup.
    """

    path: str | os.PathLike[str]
    kms: Kms
    signer: Signer


class FolderBackups:
    """The backups of the store at `url` in a folder (blocking); see `ctsec.storage.ports.Backups` and `write_backup`."""

    __slots__ = ("_folder", "_guard", "_path", "_tables", "_transport", "_url")

    def __init__(
        self,
        folder: BackupFolder,
        *,
        url: str | URL,
        guard: str | URL | None = None,
        tables: Tables | None = None,
        transport: Transport = TRANSPORT,
    ) -> None:
        self._folder, self._path = folder, Path(folder.path)
        self._url, self._guard, self._tables, self._transport = url, guard, tables or default_tables(), transport

    def write(self, *, now: datetime, random: Random) -> Outcome[StoredBackup]:
        """Write another backup; refused with CONFLICT while one is being written. Raises as `write_backup` does."""
        with self._alone() as alone:
            if not alone:
                return Refusal(Reason.CONFLICT, "a backup is being written into the folder")
            made = write_backup(
                self._url,
                to=self._file(named := new_id(DekId, now=now, random=random)),
                backup=named,
                kms=self._folder.kms,
                signer=self._folder.signer,
                now=now,
                guard=self._guard,
                tables=self._tables,
                transport=self._transport,
                random=random,
            )
        return _stored(made)

    def listed(self) -> tuple[StoredBackup, ...]:
        """Return the backups of the folder, newest first; what they hold is not read. Raises BackupFileFailed."""
        found: list[StoredBackup] = []
        with failures_of(self._path):
            for entry in os.scandir(self._path):
                name, suffix = os.path.splitext(entry.name)
                about = entry.stat(follow_symlinks=False)
                if suffix == SUFFIX and is_id(DekId, name) and stat.S_ISREG(about.st_mode):
                    found.append(StoredBackup(id=DekId(name), size=about.st_size, created_at=id_time(name)))
        return tuple(sorted(found, key=lambda each: each.id, reverse=True))

    def verify(self, backup: DekId) -> Outcome[StoredBackup]:
        """Read a whole backup and return what it holds; refused with NOT_FOUND. Raises as `verify_backup` does."""
        if not (is_id(DekId, backup) and self._file(backup).is_file()):
            return Refusal(Reason.NOT_FOUND, "there is no such backup")
        found = _stored(verify_backup(self._file(backup), kms=self._folder.kms, signed_by=self._folder.signer.name))
        if found.id != backup:
            raise BackupChanged(f"the file is called {backup}, and holds the backup {found.id}: somebody renamed it")
        return found

    def _file(self, backup: DekId) -> Path:
        return self._path / f"{backup}{SUFFIX}"

    @contextmanager
    def _alone(self) -> Generator[bool]:
        """Hold the folder's lock while the block runs; False if somebody else does."""
        with failures_of(self._path):
            held = os.open(self._path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(held)


def _stored(backup: Backup) -> StoredBackup:
    held = backup.manifest
    return StoredBackup(
        id=held.id, size=backup.size, created_at=id_time(held.id), rows=held.rows, kek=backup.kek, signed_by=backup.signed_by
    )
