"""Signed webhooks, in the manner of Standard Webhooks (standardwebhooks.com): what is sent, and how a receiver judges it.

Rules that this module keeps:

- signed are the message's id, the second at which it was sent, and the exact bytes of the body, joined by dots: `v1,` and the base64 of
  HMAC-SHA-256 under the secret; an id has no dot, so that nothing can be moved from one part to another;
- the id is made of the batch's key, so that every repeat has the same; the time is that of the attempt;
- a receiver refuses what is older or newer than its tolerance, and keeps the ids that it took for at least that long: the same id again is
  a repeat or a replay, and in either case nothing new;
- several secrets may be good while one is replaced.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.secret import Secret

TOLERANCE: Final = timedelta(minutes=5)
LEAST_SECRET: Final = 24
ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
_PREFIX: Final = "whsec_"
_SECONDS: Final = re.compile(r"[0-9]{1,12}")
_NAME: Final = re.compile(r"[!-\-/-~]{1,200}")
_MOST_SIGNATURES: Final = 16


def webhook_secret(text: str) -> Secret:
    """Return the secret of a text such as `whsec_…` (base64 of 24 to 64 bytes); raise ValueError for anything else."""
    try:
        value = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except ValueError:
        value = b""
    if not text.startswith(_PREFIX) or not LEAST_SECRET <= len(value) <= 64:
        raise ValueError(f"expected {_PREFIX} and the base64 of {LEAST_SECRET} to 64 bytes")
    return Secret(value)


def message_id(key: str) -> str:
    """Return the id of a message by the key of what is in it."""
    return f"msg_{hashlib.sha256(key.encode()).hexdigest()[:40]}"


def signed_headers(secret: Secret, *, message: str, body: bytes, now: datetime) -> dict[str, str]:
    """Return the three headers of a message."""
    seconds = str(int(now.timestamp()))
    return {ID: message, TIMESTAMP: seconds, SIGNATURE: _signature(secret, message, seconds, body)}


def verify_webhook(
    headers: Mapping[str, str], body: bytes, *, secrets: Sequence[Secret], now: datetime, tolerance: timedelta = TOLERANCE
) -> Outcome[str]:
    """Return the id of a message that one of `secrets` signed; `body` are the bytes as they came, before anything reads them.

    Refused with INVALID_TOKEN for another signature or none, and with EXPIRED for a time that is off by more than `tolerance`. The caller
    refuses ids that it has seen within that time.
    """
    given = {name.lower(): value for name, value in headers.items()}
    message, seconds = given.get(ID, ""), given.get(TIMESTAMP, "")
    if not _NAME.fullmatch(message) or not _SECONDS.fullmatch(seconds):
        return Refusal(Reason.INVALID_TOKEN, "expected the headers of a signed webhook")
    offered = given.get(SIGNATURE, "").split(" ")[:_MOST_SIGNATURES]
    wanted = [_signature(secret, message, seconds, body) for secret in secrets]
    good = [hmac.compare_digest(one.encode(), other.encode("utf-8", "replace")) for one in wanted for other in offered]
    if not any(good):
        return Refusal(Reason.INVALID_TOKEN, "nobody's signature that is known")
    if abs(now.timestamp() - int(seconds)) > tolerance.total_seconds():
        return Refusal(Reason.EXPIRED, "expected a message of the last minutes")
    return message


def _signature(secret: Secret, message: str, seconds: str, body: bytes) -> str:
    signed = b".".join((message.encode(), seconds.encode(), body))
    return f"v1,{base64.b64encode(hmac.digest(secret.reveal(), signed, 'sha256')).decode()}"
