"""What a session of a trusted device is worth to a guard."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ctsec.outcome import Reason
from ctsec.principal import Credential, CredentialKind, Principal, PrincipalKind
from ctsec.web.guarding import Demand, assurance_refusal

NOW = datetime(2026, 7, 1, tzinfo=UTC)
TEN = timedelta(minutes=10)


@pytest.mark.proves("NIST-5.1", "ASVS-7.5.3")
@pytest.mark.parametrize(
    ("factors", "level", "refused"),
    [
        (("pwd",), 1, {(2, None), (2, TEN)}),
        (("pwd", "trusted_device"), 1, {(1, TEN), (2, None), (2, TEN)}),
        (("pwd", "trusted_device", "otp"), 2, set()),
    ],
)
def test_trust_is_fresh_for_no_guard(factors: tuple[str, ...], level: int, refused: set[tuple[int, timedelta | None]]) -> None:
    """Where a person has a second factor, a password beside a trusted device is no fresh proof for any guard; a code in the session is."""
    credential = Credential(kind=CredentialKind.SESSION, id="ses_1", aal=level, factors=dict.fromkeys(factors, NOW))
    principal = Principal(id="usr_1", kind=PrincipalKind.USER, credential=credential)
    demands = [(aal, within) for aal in (1, 2) for within in (None, TEN)]
    found = {each: assurance_refusal(principal, Demand(aal=each[0], within=each[1]), now=NOW) for each in demands}
    assert {each for each, refusal in found.items() if refusal is not None} == refused
    assert {refusal.reason for refusal in found.values() if refusal is not None} <= {Reason.STEP_UP_REQUIRED}
