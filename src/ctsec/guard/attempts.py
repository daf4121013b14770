"""How often a secret may be guessed: back-off, then the end.

Rules that this module keeps:

- an attempt is counted as failed before the secret is compared, and forgiven only when the whole sign-in succeeds: attempts side by side
  can not be more than the count says;
- from the 5th failure on each attempt blocks the next for 2^n seconds (n: failures so far), 15 minutes at most; what is refused while
  blocked is not counted, so a stranger's hammering does not make the wait longer;
- the 100th consecutive failure disables the authenticator; time does not heal that (NIST SP 800-63B-4, 3.2.2);
- failures do not decay with time: only a success or a new binding clears them, and what 100 failures disabled only a new binding;
- devices that a person has used before and strangers are counted apart: each such device has a limit of its own (10), after which it
  counts as a stranger; nothing that strangers do is written to the counter of a device;
- a clock that goes back neither ends a block early nor locks for ever: no wait is longer than the longest back-off.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from ctsec.clock import utc
from ctsec.guard.allowance import AllowancePolicy
from ctsec.outcome import Outcome, Reason, Refusal

MAX_FAILURES: Final = 100
LOCKED: Final = Refusal(Reason.LOCKED, "too many failed attempts; use another way to sign in or ask for recovery")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """The consecutive failures under one key (a canonical account and its authenticator); times are aware UTC datetimes.

    `subject` is the person whose authenticator the last failure disabled, "" before that and for an address without an account;
    `told_at` is when that person was told.
    """

    key: str
    failures: int = 0
    last_failed_at: datetime | None = None
    blocked_until: datetime | None = None
    disabled_at: datetime | None = None
    subject: str = ""
    told_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Charge:
    """An attempt that was counted: the counters as it left them, and the address block that it was taken from (None: a known device)."""

    records: tuple[Attempts, ...] = ()
    block: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ThrottlePolicy:
    """When back-off begins (a count of failures), the longest wait, and the count that disables (100 at most: NIST's limit).

    `device_limit` is the count after which a device that the person has used before counts as a stranger. `addresses` is what strangers
    from one address block may fail, whichever accounts they try; `mails` is how many mails one mailbox may be sent on
    request, and how many invitations besides.
    """

    first_backoff_at: int = 5
    longest: timedelta = timedelta(minutes=15)
    disable_at: int = MAX_FAILURES
    device_limit: int = 10
    addresses: AllowancePolicy = field(default_factory=lambda: AllowancePolicy(burst=50, every=timedelta(seconds=30)))
    mails: AllowancePolicy = field(default_factory=lambda: AllowancePolicy(burst=5, every=timedelta(minutes=5)))

    def __post_init__(self) -> None:
        if not 1 <= self.first_backoff_at <= self.disable_at <= MAX_FAILURES:
            raise ValueError(f"expected 1 <= first_backoff_at <= disable_at <= {MAX_FAILURES}")
        if not 1 <= self.device_limit <= self.disable_at:
            raise ValueError("expected 1 <= device_limit <= disable_at")
        if self.longest < timedelta(seconds=1):
            raise ValueError("expected a longest wait of at least a second")

    def of_device(self) -> ThrottlePolicy:
        """Return the policy by which the failures of one known device are counted."""
        return replace(self, disable_at=self.device_limit, first_backoff_at=min(self.first_backoff_at, self.device_limit))

    def backoff(self, failures: int) -> timedelta:
        """Return how long the attempt after `failures` failures has to wait; never less for more failures."""
        if failures < self.first_backoff_at:
            return timedelta(0)
        return min(timedelta(seconds=1 << min(failures, 30)), self.longest)


def rebase(attempts: Attempts, *, now: datetime, policy: ThrottlePolicy) -> Attempts:
    """Return the record with its block cut to the longest wait from `now`, or the same object where nothing is to be cut.

    Only a clock that went back leaves a longer block. Stored by the caller when it differs, so that the wait runs down from then on.
    """
    limit = utc(now) + policy.longest
    if attempts.blocked_until is None or attempts.blocked_until <= limit:
        return attempts
    return replace(attempts, blocked_until=limit)


def charge(attempts: Attempts | None, *, key: str, now: datetime, policy: ThrottlePolicy) -> Outcome[Attempts]:
    """Count an attempt before its secret is compared; return the new record, or a refusal (THROTTLED with `retry_after`, LOCKED).

    The attempt may go on once the new record has replaced the old one by compare-and-set. `attempts` is the stored record of `key`,
    None if there is none. Raises ValueError for a record of another key and a naive `now`.
    """
    moment = utc(now)
    if attempts is None:
        attempts = Attempts(key=key)
    elif attempts.key != key:
        raise ValueError("expected the attempts of the same key")
    if attempts.disabled_at is not None or attempts.failures >= policy.disable_at:
        return LOCKED
    blocked_until = rebase(attempts, now=moment, policy=policy).blocked_until
    if blocked_until is not None and blocked_until > moment:
        return Refusal(Reason.THROTTLED, "too many failed attempts; wait and try again", blocked_until - moment)
    return _failed(attempts, now=moment, policy=policy)


def charge_along(attempts: Attempts | None, *, key: str, now: datetime, policy: ThrottlePolicy) -> Outcome[Attempts]:
    """Count an attempt on an authenticator that was proved earlier in the same journey, such as the password beside a code.

    Its block does not hold the code back, which has a counter of its own; what it has disabled does (LOCKED).
    """
    moment = utc(now)
    old = attempts or Attempts(key=key)
    if old.disabled_at is not None or old.failures >= policy.disable_at:
        return LOCKED
    return _failed(old, now=moment, policy=policy)


def _failed(attempts: Attempts, *, now: datetime, policy: ThrottlePolicy) -> Attempts:
    failures = attempts.failures + 1
    wait = policy.backoff(failures)
    return Attempts(
        key=attempts.key,
        failures=failures,
        last_failed_at=now,
        blocked_until=now + wait if wait else None,
        disabled_at=now if failures >= policy.disable_at else None,
    )
