"""Passwords, sessions, authenticators and backup codes in SQL (async source)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from ctsec.authn.device import Device
from ctsec.authn.record import PasswordGroup, PasswordRecord, Session
from ctsec.ids import AuthenticatorId, DeviceId, SessionId, UserId
from ctsec.mfa.record import Authenticator, BackupCodeSetRecord
from ctsec.storage.sql._async_executor import AsyncExecutor
from ctsec.storage.sql.statements import credentials
from ctsec.storage.sql.statements.rows import added, all_made, made, put, replaced, values
from ctsec.storage.sql.tables import Tables


class AsyncSqlPasswords:
    """See `ctsec.authn.ports.AsyncPasswordRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    async def get(self, user_id: UserId, *, held: bool = False) -> PasswordRecord | None:
        """Return the record of a user."""
        t = self._tables.password
        query = select(t).where(t.c.user_id == user_id)
        return made(PasswordRecord, await self._run.row(query.with_for_update(read=True) if held else query))

    async def put(self, record: PasswordRecord) -> bool:
        """Insert version 1, or replace the version before."""
        if record.version == 1:
            return await self._run.change_unless_taken(added(self._tables.password, record)) is not None
        return await self._run.change(replaced(self._tables.password, record, key=("user_id",))) == 1

    async def census(self) -> tuple[PasswordGroup, ...]:
        """Return how many records there are of each pepper and scheme."""
        return all_made(PasswordGroup, await self._run.rows(credentials.password_census(self._tables)))

    async def page(self, pepper: str, scheme: str, *, after: str, limit: int) -> tuple[PasswordRecord, ...]:
        """Return the next records of one pepper and scheme, in the order of user ids."""
        found = credentials.passwords(self._tables, pepper, scheme, after=after, limit=limit)
        return all_made(PasswordRecord, await self._run.rows(found))


class AsyncSqlSessions:
    """See `ctsec.authn.ports.AsyncSessionRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    async def add(self, session: Session) -> None:
        """Insert a session."""
        await self._run.change(added(self._tables.session, session))

    async def get(self, session_id: SessionId) -> Session | None:
        """Return a session."""
        t = self._tables.session
        return made(Session, await self._run.row(select(t).where(t.c.id == session_id)))

    async def replace(self, session: Session) -> bool:
        """Write if the stored version is one less and the stored session is not revoked."""
        return await self._run.change(credentials.replace_session(self._tables, session)) == 1

    async def touch(self, session_id: SessionId, *, at: datetime) -> None:
        """Move the last use forward to `at` if it is later; no version changes."""
        await self._run.change(credentials.touch_session(self._tables, session_id, at=at))

    async def of_user(self, user_id: UserId) -> tuple[Session, ...]:
        """Return the sessions of a person that are not revoked, in the order of ids."""
        return all_made(Session, await self._run.rows(credentials.sessions(self._tables, user_id)))

    async def revoke(self, user_id: UserId, session_id: SessionId | None, *, keep: SessionId | None, now: datetime) -> int:
        """Revoke one session of a person, or all (None), except `keep`; return how many were live rows."""
        return await self._run.change(credentials.revoke_sessions(self._tables, user_id, session_id, keep=keep, now=now))

    async def trim(self, *, before: datetime, limit: int) -> int:
        """Delete at most `limit` sessions that reached their absolute end, or were revoked, by `before`."""
        found = await self._run.rows(credentials.ended_sessions(self._tables, before=before, limit=limit))
        ids = tuple(sorted(row["id"] for row in found))
        return await self._run.change(credentials.drop_sessions(self._tables, ids)) if ids else 0


class AsyncSqlDevices:
    """See `ctsec.authn.ports.AsyncDeviceRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    async def add(self, device: Device) -> None:
        """Insert a device."""
        await self._run.change(added(self._tables.device, device))

    async def get(self, device_id: DeviceId) -> Device | None:
        """Return a device."""
        t = self._tables.device
        return made(Device, await self._run.row(select(t).where(t.c.id == device_id)))

    async def of_user(self, user_id: UserId) -> tuple[Device, ...]:
        """Return the devices of a person, in the order of ids."""
        t = self._tables.device
        return all_made(Device, await self._run.rows(select(t).where(t.c.user_id == user_id).order_by(t.c.id)))

    async def renew(self, device_id: DeviceId, *, seen_at: datetime, expires_at: datetime) -> bool:
        """Write both times of a device that is there."""
        return await self._run.change(credentials.renew_device(self._tables, device_id, seen_at=seen_at, expires_at=expires_at)) == 1

    async def forget(self, user_id: UserId, device_id: DeviceId) -> bool:
        """Delete a device of a person; False if there was none."""
        return await self._run.change(credentials.forget_device(self._tables, user_id, device_id)) == 1

    async def trim(self, *, before: datetime, limit: int) -> tuple[Device, ...]:
        """Delete at most `limit` devices that ended by `before`, and return them."""
        found = all_made(Device, await self._run.rows(credentials.ended_devices(self._tables, before=before, limit=limit)))
        gone = [await self._run.change(credentials.drop_device(self._tables, each.id, before=before)) for each in found]
        return tuple(each for each, deleted in zip(found, gone, strict=True) if deleted)

    async def distrust(self, user_id: UserId, device_id: DeviceId | None) -> int:
        """Take the trust from one device of a person, or from all (None)."""
        return await self._run.change(credentials.distrust(self._tables, user_id, device_id))


class AsyncSqlAuthenticators:
    """See `ctsec.mfa.ports.AsyncAuthenticatorRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    async def add(self, authenticator: Authenticator) -> None:
        """Insert an authenticator."""
        await self._run.change(added(self._tables.authenticator, authenticator))

    async def of_user(self, user_id: UserId) -> tuple[Authenticator, ...]:
        """Return every authenticator of a person, in the order of ids."""
        return all_made(Authenticator, await self._run.rows(credentials.authenticators(self._tables, user_id)))

    async def replace(self, authenticator: Authenticator) -> bool:
        """Write if the stored version is one less."""
        return await self._run.change(replaced(self._tables.authenticator, authenticator)) == 1

    async def remove(self, user_id: UserId, *, confirmed: bool) -> int:
        """Delete the person's confirmed, or pending, authenticators; return how many."""
        return await self._run.change(credentials.remove_authenticators(self._tables, user_id, confirmed=confirmed))

    async def remove_one(self, user_id: UserId, authenticator_id: AuthenticatorId) -> bool:
        """Delete one authenticator of a person."""
        return await self._run.change(credentials.remove_authenticator(self._tables, user_id, authenticator_id)) == 1


class AsyncSqlBackupCodes:
    """See `ctsec.mfa.ports.AsyncBackupCodeRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    async def put(self, codes: BackupCodeSetRecord) -> None:
        """Replace the person's set."""
        await self._run.change(put(self._tables.backup_code_set, values(codes), key=("user_id",), dialect=self._run.dialect))

    async def get(self, user_id: UserId) -> BackupCodeSetRecord | None:
        """Return the person's set."""
        t = self._tables.backup_code_set
        return made(BackupCodeSetRecord, await self._run.row(select(t).where(t.c.user_id == user_id)))

    async def remove(self, user_id: UserId) -> bool:
        """Delete the person's set; True if there was one."""
        return await self._run.change(credentials.remove_backup_codes(self._tables, user_id)) == 1
