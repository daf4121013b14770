"""Messages that nobody thought of: whatever is done to a message, the verifier answers, quickly enough, and lets nobody else in."""

from __future__ import annotations

import os
import time
from pathlib import Path
from random import Random
from typing import Final

import pytest

from tests.saml_attacks.fuzzing import fuzz, mutated, read, readable, resigned, seeds

SOAK: Final = bool(os.environ.get("CTSEC_SOAK"))
ROUNDS: Final = 300
SECONDS: Final = float(os.environ.get("CTSEC_SOAK_SECONDS", "3600"))


@pytest.mark.proves("GHSA-hwqm-qvj9-4jr2")
def test_mutated_messages_are_answered() -> None:
    """Some hundred mutations of the kit, encrypted ones included, are answered with a rejection or with whom the provider signed."""
    random, kept = Random(8), seeds()
    for _ in range(ROUNDS):
        read(mutated(random.choice(kept), random.choice(kept), random))


def test_what_is_read_behind_a_signature_is_answered() -> None:
    """Messages that were changed before the provider signed them are answered too: some let somebody in, most are rejected."""
    random = Random(8)
    made = [each for each in (resigned(random) for _ in range(ROUNDS)) if each is not None]
    let_in = sum(readable(each) for each in made)
    assert 0 < let_in < len(made)


if SOAK:

    @pytest.mark.slow
    def test_no_crash_no_slowness_no_growth(tmp_path: Path) -> None:
        """For CTSEC_SOAK_SECONDS of CPU no mutation raises, takes more than 50 ms of CPU to verify, or makes the process grow."""
        report = fuzz(seconds=SECONDS, seed=time.time_ns(), keep=tmp_path)
        assert not report.problems(), report.line()
