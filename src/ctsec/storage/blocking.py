"""What blocks, such as a host's table or a folder of backups, for the async bundle: its calls wait in threads, never in the event loop."""

from __future__ import annotations

from asyncio import to_thread
from typing import TYPE_CHECKING

from ctsec.audit.erasure.ports import ErasureBatches
from ctsec.transport.report import ConnectionReport, ReportsConnections

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ctsec.audit.alerts.ports import AlertReceiver
    from ctsec.audit.alerts.record import Alert
    from ctsec.audit.anchors.anchor import Held
    from ctsec.audit.anchors.ports import Keeper, ProvenKeeper
    from ctsec.audit.erasure.ports import ErasureList
    from ctsec.audit.erasure.record import Erased
    from ctsec.audit.streams.batch import StreamBatch
    from ctsec.audit.streams.ports import Receiver
    from ctsec.audit.tree.checkpoint import SignedCheckpoint
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


class AsyncBlockingReceiver:
    """See `ctsec.audit.streams.ports.AsyncReceiver`."""

    __slots__ = ("_receiver",)

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver

    async def deliver(self, batch: StreamBatch) -> None:
        """Hand over a batch."""
        await to_thread(self._receiver.deliver, batch)

    async def connections(self) -> tuple[ConnectionReport, ...]:
        """Connect, and return what is spoken, where the receiver can tell."""
        if not isinstance(self._receiver, ReportsConnections):
            return ()
        return await to_thread(self._receiver.connections)


class AsyncBlockingKeeper:
    """See `ctsec.audit.anchors.ports.AsyncKeeper`."""

    __slots__ = ("_keeper",)

    def __init__(self, keeper: Keeper) -> None:
        self._keeper = keeper

    async def keep(self, checkpoint: SignedCheckpoint) -> None:
        """Keep a checkpoint."""
        await to_thread(self._keeper.keep, checkpoint)

    async def held(self) -> Held | None:
        """Return the checkpoint of the largest size that is kept."""
        return await to_thread(self._keeper.held)

    async def connections(self) -> tuple[ConnectionReport, ...]:
        """Connect, and return what is spoken, where the keeper can tell."""
        if not isinstance(self._keeper, ReportsConnections):
            return ()
        return await to_thread(self._keeper.connections)


class AsyncBlockingProvenKeeper(AsyncBlockingKeeper):
    """See `ctsec.audit.anchors.ports.AsyncProvenKeeper`."""

    __slots__ = ("_proven",)

    def __init__(self, keeper: ProvenKeeper) -> None:
        super().__init__(keeper)
        self._proven = keeper

    async def needed(self, checkpoint: SignedCheckpoint) -> frozenset[int]:
        """Return the sizes from which proofs are needed."""
        return await to_thread(self._proven.needed, checkpoint)

    async def vouch(self, checkpoint: SignedCheckpoint, *, proofs: Mapping[int, tuple[bytes, ...]]) -> frozenset[int]:
        """Ask whoever has one of these sizes."""
        return await to_thread(self._proven.vouch, checkpoint, proofs=proofs)


def blocking_keeper(keeper: Keeper) -> AsyncBlockingKeeper:
    """Return a keeper that blocks for an event loop, with the same abilities."""
    from ctsec.audit.anchors.ports import ProvenKeeper

    return AsyncBlockingProvenKeeper(keeper) if isinstance(keeper, ProvenKeeper) else AsyncBlockingKeeper(keeper)


class AsyncBlockingErasureList:
    """See `ctsec.audit.erasure.ports.AsyncErasureList`."""

    __slots__ = ("_list",)

    def __init__(self, erased: ErasureList) -> None:
        self._list = erased

    async def add(self, erased: Erased) -> None:
        """Append an entry."""
        await to_thread(self._list.add, erased)

    async def add_all(self, erased: tuple[Erased, ...]) -> None:
        """Append entries, one after the other where the list can not take them together."""
        if isinstance(self._list, ErasureBatches):
            await to_thread(self._list.add_all, erased)
        else:
            for each in erased:
                await self.add(each)

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

    async def connections(self) -> tuple[ConnectionReport, ...]:
        """Connect, and return what is spoken, where the receiver can tell."""
        if not isinstance(self._receiver, ReportsConnections):
            return ()
        return await to_thread(self._receiver.connections)
