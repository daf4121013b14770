"""Keys of persons in SQL (async source)."""

from __future__ import annotations

from datetime import datetime

from ctsec.encryption.subject_key import SubjectKey
from ctsec.ids import DekId
from ctsec.storage.sql._async_transactions import AsyncTransactions
from ctsec.storage.sql.progress import Progress, nobody
from ctsec.storage.sql.statements import subjects
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
            return made(SubjectKey, await run.row(subjects.key(self._tables, key_id)))

    async def of_subject(self, subject: str) -> tuple[SubjectKey, ...]:
        """Return the keys of a person, in the order of their ids."""
        async with self._transactions.reading() as run:
            return all_made(SubjectKey, await run.rows(subjects.of_subject(self._tables, subject)))

    async def destroy(self, subject: str, *, until: datetime, now: datetime) -> int:
        """Take the key out of every row of a person that was made by `until` and still has one; return how many."""
        async with self._transactions.writing(Progress(nobody)) as run:
            return await run.change(subjects.destroy(self._tables, subject, until=until, now=now))
