"""Values under data keys, and how far they are sealed anew, in SQL (async source)."""

from __future__ import annotations

from ctsec.encryption._async_ports import Key
from ctsec.encryption.reencryption import Reencryption, Stored, StoredValue
from ctsec.ids import DekId
from ctsec.storage.sql._async_executor import AsyncExecutor
from ctsec.storage.sql.statements import sealed
from ctsec.storage.sql.statements.rows import added, all_made
from ctsec.storage.sql.tables import Tables


class AsyncSqlReencryptions:
    """See `ctsec.encryption.ports.AsyncReencryptionRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    async def under(self, table: Stored, scope: str, *, keys: tuple[DekId, ...], after: Key, limit: int) -> tuple[StoredValue, ...]:
        """Return values of `scope` under one of `keys` behind a key, in the order of keys."""
        found = await self._run.rows(sealed.under(self._tables, table, scope, keys=keys, after=after, limit=limit))
        beside = {"sealed", "owner"}
        return tuple(
            StoredValue(
                key=tuple(value for name, value in row.items() if name not in beside), blob=bytes(row["sealed"]), owner=row.get("owner", "")
            )
            for row in found
        )

    async def count(self, table: Stored, scope: str, *, keys: tuple[DekId, ...]) -> int:
        """Return how many values of `scope` are under one of `keys`."""
        row = await self._run.row(sealed.count(self._tables, table, scope, keys=keys))
        return 0 if row is None else int(row["rows"])

    async def replace(self, table: Stored, scope: str, *, key: Key, before: bytes, after: bytes) -> bool:
        """Write the same value under another seal if `before` is stored there."""
        return await self._run.change(sealed.replace(self._tables, table, scope, key=key, before=before, after=after)) == 1

    async def of_scopes(self, scopes: tuple[str, ...]) -> tuple[Reencryption, ...]:
        """Return how far each table of these scopes is, in the order of scopes and tables."""
        return all_made(Reencryption, await self._run.rows(sealed.of_scopes(self._tables, scopes)))

    async def unfinished(self, *, limit: int) -> tuple[Reencryption, ...]:
        """Return what has not ended, or has left rows behind, in the order of scopes and tables."""
        return all_made(Reencryption, await self._run.rows(sealed.unfinished(self._tables, limit=limit)))

    async def put(self, progress: Reencryption) -> bool:
        """Insert version 0, or write over the record of the version before."""
        if progress.version == 0:
            return await self._run.change_unless_taken(added(self._tables.reencryption, progress)) is not None
        return await self._run.change(sealed.advance(self._tables, progress)) == 1
