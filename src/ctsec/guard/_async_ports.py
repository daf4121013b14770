"""The guard store: what deliberately leaves the host's transaction (async source).

Every method commits before it returns. Its engine, pool, lock time-out and tables are its own; no statement of a host's session
touches them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ctsec.audit.record import StoredEvent
from ctsec.connections._async_ports import AsyncAppTokenRecords
from ctsec.encryption._async_ports import AsyncSubjectKeyRecords
from ctsec.guard.allowance import Allowance
from ctsec.guard.attempts import Attempts
from ctsec.guard.proof import Proof, Purpose


class AsyncProofRecords(Protocol):
    """One-time proofs."""

    async def issue(self, proofs: tuple[Proof, ...]) -> None:
        """Insert the rows of what was just issued."""
        ...

    async def peek(self, purpose: Purpose, digest: bytes) -> Proof | None:
        """Return a proof without consuming it."""
        ...

    async def consume(self, purpose: Purpose, digest: bytes, *, now: datetime) -> bool:
        """Mark a live proof as used by one compare-and-set; True for exactly one caller."""
        ...

    async def void(self, purpose: Purpose, subject: str, *, now: datetime) -> int:
        """Mark every live proof of a subject as used; return how many."""
        ...

    async def live(self, purpose: Purpose, subject: str, *, now: datetime) -> tuple[Proof, ...]:
        """Return the proofs of a subject that may still be consumed."""
        ...

    async def trim(self, *, before: datetime, limit: int) -> int:
        """Delete at most `limit` proofs that ended by `before`, or that have no end and were used by then; return how many.

        What is not there can not be consumed, so nothing can be used again.
        """
        ...


class AsyncStepRecords(Protocol):
    """The last accepted time step of each authenticator."""

    async def start(self, authenticator: str, *, step: int) -> None:
        """Write the row of a new authenticator; an existing one stays as it is."""
        ...

    async def last(self, authenticator: str) -> int | None:
        """Return the last accepted step, None if the authenticator has no row (then nothing may be accepted)."""
        ...

    async def advance(self, authenticator: str, *, step: int) -> bool:
        """Set the last step to `step` if it is greater than the stored one, in one statement; True for exactly one caller."""
        ...


class AsyncAttemptRecords(Protocol):
    """Counters of failed attempts."""

    async def get(self, key: str) -> Attempts | None:
        """Return the counter of `key`."""
        ...

    async def replace(self, old: Attempts | None, new: Attempts) -> bool:
        """Write `new` if the stored counter still equals `old` (None: no row yet); True if written."""
        ...

    async def settle(self, records: tuple[Attempts, ...]) -> None:
        """Forget the counters of a journey that is complete, unless they were disabled at another moment than the record says."""
        ...

    async def clear(self, keys: tuple[str, ...]) -> None:
        """Forget the counters, disabled ones too: what they guard was bound anew."""
        ...

    async def untold(self, *, limit: int) -> tuple[Attempts, ...]:
        """Return disabled counters with a subject who was not told yet, in the order of their keys."""
        ...


class AsyncAllowanceRecords(Protocol):
    """What was taken by address blocks and mailboxes; the records may be lost with what holds them, at worst they begin anew."""

    async def get(self, key: str) -> Allowance | None:
        """Return the record of `key`."""
        ...

    async def replace(self, old: Allowance | None, new: Allowance) -> bool:
        """Write `new` if the stored record still equals `old` (None: none); True if written."""
        ...

    async def trim(self, *, before: datetime) -> int:
        """Delete records that were full at `before`, as far as nobody else does; return how many."""
        ...


class AsyncSharedAllowances(AsyncAllowanceRecords, Protocol):
    """Allowances on a server of their own."""

    async def aclose(self) -> None:
        """Close the connections."""
        ...


class AsyncAsideEvents(Protocol):
    """Audit events that must survive a host's rollback, on their way to the inbox."""

    async def append(self, event: StoredEvent) -> None:
        """Insert one row."""
        ...

    async def pending(self, *, limit: int) -> tuple[StoredEvent, ...]:
        """Return rows in the order of their times, then ids."""
        ...

    async def remove(self, ids: tuple[str, ...]) -> None:
        """Delete rows that have reached the inbox."""
        ...


class AsyncSealCounts(Protocol):
    """How many messages each data key may have sealed; see `ctsec.encryption.ports.AsyncSealCounts`."""

    async def reserve(self, dek_id: str, *, messages: int, most: int) -> bool:
        """Add `messages` to the count of a key in one statement; False, and nothing is added, if it would be more than `most`."""
        ...

    async def reserved(self, dek_id: str) -> int:
        """Return the count of a key, 0 for one that never sealed."""
        ...


class AsyncGuardStore(Protocol):
    """All of it."""

    @property
    def proofs(self) -> AsyncProofRecords:
        """One-time proofs."""
        ...

    @property
    def steps(self) -> AsyncStepRecords:
        """Time steps."""
        ...

    @property
    def attempts(self) -> AsyncAttemptRecords:
        """Failure counters."""
        ...

    @property
    def allowances(self) -> AsyncAllowanceRecords:
        """Allowances of address blocks and mailboxes."""
        ...

    @property
    def seals(self) -> AsyncSealCounts:
        """Counts of sealed messages."""
        ...

    @property
    def events(self) -> AsyncAsideEvents:
        """Events aside."""
        ...

    @property
    def subjects(self) -> AsyncSubjectKeyRecords:
        """Keys of persons."""
        ...

    @property
    def app_tokens(self) -> AsyncAppTokenRecords:
        """Tokens of connected apps."""
        ...
