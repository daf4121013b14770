# Generated from src/ctsec/sso/scim/_async_ports.py by tools/twin.py; edit that file.
"""What SCIM asks of its records and of the directory (async source)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from ctsec.directory.lifecycle import Cause, Leaving
from ctsec.directory.record import Departure, Membership
from ctsec.ids import ConnectionId, OrganizationId, ScimConnectionId, ScimGroupId, ScimTokenId, ScimUserId, UserId
from ctsec.principal import Principal
from ctsec.sso.foreseen import Foreseen
from ctsec.sso.oidc.identity import ExternalIdentity
from ctsec.sso.record import Connection
from ctsec.sso.scim.record import ScimConnection, ScimGroup, ScimToken, ScimUser
from ctsec.user import User


class ScimConnectionRecords(Protocol):
    """SCIM connections of organizations, and their credentials."""

    def add(self, connection: ScimConnection) -> None:
        """Insert a connection."""
        ...

    def get(self, scim_id: ScimConnectionId) -> ScimConnection | None:
        """Return a connection; the caller compares its organization."""
        ...

    def of_organization(self, organization_id: OrganizationId) -> tuple[ScimConnection, ...]:
        """Return the connections of an organization, in the order of ids."""
        ...

    def replace(self, connection: ScimConnection) -> bool:
        """Write all but `settle_after` if the stored version is one less; True if written."""
        ...

    def settle(self, scim_id: ScimConnectionId, *, after: str | None) -> None:
        """Write down from behind which user on people have still to be brought in line; the version stays."""
        ...

    def settling(self, *, after: str = "", limit: int) -> tuple[ScimConnection, ...]:
        """Return connections with an id above `after` whose people have still to be brought in line, in the order of ids."""
        ...

    def remove(self, organization_id: OrganizationId, scim_id: ScimConnectionId) -> bool:
        """Delete a connection of an organization with its credentials, users, groups and members; True if there was one."""
        ...

    def add_token(self, token: ScimToken) -> None:
        """Insert a credential."""
        ...

    def token(self, token_id: ScimTokenId) -> ScimToken | None:
        """Return a credential."""
        ...

    def tokens(self, scim_id: ScimConnectionId) -> tuple[ScimToken, ...]:
        """Return the credentials of a connection, in the order of ids."""
        ...

    def end_token(self, scim_id: ScimConnectionId, token_id: ScimTokenId, *, at: datetime) -> bool:
        """Have a credential end at `at` if it would end later; True if that changed it."""
        ...


class ScimUserRecords(Protocol):
    """Users that providers pushed; every question names the connection."""

    def add(self, user: ScimUser) -> None:
        """Insert a user."""
        ...

    def get(self, scim_id: ScimConnectionId, user_id: ScimUserId) -> ScimUser | None:
        """Return a user of a connection."""
        ...

    def many(self, scim_id: ScimConnectionId, ids: Collection[ScimUserId]) -> tuple[ScimUser, ...]:
        """Return those of some ids that are users of the connection, in the order of ids."""
        ...

    def named(self, scim_id: ScimConnectionId, *, name: str | None = None, external: str | None = None) -> tuple[ScimUser, ...]:
        """Return the users of a name's key, or of an external one's, in the order of ids."""
        ...

    def of_account(self, scim_id: ScimConnectionId, user_id: UserId) -> tuple[ScimUser, ...]:
        """Return the users of a connection that are one account's, in the order of ids."""
        ...

    def replace(self, user: ScimUser) -> bool:
        """Write if the stored version is one less; True if written."""
        ...

    def remove(self, scim_id: ScimConnectionId, user_id: ScimUserId) -> bool:
        """Delete a user, and what it is a member of; True if there was one."""
        ...

    def count(self, scim_id: ScimConnectionId) -> int:
        """Return how many users a connection has."""
        ...

    def page(self, scim_id: ScimConnectionId, *, after: str = "", skip: int = 0, limit: int) -> tuple[ScimUser, ...]:
        """Return users with an id above `after`, in the order of ids."""
        ...


class ScimGroupRecords(Protocol):
    """Groups that providers pushed; every question names the connection."""

    def add(self, group: ScimGroup) -> None:
        """Insert a group."""
        ...

    def get(self, scim_id: ScimConnectionId, group_id: ScimGroupId) -> ScimGroup | None:
        """Return a group of a connection."""
        ...

    def named(self, scim_id: ScimConnectionId, *, name: str | None = None, external: str | None = None) -> tuple[ScimGroup, ...]:
        """Return the groups of a name's key, or of an external one's, in the order of ids."""
        ...

    def replace(self, group: ScimGroup) -> bool:
        """Write if the stored version is one less; True if written."""
        ...

    def remove(self, scim_id: ScimConnectionId, group_id: ScimGroupId) -> bool:
        """Delete a group and its members; True if there was one."""
        ...

    def count(self, scim_id: ScimConnectionId) -> int:
        """Return how many groups a connection has."""
        ...

    def page(self, scim_id: ScimConnectionId, *, after: str = "", skip: int = 0, limit: int) -> tuple[ScimGroup, ...]:
        """Return groups with an id above `after`, in the order of ids."""
        ...


class ScimMemberRecords(Protocol):
    """Who is in which group of a connection."""

    def of_group(self, group_id: ScimGroupId) -> tuple[str, ...]:
        """Return the ids of the members of a group, in the order of ids."""
        ...

    def count(self, group_id: ScimGroupId) -> int:
        """Return how many members a group has."""
        ...

    def groups_of(self, members: Collection[str]) -> tuple[tuple[str, ScimGroupId], ...]:
        """Return (member, group) for each group that one of some members is in, in the order of members and groups."""
        ...

    def present(self, group_id: ScimGroupId, members: Collection[str]) -> frozenset[str]:
        """Return which of some ids are members of a group."""
        ...

    def put(self, group: ScimGroup, members: Collection[str]) -> None:
        """Insert members that are not there yet: the caller has looked."""
        ...

    def drop(self, group_id: ScimGroupId, members: Collection[str]) -> None:
        """Delete members."""
        ...


class ScimOrganizations(Protocol):
    """Organizations, as far as their owners are counted."""

    def lock(self, organization_id: OrganizationId) -> bool:
        """Lock the row until the transaction ends; False if there is none."""
        ...


class ScimMemberships(Protocol):
    """Who belongs to an organization, and who left it."""

    def get(self, organization_id: OrganizationId, user_id: UserId, *, fresh: bool = False) -> Membership | None:
        """Return a membership."""
        ...

    def departure(self, organization_id: OrganizationId, user_id: UserId) -> Departure | None:
        """Return how somebody left."""
        ...


class ScimDepartures(Protocol):
    """How somebody leaves, answered by the directory."""

    def force(self, actor: Principal, membership: Membership, *, cause: Cause, connection: ConnectionId | None = None) -> Leaving:
        """End a membership and what hangs on it."""
        ...

    def invited(self, organization: OrganizationId, email_key: str) -> bool:
        """Tell whether an address has an open invitation."""
        ...


class ScimProvisioning(Protocol):
    """Carries out rules, answered by `ctsec.sso._sync_provisioning`."""

    def barred(self, connection: Connection, identity: ExternalIdentity) -> str:
        """Return in one word why somebody's groups do not let them in, empty if they do."""
        ...

    def admit(self, connection: Connection, user: User, identity: ExternalIdentity, *, by: Principal | None = None) -> None:
        """Make an account a member, with what the rules give."""
        ...

    def foresee_of(self, connection: Connection, identity: ExternalIdentity, *, user: UserId | None) -> Foreseen:
        """Return what groups would make of an account."""
        ...

    def refresh(self, connection: Connection, user: User, identity: ExternalIdentity) -> str:
        """Bring a member to what the groups say now."""
        ...
