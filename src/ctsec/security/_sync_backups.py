# Generated from src/ctsec/security/_async_backups.py by tools/twin.py; edit that file.
"""Backups as operators ask for them: written, listed, verified, each with its event (async source)."""

from __future__ import annotations

from collections.abc import Mapping

from ctsec.ambient import Ambient, Request
from ctsec.audit._sync import AsideLog
from ctsec.audit.event import Detail, EventName, Target, build
from ctsec.errors import CtsecError
from ctsec.ids import DekId
from ctsec.operators import Operator
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.storage._sync_backup_ports import Backups
from ctsec.storage.backup.stored import StoredBackup

_NOWHERE = Refusal(Reason.CONFLICT, "this deployment keeps no backups of its own: name a folder (`backups`)")


class BackupDesk:
    """The backups of a bundle. Nothing here runs in a unit of work: a backup takes as long as the store is large."""

    __slots__ = ("_ambient", "_aside", "_backups")

    def __init__(self, backups: Backups | None, *, aside: AsideLog, ambient: Ambient) -> None:
        self._backups = backups
        self._aside = aside
        self._ambient = ambient

    def write(self, operator: Operator, *, request: Request | None = None) -> Outcome[StoredBackup]:
        """Write another backup and return what it holds; that it was written is an event, and that it failed too.

        Refused with CONFLICT while one is being written, or where the bundle has no place for backups. Raises SchemaMismatch,
        a StoreError, a KmsError, or BackupFileFailed; then there is no new file.
        """
        if self._backups is None:
            return _NOWHERE
        try:
            made = self._backups.write(now=self._ambient.now(), random=self._ambient.random)
        except CtsecError as error:
            self._note(EventName.BACKUP_FAILED, operator, request, details={"attempted": "backup.write", "error": error.code})
            raise
        if isinstance(made, Refusal):
            return made
        details = {"bytes": made.size, "rows": made.rows, "signed_by": made.signed_by}
        self._note(EventName.BACKUP_SAVED, operator, request, backup=made.id, details=details)
        return made

    def listed(self) -> Outcome[tuple[StoredBackup, ...]]:
        """Return the backups that are kept, newest first; what they hold is not read. Raises BackupFileFailed."""
        return _NOWHERE if self._backups is None else self._backups.listed()

    def verify(self, operator: Operator, *, backup: DekId, request: Request | None = None) -> Outcome[StoredBackup]:
        """Read a whole backup and return what it holds; what came of it is an event. Raises a BackupError or a KmsError."""
        if self._backups is None:
            return _NOWHERE
        try:
            found = self._backups.verify(backup)
        except CtsecError as error:
            details = {"attempted": "backup.verify", "error": error.code}
            self._note(EventName.BACKUP_FAILED, operator, request, backup=backup, details=details)
            raise
        if isinstance(found, Refusal):
            return found
        self._note(EventName.BACKUP_VERIFIED, operator, request, backup=backup, details={"bytes": found.size, "rows": found.rows})
        return found

    def _note(
        self, name: EventName, operator: Operator, request: Request | None, *, details: Mapping[str, Detail], backup: DekId | None = None
    ) -> None:
        ambient = Ambient(clock=self._ambient.clock, random=self._ambient.random, request=request or Request())
        event = build(
            name,
            ambient=ambient,
            actor=operator.principal,
            targets=(Target("backup", backup),) if backup is not None else (),
            details=details,
            personal={"reason": operator.reason},
        )
        self._aside.record_aside(event)
