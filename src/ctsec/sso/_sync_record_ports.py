# Generated from src/ctsec/sso/_async_record_ports.py by tools/twin.py; edit that file.
"""What single sign-on asks of its records: connections, identities, required providers, break-glass codes, grants (async source)."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from ctsec.ids import ConnectionId, OrganizationId, SessionId, UserId
from ctsec.sso.entrance import GlassCodeSet
from ctsec.sso.grant import Grant
from ctsec.sso.oidc.presets import Provider
from ctsec.sso.record import Connection, LinkedIdentity


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

    def of_providers(self, providers: frozenset[Provider], *, after: str, limit: int) -> tuple[Connection, ...]:
        """Return connections of some kinds of providers, of every organization, in the order of ids, those behind `after`."""
        ...

    def replace(self, connection: Connection) -> bool:
        """Write if the stored version is one less; True if written."""
        ...

    def remove(self, organization_id: OrganizationId, connection_id: ConnectionId) -> bool:
        """Delete a connection of an organization with every identity and grant of it; True if there was one."""
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

    def describe(self, digest: bytes, attributes: str) -> None:
        """Write what was read of the person of an identity."""
        ...

    def remove(self, user_id: UserId, digest: bytes) -> bool:
        """Delete an identity of a person; True if there was one."""
        ...

    def demote(self, connection_id: ConnectionId) -> int:
        """Have identities that people linked from inside count as found by their address; return how many there were."""
        ...


class EntranceRecords(Protocol):
    """From when on organizations are entered through their provider only."""

    def required_from(self, organization_id: OrganizationId, *, fresh: bool = False) -> datetime | None:
        """Return the date of an organization, or None; `fresh` reads what is committed now, behind a lock."""
        ...

    def require(self, organization_id: OrganizationId, at: datetime | None) -> None:
        """Write the date, or None; no version changes."""
        ...

    def of_user(self, user_id: UserId) -> tuple[tuple[OrganizationId, datetime], ...]:
        """Return the organizations of a person that have a date, in the order of ids."""
        ...

    def enabled(self, organization_id: OrganizationId) -> frozenset[ConnectionId]:
        """Return the enabled connections of an organization, as they are committed now."""
        ...


class GlassCodeRecords(Protocol):
    """The break-glass codes of owners: one set for each organization and person."""

    def put(self, codes: GlassCodeSet) -> None:
        """Insert a set, or replace the one that the person has in the organization."""
        ...

    def get(self, organization_id: OrganizationId, user_id: UserId) -> GlassCodeSet | None:
        """Return the set of a person in an organization."""
        ...

    def of_organization(self, organization_id: OrganizationId) -> tuple[GlassCodeSet, ...]:
        """Return the sets of an organization, in the order of persons."""
        ...

    def remove(self, organization_id: OrganizationId, user_id: UserId) -> bool:
        """Delete the set of a person in an organization; True if there was one."""
        ...


class GrantRecords(Protocol):
    """What sessions through a provider rest on."""

    def add(self, grant: Grant) -> None:
        """Insert a grant."""
        ...

    def get(self, session_id: SessionId) -> Grant | None:
        """Return the grant of a session."""
        ...

    def replace(self, grant: Grant) -> bool:
        """Write if the stored version is one less; True if written."""
        ...

    def remove(self, session_id: SessionId) -> bool:
        """Delete the grant of a session; True if there was one."""
        ...

    def hasten(self, session_id: SessionId, *, at: datetime) -> bool:
        """Make a grant that no worker has claimed due at a moment; True if written."""
        ...

    def due(self, *, now: datetime, limit: int) -> tuple[Grant, ...]:
        """Return grants that are due and not claimed, or whose claim is over, those that have waited longest first."""
        ...

    def of_identity(self, identity: bytes) -> tuple[Grant, ...]:
        """Return the grants of an identity, in the order of sessions."""
        ...

    def named(self, *, subject: bytes | None, provider_session: bytes | None) -> tuple[Grant, ...]:
        """Return the grants that both names fit, in the order of sessions; none for no name."""
        ...
