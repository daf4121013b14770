"""The assurance level of what was proved."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import combinations

import pytest

from ctsec.authn.record import assurance_level
from ctsec.principal import Factor

NOW = datetime(2026, 7, 1, tzinfo=UTC)
OF_EACH = [proved for count in range(len(Factor) + 1) for proved in combinations(Factor, count)]


@pytest.mark.proves("CVE-2024-45042", "NIST-5.1")
@pytest.mark.parametrize("proved", OF_EACH, ids=lambda proved: "+".join(proved) or "nothing")
def test_two_kinds_of_factor_are_two(proved: tuple[Factor, ...]) -> None:
    """Level 2 takes a password with a second factor, or a passkey; neither a mailed link nor a trusted device takes anybody there."""
    level = 2 if Factor.PASSKEY in proved or (Factor.PASSWORD in proved and bool({*proved} & {Factor.TOTP, Factor.BACKUP_CODE})) else 1
    assert assurance_level(dict.fromkeys(proved, NOW)) == level
