# Generated from tests/services/test_async_faults.py by tools/twin.py; edit that file.
"""Any port call may fail: then nothing is half done, nothing is called a success, and the way on is clear (async source of the twin)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from ctsec.errors import CtsecError
from ctsec.guard.proof import Purpose
from ctsec.outcome import Refusal
from ctsec.storage.memory import MemoryStorage
from ctsec.testing import FailAt
from tests.services._sync_stage import Stage, on_stage, perform

OPERATIONS = [
    "accounts.sign_up",
    "accounts.verify_email",
    "accounts.reset_password",
    "accounts.change_password",
    "sign_in.password",
    "sign_in.second_factor",
    "sign_in.step_up",
    "mfa.confirm_totp",
    "mfa.remove_totp",
    "directory.create_organization",
    "members.invite",
    "members.accept",
    "members.remove",
    "roles.assign",
    "roles.change_organization_role",
    "data_keys.rotate",
    "data_keys.destroy",
    "data_keys.destroy_retired",
    "customer_keys.register",
    "customer_keys.replace",
    "customer_keys.withdraw",
    "vault.store",
    "vault.rotate",
    "vault.remove",
    "api_keys.mint",
    "api_keys.rotate",
    "api_keys.revoke",
]
# What ends with a factor or a password, and stays void where the change itself was taken back: that opens nothing.
VOIDED = {Purpose.BACKUP_CODE, Purpose.SIGN_IN_TICKET, Purpose.SIGN_IN_LINK}
ONE_TIME = {"accounts.verify_email", "accounts.reset_password", "sign_in.second_factor", "sign_in.step_up", "mfa.confirm_totp"}


@dataclass(frozen=True, slots=True)
class Saved:
    """Everything that a memory storage held at a moment."""

    newest: Any
    changed: dict[Any, Any]
    guard: tuple[dict[Any, Any], ...]

    @classmethod
    def of(cls, storage: MemoryStorage) -> Saved:
        """Return what is there."""
        state, guard = storage.state, storage.state.guard
        return cls(
            state.newest,
            dict(state._changed),
            (dict(guard.proofs), dict(guard.steps), dict(guard.attempts), dict(guard.events), dict(guard.seals), dict(guard.allowances)),
        )

    def restore(self, storage: MemoryStorage) -> None:
        """Put it back."""
        state, guard = storage.state, storage.state.guard
        state.newest = self.newest
        state._changed = dict(self.changed)
        guard.proofs, guard.steps, guard.attempts, guard.events, guard.seals, guard.allowances = (dict(part) for part in self.guard)


def claimed_successes(storage: MemoryStorage, before: Saved) -> set[str]:
    """Return the successes that events aside tell of since `before`, each of which must have its effect in the guard store."""
    new = [event for key, event in storage.state.guard.events.items() if key not in before.guard[3]]
    return {event.name for event in new if event.outcome == "success"}


def fail_at(stage: Stage, storage: MemoryStorage, before: Saved, method: str, nth: int) -> str | None:
    """Run an operation whose n-th port call fails; return the call that failed, None if it made fewer calls and went through."""
    before.restore(storage)
    stage.world.parts.memory.records.clear()
    with stage.world.tap.to(FailAt(nth)) as probe:
        try:
            answer = perform(stage, method)
        except CtsecError:
            assert probe.failed is not None
        else:
            assert probe.failed is None, f"{method} answered although {probe.failed} failed"
            assert not isinstance(answer, Refusal)
    return probe.failed


@pytest.mark.proves("ASVS-2.3.3", "ASVS-16.5.3")
@pytest.mark.parametrize("method", OPERATIONS)
def test_every_port_call_may_fail(method: str) -> None:
    """The operation raises, the main store is as before, no event tells of what did not happen, and the repeat is clear."""
    with on_stage() as stage:
        storage = stage.world.storage
        assert isinstance(storage, MemoryStorage)
        before = Saved.of(storage)
        nth = 1
        while (failed := fail_at(stage, storage, before, method, nth)) is not None:
            assert storage.state.newest is before.newest, failed
            assert claimed_successes(storage, before) == set(), failed
            guard = storage.state.guard
            used = {key for key, proof in guard.proofs.items() if proof.used_at is not None and before.guard[0][key].used_at is None}
            burned = bool({key for key in used if key[0] not in VOIDED}) or guard.steps != before.guard[1]
            repeat = perform(stage, method)
            assert isinstance(repeat, Refusal) == burned, (failed, repeat)
            assert not burned or method in ONE_TIME
            nth += 1
        assert nth > 4
        assert storage.state.newest is not before.newest


def test_a_failed_first_step_still_counts() -> None:
    """An attempt whose comparison could not be made stays charged, so failures can not be used to guess for free."""
    with on_stage() as stage:
        storage = stage.world.storage
        assert isinstance(storage, MemoryStorage)
        before = Saved.of(storage)
        nth = 1
        while (failed := fail_at(stage, storage, before, "sign_in.password", nth)) is not None and failed != "passwords.get":
            nth += 1
        assert failed == "passwords.get"
        assert len(storage.state.guard.attempts) == len(before.guard[2]) + 1
