# Generated from src/ctsec/storage/sql/_async_guard.py by tools/twin.py; edit that file.
"""The guard store in SQL (async source): every method is a transaction of its own, committed before it returns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, insert

from ctsec.audit.record import StoredEvent
from ctsec.guard.allowance import Allowance
from ctsec.guard.attempts import Attempts
from ctsec.guard.proof import Proof, Purpose
from ctsec.storage.sql._sync_apps import SqlAppTokens
from ctsec.storage.sql._sync_subjects import SqlSubjectKeys
from ctsec.storage.sql._sync_transactions import Transactions
from ctsec.storage.sql.gate import GUARD_VERSION, Gate
from ctsec.storage.sql.progress import Progress, nobody
from ctsec.storage.sql.statements import audit, deks, guard
from ctsec.storage.sql.statements.rows import added, all_made, made, values
from ctsec.storage.sql.tables import Tables


class SqlProofs:
    """See `ctsec.guard.ports.ProofRecords`."""

    __slots__ = ("_tables", "_transactions")

    def __init__(self, transactions: Transactions, tables: Tables) -> None:
        self._transactions = transactions
        self._tables = tables

    def issue(self, proofs: tuple[Proof, ...]) -> None:
        """Insert the rows of what was just issued, all or none."""
        if not proofs:
            return
        with self._transactions.writing(Progress(nobody)) as run:
            run.change(insert(self._tables.proof), [values(proof) for proof in proofs])

    def peek(self, purpose: Purpose, digest: bytes) -> Proof | None:
        """Return a proof without consuming it."""
        with self._transactions.reading() as run:
            return made(Proof, run.row(guard.proof(self._tables, purpose, digest)))

    def consume(self, purpose: Purpose, digest: bytes, *, now: datetime) -> bool:
        """Mark a live proof as used; True for exactly one caller."""
        with self._transactions.writing(Progress(nobody)) as run:
            return run.change(guard.consume(self._tables, purpose, digest, now=now)) == 1

    def void(self, purpose: Purpose, subject: str, *, now: datetime) -> int:
        """Mark every live proof of a subject as used; return how many."""
        with self._transactions.writing(Progress(nobody)) as run:
            return run.change(guard.void(self._tables, purpose, subject, now=now))

    def live(self, purpose: Purpose, subject: str, *, now: datetime) -> tuple[Proof, ...]:
        """Return the proofs of a subject that may still be consumed, in the order of digests."""
        with self._transactions.reading() as run:
            return all_made(Proof, run.rows(guard.live(self._tables, purpose, subject, now=now)))

    def trim(self, *, before: datetime, limit: int) -> int:
        """Delete at most `limit` proofs that ended, or without an end were used, by `before`."""
        with self._transactions.writing(Progress(nobody)) as run:
            found: dict[Purpose, list[bytes]] = {}
            for row in run.rows(guard.ended_proofs(self._tables, before=before, limit=limit)):
                found.setdefault(row["purpose"], []).append(row["digest"])
            return sum([run.change(guard.drop_proofs(self._tables, each, tuple(found[each]))) for each in sorted(found)])


class SqlSteps:
    """See `ctsec.guard.ports.StepRecords`."""

    __slots__ = ("_tables", "_transactions")

    def __init__(self, transactions: Transactions, tables: Tables) -> None:
        self._transactions = transactions
        self._tables = tables

    def start(self, authenticator: str, *, step: int) -> None:
        """Write the row of a new authenticator; an existing one stays as it is."""
        row = insert(self._tables.step).values(authenticator=authenticator, step=step)
        with self._transactions.writing(Progress(nobody)) as run:
            run.change_unless_taken(row)

    def last(self, authenticator: str) -> int | None:
        """Return the last accepted step, None if the authenticator has no row."""
        with self._transactions.reading() as run:
            row = run.row(guard.step(self._tables, authenticator))
            return None if row is None else int(row["step"])

    def advance(self, authenticator: str, *, step: int) -> bool:
        """Set the last step to `step` if it is greater than the stored one."""
        with self._transactions.writing(Progress(nobody)) as run:
            return run.change(guard.advance(self._tables, authenticator, step=step)) == 1


class SqlAttempts:
    """See `ctsec.guard.ports.AttemptRecords`."""

    __slots__ = ("_tables", "_transactions")

    def __init__(self, transactions: Transactions, tables: Tables) -> None:
        self._transactions = transactions
        self._tables = tables

    def get(self, key: str) -> Attempts | None:
        """Return the counter of `key`."""
        with self._transactions.reading() as run:
            return made(Attempts, run.row(guard.attempts(self._tables, key)))

    def replace(self, old: Attempts | None, new: Attempts) -> bool:
        """Write `new` if the stored counter still equals `old` (None: no row yet)."""
        with self._transactions.writing(Progress(nobody)) as run:
            if old is None:
                written = run.change_unless_taken(added(self._tables.attempt, new)) is not None
            else:
                written = run.change(guard.replace_attempts(self._tables, old, new)) == 1
        return written

    def settle(self, records: tuple[Attempts, ...]) -> None:
        """Forget the counters, unless they were disabled at another moment than the record says."""
        if not records:
            return
        with self._transactions.writing(Progress(nobody)) as run:
            for record in sorted(records, key=lambda each: each.key):
                run.change(guard.settle_attempts(self._tables, record))

    def clear(self, keys: tuple[str, ...]) -> None:
        """Forget the counters, disabled ones too."""
        if not keys:
            return
        with self._transactions.writing(Progress(nobody)) as run:
            run.change(guard.clear_attempts(self._tables, keys))

    def untold(self, *, limit: int) -> tuple[Attempts, ...]:
        """Return disabled counters with a subject who was not told yet, in the order of their keys."""
        with self._transactions.reading() as run:
            return all_made(Attempts, run.rows(guard.untold_attempts(self._tables, limit=limit)))


class SqlAllowances:
    """See `ctsec.guard.ports.AllowanceRecords`."""

    __slots__ = ("_tables", "_transactions")

    def __init__(self, transactions: Transactions, tables: Tables) -> None:
        self._transactions = transactions
        self._tables = tables

    def get(self, key: str) -> Allowance | None:
        """Return the record of `key`."""
        with self._transactions.reading() as run:
            return made(Allowance, run.row(guard.allowance(self._tables, key)))

    def replace(self, old: Allowance | None, new: Allowance) -> bool:
        """Write `new` if the stored record still equals `old` (None: none)."""
        with self._transactions.writing(Progress(nobody)) as run:
            if old is None:
                return run.change_unless_taken(added(self._tables.allowance, new)) is not None
            return run.change(guard.replace_allowance(self._tables, old, new)) == 1

    def trim(self, *, before: datetime) -> int:
        """Delete records that were full at `before`; return how many."""
        with self._transactions.writing(Progress(nobody)) as run:
            return run.change(guard.trim_allowances(self._tables, before=before))


class SqlSeals:
    """See `ctsec.guard.ports.SealCounts`."""

    __slots__ = ("_tables", "_transactions")

    def __init__(self, transactions: Transactions, tables: Tables) -> None:
        self._transactions = transactions
        self._tables = tables

    def reserve(self, dek_id: str, *, messages: int, most: int) -> bool:
        """Add `messages` to the count of a key; False, and nothing is added, if it would be more than `most`."""
        first = insert(self._tables.dek_use).values(id=dek_id, messages=0)
        count = deks.reserve(self._tables, dek_id, messages=messages, most=most)
        with self._transactions.writing(Progress(nobody)) as run:
            if run.change(count) == 1:
                return True
            run.change_unless_taken(first)
            return run.change(count) == 1

    def reserved(self, dek_id: str) -> int:
        """Return the count of a key, 0 for one that never sealed."""
        with self._transactions.reading() as run:
            row = run.row(deks.uses(self._tables, dek_id))
            return 0 if row is None else int(row["messages"])


class SqlAsideEvents:
    """See `ctsec.guard.ports.AsideEvents`."""

    __slots__ = ("_tables", "_transactions")

    def __init__(self, transactions: Transactions, tables: Tables) -> None:
        self._transactions = transactions
        self._tables = tables

    def append(self, event: StoredEvent) -> None:
        """Insert one row."""
        with self._transactions.writing(Progress(nobody)) as run:
            run.insert(self._tables.aside_event, event)

    def pending(self, *, limit: int) -> tuple[StoredEvent, ...]:
        """Return rows in the order of their ids."""
        with self._transactions.reading() as run:
            return all_made(StoredEvent, run.rows(audit.pending(self._tables.aside_event, limit=limit)))

    def remove(self, ids: tuple[str, ...]) -> None:
        """Delete rows that have reached the inbox."""
        if not ids:
            return
        with self._transactions.writing(Progress(nobody)) as run:
            run.change(audit.remove(self._tables.aside_event, ids, dialect=run.dialect))


@dataclass(frozen=True, slots=True)
class SqlGuard:
    """See `ctsec.guard.ports.GuardStore`."""

    proofs: SqlProofs
    steps: SqlSteps
    attempts: SqlAttempts
    allowances: SqlAllowances
    seals: SqlSeals
    events: SqlAsideEvents
    subjects: SqlSubjectKeys
    app_tokens: SqlAppTokens

    @classmethod
    def over(cls, engine: Engine, *, tables: Tables) -> SqlGuard:
        """Return the guard store on an engine of its own."""
        t = Transactions(engine, gate=Gate(tables.guard_version, wanted=GUARD_VERSION))
        return cls(
            SqlProofs(t, tables),
            SqlSteps(t, tables),
            SqlAttempts(t, tables),
            SqlAllowances(t, tables),
            SqlSeals(t, tables),
            SqlAsideEvents(t, tables),
            SqlSubjectKeys(t, tables),
            SqlAppTokens(t, tables),
        )
