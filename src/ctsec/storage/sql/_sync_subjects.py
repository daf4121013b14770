# Generated from src/ctsec/storage/sql/_async_subjects.py by tools/twin.py; edit that file.
"""Keys of persons in SQL (async source)."""

from __future__ import annotations

from datetime import datetime

from ctsec.encryption.subject_key import SubjectKey
from ctsec.ids import DekId
from ctsec.storage.sql._sync_transactions import Transactions
from ctsec.storage.sql.progress import Progress, nobody
from ctsec.storage.sql.statements import subjects
from ctsec.storage.sql.statements.rows import added, all_made, made
from ctsec.storage.sql.tables import Tables


class SqlSubjectKeys:
    """See `ctsec.encryption.ports.SubjectKeyRecords`."""

    __slots__ = ("_tables", "_transactions")

    def __init__(self, transactions: Transactions, tables: Tables) -> None:
        self._transactions = transactions
        self._tables = tables

    def add(self, key: SubjectKey) -> None:
        """Insert one row."""
        with self._transactions.writing(Progress(nobody)) as run:
            run.change(added(self._tables.subject_key, key))

    def get(self, key_id: DekId) -> SubjectKey | None:
        """Return a key, a destroyed one too."""
        with self._transactions.reading() as run:
            return made(SubjectKey, run.row(subjects.key(self._tables, key_id)))

    def of_subject(self, subject: str) -> tuple[SubjectKey, ...]:
        """Return the keys of a person, in the order of their ids."""
        with self._transactions.reading() as run:
            return all_made(SubjectKey, run.rows(subjects.of_subject(self._tables, subject)))

    def destroy(self, subject: str, *, until: datetime, now: datetime) -> int:
        """Take the key out of every row of a person that was made by `until` and still has one; return how many."""
        with self._transactions.writing(Progress(nobody)) as run:
            return run.change(subjects.destroy(self._tables, subject, until=until, now=now))
