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
    """Level 2 takes a password, or a provider's word, with a second factor, or a passkey; a provider's word for one goes with its own only.

    Neither a mailed link nor a trusted device takes anybody there.
    """
    first, own = {*proved} & {Factor.PASSWORD, Factor.SSO}, {*proved} & {Factor.TOTP, Factor.BACKUP_CODE}
    told = Factor.SSO in proved and Factor.SSO_MFA in proved
    level = 2 if Factor.PASSKEY in proved or told or (first and own) else 1
    assert assurance_level(dict.fromkeys(proved, NOW)) == level
