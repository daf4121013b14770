"""How often and how long a key service is asked."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.encryption.kms.attempts import Attempts, CallBounds
from ctsec.errors import KeyDenied, KmsThrottled, KmsUnavailable

bounds = st.builds(
    lambda connect, read, attempts, room: CallBounds(connect=connect, read=read, attempts=attempts, total=connect + read + room),
    st.floats(0.01, 5),
    st.floats(0.01, 5),
    st.integers(1, 20),
    st.floats(0, 30),
)


class Timeline:
    """A clock that goes on when somebody sleeps or works."""

    def __init__(self) -> None:
        self.time = 100.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.time += seconds

    def attempts(self, limits: CallBounds, *, random: Callable[[int], bytes] = lambda n: b"\xff" * n) -> Attempts:
        return Attempts(limits, monotonic=lambda: self.time, sleep=self.sleep, random=random)


@pytest.mark.proves("ASVS-13.2.6")
@given(limits=bounds, share=st.binary(min_size=4, max_size=4), throttled=st.booleans())
def test_a_call_ends_within_its_total(limits: CallBounds, share: bytes, throttled: bool) -> None:
    """However slow each failing attempt is, up to its bound, all of them and their pauses end within the total and the count."""
    timeline, made = Timeline(), 0
    kind = KmsThrottled if throttled else KmsUnavailable

    def call() -> None:
        nonlocal made
        made += 1
        timeline.time += limits.one
        raise kind("failed")

    with pytest.raises(kind):
        timeline.attempts(limits, random=lambda n: share).run(call)
    assert 1 <= made <= limits.attempts
    assert timeline.time - 100.0 <= limits.total + 1e-6
    assert len(timeline.pauses) == made - 1


def test_attempts_are_used_up_with_growing_pauses() -> None:
    """Failures that come at once use every attempt; pauses double and stay below two seconds."""
    timeline, made = Timeline(), []

    def call() -> None:
        made.append(timeline.time)
        raise KmsUnavailable("failed")

    with pytest.raises(KmsUnavailable):
        timeline.attempts(CallBounds(attempts=8, total=1000)).run(call)
    assert len(made) == 8
    assert [round(pause, 3) for pause in timeline.pauses] == [0.2, 0.4, 0.8, 1.6, 2.0, 2.0, 2.0]


def test_only_what_may_pass_is_tried_again() -> None:
    """The first answer ends the attempts, and so does a definite refusal."""
    timeline, made = Timeline(), []

    def call() -> str:
        made.append(1)
        if len(made) == 1:
            raise KmsThrottled("failed")
        return "answer"

    def denied() -> None:
        made.append(1)
        raise KeyDenied("no")

    assert timeline.attempts(CallBounds()).run(call) == "answer"
    with pytest.raises(KeyDenied):
        timeline.attempts(CallBounds()).run(denied)
    assert len(made) == 3


@pytest.mark.parametrize(
    "wrong",
    [{"connect": 0.0}, {"read": -1.0}, {"total": float("inf")}, {"total": float("nan")}, {"attempts": 0}, {"connect": 5.0, "total": 6.0}],
)
def test_bounds_are_bounds(wrong: dict[str, float]) -> None:
    """Zero, negative, endless or self-contradicting bounds raise ValueError."""
    with pytest.raises(ValueError, match="expected"):
        CallBounds(**wrong)  # type: ignore[arg-type]
