"""The guard store in memory (async source): no transaction, every call is committed when it returns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from ctsec.audit.record import StoredEvent
from ctsec.errors import StoreError
from ctsec.guard.allowance import Allowance
from ctsec.guard.attempts import Attempts
from ctsec.guard.proof import Proof, Purpose
from ctsec.storage.memory._async_apps import AsyncMemoryAppTokens
from ctsec.storage.memory._async_subjects import AsyncMemorySubjectKeys
from ctsec.storage.memory.guard_state import GuardState
from ctsec.storage.memory.state import frozen


class AsyncMemoryProofs:
    """See `ctsec.guard.ports.AsyncProofRecords`."""

    __slots__ = ("_state",)

    def __init__(self, state: GuardState) -> None:
        self._state = state

    async def issue(self, proofs: tuple[Proof, ...]) -> None:
        """Insert the rows of what was just issued, all or none."""
        rows = {(proof.purpose, proof.digest): frozen(proof) for proof in proofs}
        with self._state.lock:
            if len(rows) < len(proofs) or not rows.keys().isdisjoint(self._state.proofs):
                raise StoreError("a proof with this purpose and digest was issued before")
            self._state.proofs.update(rows)

    async def peek(self, purpose: Purpose, digest: bytes) -> Proof | None:
        """Return a proof without consuming it."""
        with self._state.lock:
            return self._state.proofs.get((purpose, digest))

    async def consume(self, purpose: Purpose, digest: bytes, *, now: datetime) -> bool:
        """Mark a live proof as used; True for exactly one caller."""
        with self._state.lock:
            proof = self._state.proofs.get((purpose, digest))
            if proof is None or not _is_live(proof, now=now):
                return False
            self._state.proofs[purpose, digest] = frozen(replace(proof, used_at=now))
            return True

    async def void(self, purpose: Purpose, subject: str, *, now: datetime) -> int:
        """Mark every live proof of a subject as used; return how many."""
        with self._state.lock:
            found = self._live(purpose, subject, now=now)
            self._state.proofs.update({(purpose, p.digest): frozen(replace(p, used_at=now)) for p in found})
            return len(found)

    async def live(self, purpose: Purpose, subject: str, *, now: datetime) -> tuple[Proof, ...]:
        """Return the proofs of a subject that may still be consumed, in the order of digests."""
        with self._state.lock:
            return tuple(sorted(self._live(purpose, subject, now=now), key=lambda p: p.digest))

    async def trim(self, *, before: datetime, limit: int) -> int:
        """Delete at most `limit` proofs that ended, or without an end were used, by `before`."""
        with self._state.lock:
            ends = {key: p.expires_at or p.used_at for key, p in self._state.proofs.items()}
            found = [key for key, end in ends.items() if end is not None and end <= before][:limit]
            for key in found:
                del self._state.proofs[key]
            return len(found)

    def _live(self, purpose: Purpose, subject: str, *, now: datetime) -> list[Proof]:
        theirs = (p for p in self._state.proofs.values() if p.purpose is purpose and p.subject == subject)
        return [p for p in theirs if _is_live(p, now=now)]


class AsyncMemorySteps:
    """See `ctsec.guard.ports.AsyncStepRecords`."""

    __slots__ = ("_state",)

    def __init__(self, state: GuardState) -> None:
        self._state = state

    async def start(self, authenticator: str, *, step: int) -> None:
        """Write the row of a new authenticator; an existing one stays as it is."""
        with self._state.lock:
            self._state.steps.setdefault(authenticator, step)

    async def last(self, authenticator: str) -> int | None:
        """Return the last accepted step, None if the authenticator has no row."""
        with self._state.lock:
            return self._state.steps.get(authenticator)

    async def advance(self, authenticator: str, *, step: int) -> bool:
        """Set the last step to `step` if it is greater than the stored one."""
        with self._state.lock:
            last = self._state.steps.get(authenticator)
            if last is None or step <= last:
                return False
            self._state.steps[authenticator] = step
            return True


class AsyncMemoryAttempts:
    """See `ctsec.guard.ports.AsyncAttemptRecords`."""

    __slots__ = ("_state",)

    def __init__(self, state: GuardState) -> None:
        self._state = state

    async def get(self, key: str) -> Attempts | None:
        """Return the counter of `key`."""
        with self._state.lock:
            return self._state.attempts.get(key)

    async def replace(self, old: Attempts | None, new: Attempts) -> bool:
        """Write `new` if the stored counter still equals `old` (None: no row yet)."""
        with self._state.lock:
            if self._state.attempts.get(new.key) != old:
                return False
            self._state.attempts[new.key] = frozen(new)
            return True

    async def settle(self, records: tuple[Attempts, ...]) -> None:
        """Forget the counters, unless they were disabled at another moment than the record says."""
        with self._state.lock:
            for record in records:
                found = self._state.attempts.get(record.key)
                if found is not None and found.disabled_at in {None, record.disabled_at}:
                    del self._state.attempts[record.key]

    async def clear(self, keys: tuple[str, ...]) -> None:
        """Forget the counters, disabled ones too."""
        with self._state.lock:
            for key in keys:
                self._state.attempts.pop(key, None)

    async def untold(self, *, limit: int) -> tuple[Attempts, ...]:
        """Return disabled counters with a subject who was not told yet, in the order of their keys."""
        with self._state.lock:
            found = [a for a in self._state.attempts.values() if a.disabled_at is not None and a.subject and a.told_at is None]
            return tuple(sorted(found, key=lambda a: a.key)[:limit])


class AsyncMemoryAllowances:
    """See `ctsec.guard.ports.AsyncAllowanceRecords`."""

    __slots__ = ("_state",)

    def __init__(self, state: GuardState) -> None:
        self._state = state

    async def get(self, key: str) -> Allowance | None:
        """Return the record of `key`."""
        with self._state.lock:
            return self._state.allowances.get(key)

    async def replace(self, old: Allowance | None, new: Allowance) -> bool:
        """Write `new` if the stored record still equals `old` (None: none)."""
        with self._state.lock:
            if self._state.allowances.get(new.key) != old:
                return False
            self._state.allowances[new.key] = frozen(new)
            return True

    async def trim(self, *, before: datetime) -> int:
        """Delete records that were full at `before`; return how many."""
        with self._state.lock:
            full = [a.key for a in self._state.allowances.values() if a.full_at <= before]
            for key in full:
                del self._state.allowances[key]
            return len(full)


class AsyncMemorySeals:
    """See `ctsec.guard.ports.AsyncSealCounts`."""

    __slots__ = ("_state",)

    def __init__(self, state: GuardState) -> None:
        self._state = state

    async def reserve(self, dek_id: str, *, messages: int, most: int) -> bool:
        """Add `messages` to the count of a key; False, and nothing is added, if it would be more than `most`."""
        with self._state.lock:
            count = self._state.seals.get(dek_id, 0) + messages
            if count > most:
                return False
            self._state.seals[dek_id] = count
            return True

    async def reserved(self, dek_id: str) -> int:
        """Return the count of a key, 0 for one that never sealed."""
        with self._state.lock:
            return self._state.seals.get(dek_id, 0)


class AsyncMemoryAsideEvents:
    """See `ctsec.guard.ports.AsyncAsideEvents`."""

    __slots__ = ("_state",)

    def __init__(self, state: GuardState) -> None:
        self._state = state

    async def append(self, event: StoredEvent) -> None:
        """Insert one row."""
        with self._state.lock:
            if event.id in self._state.events:
                raise StoreError("an event with this id waits already")
            self._state.events[event.id] = frozen(event)

    async def pending(self, *, limit: int) -> tuple[StoredEvent, ...]:
        """Return rows in the order of their times, then ids."""
        with self._state.lock:
            return tuple(sorted(self._state.events.values(), key=lambda e: (e.time, e.id))[:limit])

    async def remove(self, ids: tuple[str, ...]) -> None:
        """Delete rows that have reached the inbox."""
        with self._state.lock:
            for each in ids:
                self._state.events.pop(each, None)


@dataclass(frozen=True, slots=True)
class AsyncMemoryGuard:
    """See `ctsec.guard.ports.AsyncGuardStore`."""

    proofs: AsyncMemoryProofs
    steps: AsyncMemorySteps
    attempts: AsyncMemoryAttempts
    allowances: AsyncMemoryAllowances
    seals: AsyncMemorySeals
    events: AsyncMemoryAsideEvents
    subjects: AsyncMemorySubjectKeys
    app_tokens: AsyncMemoryAppTokens

    @classmethod
    def over(cls, state: GuardState) -> AsyncMemoryGuard:
        """Return the guard store over a state."""
        return cls(
            AsyncMemoryProofs(state),
            AsyncMemorySteps(state),
            AsyncMemoryAttempts(state),
            AsyncMemoryAllowances(state),
            AsyncMemorySeals(state),
            AsyncMemoryAsideEvents(state),
            AsyncMemorySubjectKeys(state),
            AsyncMemoryAppTokens(state),
        )


def _is_live(proof: Proof, *, now: datetime) -> bool:
    return proof.used_at is None and (proof.expires_at is None or now < proof.expires_at)
