"""What verifying a TOTP code costs: three steps of the window, against one HMAC-SHA-1 of the standard library."""

from __future__ import annotations

import hmac
import os
from base64 import b32encode
from collections.abc import Iterable
from datetime import UTC, datetime

from pyotp.totp import TOTP

from benchmarks.measure import Race, code
from ctsec.mfa.totp import NO_STEP, generate_secret, verify


def entry() -> Iterable[Race]:
    """Return the race; the code is wrong, as all steps are computed either way."""
    secret = generate_secret(random=os.urandom)
    names: dict[str, object] = {
        "verify": verify,
        "secret": secret,
        "key": secret.reveal(),
        "now": datetime.now(UTC),
        "none": NO_STEP,
        "other": TOTP(b32encode(secret.reveal()).decode("ascii")).verify,
        "digest": hmac.digest,
        "counter": (58_000_000).to_bytes(8, "big"),
    }
    yield Race(
        title="a TOTP code, window 1 (three steps)",
        floor=code("one hmac.digest of 8 bytes", "digest(key, counter, 'sha1')", names),
        contestants=(
            code("totp.verify", "verify('123456', secret=secret, now=now, last_step=none, window=1)", names, target=3.0),
            code("pyotp, which remembers no step", "other('123456', for_time=now, valid_window=1)", names),
        ),
    )
