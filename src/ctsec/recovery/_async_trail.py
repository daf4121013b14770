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
from ctsec.recovery._async_ports import AsyncRecoveryRecords, AsyncTrailRecords
from ctsec.recovery.record import Trail
from ctsec.recovery.separation import address_changed, bridged, mail_refusal, password_reset, written

_MOVED = "the account's credentials were changed by somebody else meanwhile; roll back and try again"


class AsyncEnrolled(Protocol):
    """The second factors of a person, answered by the mfa feature."""

    async def enrolled(self, user_id: UserId) -> frozenset[Factor]:
        """Return the confirmed second factors."""
        ...


class AsyncTrails:
    """Keeps the rule of `ctsec.recovery.separation` for what is mailed. Every way in by mail asks it first.

    A change of the trail is a compare-and-set in the transaction of what it tells: of a reset of the password and one of the second factors
    at the same time, one raises StoreBusy.
    """

    __slots__ = ("_ambient", "_factors", "_records", "_recoveries", "_separation")

    def __init__(
        self,
        records: AsyncTrailRecords,
        *,
        recoveries: AsyncRecoveryRecords,
        factors: AsyncEnrolled,
        separation: timedelta,
        ambient: Ambient,
    ) -> None:
        self._records = records
        self._recoveries = recoveries
        self._factors = factors
        self._separation = separation
        self._ambient = ambient

    async def mail_refusal(self, user_id: UserId) -> Refusal | None:
        """Return why nothing that was mailed may set a password of this person or sign in now (ON_HOLD, SUPPORT_REQUIRED), or None."""
        return await self._judge(user_id, await self._records.get(user_id))

    async def password_reset(self, user_id: UserId) -> Refusal | None:
        """Note that the password is reset by mail now; or return why it must not be, and nothing is noted."""
        trail = await self._records.get(user_id)
        refusal = await self._judge(user_id, trail)
        if refusal is None:
            await self._write(trail, password_reset(trail or Trail(user_id=user_id), now=self._ambient.now()))
        return refusal

    async def address_changed(self, user_id: UserId, *, former: str) -> None:
        """Note that the account has another address now than `former`, which is told of resets for a while."""
        trail = await self._records.get(user_id)
        await self._write(trail, address_changed(trail or Trail(user_id=user_id), now=self._ambient.now(), former=former))

    async def signed_in(self, user_id: UserId, factors: Mapping[str, datetime]) -> None:
        """Note what a complete sign-in has proved, where it matters."""
        trail = await self._records.get(user_id)
        after = bridged(trail, factors) if trail is not None else None
        if after is not None:
            # Lost to another change: that one is the newer truth, and the next sign-in proves again.
            await self._records.put(after)

    async def factors_reset_at(self, user_id: UserId) -> datetime | None:
        """Return when the second factors of a person were last reset by others: a grace to enrol does not begin anew then."""
        trail = await self._records.get(user_id)
        return trail.factors_reset_at if trail is not None else None

    async def _judge(self, user_id: UserId, trail: Trail | None) -> Refusal | None:
        now = self._ambient.now()
        return mail_refusal(
            trail,
            enrolled=bool(await self._factors.enrolled(user_id)),
            pending=bool(await self._recoveries.pending(user_id, now=now)),
            now=now,
            separation=self._separation,
        )

    async def _write(self, before: Trail | None, after: Trail) -> None:
        if not await self._records.put(written(before, after)):
            raise StoreBusy(_MOVED)
