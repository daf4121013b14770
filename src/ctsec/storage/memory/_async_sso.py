"""Connections to identity providers, and identities there, in memory (async source)."""

from __future__ import annotations

from dataclasses import replace

from ctsec.ids import ConnectionId, OrganizationId, UserId
from ctsec.sso.oidc.presets import Provider
from ctsec.sso.record import Connection, LinkedBy, LinkedIdentity
from ctsec.storage.memory.state import Transaction
from ctsec.storage.memory.tables import CONNECTIONS, GRANTS, IDENTITIES


class AsyncMemoryConnections:
    """See `ctsec.sso.ports.AsyncConnectionRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def add(self, connection: Connection) -> None:
        """Insert a connection."""
        self._tx.insert(CONNECTIONS, connection.id, connection)

    async def get(self, connection_id: ConnectionId) -> Connection | None:
        """Return a connection."""
        return self._tx.get(CONNECTIONS, connection_id)

    async def of_organization(self, organization_id: OrganizationId) -> tuple[Connection, ...]:
        """Return the connections of an organization, in the order of ids."""
        found = [each for each in self._tx.scan(CONNECTIONS) if each.organization_id == organization_id]
        return tuple(sorted(found, key=lambda each: each.id))

    async def of_providers(self, providers: frozenset[Provider], *, after: str, limit: int) -> tuple[Connection, ...]:
        """Return connections of some kinds of providers in the order of ids, those behind `after`."""
        found = [each for each in self._tx.scan(CONNECTIONS) if each.provider in providers and each.id > after]
        return tuple(sorted(found, key=lambda each: each.id)[:limit])

    async def replace(self, connection: Connection) -> bool:
        """Write if the stored version is one less."""
        stored = self._tx.current(CONNECTIONS, connection.id)
        if stored is None or stored.version != connection.version - 1:
            return False
        self._tx.put(CONNECTIONS, connection.id, connection)
        return True

    async def remove(self, organization_id: OrganizationId, connection_id: ConnectionId) -> bool:
        """Delete a connection of an organization with every identity and grant of it."""
        stored = self._tx.current(CONNECTIONS, connection_id)
        if stored is None or stored.organization_id != organization_id:
            return False
        self._tx.put(CONNECTIONS, connection_id, None)
        for each in [each for each in self._tx.scan(IDENTITIES) if each.connection_id == connection_id]:
            self._tx.put(IDENTITIES, each.digest, None)
        for grant in [grant for grant in self._tx.scan(GRANTS) if grant.connection_id == connection_id]:
            self._tx.put(GRANTS, grant.session_id, None)
        return True


class AsyncMemoryIdentities:
    """See `ctsec.sso.ports.AsyncIdentityRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def add(self, identity: LinkedIdentity) -> bool:
        """Insert an identity; False if it has an account already."""
        if self._tx.current(IDENTITIES, identity.digest) is not None:
            return False
        self._tx.put(IDENTITIES, identity.digest, identity)
        return True

    async def get(self, digest: bytes) -> LinkedIdentity | None:
        """Return the identity with this digest."""
        return self._tx.get(IDENTITIES, digest)

    async def of_user(self, user_id: UserId) -> tuple[LinkedIdentity, ...]:
        """Return the identities of a person, in the order of digests."""
        found = [each for each in self._tx.scan(IDENTITIES) if each.user_id == user_id]
        return tuple(sorted(found, key=lambda each: each.digest))

    async def describe(self, digest: bytes, attributes: str) -> None:
        """Write what was read of the person of an identity."""
        stored = self._tx.current(IDENTITIES, digest)
        if stored is not None:
            self._tx.put(IDENTITIES, digest, replace(stored, attributes=attributes))

    async def remove(self, user_id: UserId, digest: bytes) -> bool:
        """Delete an identity of a person."""
        stored = self._tx.current(IDENTITIES, digest)
        if stored is None or stored.user_id != user_id:
            return False
        self._tx.put(IDENTITIES, digest, None)
        return True

    async def demote(self, connection_id: ConnectionId) -> int:
        """Have identities that people linked from inside count as found by their address."""
        found = [each for each in self._tx.scan(IDENTITIES) if each.connection_id == connection_id and each.linked_by is LinkedBy.PERSON]
        for each in found:
            self._tx.put(IDENTITIES, each.digest, replace(each, linked_by=LinkedBy.ADDRESS))
        return len(found)
