"""API keys and wrapped data keys in SQL (async source)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from ctsec.ids import KeyId, OrganizationId
from ctsec.keys.record import ApiKey, KeySecret
from ctsec.storage.sql._async_executor import AsyncExecutor
from ctsec.storage.sql.statements import keys
from ctsec.storage.sql.statements.rows import added, all_made, made
from ctsec.storage.sql.tables import Tables


class AsyncSqlKeys:
    """See `ctsec.keys.ports.AsyncKeyRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    async def add(self, key: ApiKey, secret: KeySecret) -> None:
        """Insert a key with its first secret."""
        await self._run.change(added(self._tables.api_key, key))
        await self._run.change(added(self._tables.api_key_secret, secret))

    async def get(self, key_id: KeyId) -> tuple[ApiKey, tuple[KeySecret, ...]] | None:
        """Return a key with its secrets, newest first."""
        t = self._tables.api_key
        key = made(ApiKey, await self._run.row(select(t).where(t.c.id == key_id)))
        if key is None:
            return None
        return key, all_made(KeySecret, await self._run.rows(keys.secrets(self._tables, key_id)))

    async def of_owner(self, organization_id: OrganizationId, owner_id: str) -> tuple[ApiKey, ...]:
        """Return the keys of an owner in an organization, newest first."""
        return all_made(ApiKey, await self._run.rows(keys.of_owner(self._tables, organization_id, owner_id)))

    async def revoke(self, organization_id: OrganizationId, key_id: KeyId, *, now: datetime) -> bool:
        """Mark the key revoked if it is not."""
        return await self._run.change(keys.revoke(self._tables, organization_id, key_id, now=now)) == 1

    async def rotate(self, secret: KeySecret, *, overlap_until: datetime) -> bool:
        """Add the next generation and end every earlier one by `overlap_until`; False if another rotation came first."""
        newest = await self._run.row(keys.secrets(self._tables, secret.key_id, fresh=True))
        if newest is None or newest["generation"] != secret.generation - 1:
            return False
        if await self._run.change_unless_taken(added(self._tables.api_key_secret, secret)) is None:
            return False
        await self._run.change(keys.end_earlier(self._tables, secret, overlap_until=overlap_until))
        return True

    async def end_earlier(self, key_id: KeyId, *, now: datetime) -> bool:
        """End every generation but the newest at `now`, if one would live longer."""
        newest = made(KeySecret, await self._run.row(keys.secrets(self._tables, key_id, fresh=True)))
        return newest is not None and await self._run.change(keys.end_earlier(self._tables, newest, overlap_until=now)) > 0

    async def touch(self, key_id: KeyId, *, at: datetime, address: str) -> None:
        """Write the last use."""
        await self._run.change(keys.touch(self._tables, key_id, at=at, address=address))

    async def remac(self, secret: KeySecret, *, was: str) -> bool:
        """Write MAC and pepper of this generation if its pepper is still `was`."""
        return await self._run.change(keys.remac(self._tables, secret, was=was)) == 1

    async def peppers(self, *, now: datetime) -> tuple[tuple[str, int], ...]:
        """Return how many secrets that may still work are under each pepper."""
        return tuple((row["pepper_id"], row["count"]) for row in await self._run.rows(keys.peppers(self._tables, now=now)))
