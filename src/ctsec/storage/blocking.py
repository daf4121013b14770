"""What blocks, such as a host's table or a folder of backups, for the async bundle: its calls wait in threads, never in the event loop."""

from __future__ import annotations

from asyncio import to_thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from ctsec.audit.alerts.ports import AlertReceiver
    from ctsec.audit.alerts.record import Alert
    from ctsec.audit.erasure.ports import ErasureList
    from ctsec.audit.erasure.record import Erased
    from ctsec.encryption.ports import SealedTable
    from ctsec.encryption.reencryption import SealedRow
    from ctsec.ids import DekId, Random
    from ctsec.outcome import Outcome
    from ctsec.storage.backup.stored import StoredBackup
    from ctsec.storage.ports import Backups


class AsyncBlockingTable:
    """See `ctsec.encryption.ports.AsyncSealedTable`."""

    __slots__ = ("_table",)

    def __init__(self, table: SealedTable) -> None:
        self._table = table

    @property
    def name(self) -> str:
        """The name of the table."""
        return self._table.name

    async def under(self, scope: str, *, keys: tuple[DekId, ...], after: str, limit: int) -> tuple[SealedRow, ...]:
        """Return rows under one of `keys` behind a position."""
        return await to_thread(self._table.under, scope, keys=keys, after=after, limit=limit)

    async def count(self, scope: str, *, keys: tuple[DekId, ...]) -> int:
        """Return how many rows are under one of `keys`."""
        return await to_thread(self._table.count, scope, keys=keys)

    async def replace(self, changes: tuple[tuple[SealedRow, bytes], ...]) -> int:
        """Write the new blobs of rows that did not change meanwhile, in one transaction."""
        return await to_thread(self._table.replace, changes)


class AsyncBlockingBackups:
    """See `ctsec.storage.ports.AsyncBackups`."""

    __slots__ = ("_backups",)

    def __init__(self, backups: Backups) -> None:
        self._backups = backups

    async def write(self, *, now: datetime, random: Random) -> Outcome[StoredBackup]:
        """Write another backup."""
        return await to_thread(self._backups.write, now=now, random=random)

    async def listed(self) -> tuple[StoredBackup, ...]:
        """Return the backups that are there."""
        return await to_thread(self._backups.listed)

    async def verify(self, backup: DekId) -> Outcome[StoredBackup]:
        """Read a whole backup."""
        return await to_thread(self._backups.verify, backup)


class AsyncBlockingErasureList:
    """See `ctsec.audit.erasure.ports.AsyncErasureList`."""

    __slots__ = ("_list",)

    def __init__(self, erased: ErasureList) -> None:
        self._list = erased

    async def add(self, erased: Erased) -> None:
        """Append an entry."""
        await to_thread(self._list.add, erased)

    async def all(self) -> tuple[Erased, ...]:
        """Return every entry."""
        return await to_thread(self._list.all)


class AsyncBlockingAlertReceiver:
    """See `ctsec.audit.alerts.ports.AsyncAlertReceiver`."""

    __slots__ = ("_receiver",)

    def __init__(self, receiver: AlertReceiver) -> None:
        self._receiver = receiver

    async def deliver(self, alert: Alert, *, body: bytes) -> bool:
        """Tell of an alert."""
        return await to_thread(self._receiver.deliver, alert, body=body)
