"""What is done for whom the API refused a token."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ctsec.connections.record import StoredTokens, TokenState
from ctsec.connections.refresh import REFUSED_REST, Verdict, judge, rests_until
from ctsec.ids import AppId, OrganizationId

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TICK = timedelta(seconds=1)
OLD = NOW - REFUSED_REST


@pytest.mark.parametrize(
    ("refreshed", "lease", "retry", "verdict"),
    [
        (OLD, None, None, Verdict.REFRESH),
        (OLD + TICK, None, None, Verdict.BACK_OFF),
        (OLD, NOW + TICK, None, Verdict.WAIT),
        (OLD, NOW, None, Verdict.REFRESH),
        (OLD, None, NOW + TICK, Verdict.BACK_OFF),
        (OLD, None, NOW, Verdict.REFRESH),
    ],
)
def test_a_refused_token_is_never_handed_out(refreshed: datetime, lease: datetime | None, retry: datetime | None, verdict: Verdict) -> None:
    """Who was refused waits for the one who refreshes, or for a minute to be over, or refreshes; others have the token meanwhile."""
    tokens = StoredTokens(
        id=AppId("app_1"),
        organization_id=OrganizationId("org_1"),
        sealed=b"",
        state=TokenState.LIVE,
        refreshed_at=refreshed,
        expires_at=NOW + timedelta(hours=1),
        due_at=NOW + timedelta(minutes=50),
        lease_until=lease,
        retry_at=retry,
    )
    assert judge(tokens, now=NOW, refused=True) is verdict
    assert judge(tokens, now=NOW) is Verdict.USE
    assert (rests_until(tokens) > NOW) is (verdict is Verdict.BACK_OFF)
