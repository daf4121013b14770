# Generated from src/ctsec/mfa/_async_removal.py by tools/twin.py; edit that file.
"""Every second factor of a person, removed by somebody else (async source). Who may have that done is decided by `ctsec.recovery`."""

from __future__ import annotations

from typing import Final

from ctsec.guard.counters import code_counter
from ctsec.ids import UserId
from ctsec.mfa._sync import Mfa
from ctsec.mfa._sync_parts import MfaParts
from ctsec.principal import Factor, Principal

_FACTORS: Final = (Factor.TOTP, Factor.PASSKEY, Factor.BACKUP_CODE)


class FactorRemoval:
    """Removes what a person can not prove any more: authenticators, pending ones too, passkeys and backup codes."""

    __slots__ = ("_mfa", "_parts")

    def __init__(self, parts: MfaParts, *, mfa: Mfa) -> None:
        self._parts = parts
        self._mfa = mfa

    def enrolled(self, user_id: UserId) -> frozenset[Factor]:
        """Return the confirmed second factors."""
        return self._mfa.enrolled(user_id)

    def remove_all(self, user_id: UserId, *, actor: Principal) -> frozenset[Factor]:
        """Remove every second factor of a person; return which kinds there were. What is bound next starts at no failures."""
        had = self._mfa.enrolled(user_id)
        for confirmed in (True, False):
            self._parts.authenticators.remove(user_id, confirmed=confirmed)
        for passkey in self._parts.passkeys.of_user(user_id):
            self._parts.passkeys.remove(user_id, passkey.id)
        self._parts.backup_codes.remove(user_id)
        self._parts.throttle.bind(*(code_counter(user_id, factor) for factor in _FACTORS), actor=actor, subject=user_id)
        return had
