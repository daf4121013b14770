# Generated from src/ctsec/security/_async_throttle_jobs.py by tools/twin.py; edit that file.
"""What the worker does for the throttle: people are told of what guesses have disabled, and full allowances are deleted (async source)."""

from __future__ import annotations

from dataclasses import replace

from ctsec.ambient import Ambient
from ctsec.encryption._sync import KeyRing
from ctsec.guard._sync_ports import GuardStore
from ctsec.guard.counters import counted
from ctsec.ids import UserId
from ctsec.mail._sync import Outbox
from ctsec.mail.message import Letters
from ctsec.principal import Factor
from ctsec.storage._sync_ports import Storage
from ctsec.user import UserStatus

_BATCH = 100
_NAMES = {
    Factor.PASSWORD.value: ("your password", "a reset link"),
    Factor.TOTP.value: ("your authenticator app", "a backup code"),
    Factor.BACKUP_CODE.value: ("your backup codes", "your authenticator app"),
}


def _nothing(scopes: frozenset[str]) -> None:
    """Nothing of this is held by a cache."""


class ThrottleJobs:
    """The jobs of the throttle."""

    __slots__ = ("_ambient", "_guard", "_letters", "_secrets", "_storage")

    def __init__(self, storage: Storage, *, guard: GuardStore, secrets: KeyRing, letters: Letters, ambient: Ambient) -> None:
        self._storage = storage
        self._guard = guard
        self._secrets = secrets
        self._letters = letters
        self._ambient = ambient

    def tell(self) -> int:
        """Mail each person whose authenticator was disabled by guesses; return how many were looked at.

        The sign-in itself sends nothing: what it does is the same whether there is an account, and a host's rollback loses no mail.
        """
        found = self._guard.attempts.untold(limit=_BATCH)
        for record in found:
            what, way = _NAMES[counted(record.key)[0]]
            with self._storage.begin(after_commit=_nothing) as store:
                user = store.users.get(UserId(record.subject))
                if user is not None and user.status is UserStatus.ACTIVE:
                    outbox = Outbox(store.outbox, sealer=self._secrets, ambient=self._ambient)
                    outbox.post(self._letters.disabled(user.email, what=what, way=way, failures=record.failures))
            # After the mail: who stops in between tells twice rather than never. Bound anew meanwhile, it is not there any more.
            self._guard.attempts.replace(record, replace(record, told_at=self._ambient.now()))
        return len(found)

    def trim(self) -> int:
        """Delete the allowances that are full; return how many."""
        return self._guard.allowances.trim(before=self._ambient.now())
