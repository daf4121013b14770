# Generated from src/ctsec/directory/_async_departures.py by tools/twin.py; edit that file.
"""How somebody leaves an organization: one cascade, whoever ends the membership (async source).

Rules that this module keeps:

- what ends is of this organization alone: the membership with its roles, what was held for a time, sessions through its providers, API keys
  there, and open invitations to and from the person; the account, its password and its factors are nobody's business here;
- the caller has locked the organization, and has settled the count of owners;
- done twice it is done once: what has ended is not ended again, and has no second event;
- who left is remembered, and no provider brings them back until somebody invites them again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.event import NOTHING, Detail, EventName, Target
from ctsec.directory._sync_ports import (
    EpochRecords,
    InvitationRecords,
    MembershipRecords,
    OrganizationRecords,
    UserRecords,
)
from ctsec.directory.record import Departure, Membership
from ctsec.errors import StoreBusy
from ctsec.ids import ConnectionId, KeyId, OrganizationId, SessionId, UserId
from ctsec.principal import Principal


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


class Expels(Protocol):
    """Ends what is held for a time, answered by the roles feature."""

    def expel(self, *, organization: OrganizationId, user: UserId) -> None:
        """End what a person who leaves holds, or asked for, beside the membership."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DepartureParts:
    """What a departure ends."""

    users: UserRecords
    organizations: OrganizationRecords
    memberships: MembershipRecords
    invitations: InvitationRecords
    keys: OwnedKeys
    sessions: ConnectedSessions
    authority: Expels
    epochs: EpochRecords


class Departures:
    """Ends memberships, for administrators and for providers."""

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: DepartureParts, *, audit: Recorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    def end(self, actor: Principal, membership: Membership, *, connection: ConnectionId | None = None) -> None:
        """End a membership and what hangs on it; `connection` is the one whose provider wants it. The judging was the caller's."""
        organization, user = membership.organization_id, membership.user_id
        self._parts.authority.expel(organization=organization, user=user)
        if not self._parts.memberships.remove(organization, user):
            raise StoreBusy("the membership changed although its organization was locked; roll back and try again")
        left = Departure(organization_id=organization, user_id=user, left_at=self._ambient.now(), removed_by=actor.id)
        self._parts.memberships.depart(left)
        self._parts.organizations.advance_roles(organization)
        self._parts.epochs.bump(user)
        details: Mapping[str, Detail] = {"role": membership.role, "connection": connection}
        self._note(EventName.MEMBER_REMOVED, actor, organization, target=Target("user", user), user=user, details=details)
        self.end_sessions(actor, organization=organization, user=user)
        for key in self._parts.keys.of_owner(organization, user):
            if key.revoked_at is None and self._parts.keys.revoke(organization, key.id, now=self._ambient.now()):
                self._parts.epochs.bump(key.id)
                self._note(EventName.API_KEY_REVOKED, actor, organization, target=Target("api_key", key.id), user=user)
        self._end_invitations(actor, organization, user)

    def end_sessions(self, actor: Principal, *, organization: OrganizationId, user: UserId, connection: ConnectionId | None = None) -> int:
        """End the sessions of a person that came through the organization's connections, or through one; return how many."""
        ended = 0
        for each in self._parts.sessions.of_user(user):
            through = each.connection_id
            if through is not None and each.organization_id == organization and connection in {None, through}:
                ended += self._parts.sessions.revoke(user, each.id, keep=None, now=self._ambient.now())
        if ended:
            self._parts.epochs.bump(user)
            details: Mapping[str, Detail] = {"ended": ended}
            self._note(EventName.SESSION_REVOKED, actor, organization, target=Target("session", "all"), user=user, details=details)
        return ended

    def departed(self, organization: OrganizationId, user: UserId) -> bool:
        """Tell whether somebody left, and was not admitted since."""
        return self._parts.memberships.departure(organization, user) is not None

    def invited(self, organization: OrganizationId, email_key: str) -> bool:
        """Tell whether an address has an open invitation."""
        return any(each.email_key == email_key for each in self._parts.invitations.open(organization, now=self._ambient.now()))

    def lift(self, organization: OrganizationId, user: UserId) -> None:
        """Forget that somebody left: they are a member again."""
        self._parts.memberships.lift(organization, user)

    def _end_invitations(self, actor: Principal, organization: OrganizationId, user: UserId) -> None:
        account, now = self._parts.users.get(user), self._ambient.now()
        address = account.email_key if account is not None else ""
        for each in self._parts.invitations.open(organization, now=now):
            theirs = each.email_key == address or each.invited_by == user
            if theirs and self._parts.invitations.revoke(organization, each.id, now=now):
                self._note(EventName.INVITATION_REVOKED, actor, organization, target=Target("invitation", each.id), user=user)

    def _note(
        self,
        name: EventName,
        actor: Principal,
        organization: OrganizationId,
        *,
        target: Target,
        user: UserId,
        details: Mapping[str, Detail] = NOTHING,
    ) -> None:
        self._audit.note(name, actor=actor, targets=(target,), subject=user, organization=organization, details=details)
