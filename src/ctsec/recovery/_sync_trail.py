# Generated from src/ctsec/recovery/_async_trail.py by tools/twin.py; edit that file.
"""The trail of an account, read and written by what replaces its credentials (async source)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

from ctsec.ambient import Ambient
from ctsec.errors import StoreBusy
from ctsec.ids import UserId
from ctsec.outcome import Refusal
from ctsec.principal import Factor
from ctsec.recovery._sync_ports import RecoveryRecords, TrailRecords
from ctsec.recovery.record import Trail
from ctsec.recovery.separation import address_changed, bridged, mail_refusal, password_reset, written

_MOVED = "the account's credentials were changed by somebody else meanwhile; roll back and try again"


class Enrolled(Protocol):
    """The second factors of a person, answered by the mfa feature."""

    def enrolled(self, user_id: UserId) -> frozenset[Factor]:
        """Return the confirmed second factors."""
        ...


class Trails:
    """Keeps the rule of `ctsec.recovery.separation` for what is mailed. Every way in by mail asks it first.

    A change of the trail is a compare-and-set in the transaction of what it tells: of a reset of the password and one of the second factors
    at the same time, one raises StoreBusy.
    """

    __slots__ = ("_ambient", "_factors", "_records", "_recoveries", "_separation")

    def __init__(
        self,
        records: TrailRecords,
        *,
        recoveries: RecoveryRecords,
        factors: Enrolled,
        separation: timedelta,
        ambient: Ambient,
    ) -> None:
        self._records = records
        self._recoveries = recoveries
        self._factors = factors
        self._separation = separation
        self._ambient = ambient

    def mail_refusal(self, user_id: UserId) -> Refusal | None:
        """Return why nothing that was mailed may set a password of this person or sign in now (ON_HOLD, SUPPORT_REQUIRED), or None."""
        return self._judge(user_id, self._records.get(user_id))

    def password_reset(self, user_id: UserId) -> Refusal | None:
        """Note that the password is reset by mail now; or return why it must not be, and nothing is noted."""
        trail = self._records.get(user_id)
        refusal = self._judge(user_id, trail)
        if refusal is None:
            self._write(trail, password_reset(trail or Trail(user_id=user_id), now=self._ambient.now()))
        return refusal

    def address_changed(self, user_id: UserId, *, former: str) -> None:
        """Note that the account has another address now than `former`, which is told of resets for a while."""
        trail = self._records.get(user_id)
        self._write(trail, address_changed(trail or Trail(user_id=user_id), now=self._ambient.now(), former=former))

    def signed_in(self, user_id: UserId, factors: Mapping[str, datetime]) -> None:
        """Note what a complete sign-in has proved, where it matters."""
        trail = self._records.get(user_id)
        after = bridged(trail, factors) if trail is not None else None
        if after is not None:
            # Lost to another change: that one is the newer truth, and the next sign-in proves again.
            self._records.put(after)

    def factors_reset_at(self, user_id: UserId) -> datetime | None:
        """Return when the second factors of a person were last reset by others: a grace to enrol does not begin anew then."""
        trail = self._records.get(user_id)
        return trail.factors_reset_at if trail is not None else None

    def _judge(self, user_id: UserId, trail: Trail | None) -> Refusal | None:
        now = self._ambient.now()
        return mail_refusal(
            trail,
            enrolled=bool(self._factors.enrolled(user_id)),
            pending=bool(self._recoveries.pending(user_id, now=now)),
            now=now,
            separation=self._separation,
        )

    def _write(self, before: Trail | None, after: Trail) -> None:
        if not self._records.put(written(before, after)):
            raise StoreBusy(_MOVED)
