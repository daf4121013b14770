"""Every second factor of a person, removed by somebody else (async source). Who may have that done is decided by `ctsec.recovery`."""

from __future__ import annotations

from typing import Final

from ctsec.guard.counters import code_counter
from ctsec.ids import UserId
from ctsec.mfa._async import AsyncMfa
from ctsec.mfa._async_parts import AsyncMfaParts
from ctsec.principal import Factor, Principal

_FACTORS: Final = (Factor.TOTP, Factor.PASSKEY, Factor.BACKUP_CODE)


class AsyncFactorRemoval:
    """Removes what a person can not prove any more: authenticators, pending ones too, passkeys and backup codes."""

    __slots__ = ("_mfa", "_parts")

    def __init__(self, parts: AsyncMfaParts, *, mfa: AsyncMfa) -> None:
        self._parts = parts
        self._mfa = mfa

    async def enrolled(self, user_id: UserId) -> frozenset[Factor]:
        """Return the confirmed second factors."""
        return await self._mfa.enrolled(user_id)

    async def remove_all(self, user_id: UserId, *, actor: Principal) -> frozenset[Factor]:
        """Remove every second factor of a person; return which kinds there were. What is bound next starts at no failures."""
        had = await self._mfa.enrolled(user_id)
        for confirmed in (True, False):
            await self._parts.authenticators.remove(user_id, confirmed=confirmed)
        for passkey in await self._parts.passkeys.of_user(user_id):
            await self._parts.passkeys.remove(user_id, passkey.id)
        await self._parts.backup_codes.remove(user_id)
        await self._parts.throttle.bind(*(code_counter(user_id, factor) for factor in _FACTORS), actor=actor, subject=user_id)
        return had
