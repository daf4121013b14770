"""The assurance level of what was proved."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import combinations

import pytest

from ctsec.authn.record import assurance_level
from ctsec.principal import Factor

NOW = datetime(2026, 7, 1, tzinfo=UTC)
OF_EACH = [proved for count in range(len(Factor) + 1) for proved in combinations(Factor, count)]


@pytest.mark.proves("CVE-2024-45042")
@pytest.mark.parametrize("proved", OF_EACH, ids=lambda proved: "+".join(proved) or "nothing")
def test_two_kinds_of_factor_are_two(proved: tuple[Factor, ...]) -> None:
    """Two second factors are no two kinds: level 2 takes a password with one of them, or a passkey, and nothing makes level 3."""
    level = 2 if Factor.PASSKEY in proved or (Factor.PASSWORD in proved and len(proved) > 1) else 1
    assert assurance_level(dict.fromkeys(proved, NOW)) == level
