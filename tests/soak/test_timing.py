"""What the time of an answer tells of an address, over many interleaved rounds: the one place where a test judges a time.

CPU time of the process is judged, on SQLite; each value is formed inside its round, against the same question about a known account's
address right before and after it. Only `make soak` collects it: on a machine that does something else at the same moment, a median of few
rounds says nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.doors import DISABLED, KNOWN, UNVERIFIED, Doors
from benchmarks.measure import Race, run

ROUNDS = {"sign_in": 400, "link": 1500, "reset": 1500}
# A request takes a tenth of a sign-in, and nobody guesses faster for it.
MARGIN = {"sign_in": 0.01, "link": 0.05, "reset": 0.05}

if os.environ.get("CTSEC_SOAK"):

    @pytest.fixture
    def doors(tmp_path: Path) -> Iterator[Doors]:
        made = Doors(tmp_path)
        yield made
        made.close()

    @pytest.mark.slow
    @pytest.mark.proves("ASVS-6.3.8")
    @pytest.mark.parametrize("question", list(ROUNDS))
    def test_whose_an_address_is_takes_no_time(doors: Doors, question: str, capsys: pytest.CaptureFixture[str]) -> None:
        """Nobody's, an unverified and a disabled account's address cost what a known one's does: the medians are within the margin."""
        asked = getattr(doors, question)
        others = tuple(asked(whose) for whose in (None, UNVERIFIED, DISABLED))
        rows = run(Race(title=question, floor=asked(KNOWN), contestants=others, rounds=ROUNDS[question]))
        with capsys.disabled():
            print(
                "",
                *(f"{row.name}: {row.value:.4f} ({row.low:.3f} to {row.high:.3f}) of {row.floor_seconds:.4f} s" for row in rows),
                sep="\n",
            )
        assert all(abs(row.value - 1) <= MARGIN[question] for row in rows), rows
