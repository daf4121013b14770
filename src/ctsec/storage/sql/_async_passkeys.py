"""Passkeys in SQL (async source)."""

from __future__ import annotations

from sqlalchemy import delete, select

from ctsec.ids import PasskeyId, UserId
from ctsec.mfa.passkey import Passkey
from ctsec.storage.sql._async_executor import AsyncExecutor
from ctsec.storage.sql.statements.rows import added, all_made, made, replaced
from ctsec.storage.sql.tables import Tables

_FOR_LIFE = frozenset({"user_id", "credential_id", "public_key", "transports", "created_at"})


class AsyncSqlPasskeys:
    """See `ctsec.mfa.ports.AsyncPasskeyRecords`."""

    __slots__ = ("_run", "_table")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._table = tables.passkey

    async def add(self, passkey: Passkey) -> bool:
        """Insert a passkey; False if its credential id is taken."""
        return await self._run.change_unless_taken(added(self._table, passkey)) is not None

    async def by_credential(self, credential_id: bytes) -> Passkey | None:
        """Return the passkey with this credential id."""
        t = self._table
        return made(Passkey, await self._run.row(select(t).where(t.c.credential_id == credential_id)))

    async def of_user(self, user_id: UserId) -> tuple[Passkey, ...]:
        """Return the passkeys of a person, in the order of ids."""
        t = self._table
        return all_made(Passkey, await self._run.rows(select(t).where(t.c.user_id == user_id).order_by(t.c.id)))

    async def replace(self, passkey: Passkey) -> bool:
        """Write name, backup and last use if the stored version is one less."""
        return await self._run.change(replaced(self._table, passkey, keep=_FOR_LIFE)) == 1

    async def remove(self, user_id: UserId, passkey_id: PasskeyId) -> bool:
        """Delete a passkey of a person."""
        t = self._table
        return await self._run.change(delete(t).where(t.c.id == passkey_id, t.c.user_id == user_id)) == 1
