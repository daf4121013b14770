"""What can be wrong with a backup, each with a stable code; nothing was written to a store where one of these is raised."""

from __future__ import annotations

from typing import ClassVar

from ctsec.errors import CtsecError


class BackupError(CtsecError):
    """A backup could not be written, read or restored."""

    code: ClassVar[str] = "backup"


class NotABackup(BackupError):
    """The file is no backup of ctsec."""

    code: ClassVar[str] = "not_a_backup"


class BackupTooNew(BackupError):
    """The backup was made by a newer ctsec."""

    code: ClassVar[str] = "backup_too_new"


class BackupCut(BackupError):
    """The file does not end where the backup did: it was cut, extended, or its writing was interrupted."""

    code: ClassVar[str] = "backup_cut"


class BackupChanged(BackupError):
    """The file is not what was written: bytes were changed, reordered or taken from another backup."""

    code: ClassVar[str] = "backup_changed"


class BackupKeyRefused(BackupError):
    """The key does not open the backup, or another key than the expected one has signed it."""

    code: ClassVar[str] = "backup_key_refused"


class StoreNotEmpty(BackupError):
    """A backup is restored into an empty store only, and this one has rows."""

    code: ClassVar[str] = "store_not_empty"


class BackupFileFailed(BackupError):
    """The file could not be written or read: no space, no right, no folder, or a file of this name is there."""

    code: ClassVar[str] = "backup_file_failed"
