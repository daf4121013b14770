"""What a report of a leak says to the log: never the secret that it is about."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from ctsec.keys.leak_reports import LeakedToken
from ctsec.secret import SecretText

SECRET = "Zm9v-" * 8 + "end"
TEXT = f"cancel-recovery#token={SECRET}"
PLACE = "https://example.com/paste"


@pytest.mark.parametrize("place", [f"https://app.example/{TEXT}", quote(f"https://app.example/{TEXT}", safe=""), f"{PLACE}?q={SECRET}"])
def test_a_place_that_repeats_what_was_found_is_not_kept(place: str) -> None:
    """A link that cancels a reset works on after its report: who reads the log does not get it from the place that is told."""
    assert LeakedToken(SecretText(TEXT), "link", place).told(reporter="github") == {"reporter": "github", "kind": "link", "url": None}


def test_a_kind_that_is_the_secret_is_not_kept() -> None:
    """What a reporter calls a kind may be of its own making too; what says nothing of the secret stays as it is."""
    assert LeakedToken(SecretText(TEXT), SECRET, PLACE).told(reporter="hook") == {"reporter": "hook", "kind": None, "url": PLACE}
    assert LeakedToken(SecretText(TEXT), "", "").told(reporter="hook") == {"reporter": "hook", "kind": "", "url": None}
