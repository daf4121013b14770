"""What the page about guessing says is what the code does."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from ctsec.authn.device import DEVICE_LIFE, MOST_DEVICES
from ctsec.guard import ThrottlePolicy
from ctsec.web.forwarded import MAX_ELEMENTS, MAX_FORWARDED

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGE = " ".join((DOCS / "how-to" / "limit-guessing.md").read_text("utf-8").split())
RECORD = " ".join((DOCS / "adr" / "0018-throttle.md").read_text("utf-8").split())


@pytest.mark.proves("ASVS-6.1.1")
def test_the_page_tells_the_limits_that_hold() -> None:
    """The numbers of the page are the defaults of the policy, of devices and of the parser of forwarding headers."""
    policy = ThrottlePolicy()
    first, second = (int(policy.backoff(policy.first_backoff_at + n).total_seconds()) for n in range(2))
    minutes = policy.longest // timedelta(minutes=1)
    block, mail = policy.addresses, policy.mails
    for words in (
        f"from the {policy.first_backoff_at}th failure on {first} s, {second} s … up to {minutes} minutes; at {policy.disable_at} failures",
        f"after {policy.device_limit} failures it is a stranger",
        f"{block.burst} failures at once, then one every {block.every // timedelta(seconds=1)} s",
        f"{mail.burst} mails at once, then one every {mail.every // timedelta(minutes=1)} minutes",
        f"{DEVICE_LIFE.days} days",
        f"{MAX_FORWARDED:,} characters and {MAX_ELEMENTS} elements",
    ):
        assert words in PAGE
    assert f"each known device ({MOST_DEVICES} at most) {policy.device_limit} more" in RECORD
