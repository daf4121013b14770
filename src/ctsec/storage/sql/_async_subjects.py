"""Keys of persons in SQL (async source)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ctsec.encryption.subject_key import SubjectKey
from ctsec.ids import DekId
from ctsec.storage.sql._async_executor import AsyncExecutor
from ctsec.storage.sql._async_transactions import AsyncTransactions
from ctsec.storage.sql.progress import Progress, nobody
from ctsec.storage.sql.statements import subjects as statements
from ctsec.storage.sql.statements.rows import added, all_made, made
from ctsec.storage.sql.tables import Tables


class AsyncSqlSubjectKeys:
    """See `ctsec.encryption.ports.AsyncSubjectKeyRecords`."""

    __slots__ = ("_tables", "_transactions")

    def __init__(self, transactions: AsyncTransactions, tables: Tables) -> None:
        self._transactions = transactions
        self._tables = tables

    async def add(self, key: SubjectKey) -> None:
        """Insert one row."""
        async with self._transactions.writing(Progress(nobody)) as run:
            await run.change(added(self._tables.subject_key, key))

    async def get(self, key_id: DekId) -> SubjectKey | None:
        """Return a key, a destroyed one too."""
        async with self._transactions.reading() as run:
            return made(SubjectKey, await run.row(statements.key(self._tables, key_id)))

    async def of_subject(self, subject: str) -> tuple[SubjectKey, ...]:
        """Return the keys of a person, in the order of their ids."""
        async with self._transactions.reading() as run:
            return all_made(SubjectKey, await run.rows(statements.of_subject(self._tables, subject)))

    async def alive(self, subjects: tuple[str, ...]) -> tuple[SubjectKey, ...]:
        """Return the keys of some persons that are not destroyed, in the order of their ids."""
        async with self._transactions.reading() as run:
            return all_made(SubjectKey, await run.rows(statements.alive(self._tables, subjects)))

    async def destroy(self, until: Mapping[str, datetime], *, now: datetime) -> Mapping[str, int]:
        """Take the key out of every row that still has one and was made by the moment of its person; return how many of each."""
        async with self._transactions.writing(Progress(nobody)) as run:
            return await self._destroy(run, until, now=now)

    async def destroy_within(self, run: AsyncExecutor, until: Mapping[str, datetime], *, now: datetime) -> Mapping[str, int]:
        """Do what `destroy` does, in a transaction on the same database that somebody else commits."""
        return await self._destroy(self._transactions.within(run), until, now=now)

    async def _destroy(self, run: AsyncExecutor, until: Mapping[str, datetime], *, now: datetime) -> Mapping[str, int]:
        # In one order, so that two who destroy the same keys wait for each other and never in a circle.
        return {each: await run.change(statements.destroy(self._tables, each, until=until[each], now=now)) for each in sorted(until)}
