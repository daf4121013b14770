"""Backups as operators ask for them: written, listed, verified, each with its event (async source)."""

from __future__ import annotations

from collections.abc import Mapping

from ctsec.ambient import Ambient, Request
from ctsec.audit._async import AsyncAsideLog
from ctsec.audit.event import Detail, EventName, Target, build
from ctsec.errors import CtsecError
from ctsec.ids import DekId
from ctsec.operators import Operator
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.storage._async_backup_ports import AsyncBackups
from ctsec.storage.backup.stored import StoredBackup

_NOWHERE = Refusal(Reason.CONFLICT, "this deployment keeps no backups of its own: name a folder (`backups`)")


class AsyncBackupDesk:
    """The backups of a bundle. Nothing here runs in a unit of work: a backup takes as long as the store is large."""

    __slots__ = ("_ambient", "_aside", "_backups")

    def __init__(self, backups: AsyncBackups | None, *, aside: AsyncAsideLog, ambient: Ambient) -> None:
        self._backups = backups
        self._aside = aside
        self._ambient = ambient

    async def write(self, operator: Operator, *, request: Request | None = None) -> Outcome[StoredBackup]:
        """Write another backup and return what it holds; that it was written is an event, and that it failed too.

        Refused with CONFLICT while one is being written, or where the bundle has no place for backups. Raises SchemaMismatch,
        a StoreError, a KmsError, or BackupFileFailed; then there is no new file.
        """
        if self._backups is None:
            return _NOWHERE
        try:
            made = await self._backups.write(now=self._ambient.now(), random=self._ambient.random)
        except CtsecError as error:
            await self._note(EventName.BACKUP_FAILED, operator, request, details={"attempted": "backup.write", "error": error.code})
            raise
        if isinstance(made, Refusal):
            return made
        details = {"bytes": made.size, "rows": made.rows, "signed_by": made.signed_by}
        await self._note(EventName.BACKUP_SAVED, operator, request, backup=made.id, details=details)
        return made

    async def listed(self) -> Outcome[tuple[StoredBackup, ...]]:
        """Return the backups that are kept, newest first; what they hold is not read. Raises BackupFileFailed."""
        return _NOWHERE if self._backups is None else await self._backups.listed()

    async def verify(self, operator: Operator, *, backup: DekId, request: Request | None = None) -> Outcome[StoredBackup]:
        """Read a whole backup and return what it holds; what came of it is an event. Raises a BackupError or a KmsError."""
        if self._backups is None:
            return _NOWHERE
        try:
            found = await self._backups.verify(backup)
        except CtsecError as error:
            details = {"attempted": "backup.verify", "error": error.code}
            await self._note(EventName.BACKUP_FAILED, operator, request, backup=backup, details=details)
            raise
        if isinstance(found, Refusal):
            return found
        await self._note(EventName.BACKUP_VERIFIED, operator, request, backup=backup, details={"bytes": found.size, "rows": found.rows})
        return found

    async def _note(
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
        await self._aside.record_aside(event)
