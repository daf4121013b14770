# Generated from src/ctsec/storage/memory/_async_credentials.py by tools/twin.py; edit that file.
"""Passwords, sessions, authenticators and backup codes in memory (async source)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime

from ctsec.authn.device import Device
from ctsec.authn.record import PasswordGroup, PasswordRecord, Session
from ctsec.ids import AuthenticatorId, DeviceId, SessionId, UserId
from ctsec.mfa.record import Authenticator, BackupCodeSetRecord
from ctsec.storage.memory.state import Transaction
from ctsec.storage.memory.tables import AUTHENTICATORS, BACKUP_CODES, DEVICES, PASSWORDS, SESSIONS


class MemoryPasswords:
    """See `ctsec.authn.ports.PasswordRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def get(self, user_id: UserId, *, held: bool = False) -> PasswordRecord | None:
        """Return the record of a user."""
        return self._tx.current(PASSWORDS, user_id) if held else self._tx.get(PASSWORDS, user_id)

    def put(self, record: PasswordRecord) -> bool:
        """Insert version 1, or replace the version before."""
        stored = self._tx.current(PASSWORDS, record.user_id)
        if (stored.version if stored else 0) != record.version - 1:
            return False
        self._tx.put(PASSWORDS, record.user_id, record)
        return True

    def census(self) -> tuple[PasswordGroup, ...]:
        """Return how many records there are of each pepper and scheme."""
        found = Counter((record.pepper, record.scheme) for record in self._tx.scan(PASSWORDS))
        return tuple(PasswordGroup(pepper=pepper, scheme=scheme, count=count) for (pepper, scheme), count in sorted(found.items()))

    def page(self, pepper: str, scheme: str, *, after: str, limit: int) -> tuple[PasswordRecord, ...]:
        """Return the next records of one pepper and scheme, in the order of user ids."""
        found = [r for r in self._tx.scan(PASSWORDS) if (r.pepper, r.scheme) == (pepper, scheme) and r.user_id > after]
        return tuple(sorted(found, key=lambda r: r.user_id)[:limit])


class MemorySessions:
    """See `ctsec.authn.ports.SessionRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def add(self, session: Session) -> None:
        """Insert a session."""
        self._tx.insert(SESSIONS, session.id, session)

    def get(self, session_id: SessionId) -> Session | None:
        """Return a session."""
        return self._tx.get(SESSIONS, session_id)

    def replace(self, session: Session) -> bool:
        """Write if the stored version is one less and the stored session is not revoked."""
        stored = self._tx.current(SESSIONS, session.id)
        if stored is None or stored.version != session.version - 1 or stored.revoked_at is not None:
            return False
        self._tx.put(SESSIONS, session.id, session)
        return True

    def touch(self, session_id: SessionId, *, at: datetime) -> None:
        """Move the last use forward to `at` if it is later; no version changes."""
        stored = self._tx.current(SESSIONS, session_id)
        if stored is not None and stored.last_seen_at < at:
            self._tx.put(SESSIONS, session_id, replace(stored, last_seen_at=at))

    def of_user(self, user_id: UserId) -> tuple[Session, ...]:
        """Return the sessions of a person that are not revoked, in the order of ids."""
        found = [s for s in self._tx.scan(SESSIONS) if s.user_id == user_id and s.revoked_at is None]
        return tuple(sorted(found, key=lambda s: s.id))

    def revoke(self, user_id: UserId, session_id: SessionId | None, *, keep: SessionId | None, now: datetime) -> int:
        """Revoke one session of a person, or all (None), except `keep`; return how many were live rows."""

        def wanted(s: Session) -> bool:
            return s.user_id == user_id and s.revoked_at is None and session_id in {None, s.id} and s.id != keep

        found = self._tx.current_where(SESSIONS, wanted)
        for s in found:
            self._tx.put(SESSIONS, s.id, replace(s, revoked_at=now, version=s.version + 1))
        return len(found)

    def trim(self, *, before: datetime, limit: int) -> int:
        """Delete at most `limit` sessions that reached their absolute end, or were revoked, by `before`."""
        found = self._tx.current_where(SESSIONS, lambda s: min(s.expires_at, s.revoked_at or s.expires_at) <= before)[:limit]
        for s in found:
            self._tx.put(SESSIONS, s.id, None)
        return len(found)


class MemoryDevices:
    """See `ctsec.authn.ports.DeviceRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def add(self, device: Device) -> None:
        """Insert a device."""
        self._tx.insert(DEVICES, device.id, device)

    def get(self, device_id: DeviceId) -> Device | None:
        """Return a device."""
        return self._tx.get(DEVICES, device_id)

    def of_user(self, user_id: UserId) -> tuple[Device, ...]:
        """Return the devices of a person, in the order of ids."""
        return tuple(sorted((d for d in self._tx.scan(DEVICES) if d.user_id == user_id), key=lambda d: d.id))

    def renew(self, device_id: DeviceId, *, seen_at: datetime, expires_at: datetime) -> bool:
        """Write both times of a device that is there."""
        stored = self._tx.current(DEVICES, device_id)
        if stored is None:
            return False
        self._tx.put(DEVICES, device_id, replace(stored, seen_at=seen_at, expires_at=expires_at))
        return True

    def forget(self, user_id: UserId, device_id: DeviceId) -> bool:
        """Delete a device of a person; False if there was none."""
        stored = self._tx.current(DEVICES, device_id)
        if stored is None or stored.user_id != user_id:
            return False
        self._tx.put(DEVICES, device_id, None)
        return True

    def trim(self, *, before: datetime, limit: int) -> tuple[Device, ...]:
        """Delete at most `limit` devices that ended by `before`, and return them."""
        found = sorted(self._tx.current_where(DEVICES, lambda d: d.expires_at <= before), key=lambda d: d.id)[:limit]
        for each in found:
            self._tx.put(DEVICES, each.id, None)
        return tuple(found)

    def distrust(self, user_id: UserId, device_id: DeviceId | None) -> int:
        """Take the trust from one device of a person, or from all (None)."""
        found = self._tx.current_where(
            DEVICES, lambda d: d.user_id == user_id and device_id in {None, d.id} and d.trusted_until is not None
        )
        for each in found:
            self._tx.put(DEVICES, each.id, replace(each, trusted_until=None))
        return len(found)


class MemoryAuthenticators:
    """See `ctsec.mfa.ports.AuthenticatorRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def add(self, authenticator: Authenticator) -> None:
        """Insert an authenticator."""
        self._tx.insert(AUTHENTICATORS, authenticator.id, authenticator)

    def of_user(self, user_id: UserId) -> tuple[Authenticator, ...]:
        """Return every authenticator of a person, in the order of ids."""
        return tuple(sorted((a for a in self._tx.scan(AUTHENTICATORS) if a.user_id == user_id), key=lambda a: a.id))

    def replace(self, authenticator: Authenticator) -> bool:
        """Write if the stored version is one less."""
        stored = self._tx.current(AUTHENTICATORS, authenticator.id)
        if stored is None or stored.version != authenticator.version - 1:
            return False
        self._tx.put(AUTHENTICATORS, authenticator.id, authenticator)
        return True

    def remove(self, user_id: UserId, *, confirmed: bool) -> int:
        """Delete the person's confirmed, or pending, authenticators; return how many."""
        found = self._tx.current_where(AUTHENTICATORS, lambda a: a.user_id == user_id and (a.confirmed_at is not None) == confirmed)
        for a in found:
            self._tx.put(AUTHENTICATORS, a.id, None)
        return len(found)

    def remove_one(self, user_id: UserId, authenticator_id: AuthenticatorId) -> bool:
        """Delete one authenticator of a person."""
        stored = self._tx.current(AUTHENTICATORS, authenticator_id)
        if stored is None or stored.user_id != user_id:
            return False
        self._tx.put(AUTHENTICATORS, authenticator_id, None)
        return True


class MemoryBackupCodes:
    """See `ctsec.mfa.ports.BackupCodeRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def put(self, codes: BackupCodeSetRecord) -> None:
        """Replace the person's set."""
        self._tx.put(BACKUP_CODES, codes.user_id, codes)

    def get(self, user_id: UserId) -> BackupCodeSetRecord | None:
        """Return the person's set."""
        return self._tx.get(BACKUP_CODES, user_id)

    def remove(self, user_id: UserId) -> bool:
        """Delete the person's set; True if there was one."""
        if self._tx.current(BACKUP_CODES, user_id) is None:
            return False
        self._tx.put(BACKUP_CODES, user_id, None)
        return True
