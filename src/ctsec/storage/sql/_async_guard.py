"""The guard store in SQL (async source): every method is a transaction of its own, committed before it returns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from ctsec.audit.record import StoredEvent
from ctsec.guard.allowance import Allowance
from ctsec.guard.attempts import Attempts
from ctsec.guard.proof import Proof, Purpose
from ctsec.storage.sql._async_apps import AsyncSqlAppTokens
from ctsec.storage.sql._async_subjects import AsyncSqlSubjectKeys
from ctsec.storage.sql._async_transactions import AsyncTransactions
from ctsec.storage.sql.gate import GUARD_VERSION, Gate
from ctsec.storage.sql.progress import Progress, nobody
from ctsec.storage.sql.statements import audit, deks, guard
from ctsec.storage.sql.statements.rows import added, all_made, made, values
from ctsec.storage.sql.tables import Tables


class AsyncSqlProofs:
    """See `ctsec.guard.ports.AsyncProofRecords`."""

    __slots__ = ("_tables", "_transactions")

    def __init__(self, transactions: AsyncTransactions, tables: Tables) -> None:
        self._transactions = transactions
        self._tables = tables

    async def issue(self, proofs: tuple[Proof, ...]) -> None:
        """Insert the rows of what was just issued, all or none."""
        if not proofs:
            return
        async with self._transactions.writing(Progress(nobody)) as run:
            await run.change(insert(self._tables.proof), [values(proof) for proof in proofs])

    async def peek(self, purpose: Purpose, digest: bytes) -> Proof | None:
        """Return a proof without consuming it."""
        async with self._transactions.reading() as run:
            return made(Proof, await run.row(guard.proof(self._tables, purpose, digest)))

    async def consume(self, purpose: Purpose, digest: bytes, *, now: datetime) -> bool:
        """Mark a live proof as used; True for exactly one caller."""
        async with self._transactions.writing(Progress(nobody)) as run:
            return await run.change(guard.consume(self._tables, purpose, digest, now=now)) == 1

    async def void(self, purpose: Purpose, subject: str, *, now: datetime) -> int:
        """Mark every live proof of a subject as used; return how many."""
        async with self._transactions.writing(Progress(nobody)) as run:
            return await run.change(guard.void(self._tables, purpose, subject, now=now))

    async def live(self, purpose: Purpose, subject: str, *, now: datetime) -> tuple[Proof, ...]:
        """Return the proofs of a subject that may still be consumed, in the order of digests."""
        async with self._transactions.reading() as run:
            return all_made(Proof, await run.rows(guard.live(self._tables, purpose, subject, now=now)))

    async def trim(self, *, before: datetime, limit: int) -> int:
        """Delete at most `limit` proofs that ended, or without an end were used, by `before`."""
        async with self._transactions.writing(Progress(nobody)) as run:
            found: dict[Purpose, list[bytes]] = {}
            for row in await run.rows(guard.ended_proofs(self._tables, before=before, limit=limit)):
                found.setdefault(row["purpose"], []).append(row["digest"])
            return sum([await run.change(guard.drop_proofs(self._tables, each, tuple(found[each]))) for each in sorted(found)])


class AsyncSqlSteps:
    """See `ctsec.guard.ports.AsyncStepRecords`."""

    __slots__ = ("_tables", "_transactions")

    def __init__(self, transactions: AsyncTransactions, tables: Tables) -> None:
        self._transactions = transactions
        self._tables = tables

    async def start(self, authenticator: str, *, step: int) -> None:
        """Write the row of a new authenticator; an existing one stays as it is."""
        row = insert(self._tables.step).values(authenticator=authenticator, step=step)
        async with self._transactions.writing(Progress(nobody)) as run:
            await run.change_unless_taken(row)

    async def last(self, authenticator: str) -> int | None:
        """Return the last accepted step, None if the authenticator has no row."""
        async with self._transactions.reading() as run:
            row = await run.row(guard.step(self._tables, authenticator))
            return None if row is None else int(row["step"])

    async def advance(self, authenticator: str, *, step: int) -> bool:
        """Set the last step to `step` if it is greater than the stored one."""
        async with self._transactions.writing(Progress(nobody)) as run:
            return await run.change(guard.advance(self._tables, authenticator, step=step)) == 1


class AsyncSqlAttempts:
    """See `ctsec.guard.ports.AsyncAttemptRecords`."""

    __slots__ = ("_tables", "_transactions")

    def __init__(self, transactions: AsyncTransactions, tables: Tables) -> None:
        self._transactions = transactions
        self._tables = tables

    async def get(self, key: str) -> Attempts | None:
        """Return the counter of `key`."""
        async with self._transactions.reading() as run:
            return made(Attempts, await run.row(guard.attempts(self._tables, key)))

    async def replace(self, old: Attempts | None, new: Attempts) -> bool:
        """Write `new` if the stored counter still equals `old` (None: no row yet)."""
        async with self._transactions.writing(Progress(nobody)) as run:
            if old is None:
                written = await run.change_unless_taken(added(self._tables.attempt, new)) is not None
            else:
                written = await run.change(guard.replace_attempts(self._tables, old, new)) == 1
        return written

    async def settle(self, records: tuple[Attempts, ...]) -> None:
        """Forget the counters, unless they were disabled at another moment than the record says."""
        if not records:
            return
        async with self._transactions.writing(Progress(nobody)) as run:
            for record in sorted(records, key=lambda each: each.key):
                await run.change(guard.settle_attempts(self._tables, record))

    async def clear(self, keys: tuple[str, ...]) -> None:
        """Forget the counters, disabled ones too."""
        if not keys:
            return
        async with self._transactions.writing(Progress(nobody)) as run:
            await run.change(guard.clear_attempts(self._tables, keys))

    async def untold(self, *, limit: int) -> tuple[Attempts, ...]:
        """Return disabled counters with a subject who was not told yet, in the order of their keys."""
        async with self._transactions.reading() as run:
            return all_made(Attempts, await run.rows(guard.untold_attempts(self._tables, limit=limit)))


class AsyncSqlAllowances:
    """See `ctsec.guard.ports.AsyncAllowanceRecords`."""

    __slots__ = ("_tables", "_transactions")

    def __init__(self, transactions: AsyncTransactions, tables: Tables) -> None:
        self._transactions = transactions
        self._tables = tables

    async def get(self, key: str) -> Allowance | None:
        """Return the record of `key`."""
        async with self._transactions.reading() as run:
            return made(Allowance, await run.row(guard.allowance(self._tables, key)))

    async def replace(self, old: Allowance | None, new: Allowance) -> bool:
        """Write `new` if the stored record still equals `old` (None: none)."""
        async with self._transactions.writing(Progress(nobody)) as run:
            if old is None:
                return await run.change_unless_taken(added(self._tables.allowance, new)) is not None
            return await run.change(guard.replace_allowance(self._tables, old, new)) == 1

    async def trim(self, *, before: datetime) -> int:
        """Delete records that were full at `before`; return how many."""
        async with self._transactions.writing(Progress(nobody)) as run:
            return await run.change(guard.trim_allowances(self._tables, before=before))


class AsyncSqlSeals:
    """See `ctsec.guard.ports.AsyncSealCounts`."""

    __slots__ = ("_tables", "_transactions")

    def __init__(self, transactions: AsyncTransactions, tables: Tables) -> None:
        self._transactions = transactions
        self._tables = tables

    async def reserve(self, dek_id: str, *, messages: int, most: int) -> bool:
        """Add `messages` to the count of a key; False, and nothing is added, if it would be more than `most`."""
        first = insert(self._tables.dek_use).values(id=dek_id, messages=0)
        count = deks.reserve(self._tables, dek_id, messages=messages, most=most)
        async with self._transactions.writing(Progress(nobody)) as run:
            if await run.change(count) == 1:
                return True
            await run.change_unless_taken(first)
            return await run.change(count) == 1

    async def reserved(self, dek_id: str) -> int:
        """Return the count of a key, 0 for one that never sealed."""
        async with self._transactions.reading() as run:
            row = await run.row(deks.uses(self._tables, dek_id))
            return 0 if row is None else int(row["messages"])


class AsyncSqlAsideEvents:
    """See `ctsec.guard.ports.AsyncAsideEvents`."""

    __slots__ = ("_tables", "_transactions")

    def __init__(self, transactions: AsyncTransactions, tables: Tables) -> None:
        self._transactions = transactions
        self._tables = tables

    async def append(self, event: StoredEvent) -> None:
        """Insert one row."""
        async with self._transactions.writing(Progress(nobody)) as run:
            await run.insert(self._tables.aside_event, event)

    async def pending(self, *, limit: int) -> tuple[StoredEvent, ...]:
        """Return rows in the order of their ids."""
        async with self._transactions.reading() as run:
            return all_made(StoredEvent, await run.rows(audit.pending(self._tables.aside_event, limit=limit)))

    async def remove(self, ids: tuple[str, ...]) -> None:
        """Delete rows that have reached the inbox."""
        if not ids:
            return
        async with self._transactions.writing(Progress(nobody)) as run:
            await run.change(audit.remove(self._tables.aside_event, ids, dialect=run.dialect))


@dataclass(frozen=True, slots=True)
class AsyncSqlGuard:
    """See `ctsec.guard.ports.AsyncGuardStore`."""

    proofs: AsyncSqlProofs
    steps: AsyncSqlSteps
    attempts: AsyncSqlAttempts
    allowances: AsyncSqlAllowances
    seals: AsyncSqlSeals
    events: AsyncSqlAsideEvents
    subjects: AsyncSqlSubjectKeys
    app_tokens: AsyncSqlAppTokens

    @classmethod
    def over(cls, engine: AsyncEngine, *, tables: Tables) -> AsyncSqlGuard:
        """Return the guard store on an engine of its own."""
        t = AsyncTransactions(engine, gate=Gate(tables.guard_version, wanted=GUARD_VERSION))
        return cls(
            AsyncSqlProofs(t, tables),
            AsyncSqlSteps(t, tables),
            AsyncSqlAttempts(t, tables),
            AsyncSqlAllowances(t, tables),
            AsyncSqlSeals(t, tables),
            AsyncSqlAsideEvents(t, tables),
            AsyncSqlSubjectKeys(t, tables),
            AsyncSqlAppTokens(t, tables),
        )
