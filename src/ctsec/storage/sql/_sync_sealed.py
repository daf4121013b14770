# Generated from src/ctsec/storage/sql/_async_sealed.py by tools/twin.py; edit that file.
"""Values under data keys, and how far they are sealed anew, in SQL (async source)."""

from __future__ import annotations

from ctsec.encryption._sync_ports import Key
from ctsec.encryption.reencryption import Reencryption, Stored, StoredValue
from ctsec.ids import DekId
from ctsec.storage.sql._sync_executor import Executor
from ctsec.storage.sql.statements import sealed
from ctsec.storage.sql.statements.rows import added, all_made
from ctsec.storage.sql.tables import Tables


class SqlReencryptions:
    """See `ctsec.encryption.ports.ReencryptionRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: Executor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    def under(self, table: Stored, scope: str, *, keys: tuple[DekId, ...], after: Key, limit: int) -> tuple[StoredValue, ...]:
        """Return values of `scope` under one of `keys` behind a key, in the order of keys."""
        found = self._run.rows(sealed.under(self._tables, table, scope, keys=keys, after=after, limit=limit))
        beside = {"sealed", "owner"}
        return tuple(
            StoredValue(
                key=tuple(value for name, value in row.items() if name not in beside), blob=bytes(row["sealed"]), owner=row.get("owner", "")
            )
            for row in found
        )

    def count(self, table: Stored, scope: str, *, keys: tuple[DekId, ...]) -> int:
        """Return how many values of `scope` are under one of `keys`."""
        row = self._run.row(sealed.count(self._tables, table, scope, keys=keys))
        return 0 if row is None else int(row["rows"])

    def replace(self, table: Stored, scope: str, *, key: Key, before: bytes, after: bytes) -> bool:
        """Write the same value under another seal if `before` is stored there."""
        return self._run.change(sealed.replace(self._tables, table, scope, key=key, before=before, after=after)) == 1

    def of_scopes(self, scopes: tuple[str, ...]) -> tuple[Reencryption, ...]:
        """Return how far each table of these scopes is, in the order of scopes and tables."""
        return all_made(Reencryption, self._run.rows(sealed.of_scopes(self._tables, scopes)))

    def unfinished(self, *, limit: int) -> tuple[Reencryption, ...]:
        """Return what has not ended, or has left rows behind, in the order of scopes and tables."""
        return all_made(Reencryption, self._run.rows(sealed.unfinished(self._tables, limit=limit)))

    def put(self, progress: Reencryption) -> bool:
        """Insert version 0, or write over the record of the version before."""
        if progress.version == 0:
            return self._run.change_unless_taken(added(self._tables.reencryption, progress)) is not None
        return self._run.change(sealed.advance(self._tables, progress)) == 1
