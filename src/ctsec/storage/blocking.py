"""A host's table of the sync colour for the async bundle: its calls wait in threads, never in the event loop."""

from __future__ import annotations

from asyncio import to_thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ctsec.encryption.ports import SealedTable
    from ctsec.encryption.reencryption import SealedRow
    from ctsec.ids import DekId


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
