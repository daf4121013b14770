# Generated from src/ctsec/storage/sql/_async_sso.py by tools/twin.py; edit that file.
"""Connections to identity providers, and identities there, in SQL (async source)."""

from __future__ import annotations

from sqlalchemy import delete, select, update

from ctsec.ids import ConnectionId, OrganizationId, UserId
from ctsec.sso.oidc.presets import Provider
from ctsec.sso.record import Connection, LinkedBy, LinkedIdentity
from ctsec.storage.sql._sync_executor import Executor
from ctsec.storage.sql.statements.rows import added, all_made, made, replaced
from ctsec.storage.sql.tables import Tables


class SqlConnections:
    """See `ctsec.sso.ports.ConnectionRecords`."""

    __slots__ = ("_dependent", "_run", "_table")

    def __init__(self, run: Executor, tables: Tables) -> None:
        self._run = run
        self._table = tables.sso_connection
        self._dependent = (tables.sso_identity, tables.sso_grant)

    def add(self, connection: Connection) -> None:
        """Insert a connection."""
        self._run.change(added(self._table, connection))

    def get(self, connection_id: ConnectionId) -> Connection | None:
        """Return a connection."""
        return made(Connection, self._run.row(select(self._table).where(self._table.c.id == connection_id)))

    def of_organization(self, organization_id: OrganizationId) -> tuple[Connection, ...]:
        """Return the connections of an organization, in the order of ids."""
        t = self._table
        return all_made(Connection, self._run.rows(select(t).where(t.c.organization_id == organization_id).order_by(t.c.id)))

    def of_providers(self, providers: frozenset[Provider], *, after: str, limit: int) -> tuple[Connection, ...]:
        """Return connections of some kinds of providers in the order of ids, those behind `after`."""
        t = self._table
        chosen = select(t).where(t.c.provider.in_(sorted(providers)), t.c.id > after).order_by(t.c.id).limit(limit)
        return all_made(Connection, self._run.rows(chosen))

    def replace(self, connection: Connection) -> bool:
        """Write if the stored version is one less."""
        return self._run.change(replaced(self._table, connection)) == 1

    def remove(self, organization_id: OrganizationId, connection_id: ConnectionId) -> bool:
        """Delete a connection of an organization with every identity and grant of it."""
        t = self._table
        if self._run.change(delete(t).where(t.c.id == connection_id, t.c.organization_id == organization_id)) != 1:
            return False
        for each in self._dependent:
            self._run.change(delete(each).where(each.c.connection_id == connection_id))
        return True


class SqlIdentities:
    """See `ctsec.sso.ports.IdentityRecords`."""

    __slots__ = ("_run", "_table")

    def __init__(self, run: Executor, tables: Tables) -> None:
        self._run = run
        self._table = tables.sso_identity

    def add(self, identity: LinkedIdentity) -> bool:
        """Insert an identity; False if it has an account already."""
        return self._run.change_unless_taken(added(self._table, identity)) is not None

    def get(self, digest: bytes) -> LinkedIdentity | None:
        """Return the identity with this digest."""
        return made(LinkedIdentity, self._run.row(select(self._table).where(self._table.c.digest == digest)))

    def of_user(self, user_id: UserId) -> tuple[LinkedIdentity, ...]:
        """Return the identities of a person, in the order of digests."""
        t = self._table
        return all_made(LinkedIdentity, self._run.rows(select(t).where(t.c.user_id == user_id).order_by(t.c.digest)))

    def describe(self, digest: bytes, attributes: str) -> None:
        """Write what was read of the person of an identity."""
        self._run.change(update(self._table).where(self._table.c.digest == digest).values(attributes=attributes))

    def remove(self, user_id: UserId, digest: bytes) -> bool:
        """Delete an identity of a person."""
        t = self._table
        return self._run.change(delete(t).where(t.c.digest == digest, t.c.user_id == user_id)) == 1

    def demote(self, connection_id: ConnectionId) -> int:
        """Have identities that people linked from inside count as found by their address."""
        t = self._table
        linked = update(t).where(t.c.connection_id == connection_id, t.c.linked_by == LinkedBy.PERSON)
        return self._run.change(linked.values(linked_by=LinkedBy.ADDRESS))
