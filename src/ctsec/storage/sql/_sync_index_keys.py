# Generated from src/ctsec/storage/sql/_async_index_keys.py by tools/twin.py; edit that file.
"""The sealed keys of blind indexes in SQL (async source)."""

from __future__ import annotations

from ctsec.encryption.blind_index import IndexKey
from ctsec.ids import OrganizationId
from ctsec.storage.sql._sync_executor import Executor
from ctsec.storage.sql.statements import index_keys
from ctsec.storage.sql.statements.rows import added, all_made
from ctsec.storage.sql.tables import Tables


class SqlIndexKeys:
    """See `ctsec.encryption.ports.IndexKeyRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: Executor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    def of_place(self, organization: OrganizationId, place: str, *, fresh: bool = False) -> tuple[IndexKey, ...]:
        """Return the keys of a column's index, the oldest generation first; `fresh` is a locking read."""
        return all_made(IndexKey, self._run.rows(index_keys.of_place(self._tables, organization, place, fresh=fresh)))

    def add(self, key: IndexKey) -> bool:
        """Insert a key; False if there is one of this generation."""
        return self._run.change_unless_taken(added(self._tables.index_key, key)) is not None

    def remove(self, organization: OrganizationId, place: str, *, below: int) -> int:
        """Delete the generations below one; return how many there were."""
        return self._run.change(index_keys.remove(self._tables, organization, place, below=below))
