# Generated from src/ctsec/guard/_async.py by tools/twin.py; edit that file.
"""Counting attempts before secrets are compared (async source)."""

from __future__ import annotations

from ctsec.ambient import Ambient
from ctsec.errors import StoreBusy
from ctsec.guard._sync_ports import AttemptRecords
from ctsec.guard.attempts import ThrottlePolicy, charge, rebase
from ctsec.outcome import Refusal

_TRIES = 16


class Throttle:
    """Charges an attempt to a key before anything is compared, and forgets the charges when a journey is complete."""

    __slots__ = ("_ambient", "_attempts", "_policy")

    def __init__(self, attempts: AttemptRecords, *, policy: ThrottlePolicy, ambient: Ambient) -> None:
        self._attempts = attempts
        self._policy = policy
        self._ambient = ambient

    def charge(self, key: str) -> Refusal | None:
        """Count one attempt against `key`; return a refusal (THROTTLED with `retry_after`, or LOCKED) if it may not be made.

        Raises StoreBusy if others kept changing the counter: the attempt was not counted and must not be made.
        """
        for _ in range(_TRIES):
            now = self._ambient.now()
            old = self._attempts.get(key)
            if old is not None and (rebased := rebase(old, now=now, policy=self._policy)) is not old:
                # The clock went back: the shortened block is stored, so that it runs down from now on.
                if not self._attempts.replace(old, rebased):
                    continue
                old = rebased
            outcome = charge(old, key=key, now=now, policy=self._policy)
            if isinstance(outcome, Refusal):
                return outcome
            if self._attempts.replace(old, outcome):
                return None
        raise StoreBusy("the attempt counter kept changing; try again")

    def settle(self, *keys: str) -> None:
        """Forget the failures of `keys`; called only when the whole journey that they guard is complete."""
        self._attempts.clear(keys)
