# Generated from src/ctsec/sso/_async_ports.py by tools/twin.py; edit that file.
"""What single sign-on needs from outside (async source; the sync colour is generated from it)."""

from __future__ import annotations

from typing import Protocol

from ctsec.ids import ConnectionId, OrganizationId, UserId
from ctsec.sso.record import Connection, LinkedIdentity
from ctsec.transport.reach import Reach
from ctsec.transport.request import HttpAnswer, HttpRequest


class Fetches(Protocol):
    """Fetches over https, guarded as `ctsec.transport.fetch` is."""

    def fetch(self, request: HttpRequest, *, reach: Reach, hosts: frozenset[str] | None) -> HttpAnswer:
        """Return the answer; raise a FetchError if there is none, or the address may not be asked."""
        ...


class ConnectionRecords(Protocol):
    """Connections of organizations."""

    def add(self, connection: Connection) -> None:
        """Insert a connection."""
        ...

    def get(self, connection_id: ConnectionId) -> Connection | None:
        """Return a connection; the caller compares its organization."""
        ...

    def of_organization(self, organization_id: OrganizationId) -> tuple[Connection, ...]:
        """Return the connections of an organization, in the order of ids."""
        ...

    def replace(self, connection: Connection) -> bool:
        """Write if the stored version is one less; True if written."""
        ...

    def remove(self, organization_id: OrganizationId, connection_id: ConnectionId) -> bool:
        """Delete a connection of an organization with every identity of it; True if there was one."""
        ...


class IdentityRecords(Protocol):
    """Whose account an identity at a provider is."""

    def add(self, identity: LinkedIdentity) -> bool:
        """Insert an identity; False if it has an account already (nothing is written)."""
        ...

    def get(self, digest: bytes) -> LinkedIdentity | None:
        """Return the identity with this digest."""
        ...

    def of_user(self, user_id: UserId) -> tuple[LinkedIdentity, ...]:
        """Return the identities of a person, in the order of digests."""
        ...

    def remove(self, user_id: UserId, digest: bytes) -> bool:
        """Delete an identity of a person; True if there was one."""
        ...
