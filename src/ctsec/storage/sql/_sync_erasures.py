# Generated from src/ctsec/storage/sql/_async_erasures.py by tools/twin.py; edit that file.
"""Erasures in SQL (async source)."""

from __future__ import annotations

from ctsec.audit.erasure.record import Erasure
from ctsec.ids import ErasureId, UserId
from ctsec.storage.sql._sync_executor import Executor
from ctsec.storage.sql.statements import erasures
from ctsec.storage.sql.statements.rows import added, all_made, made, replaced
from ctsec.storage.sql.tables import Tables


class SqlErasures:
    """See `ctsec.audit.erasure.ports.ErasureRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: Executor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    def add(self, erasure: Erasure) -> None:
        """Insert one."""
        self._run.change(added(self._tables.log.erasure, erasure))

    def get(self, erasure_id: ErasureId) -> Erasure | None:
        """Return one."""
        return made(Erasure, self._run.row(erasures.one(self._tables, erasure_id)))

    def replace(self, erasure: Erasure) -> bool:
        """Write if the stored version is one less."""
        return self._run.change(replaced(self._tables.log.erasure, erasure)) == 1

    def of_user(self, user_id: UserId) -> tuple[Erasure, ...]:
        """Return those of a person, in the order of ids."""
        return all_made(Erasure, self._run.rows(erasures.of_user(self._tables, user_id)))

    def unfinished(self, *, after: str, limit: int) -> tuple[Erasure, ...]:
        """Return those with an id above `after` that are not done, in the order of ids."""
        return all_made(Erasure, self._run.rows(erasures.unfinished(self._tables, after=after, limit=limit)))

    def page(self, *, after: str, limit: int) -> tuple[Erasure, ...]:
        """Return those with an id above `after`, in the order of ids."""
        return all_made(Erasure, self._run.rows(erasures.page(self._tables, after=after, limit=limit)))
