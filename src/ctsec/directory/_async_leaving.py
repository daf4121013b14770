"""What ends with a membership, read before anything does: the same answer for a look ahead and for the end itself (async source)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from ctsec.ambient import Ambient
from ctsec.directory._async_lifecycle_ports import (
    AsyncEndsApps,
    AsyncEndsPushing,
    AsyncHandsOver,
    AsyncLifecycleRecords,
    AsyncParkedRecords,
    AsyncRotatesKeys,
)
from ctsec.directory._async_ports import (
    AsyncEpochRecords,
    AsyncInvitationRecords,
    AsyncMembershipRecords,
    AsyncOrganizationRecords,
    AsyncUserRecords,
)
from ctsec.directory.lifecycle import Leaving
from ctsec.directory.record import Membership, MembershipStatus
from ctsec.ids import ConnectionId, KeyId, OrganizationId, SessionId, UserId, is_id
from ctsec.rbac.assignment import RoleAssignment

SHARED_KINDS: Final = 20


class OwnedKey(Protocol):
    """An API key, as far as its end matters."""

    @property
    def id(self) -> KeyId:
        """Its id."""
        ...

    @property
    def revoked_at(self) -> datetime | None:
        """When it ended, if it did."""
        ...


class AsyncOwnedKeys(Protocol):
    """API keys of people."""

    async def of_owner(self, organization_id: OrganizationId, owner_id: str) -> tuple[OwnedKey, ...]:
        """Return the keys of an owner in an organization."""
        ...

    async def revoke(self, organization_id: OrganizationId, key_id: KeyId, *, now: datetime) -> bool:
        """Mark the key revoked if it is not; True if this call did it."""
        ...


class ConnectedSession(Protocol):
    """A session, as far as its way in matters."""

    @property
    def id(self) -> SessionId:
        """Its id."""
        ...

    @property
    def organization_id(self) -> OrganizationId | None:
        """Where it counts."""
        ...

    @property
    def connection_id(self) -> ConnectionId | None:
        """The connection that it came through, if it did."""
        ...


class AsyncConnectedSessions(Protocol):
    """Sessions of people."""

    async def of_user(self, user_id: UserId) -> tuple[ConnectedSession, ...]:
        """Return the sessions of a person that are not revoked."""
        ...

    async def revoke(self, user_id: UserId, session_id: SessionId | None, *, keep: SessionId | None, now: datetime) -> int:
        """Revoke one session of a person, or all (None), except `keep`; return how many were live rows."""
        ...


class AsyncBelongs(Protocol):
    """What a person has beside the membership, answered by the roles feature."""

    async def roles(self, organization: OrganizationId, user: UserId) -> tuple[RoleAssignment, ...]:
        """Return the workspace roles of a person."""
        ...

    async def besides(self, *, organization: OrganizationId, user: UserId) -> tuple[int, int]:
        """Return how many roles for a time a person asked for or holds, and how many permits to break the glass."""
        ...

    async def expel(self, *, organization: OrganizationId, user: UserId) -> None:
        """End what a person who leaves holds, or asked for, beside the membership."""
        ...

    async def wake(
        self, roles: Sequence[RoleAssignment], *, organization: OrganizationId, user: UserId, by: UserId | None
    ) -> tuple[RoleAssignment, ...]:
        """Write those roles of somebody who came back that `by` may give now (None: whoever gave each); return them."""
        ...


class AsyncOwnersCodes(Protocol):
    """Break-glass codes of owners."""

    async def get(self, organization_id: OrganizationId, user_id: UserId) -> object | None:
        """Return the set of a person in an organization."""
        ...

    async def remove(self, organization_id: OrganizationId, user_id: UserId) -> bool:
        """Delete it; True if there was one."""
        ...


class AsyncTellsWhoIsLeft(Protocol):
    """Tells who is left in an organization what somebody's departure means for it."""

    async def ownerless(self, organization: OrganizationId) -> None:
        """Tell them, in this transaction, that there is no owner any more."""
        ...

    async def credentials_ended(self, organization: OrganizationId, *, names: Sequence[str]) -> None:
        """Tell them, in this transaction, which credentials have to be made anew."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncDepartureParts:
    """What a departure ends; what a deployment does not have is None."""

    users: AsyncUserRecords
    organizations: AsyncOrganizationRecords
    memberships: AsyncMembershipRecords
    invitations: AsyncInvitationRecords
    keys: AsyncOwnedKeys
    sessions: AsyncConnectedSessions
    belongings: AsyncBelongs
    codes: AsyncOwnersCodes
    lifecycle: AsyncLifecycleRecords
    parked: AsyncParkedRecords
    epochs: AsyncEpochRecords
    alarm: AsyncTellsWhoIsLeft
    apps: AsyncEndsApps | None = None
    service_keys: AsyncRotatesKeys | None = None
    pushing: AsyncEndsPushing | None = None
    sharing: AsyncHandsOver | None = None


class AsyncInventory:
    """Reads what a departure would end."""

    __slots__ = ("_ambient", "_parts")

    def __init__(self, parts: AsyncDepartureParts, *, ambient: Ambient) -> None:
        self._parts = parts
        self._ambient = ambient

    async def of(self, membership: Membership) -> Leaving:
        """Return what ends with a membership; nothing changes."""
        organization, user = membership.organization_id, membership.user_id
        parts, policy = self._parts, await self._parts.lifecycle.policy(organization)
        roles = await parts.belongings.roles(organization, user)
        elevations, permits = await parts.belongings.besides(organization=organization, user=user)
        home = await parts.organizations.get(organization)
        shared: Mapping[str, int] = await parts.sharing.shared(organization, user) if parts.sharing is not None else {}
        keeps = policy is not None and policy.park_days > 0
        return Leaving(
            user=user,
            organization=organization,
            role=membership.role,
            last_owner=membership.permanent_owner and home is not None and home.permanent_owners <= 1,
            sessions=await self.sessions(organization, user, connection=None),
            api_keys=tuple(each.id for each in await parts.keys.of_owner(organization, user) if each.revoked_at is None),
            invitations=await self._invitations(organization, user),
            workspace_roles=tuple((each.workspace_id, each.role) for each in roles),
            parked=tuple(each.workspace_id for each in roles if keeps and is_id(UserId, each.granted_by)),
            elevations=elevations,
            permits=permits,
            break_glass_codes=await parts.codes.get(organization, user) is not None,
            apps=await parts.apps.count_of_person(organization, user) if parts.apps is not None else 0,
            service_keys=await parts.service_keys.count_of_minter(organization, user) if parts.service_keys is not None else 0,
            scim_tokens=await parts.pushing.count_of_maker(organization, user) if parts.pushing is not None else 0,
            shared=tuple(sorted(shared.items())[:SHARED_KINDS]),
            heir=await self._heir(organization, user, policy.heir if policy is not None else None),
        )

    async def sessions(self, organization: OrganizationId, user: UserId, *, connection: ConnectionId | None) -> tuple[SessionId, ...]:
        """Return the sessions of a person that came through the organization's connections, or through one."""
        return tuple(
            each.id
            for each in await self._parts.sessions.of_user(user)
            if each.connection_id is not None and each.organization_id == organization and connection in {None, each.connection_id}
        )

    async def _invitations(self, organization: OrganizationId, user: UserId) -> tuple[str, ...]:
        account, now = await self._parts.users.get(user), self._ambient.now()
        address = account.email_key if account is not None else ""
        found = await self._parts.invitations.open(organization, now=now)
        return tuple(each.id for each in found if each.email_key == address or each.invited_by == user)

    async def _heir(self, organization: OrganizationId, user: UserId, heir: UserId | None) -> UserId | None:
        """Return who takes over what was shared: an active member who stays, or nobody."""
        found = await self._parts.memberships.get(organization, heir, fresh=True) if heir not in {None, user} and heir else None
        return found.user_id if found is not None and found.status is MembershipStatus.ACTIVE else None
