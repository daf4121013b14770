"""Argon2id parameters for a time budget."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.authn import calibration
from ctsec.authn.argon2 import CEILING, Argon2Parameters, hash_password
from ctsec.authn.calibration import calibrate, seconds_of


@given(budget=st.integers(1, 10_000), speed=st.floats(1e-8, 1e-3), most=st.integers(19 * 1024, 256 * 1024))
def test_the_result_is_the_strongest_within_the_budget(budget: int, speed: float, most: int) -> None:
    """Whatever the machine: not below the default, not above the ceilings, and one pass more would be over the budget."""

    def measure(parameters: Argon2Parameters) -> float:
        return parameters.work * speed

    found = calibrate(timedelta(milliseconds=budget), most_memory_kib=most, measure=measure)
    allowed = budget / 1000
    assert found.memory_kib >= 19 * 1024
    assert found.time_cost >= 2
    assert found.within(Argon2Parameters(memory_kib=most, time_cost=CEILING.time_cost, lanes=1))
    assert found == Argon2Parameters() or measure(found) <= allowed + 1e-9
    assert found.time_cost == CEILING.time_cost or measure(found) + found.memory_kib * speed > allowed


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0.001, (19, 2)), (0.038, (19, 2)), (0.057, (19, 3)), (0.08, (38, 2)), (0.13, (64, 2)), (0.32, (64, 5))]
)
def test_memory_comes_first(seconds: float, expected: tuple[int, int]) -> None:
    """On a machine that fills a MiB in a millisecond memory is doubled up to 64 MiB, then passes are added."""
    found = calibrate(timedelta(seconds=seconds), measure=lambda parameters: parameters.work / 1024 / 1000)
    assert (found.memory_kib // 1024, found.time_cost, found.lanes) == (*expected, 1)


@pytest.mark.parametrize(("budget", "memory"), [(0, 65536), (-1, 65536), (100, 19455), (100, 262145)])
def test_an_impossible_budget_is_refused(budget: int, memory: int) -> None:
    """No time, and a memory below the default or above the ceiling, raise ValueError."""
    with pytest.raises(ValueError, match="expected"):
        calibrate(timedelta(milliseconds=budget), most_memory_kib=memory)


def test_a_measurement_hashes_for_real(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time is the median of three hashes with the very parameters, told by the monotonic clock."""
    ticks = iter([0.0, 5.0, 10.0, 11.0, 20.0, 22.0])
    seen = []

    def hashed(password: bytes, *, parameters: Argon2Parameters, salt: bytes) -> str:
        seen.append((parameters, len(salt)))
        return hash_password(password, parameters=parameters, salt=salt)

    monkeypatch.setattr("ctsec.authn.calibration.time.perf_counter", lambda: next(ticks))
    monkeypatch.setattr(calibration, "hash_password", hashed)
    assert seconds_of(Argon2Parameters.for_tests()) == 2.0
    assert seen == [(Argon2Parameters.for_tests(), 16)] * 3
