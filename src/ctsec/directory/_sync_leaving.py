# Generated from src/ctsec/directory/_async_leaving.py by tools/twin.py; edit that file.
"""What ends with a membership, read before anything does: the same answer for a look ahead and for the end itself (async source)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from ctsec.ambient import Ambient
from ctsec.directory._sync_lifecycle_ports import (
    EndsApps,
    EndsPushing,
    HandsOver,
    LifecycleRecords,
    ParkedRecords,
    RotatesKeys,
)
from ctsec.directory._sync_ports import (
    EpochRecords,
    InvitationRecords,
    MembershipRecords,
    OrganizationRecords,
    UserRecords,
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


class OwnedKeys(Protocol):
    """API keys of people."""

    def of_owner(self, organization_id: OrganizationId, owner_id: str) -> tuple[OwnedKey, ...]:
        """Return the keys of an owner in an organization."""
        ...

    def revoke(self, organization_id: OrganizationId, key_id: KeyId, *, now: datetime) -> bool:
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


class ConnectedSessions(Protocol):
    """Sessions of people."""

    def of_user(self, user_id: UserId) -> tuple[ConnectedSession, ...]:
        """Return the sessions of a person that are not revoked."""
        ...

    def revoke(self, user_id: UserId, session_id: SessionId | None, *, keep: SessionId | None, now: datetime) -> int:
        """Revoke one session of a person, or all (None), except `keep`; return how many were live rows."""
        ...


class Belongs(Protocol):
    """What a person has beside the membership, answered by the roles feature."""

    def roles(self, organization: OrganizationId, user: UserId) -> tuple[RoleAssignment, ...]:
        """Return the workspace roles of a person."""
        ...

    def besides(self, *, organization: OrganizationId, user: UserId) -> tuple[int, int]:
        """Return how many roles for a time a person asked for or holds, and how many permits to break the glass."""
        ...

    def expel(self, *, organization: OrganizationId, user: UserId) -> None:
        """End what a person who leaves holds, or asked for, beside the membership."""
        ...

    def wake(
        self, roles: Sequence[RoleAssignment], *, organization: OrganizationId, user: UserId, by: UserId | None
    ) -> tuple[RoleAssignment, ...]:
        """Write those roles of somebody who came back that `by` may give now (None: whoever gave each); return them."""
        ...


class OwnersCodes(Protocol):
    """Break-glass codes of owners."""

    def get(self, organization_id: OrganizationId, user_id: UserId) -> object | None:
        """Return the set of a person in an organization."""
        ...

    def remove(self, organization_id: OrganizationId, user_id: UserId) -> bool:
        """Delete it; True if there was one."""
        ...


class TellsWhoIsLeft(Protocol):
    """Tells who is left in an organization what somebody's departure means for it."""

    def ownerless(self, organization: OrganizationId) -> None:
        """Tell them, in this transaction, that there is no owner any more."""
        ...

    def credentials_ended(self, organization: OrganizationId, *, names: Sequence[str]) -> None:
        """Tell them, in this transaction, which credentials have to be made anew."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DepartureParts:
    """What a departure ends; what a deployment does not have is None."""

    users: UserRecords
    organizations: OrganizationRecords
    memberships: MembershipRecords
    invitations: InvitationRecords
    keys: OwnedKeys
    sessions: ConnectedSessions
    belongings: Belongs
    codes: OwnersCodes
    lifecycle: LifecycleRecords
    parked: ParkedRecords
    epochs: EpochRecords
    alarm: TellsWhoIsLeft
    apps: EndsApps | None = None
    service_keys: RotatesKeys | None = None
    pushing: EndsPushing | None = None
    sharing: HandsOver | None = None


class Inventory:
    """Reads what a departure would end."""

    __slots__ = ("_ambient", "_parts")

    def __init__(self, parts: DepartureParts, *, ambient: Ambient) -> None:
        self._parts = parts
        self._ambient = ambient

    def of(self, membership: Membership) -> Leaving:
        """Return what ends with a membership; nothing changes."""
        organization, user = membership.organization_id, membership.user_id
        parts, policy = self._parts, self._parts.lifecycle.policy(organization)
        roles = parts.belongings.roles(organization, user)
        elevations, permits = parts.belongings.besides(organization=organization, user=user)
        home = parts.organizations.get(organization)
        shared: Mapping[str, int] = parts.sharing.shared(organization, user) if parts.sharing is not None else {}
        keeps = policy is not None and policy.park_days > 0
        return Leaving(
            user=user,
            organization=organization,
            role=membership.role,
            last_owner=membership.permanent_owner and home is not None and home.permanent_owners <= 1,
            sessions=self.sessions(organization, user, connection=None),
            api_keys=tuple(each.id for each in parts.keys.of_owner(organization, user) if each.revoked_at is None),
            invitations=self._invitations(organization, user),
            workspace_roles=tuple((each.workspace_id, each.role) for each in roles),
            parked=tuple(each.workspace_id for each in roles if keeps and is_id(UserId, each.granted_by)),
            elevations=elevations,
            permits=permits,
            break_glass_codes=parts.codes.get(organization, user) is not None,
            apps=parts.apps.count_of_person(organization, user) if parts.apps is not None else 0,
            service_keys=parts.service_keys.count_of_minter(organization, user) if parts.service_keys is not None else 0,
            scim_tokens=parts.pushing.count_of_maker(organization, user) if parts.pushing is not None else 0,
            shared=tuple(sorted(shared.items())[:SHARED_KINDS]),
            heir=self._heir(organization, user, policy.heir if policy is not None else None),
        )

    def sessions(self, organization: OrganizationId, user: UserId, *, connection: ConnectionId | None) -> tuple[SessionId, ...]:
        """Return the sessions of a person that came through the organization's connections, or through one."""
        return tuple(
            each.id
            for each in self._parts.sessions.of_user(user)
            if each.connection_id is not None and each.organization_id == organization and connection in {None, each.connection_id}
        )

    def _invitations(self, organization: OrganizationId, user: UserId) -> tuple[str, ...]:
        account, now = self._parts.users.get(user), self._ambient.now()
        address = account.email_key if account is not None else ""
        found = self._parts.invitations.open(organization, now=now)
        return tuple(each.id for each in found if each.email_key == address or each.invited_by == user)

    def _heir(self, organization: OrganizationId, user: UserId, heir: UserId | None) -> UserId | None:
        """Return who takes over what was shared: an active member who stays, or nobody."""
        found = self._parts.memberships.get(organization, heir, fresh=True) if heir not in {None, user} and heir else None
        return found.user_id if found is not None and found.status is MembershipStatus.ACTIVE else None
