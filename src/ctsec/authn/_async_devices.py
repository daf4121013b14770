"""The devices that people have used before: recognised, remembered after a complete sign-in, and forgotten (async source)."""

from __future__ import annotations

from datetime import datetime, timedelta

from ctsec.ambient import Ambient
from ctsec.authn._async_ports import AsyncDeviceRecords
from ctsec.authn.device import DEVICE_LIFE, Device, mint_device_token, parse_device_token, proves, to_make_room, trusted_until
from ctsec.ids import DeviceId, UserId, new_id
from ctsec.secret import SecretText
from ctsec.user import User


class AsyncDevices:
    """What the request's device token says, and what is kept of it."""

    __slots__ = ("_ambient", "_records", "_trust")

    def __init__(self, records: AsyncDeviceRecords, *, trust: timedelta | None, ambient: Ambient) -> None:
        self._records = records
        self._trust = trust
        self._ambient = ambient

    async def recognise(self, user_id: UserId | None) -> DeviceId | None:
        """Return the device that this request comes from, if the person has used it before; the same is done for nobody (None)."""
        device = await self._presented()
        return device.id if device is not None and device.user_id == user_id else None

    @property
    def longest_trust(self) -> timedelta | None:
        """For how long the deployment lets a device skip the second step, None for not at all."""
        return self._trust

    async def trusted(self, user_id: UserId) -> Device | None:
        """Return the device that this request comes from, if the person has it skip the second step."""
        device = await self._presented()
        return device if device is not None and device.user_id == user_id and self.trusted_until(device) is not None else None

    def trusted_until(self, device: Device) -> datetime | None:
        """Return until when a device skips the second step, None if it does not."""
        return trusted_until(device, longest=self._trust, now=self._ambient.now())

    async def distrust(self, user_id: UserId) -> int:
        """Have every device of a person asked for the second step again; return how many were not."""
        return await self._records.distrust(user_id, None)

    async def remember(self, user: User, *, known: DeviceId | None, spent: bool = False, trust: bool = False) -> SecretText | None:
        """Keep the device of a complete sign-in: a known one is renewed (None), another one is added; return its token.

        A known device that is `spent`, since its own limit was reached, is forgotten: it goes on as another one. So does one that gets
        `trust`: nobody who has seen its token before is trusted with it.
        """
        now = self._ambient.now()
        if known is not None and (spent or trust):
            await self._records.forget(user.id, known)
        elif known is not None and await self._records.renew(known, seen_at=now, expires_at=now + DEVICE_LIFE):
            return None
        for old in to_make_room(await self._records.of_user(user.id)):
            await self._records.forget(user.id, old)
        device_id = new_id(DeviceId, now=now, random=self._ambient.random)
        token, digest = mint_device_token(device_id, random=self._ambient.random)
        await self._records.add(
            Device(
                id=device_id,
                user_id=user.id,
                secret_digest=digest,
                created_at=now,
                seen_at=now,
                expires_at=now + DEVICE_LIFE,
                user_agent=self._ambient.request.user_agent[:256],
                trusted_until=now + self._trust if trust and self._trust is not None else None,
            )
        )
        return token

    async def forget(self, user_id: UserId, *, keep: DeviceId | None = None) -> tuple[DeviceId, ...]:
        """Forget every device of a person but `keep`; return all that there were."""
        found = tuple(device.id for device in await self._records.of_user(user_id))
        for each in found:
            if each != keep:
                await self._records.forget(user_id, each)
        return found

    async def _presented(self) -> Device | None:
        given = self._ambient.request.device
        presented = parse_device_token(given.reveal()) if given is not None else None
        if presented is None:
            return None
        device = await self._records.get(presented.device_id)
        return device if proves(presented, device=device, now=self._ambient.now()) else None
