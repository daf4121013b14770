"""Encrypted backups of a whole store: written from one moment of it, signed, verified before they are restored.

Names are resolved at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.encryption.ed25519 import Signer as Signer
    from ctsec.storage.backup.container import SIGNING_LABEL as SIGNING_LABEL
    from ctsec.storage.backup.failures import BackupChanged as BackupChanged
    from ctsec.storage.backup.failures import BackupCut as BackupCut
    from ctsec.storage.backup.failures import BackupError as BackupError
    from ctsec.storage.backup.failures import BackupFileFailed as BackupFileFailed
    from ctsec.storage.backup.failures import BackupKeyRefused as BackupKeyRefused
    from ctsec.storage.backup.failures import BackupTooNew as BackupTooNew
    from ctsec.storage.backup.failures import NotABackup as NotABackup
    from ctsec.storage.backup.failures import StoreNotEmpty as StoreNotEmpty
    from ctsec.storage.backup.folder import BackupFolder as BackupFolder
    from ctsec.storage.backup.folder import FolderBackups as FolderBackups
    from ctsec.storage.backup.manifest import Manifest as Manifest
    from ctsec.storage.backup.manifest import TableSummary as TableSummary
    from ctsec.storage.backup.progress import OnProgress as OnProgress
    from ctsec.storage.backup.progress import Step as Step
    from ctsec.storage.backup.restoring import restore_backup as restore_backup
    from ctsec.storage.backup.restoring import verify_backup as verify_backup
    from ctsec.storage.backup.saving import Backup as Backup
    from ctsec.storage.backup.saving import write_backup as write_backup
    from ctsec.storage.backup.stored import StoredBackup as StoredBackup

_FAILURES = "ctsec.storage.backup.failures"
_HOME = {
    "Backup": "ctsec.storage.backup.saving",
    "BackupChanged": _FAILURES,
    "BackupCut": _FAILURES,
    "BackupError": _FAILURES,
    "BackupFileFailed": _FAILURES,
    "BackupFolder": "ctsec.storage.backup.folder",
    "BackupKeyRefused": _FAILURES,
    "BackupTooNew": _FAILURES,
    "FolderBackups": "ctsec.storage.backup.folder",
    "Manifest": "ctsec.storage.backup.manifest",
    "NotABackup": _FAILURES,
    "OnProgress": "ctsec.storage.backup.progress",
    "SIGNING_LABEL": "ctsec.storage.backup.container",
    "Signer": "ctsec.encryption.ed25519",
    "Step": "ctsec.storage.backup.progress",
    "StoreNotEmpty": _FAILURES,
    "StoredBackup": "ctsec.storage.backup.stored",
    "TableSummary": "ctsec.storage.backup.manifest",
    "restore_backup": "ctsec.storage.backup.restoring",
    "verify_backup": "ctsec.storage.backup.restoring",
    "write_backup": "ctsec.storage.backup.saving",
}
__all__ = [
    "SIGNING_LABEL",
    "Backup",
    "BackupChanged",
    "BackupCut",
    "BackupError",
    "BackupFileFailed",
    "BackupFolder",
    "BackupKeyRefused",
    "BackupTooNew",
    "FolderBackups",
    "Manifest",
    "NotABackup",
    "OnProgress",
    "Signer",
    "Step",
    "StoreNotEmpty",
    "StoredBackup",
    "TableSummary",
    "restore_backup",
    "verify_backup",
    "write_backup",
]

__getattr__ = face(__name__, _HOME)
