"""How long sessions live: NIST's figures as defaults, ceilings that no configuration passes, and what the page says of both."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.authn.record import CEILINGS, SessionPolicy

PAGE = (Path(__file__).resolve().parents[3] / "docs/reference/sessions.md").read_text("utf-8")
LEVELS = (1, 2, 3)
TICK = timedelta(microseconds=1)
times = st.timedeltas(min_value=timedelta(seconds=-1), max_value=timedelta(days=100))


@pytest.mark.proves("NIST-2.1.3", "NIST-2.2.3", "NIST-2.3.3")
def test_the_defaults_are_those_of_nist() -> None:
    """30 days at AAL1, 24 hours and an hour idle at AAL2, 12 hours and a quarter of an hour idle at AAL3; no level above 3 lives longer."""
    found = [SessionPolicy().life(aal=level) for level in (1, 2, 3, 4)]
    aal3 = (timedelta(hours=12), timedelta(minutes=15))
    assert found == [(timedelta(days=30), timedelta(days=30)), (timedelta(hours=24), timedelta(hours=1)), aal3, aal3]


@pytest.mark.proves("NIST-2.3.3")
@pytest.mark.parametrize(
    "changed",
    [
        {"aal1": CEILINGS[0] + TICK},
        {"aal1": CEILINGS[1], "aal1_idle": CEILINGS[1], "aal2": CEILINGS[1] + TICK},
        {"aal3": CEILINGS[2] + TICK},
        {"aal2": timedelta(days=31)},
        {"aal3_idle": timedelta(hours=12, microseconds=1)},
        {"aal1_idle": timedelta(days=30, microseconds=1)},
        {"aal2": timedelta(hours=11)},
        {"aal2_idle": timedelta(0)},
        {"touch_every": timedelta(minutes=8)},
        {"most": 0},
        {"most": 1001},
    ],
)
def test_what_is_above_its_ceiling_is_refused(changed: dict[str, timedelta]) -> None:
    """A limit above its ceiling, above that of a lower level, or an idle limit above the absolute one is refused when it is configured."""
    with pytest.raises(ValueError, match="expected"):
        SessionPolicy(**changed)  # type: ignore[arg-type]


@given(st.lists(times, min_size=6, max_size=6))
def test_every_policy_that_is_accepted_is_bounded(given_times: list[timedelta]) -> None:
    """Whatever is configured and not refused, each level ends by its ceiling, and a stronger session no later than a weaker one."""
    names = ("aal1", "aal1_idle", "aal2", "aal2_idle", "aal3", "aal3_idle")
    try:
        policy = SessionPolicy(**dict(zip(names, given_times, strict=True)))  # type: ignore[arg-type]
    except ValueError:
        return
    limits = [policy.life(aal=level) for level in LEVELS]
    assert all(timedelta(0) < idle <= absolute <= ceiling for (absolute, idle), ceiling in zip(limits, CEILINGS, strict=True))
    assert limits[0][0] >= limits[1][0] >= limits[2][0]


@pytest.mark.proves("ASVS-7.1.1", "ASVS-7.1.2")
def test_the_page_tells_the_limits() -> None:
    """The table of the page has the defaults and the ceilings of each level, and the page says how many sessions a person has."""
    policy = SessionPolicy()
    rows = re.findall(r"^\| AAL(\d) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|", PAGE, re.MULTILINE)
    assert [int(row[0]) for row in rows] == list(LEVELS)
    for level, absolute, idle, ceiling in rows:
        assert (length(absolute), length(idle)) == policy.life(aal=int(level))
        assert length(ceiling) == CEILINGS[int(level) - 1]
    assert f"{policy.most} sessions" in PAGE


def length(text: str) -> timedelta:
    """Return a time as the page writes it."""
    number, unit = text.split()[:2]
    return timedelta(**{unit.rstrip("s") + "s": int(number)})
