"""What the worker does for the throttle: people are told of what guesses have disabled, and full allowances are deleted (async source)."""

from __future__ import annotations

from dataclasses import replace

from ctsec.ambient import Ambient
from ctsec.encryption._async import AsyncKeyRing
from ctsec.guard._async_ports import AsyncGuardStore
from ctsec.guard.counters import counted
from ctsec.ids import UserId
from ctsec.mail._async import AsyncOutbox
from ctsec.mail.message import Letters
from ctsec.principal import Factor
from ctsec.storage._async_ports import AsyncStorage
from ctsec.user import UserStatus

_BATCH = 100
_NAMES = {
    Factor.PASSWORD.value: ("your password", "a reset link"),
    Factor.TOTP.value: ("your authenticator app", "a backup code"),
    Factor.BACKUP_CODE.value: ("your backup codes", "your authenticator app"),
}


def _nothing(scopes: frozenset[str]) -> None:
    """Nothing of this is held by a cache."""


class AsyncThrottleJobs:
    """The jobs of the throttle."""

    __slots__ = ("_ambient", "_guard", "_letters", "_secrets", "_storage")

    def __init__(self, storage: AsyncStorage, *, guard: AsyncGuardStore, secrets: AsyncKeyRing, letters: Letters, ambient: Ambient) -> None:
        self._storage = storage
        self._guard = guard
        self._secrets = secrets
        self._letters = letters
        self._ambient = ambient

    async def tell(self) -> int:
        """Mail each person whose authenticator was disabled by guesses; return how many were looked at.

        The sign-in itself sends nothing: what it does is the same whether there is an account, and a host's rollback loses no mail.
        """
        found = await self._guard.attempts.untold(limit=_BATCH)
        for record in found:
            what, way = _NAMES[counted(record.key)[0]]
            async with self._storage.begin(after_commit=_nothing) as store:
                user = await store.users.get(UserId(record.subject))
                if user is not None and user.status is UserStatus.ACTIVE:
                    outbox = AsyncOutbox(store.outbox, sealer=self._secrets, ambient=self._ambient)
                    await outbox.post(self._letters.disabled(user.email, what=what, way=way, failures=record.failures))
            # After the mail: who stops in between tells twice rather than never. Bound anew meanwhile, it is not there any more.
            await self._guard.attempts.replace(record, replace(record, told_at=self._ambient.now()))
        return len(found)

    async def trim(self) -> int:
        """Delete the allowances that are full; return how many."""
        return await self._guard.allowances.trim(before=self._ambient.now())
