"""Signed webhooks: the published vector, and what a receiver refuses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.audit.event import LogId
from ctsec.audit.streams.position import LONGEST, Position
from ctsec.audit.streams.signing import TOLERANCE, message_id, signed_headers, verify_webhook, webhook_secret
from ctsec.outcome import Reason, Refusal

NOW: Final = datetime.fromtimestamp(1614265330, tz=UTC)
ID: Final = "msg_p5jXN8AQM9LWM0D4loKWxJek"
BODY: Final = b'{"test": 2432232314}'
SECRET: Final = webhook_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
OTHER: Final = webhook_secret("whsec_" + "A" * 32)


def judged(headers: dict[str, str], body: bytes = BODY, *, now: datetime = NOW) -> str | Reason:
    found = verify_webhook(headers, body, secrets=[OTHER, SECRET], now=now)
    return found.reason if isinstance(found, Refusal) else found


def test_the_signature_is_that_of_the_published_vector() -> None:
    """Standard Webhooks' own example; it verifies with header names in any case, and among other signatures."""
    headers = signed_headers(SECRET, message=ID, body=BODY, now=NOW)
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert judged(headers) == ID
    several = {name.title(): value for name, value in headers.items()}
    several["Webhook-Signature"] = f"v1a,AAAA v1,{'A' * 44} {headers['webhook-signature']}"
    assert judged(several) == ID


@pytest.mark.parametrize(
    ("changed", "body"),
    [
        ({"webhook-id": ID + "x"}, BODY), ({"webhook-timestamp": "1614265331"}, BODY), ({}, BODY + b" "),
        ({"webhook-signature": ""}, BODY), ({"webhook-signature": "v1,ü"}, BODY), ({"webhook-timestamp": "now"}, BODY),
        ({"webhook-id": "msg.1614265330"}, BODY), ({"webhook-id": ""}, BODY),
    ],
)  # fmt: skip
def test_what_was_changed_is_refused(changed: dict[str, str], body: bytes) -> None:
    """Each part is signed: id, time and body; what is none of ours is refused the same way."""
    headers = {**signed_headers(SECRET, message=ID, body=BODY, now=NOW), **changed}
    assert judged(headers, body) is Reason.INVALID_TOKEN


@pytest.mark.parametrize(("off", "good"), [(-1, True), (1, True), (-1.01, False), (1.01, False)])
def test_what_is_replayed_later_is_refused(off: float, good: bool) -> None:
    """A message is good for five minutes to either side and no longer, whatever its signature."""
    headers = signed_headers(SECRET, message=ID, body=BODY, now=NOW)
    assert judged(headers, now=NOW + off * TOLERANCE) == (ID if good else Reason.EXPIRED)


@given(st.text(min_size=1, max_size=80))
def test_an_id_has_no_dot_and_is_the_same_for_the_same_key(key: str) -> None:
    """So nothing moves from the id into the time that is signed behind it."""
    assert "." not in message_id(key)
    assert message_id(key) == message_id(key) != message_id(key + "x")


@given(st.lists(st.sampled_from(["failed", "moved"]), max_size=30))
def test_waits_double_up_to_their_most_and_end_with_success(steps: list[str]) -> None:
    """After n failures in a row the wait is 5 s times 2^(n-1), ten minutes at most; a success ends it; the index never moves back."""
    position, row = Position(follower="s", log=LogId("deployment")), 0
    for step in steps:
        before = position
        if step == "failed":
            position, row = position.failed("away", now=NOW), row + 1
            assert position.due_at == NOW + min(timedelta(seconds=5) * 2 ** (row - 1), LONGEST)
        else:
            position, row = position.moved(position.next + 1, purged=0, now=NOW), 0
            assert position.is_due(NOW)
        assert (position.failures, position.version) == (row, before.version + 1)
        assert position.next >= before.next
