# Generated from src/ctsec/storage/memory/_async_passkeys.py by tools/twin.py; edit that file.
"""Passkeys in memory (async source)."""

from __future__ import annotations

from dataclasses import replace

from ctsec.ids import PasskeyId, UserId
from ctsec.mfa.passkey import Passkey
from ctsec.storage.memory.state import Transaction
from ctsec.storage.memory.tables import PASSKEY_CREDENTIALS, PASSKEYS


class MemoryPasskeys:
    """See `ctsec.mfa.ports.PasskeyRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def add(self, passkey: Passkey) -> bool:
        """Insert a passkey; False if its credential id is taken."""
        if self._tx.current(PASSKEY_CREDENTIALS, passkey.credential_id) is not None:
            return False
        self._tx.insert(PASSKEYS, passkey.id, passkey)
        self._tx.put(PASSKEY_CREDENTIALS, passkey.credential_id, passkey.id)
        return True

    def by_credential(self, credential_id: bytes) -> Passkey | None:
        """Return the passkey with this credential id."""
        passkey_id = self._tx.get(PASSKEY_CREDENTIALS, credential_id)
        return None if passkey_id is None else self._tx.get(PASSKEYS, passkey_id)

    def of_user(self, user_id: UserId) -> tuple[Passkey, ...]:
        """Return the passkeys of a person, in the order of ids."""
        return tuple(sorted((each for each in self._tx.scan(PASSKEYS) if each.user_id == user_id), key=lambda each: each.id))

    def replace(self, passkey: Passkey) -> bool:
        """Write name, backup and last use if the stored version is one less."""
        stored = self._tx.current(PASSKEYS, passkey.id)
        if stored is None or stored.version != passkey.version - 1:
            return False
        after = replace(stored, name=passkey.name, backup=passkey.backup, last_used_at=passkey.last_used_at, version=passkey.version)
        self._tx.put(PASSKEYS, passkey.id, after)
        return True

    def remove(self, user_id: UserId, passkey_id: PasskeyId) -> bool:
        """Delete a passkey of a person."""
        stored = self._tx.current(PASSKEYS, passkey_id)
        if stored is None or stored.user_id != user_id:
            return False
        self._tx.put(PASSKEYS, passkey_id, None)
        self._tx.put(PASSKEY_CREDENTIALS, stored.credential_id, None)
        return True
