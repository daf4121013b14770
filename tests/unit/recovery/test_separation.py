"""The rule that what lets in by mail and what removes second factors lie apart, decided from an account's trail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.errors import CorruptRecord
from ctsec.ids import UserId
from ctsec.outcome import Reason
from ctsec.principal import Factor
from ctsec.recovery.record import Evidence, EvidenceKind, RecoveryPolicy, Trail, parse_reason, parse_terms
from ctsec.recovery.separation import bridged, factors_reset, mail_refusal, password_reset, reset_refusal, takes_two

NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)
BLANK = Trail(user_id=UserId("usr_00000000000000000000000001"))


def mail(trail: Trail | None, *, at: datetime = NOW, enrolled: bool = False, pending: bool = False) -> Reason | None:
    refusal = mail_refusal(trail, enrolled=enrolled, pending=pending, now=at, separation=DAY)
    return None if refusal is None else refusal.reason


def test_what_waits_for_a_reset_of_factors() -> None:
    """Pending: held. Then for the separation, to the moment. Then as one or two decided, and as the person proved."""
    assert mail(None) is None
    assert mail(None, pending=True) is Reason.ON_HOLD
    alone, both = (factors_reset(BLANK, now=NOW, deciders=n) for n in (1, 2))
    for trail in (alone, both):
        assert mail(trail, enrolled=True) is mail(trail) is Reason.ON_HOLD
        assert mail(trail, at=NOW + DAY - timedelta(microseconds=1)) is Reason.ON_HOLD
        assert mail(trail, at=NOW - DAY) is Reason.ON_HOLD, "a clock that went back opens nothing"
    later = NOW + 1000 * DAY
    assert mail(both, at=NOW + DAY) is None
    assert mail(alone, at=later) is Reason.SUPPORT_REQUIRED
    assert mail(alone, at=later, enrolled=True) is None
    proved = bridged(alone, {"pwd": NOW})
    assert proved is not None
    assert mail(proved, at=NOW + DAY) is None


def test_what_waits_for_a_reset_of_the_password() -> None:
    """For the separation nobody resets the factors; after that it takes two, unless a second factor was proved since."""
    trail = password_reset(BLANK, now=NOW)
    held = reset_refusal(trail, now=NOW + DAY / 2, separation=DAY)
    assert held is not None
    assert (held.reason, held.retry_after) == (Reason.ON_HOLD, DAY / 2)
    assert reset_refusal(trail, now=NOW + DAY, separation=DAY) is None
    assert takes_two(trail, has_password=True)
    for factor in (Factor.TOTP, Factor.PASSKEY, Factor.BACKUP_CODE):
        proved = bridged(trail, {"pwd": NOW, factor.value: NOW})
        assert proved is not None
        assert not takes_two(proved, has_password=True)
        assert takes_two(proved, has_password=False)
        assert takes_two(password_reset(proved, now=NOW + DAY), has_password=True)
    assert not takes_two(None, has_password=True)


@given(st.integers(-5, 5), st.integers(-5, 5), st.booleans())
def test_only_what_was_proved_afterwards_counts(password: int, factor: int, both: bool) -> None:
    """A proof from before a reset bridges nothing; one from that moment on does, once."""
    trail = factors_reset(password_reset(BLANK, now=NOW), now=NOW, deciders=1)
    factors = {"pwd": NOW + password * DAY, **({"otp": NOW + factor * DAY} if both else {})}
    after = bridged(trail, factors)
    assert (after is not None and after.password_proved_at is not None) == (password >= 0)
    assert (after is not None and after.factor_proved_at is not None) == (both and factor >= 0)
    if after is not None:
        assert after.version == trail.version + 1
    assert bridged(BLANK, factors) is None


def test_evidence_is_bounded_text() -> None:
    """Evidence has a kind of the list, a reference and a note that are text of some length; anything else is refused, stored or given."""
    made = Evidence(kind=EvidenceKind.IN_PERSON, reference="case 7", note="two\nlines")
    assert Evidence.from_bytes(made.to_bytes()) == made
    for reference, note in (("", ""), ("a\nb", ""), ("x" * 129, ""), ("case", "x" * 1001), ("case", "\x00")):
        with pytest.raises(ValueError, match="expected a"):
            Evidence(kind=EvidenceKind.IN_PERSON, reference=reference, note=note)
    for data in (b"", b"{}", b'["passport","a","b"]', b'["in_person","",""]', b'["in_person",1,2]', b"[1]"):
        with pytest.raises(CorruptRecord):
            Evidence.from_bytes(data)


def test_terms_and_policies_have_bounds() -> None:
    """A delay is at most 14 days, an approval none or one, a support case waits a day or more, and a reason is a piece of text."""
    assert parse_terms(1, DAY) == 86_400
    assert parse_reason("  lost\nthe phone ") == "lost\nthe phone"
    for reason in ("", " ", "x" * 501, "a\x00b"):
        with pytest.raises(ValueError, match="expected a reason"):
            parse_reason(reason)
    wrongs: tuple[dict[str, Any], ...] = (
        {"separation": timedelta(minutes=59)},
        {"separation": 31 * DAY},
        {"support_delay": timedelta(hours=23)},
        {"request_life": timedelta(0)},
        {"delay": 15 * DAY},
    )
    for wrong in wrongs:
        with pytest.raises(ValueError, match="expected a"):
            RecoveryPolicy(**wrong)
    for approvals in (-1, 2):
        with pytest.raises(ValueError, match="approvals"):
            RecoveryPolicy(approvals=approvals)
