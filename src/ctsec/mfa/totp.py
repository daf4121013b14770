"""Time-based one-time passwords (RFC 6238): the verifier and the secret.

Rules that this module keeps:

- SHA-1, six digits, 30 seconds and nothing else: authenticator apps ignore other settings;
- every step of the window is computed for every code, matched or not, and compared in constant time;
- a code that matches a step up to `last_step` is refused as used, also when it happens to match a later step as well: no code is accepted
  twice while it is valid (NIST SP 800-63B-4, 3.1.4.2; ASVS 6.5.1). The store advances `last_step` by compare-and-set;
- of two later steps with the same code the last is returned, so that none is left to be used again;
- over-long text is refused first, then ASCII spaces are removed, and then exactly six ASCII digits remain, or nothing is computed;
- a clock that drifts is followed (RFC 6238, 6): what was off at the last accepted code widens the window on that side only, by two steps
  at most, and shrinks with the next code that is less off; without a window (0 steps) nothing is ever off;
- a clock before 1970 or one that went back is no error: it matches nothing that was used.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from hmac import compare_digest
from struct import Struct
from typing import Final

from ctsec.clock import utc
from ctsec.ids import Random
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.secret import Secret

PERIOD: Final = timedelta(seconds=30)
DIGITS: Final = 6
SECRET_BYTES: Final = 20
MAX_INPUT: Final = 64
MAX_WINDOW: Final = 2
MAX_DRIFT: Final = 2
NO_STEP: Final = -1

_BLOCK: Final = 64
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_counter: Final = Struct(">q").pack
_four: Final = Struct(">I").pack
_number: Final = Struct(">I").unpack_from
_INNER: Final = bytes(x ^ 0x36 for x in range(256))
_OUTER: Final = bytes(x ^ 0x5C for x in range(256))
_INVALID: Final = Refusal(Reason.INVALID_CODE, "enter the six digits that the authenticator app shows now")
_USED: Final = Refusal(Reason.CODE_ALREADY_USED, "this code was used already; wait for the next one", PERIOD)


@dataclass(frozen=True, slots=True)
class Match:
    """A code that may be accepted, if the store advances the authenticator's last step to `step` by compare-and-set."""

    step: int


def generate_secret(*, random: Random) -> Secret:
    """Return a fresh secret of 160 bits (RFC 4226, R6); `random(n)` returns n bytes from a cryptographic source."""
    value = random(SECRET_BYTES)
    if len(value) != SECRET_BYTES:
        raise ValueError(f"expected {SECRET_BYTES} bytes from the source of randomness")
    return Secret(value)


def step_at(now: datetime) -> int:
    """Return the number of whole 30-second steps since 1970 at the aware datetime `now`; negative before 1970."""
    since = (now if now.tzinfo is UTC else utc(now)) - _EPOCH
    return (since.days * 86400 + since.seconds) // 30


def _steps(code: str, secret: Secret, now: datetime, window: int, drift: int = 0) -> list[int]:
    """Return the steps whose code is `code`; HMAC by two keyed states, a third of the cost of `hmac.digest` for each step."""
    if not 0 <= window <= MAX_WINDOW:
        raise ValueError(f"expected a window of 0 to {MAX_WINDOW} steps")
    if not -MAX_DRIFT <= drift <= MAX_DRIFT:
        raise ValueError(f"expected a drift of at most {MAX_DRIFT} steps to either side")
    centre, key = step_at(now), secret.reveal()
    if not key:
        raise ValueError("expected a secret that is not empty")
    digits = code if len(code) == DIGITS else code.replace(" ", "") if len(code) <= MAX_INPUT else ""
    if len(digits) != DIGITS or not digits.isascii() or not digits.isdigit():
        return []
    given = _four(int(digits))
    block = (sha1(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")  # noqa: S324  # RFC 6238's own hash
    inner, outer = sha1(block.translate(_INNER)), sha1(block.translate(_OUTER))  # noqa: S324  # RFC 6238's own hash
    hits: list[int] = []
    end = centre + window + max(drift, 0)
    for step in range(centre - window + min(drift, 0), end + 1):
        # The last step takes the keyed states themselves: a copy costs as much as what is hashed.
        first, last = (inner.copy(), outer.copy()) if step != end else (inner, outer)
        first.update(_counter(step))
        last.update(first.digest())
        digest = last.digest()
        (number,) = _number(digest, digest[19] & 15)
        if compare_digest(_four((number & 0x7FFFFFFF) % 1_000_000), given) and step >= 0:
            hits.append(step)
    return hits


def matching_steps(code: str, *, secret: Secret, now: datetime, window: int = 1) -> tuple[int, ...]:
    """Return the steps of the window around `now` whose code is `code`, in rising order; empty if malformed or wrong.

    `window` counts steps to either side, 0 to 2. Raises ValueError for another window, a naive `now` or an empty secret.
    """
    return tuple(_steps(code, secret, now, window))


def verify(code: str, *, secret: Secret, now: datetime, last_step: int, window: int = 1, drift: int = 0) -> Outcome[Match]:
    """Verify `code`; return the step that it proves, or a refusal (INVALID_CODE, CODE_ALREADY_USED).

    `last_step` is the step of the last accepted code of this authenticator, `NO_STEP` before the first. The match counts only once the
    store has moved `last_step` to it, WHERE it is still lower. `drift` is what `drift_of` said of the last one: the window reaches so much
    further, on that side. Source: RFC 6238, 5.2 and 6; NIST SP 800-63B-4, 3.1.4.2; ASVS 6.5.1.
    """
    steps = _steps(code, secret, now, window, drift)
    if not steps:
        return _INVALID
    return Match(steps[-1]) if steps[0] > last_step else _USED


def drift_of(step: int, *, now: datetime) -> int:
    """Return how many steps the clock of an authenticator was off whose code of `step` was accepted at `now`, at most MAX_DRIFT either way.

    Source: RFC 6238, 6.
    """
    return max(-MAX_DRIFT, min(MAX_DRIFT, step - step_at(now)))
