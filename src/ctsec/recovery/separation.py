"""The rule that keeps one person from taking an account over: what lets in by mail and what removes second factors lie apart.

Rules that this module keeps:

- while a reset of second factors is pending, and for the `separation` after it, nothing that was mailed sets a password or signs in;
- for the `separation` after a reset of the password by mail, or after a change of the address, second factors are neither reset nor is that
  asked for;
- time alone makes up for one person of two, never for both: a reset that one person decided opens the mailed way again only when the
  account's person has proved the password since, or has a second factor again; and after a mailed reset of the password one person alone
  resets no second factors until the account's person has proved one since. Who can prove neither needs a second decider.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ctsec.outcome import Reason, Refusal
from ctsec.principal import SECOND_FACTORS, Factor
from ctsec.recovery.record import Trail

_PENDING: Final = Refusal(Reason.ON_HOLD, "a reset of the second factors is under way; until it is over, nothing is reset by mail")
_JUST_RESET: Final = "the second factors were reset lately; until a day or so has passed, nothing is reset by mail"
_NEVER_PROVED: Final = Refusal(
    Reason.SUPPORT_REQUIRED, "the second factors were reset and nobody has signed in with the password since; ask the support"
)
_JUST_CHANGED: Final = (
    "the password or the address was reset or changed lately; the second factors can not be reset until some time has passed"
)


def mail_refusal(trail: Trail | None, *, enrolled: bool, pending: bool, now: datetime, separation: timedelta) -> Refusal | None:
    """Return why nothing that was mailed may set a password or sign in now, or None.

    `enrolled` says whether the account has a second factor, `pending` whether a reset of those is on its way.
    """
    if pending:
        return _PENDING
    if trail is None or trail.factors_reset_at is None:
        return None
    if (left := _left(trail.factors_reset_at, now, separation)) is not None:
        return Refusal(Reason.ON_HOLD, _JUST_RESET, left)
    bridged = enrolled or trail.deciders > 1 or trail.password_proved_at is not None
    return None if bridged else _NEVER_PROVED


def reset_refusal(trail: Trail | None, *, now: datetime, separation: timedelta) -> Refusal | None:
    """Return why second factors may not be reset now, whoever decides it, or None."""
    if trail is None:
        return None
    moments = (trail.password_reset_at, trail.address_changed_at)
    left = [each for each in (_left(moment, now, separation) for moment in moments if moment is not None) if each is not None]
    return Refusal(Reason.ON_HOLD, _JUST_CHANGED, max(left)) if left else None


def takes_two(trail: Trail | None, *, has_password: bool) -> bool:
    """Say whether one person alone may not reset the second factors: nothing would be left that only the account's person can prove."""
    mailed = trail is not None and trail.password_reset_at is not None and trail.factor_proved_at is None
    return mailed or not has_password


def bridged(trail: Trail, factors: Mapping[str, datetime]) -> Trail | None:
    """Return the trail after a complete sign-in with these factors, or None if that changes nothing."""
    second = [moment for name, moment in factors.items() if name in SECOND_FACTORS]
    password = factors.get(Factor.PASSWORD.value)
    after = trail
    if trail.password_reset_at is not None and trail.factor_proved_at is None and second and max(second) >= trail.password_reset_at:
        after = replace(after, factor_proved_at=max(second))
    waits = trail.factors_reset_at if trail.password_proved_at is None else None
    if waits is not None and password is not None and password >= waits:
        after = replace(after, password_proved_at=password)
    return None if after is trail else replace(after, version=trail.version + 1)


def password_reset(trail: Trail, *, now: datetime) -> Trail:
    """Return the trail after a reset of the password by mail."""
    return replace(trail, password_reset_at=now, factor_proved_at=None)


def factors_reset(trail: Trail, *, now: datetime, deciders: int) -> Trail:
    """Return the trail after a reset of the second factors that so many people decided."""
    return replace(trail, factors_reset_at=now, password_proved_at=None, deciders=deciders)


def address_changed(trail: Trail, *, now: datetime, former: str) -> Trail:
    """Return the trail after a change of the account's address from `former`."""
    return replace(trail, address_changed_at=now, former_address=former)


def written(before: Trail | None, after: Trail) -> Trail:
    """Return the trail with the version that follows the one that was read."""
    return replace(after, version=1 if before is None else before.version + 1)


def _left(moment: datetime, now: datetime, separation: timedelta) -> timedelta | None:
    left = moment + separation - now
    return left if left > timedelta(0) else None
