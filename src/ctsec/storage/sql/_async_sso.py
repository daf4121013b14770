"""Connections to identity providers, and identities there, in SQL (async source)."""

from __future__ import annotations

from sqlalchemy import delete, select, update

from ctsec.ids import ConnectionId, OrganizationId, UserId
from ctsec.sso.oidc.presets import Provider
from ctsec.sso.record import Connection, LinkedBy, LinkedIdentity
from ctsec.storage.sql._async_executor import AsyncExecutor
from ctsec.storage.sql.statements.rows import added, all_made, made, replaced
from ctsec.storage.sql.tables import Tables


class AsyncSqlConnections:
    """See `ctsec.sso.ports.AsyncConnectionRecords`."""

    __slots__ = ("_dependent", "_run", "_table")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._table = tables.sso_connection
        self._dependent = (tables.sso_identity, tables.sso_grant)

    async def add(self, connection: Connection) -> None:
        """Insert a connection."""
        await self._run.change(added(self._table, connection))

    async def get(self, connection_id: ConnectionId) -> Connection | None:
        """Return a connection."""
        return made(Connection, await self._run.row(select(self._table).where(self._table.c.id == connection_id)))

    async def of_organization(self, organization_id: OrganizationId) -> tuple[Connection, ...]:
        """Return the connections of an organization, in the order of ids."""
        t = self._table
        return all_made(Connection, await self._run.rows(select(t).where(t.c.organization_id == organization_id).order_by(t.c.id)))

    async def of_providers(self, providers: frozenset[Provider], *, after: str, limit: int) -> tuple[Connection, ...]:
        """Return connections of some kinds of providers in the order of ids, those behind `after`."""
        t = self._table
        chosen = select(t).where(t.c.provider.in_(sorted(providers)), t.c.id > after).order_by(t.c.id).limit(limit)
        return all_made(Connection, await self._run.rows(chosen))

    async def replace(self, connection: Connection) -> bool:
        """Write if the stored version is one less."""
        return await self._run.change(replaced(self._table, connection)) == 1

    async def remove(self, organization_id: OrganizationId, connection_id: ConnectionId) -> bool:
        """Delete a connection of an organization with every identity and grant of it."""
        t = self._table
        if await self._run.change(delete(t).where(t.c.id == connection_id, t.c.organization_id == organization_id)) != 1:
            return False
        for each in self._dependent:
            await self._run.change(delete(each).where(each.c.connection_id == connection_id))
        return True


class AsyncSqlIdentities:
    """See `ctsec.sso.ports.AsyncIdentityRecords`."""

    __slots__ = ("_run", "_table")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._table = tables.sso_identity

    async def add(self, identity: LinkedIdentity) -> bool:
        """Insert an identity; False if it has an account already."""
        return await self._run.change_unless_taken(added(self._table, identity)) is not None

    async def get(self, digest: bytes) -> LinkedIdentity | None:
        """Return the identity with this digest."""
        return made(LinkedIdentity, await self._run.row(select(self._table).where(self._table.c.digest == digest)))

    async def of_user(self, user_id: UserId) -> tuple[LinkedIdentity, ...]:
        """Return the identities of a person, in the order of digests."""
        t = self._table
        return all_made(LinkedIdentity, await self._run.rows(select(t).where(t.c.user_id == user_id).order_by(t.c.digest)))

    async def describe(self, digest: bytes, attributes: str) -> None:
        """Write what was read of the person of an identity."""
        await self._run.change(update(self._table).where(self._table.c.digest == digest).values(attributes=attributes))

    async def remove(self, user_id: UserId, digest: bytes) -> bool:
        """Delete an identity of a person."""
        t = self._table
        return await self._run.change(delete(t).where(t.c.digest == digest, t.c.user_id == user_id)) == 1

    async def demote(self, connection_id: ConnectionId) -> int:
        """Have identities that people linked from inside count as found by their address."""
        t = self._table
        linked = update(t).where(t.c.connection_id == connection_id, t.c.linked_by == LinkedBy.PERSON)
        return await self._run.change(linked.values(linked_by=LinkedBy.ADDRESS))
