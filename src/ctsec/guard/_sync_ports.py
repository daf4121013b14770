# Generated from src/ctsec/guard/_async_ports.py by tools/twin.py; edit that file.
"""The guard store: what deliberately leaves the host's transaction (async source).

Every method commits before it returns. Its engine, pool, lock time-out and tables are its own; no statement of a host's session
touches them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ctsec.audit.record import StoredEvent
from ctsec.connections._sync_ports import AppTokenRecords
from ctsec.encryption._sync_ports import SubjectKeyRecords
from ctsec.guard.allowance import Allowance
from ctsec.guard.attempts import Attempts
from ctsec.guard.proof import Proof, Purpose


class ProofRecords(Protocol):
    """One-time proofs."""

    def issue(self, proofs: tuple[Proof, ...]) -> None:
        """Insert the rows of what was just issued."""
        ...

    def peek(self, purpose: Purpose, digest: bytes) -> Proof | None:
        """Return a proof without consuming it."""
        ...

    def consume(self, purpose: Purpose, digest: bytes, *, now: datetime) -> bool:
        """Mark a live proof as used by one compare-and-set; True for exactly one caller."""
        ...

    def void(self, purpose: Purpose, subject: str, *, now: datetime) -> int:
        """Mark every live proof of a subject as used; return how many."""
        ...

    def live(self, purpose: Purpose, subject: str, *, now: datetime) -> tuple[Proof, ...]:
        """Return the proofs of a subject that may still be consumed."""
        ...

    def trim(self, *, before: datetime, limit: int) -> int:
        """Delete at most `limit` proofs that ended by `before`, or that have no end and were used by then; return how many.

        What is not there can not be consumed, so nothing can be used again.
        """
        ...


class StepRecords(Protocol):
    """The last accepted time step of each authenticator."""

    def start(self, authenticator: str, *, step: int) -> None:
        """Write the row of a new authenticator; an existing one stays as it is."""
        ...

    def last(self, authenticator: str) -> int | None:
        """Return the last accepted step, None if the authenticator has no row (then nothing may be accepted)."""
        ...

    def advance(self, authenticator: str, *, step: int) -> bool:
        """Set the last step to `step` if it is greater than the stored one, in one statement; True for exactly one caller."""
        ...


class AttemptRecords(Protocol):
    """Counters of failed attempts."""

    def get(self, key: str) -> Attempts | None:
        """Return the counter of `key`."""
        ...

    def replace(self, old: Attempts | None, new: Attempts) -> bool:
        """Write `new` if the stored counter still equals `old` (None: no row yet); True if written."""
        ...

    def settle(self, records: tuple[Attempts, ...]) -> None:
        """Forget the counters of a journey that is complete, unless they were disabled at another moment than the record says."""
        ...

    def clear(self, keys: tuple[str, ...]) -> None:
        """Forget the counters, disabled ones too: what they guard was bound anew."""
        ...

    def untold(self, *, limit: int) -> tuple[Attempts, ...]:
        """Return disabled counters with a subject who was not told yet, in the order of their keys."""
        ...


class AllowanceRecords(Protocol):
    """What was taken by address blocks and mailboxes; the records may be lost with what holds them, at worst they begin anew."""

    def get(self, key: str) -> Allowance | None:
        """Return the record of `key`."""
        ...

    def replace(self, old: Allowance | None, new: Allowance) -> bool:
        """Write `new` if the stored record still equals `old` (None: none); True if written."""
        ...

    def trim(self, *, before: datetime) -> int:
        """Delete records that were full at `before`, as far as nobody else does; return how many."""
        ...


class SharedAllowances(AllowanceRecords, Protocol):
    """Allowances on a server of their own."""

    def close(self) -> None:
        """Close the connections."""
        ...


class AsideEvents(Protocol):
    """Audit events that must survive a host's rollback, on their way to the inbox."""

    def append(self, event: StoredEvent) -> None:
        """Insert one row."""
        ...

    def pending(self, *, limit: int) -> tuple[StoredEvent, ...]:
        """Return rows in the order of their times, then ids."""
        ...

    def remove(self, ids: tuple[str, ...]) -> None:
        """Delete rows that have reached the inbox."""
        ...


class SealCounts(Protocol):
    """How many messages each data key may have sealed; see `ctsec.encryption.ports.SealCounts`."""

    def reserve(self, dek_id: str, *, messages: int, most: int) -> bool:
        """Add `messages` to the count of a key in one statement; False, and nothing is added, if it would be more than `most`."""
        ...

    def reserved(self, dek_id: str) -> int:
        """Return the count of a key, 0 for one that never sealed."""
        ...


class GuardStore(Protocol):
    """All of it."""

    @property
    def proofs(self) -> ProofRecords:
        """One-time proofs."""
        ...

    @property
    def steps(self) -> StepRecords:
        """Time steps."""
        ...

    @property
    def attempts(self) -> AttemptRecords:
        """Failure counters."""
        ...

    @property
    def allowances(self) -> AllowanceRecords:
        """Allowances of address blocks and mailboxes."""
        ...

    @property
    def seals(self) -> SealCounts:
        """Counts of sealed messages."""
        ...

    @property
    def events(self) -> AsideEvents:
        """Events aside."""
        ...

    @property
    def subjects(self) -> SubjectKeyRecords:
        """Keys of persons."""
        ...

    @property
    def app_tokens(self) -> AppTokenRecords:
        """Tokens of connected apps."""
        ...
