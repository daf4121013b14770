"""The differential runs see a difference when there is one, so that their silence about two stores means something."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings

from ctsec.errors import StoreError
from ctsec.storage.memory import MemoryStorage
from ctsec.storage.memory import _sync_directory as directory
from ctsec.testing.faults import FailAt, ProbedStorage
from tests.storage.differential import CALLS, Run, play, runs

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@QUICK
@given(runs())
def test_the_reference_model_answers_the_same_twice(run: Run) -> None:
    """A run on two fresh storages gives the same answers, and no call fails for a reason that the ports do not know."""
    assert play(MemoryStorage(), run) == play(MemoryStorage(), run)


def test_every_call_can_be_made() -> None:
    """Each call of the table is a method of a port and takes the arguments that are made for it."""
    for name in CALLS:
        assert play(MemoryStorage(), ((((name, 0, 1, 1),), True),))[0][0] == name


def test_a_planted_difference_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one store that accepts invitations after their end, a run that tells the two apart is found."""

    def differs(run: Run) -> bool:
        right = play(MemoryStorage(), run)
        with monkeypatch.context() as patch:
            patch.setattr(directory, "_is_open", lambda invitation, *, now: invitation.accepted_at is None)
            return play(MemoryStorage(), run) != right

    plan = settings(max_examples=4000, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    assert find(runs(families=["invitations."]), differs, settings=plan)


def test_an_error_is_an_answer() -> None:
    """A StoreError ends its transaction and stands in the answers."""
    run: Run = (((("users.add", 0, 0, 0),), True),)
    broken = ProbedStorage(MemoryStorage(), probe=FailAt(2))
    with pytest.raises(StoreError):
        ProbedStorage(MemoryStorage(), probe=FailAt(1)).guard.steps.last("x")
    assert ("error", "StoreError") in play(broken, run)
    assert ("error", "StoreError") not in play(MemoryStorage(), run)
