"""How somebody leaves an organization: one cascade, whoever ends the membership (async source).

Rules that this module keeps:

- what ends is of this organization alone: the membership with its roles, what was held for a time, sessions through its providers, API keys
  and connected apps there, break-glass codes, and open invitations to and from the person; the account, its password, its factors and its
  devices are nobody's business here;
- what the organization keeps and they have seen ends too: secrets of service accounts' keys, credentials for SCIM; who is left is told;
- the caller has locked the organization; `end` leaves the count of owners to it, `force` settles it and may take the last;
- what is ended is what was read before (`AsyncInventory`), so a look ahead shows what the end does;
- done twice it is done once: what has ended is not ended again, and has no second event;
- who left is remembered, and no provider brings them back until somebody invites them again; what sleeps for them wakes as a role is given.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.event import NOTHING, Detail, EventName, Target
from ctsec.directory._async_leaving import AsyncDepartureParts, AsyncInventory
from ctsec.directory.lifecycle import Cause, Leaving, ParkedRole, Presence
from ctsec.directory.record import SUSPENDED, Departure, Membership, MembershipStatus
from ctsec.errors import StoreBusy
from ctsec.ids import ConnectionId, OrganizationId, SessionId, UserId, WorkspaceId
from ctsec.principal import Principal, system
from ctsec.rbac.assignment import RoleAssignment

_MOVED: Final = "the membership changed although its organization was locked; roll back and try again"


class AsyncDepartures:
    """Ends memberships, for administrators, providers, end dates, absence and accounts that close."""

    __slots__ = ("_ambient", "_audit", "_leaving", "_parts")

    def __init__(self, parts: AsyncDepartureParts, *, audit: AsyncRecorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient
        self._leaving = AsyncInventory(parts, ambient=ambient)

    async def foresee(self, membership: Membership) -> Leaving:
        """Return what `end` would end; nothing changes."""
        return await self._leaving.of(membership)

    async def force(self, actor: Principal, membership: Membership, *, cause: Cause, connection: ConnectionId | None = None) -> Leaving:
        """End a membership whose end nobody can refuse, an owner's too; the organization may lose its last one."""
        organization, orphaned = membership.organization_id, False
        if membership.permanent_owner and not await self._parts.organizations.lose_owner(organization):
            await self._parts.organizations.disown(organization)
            orphaned = True
        done = await self.end(actor, membership, cause=cause, connection=connection)
        if orphaned:
            target = Target("organization", organization)
            await self._note(EventName.ORGANIZATION_ORPHANED, actor, done, target=target, details={"cause": cause.value})
            await self._parts.alarm.ownerless(organization)
        return done

    async def end(self, actor: Principal, membership: Membership, *, cause: Cause, connection: ConnectionId | None = None) -> Leaving:
        """End a membership and what hangs on it; `connection` is the one whose provider wants it. The judging was the caller's."""
        organization, user, now = membership.organization_id, membership.user_id, self._ambient.now()
        leaving = await self._leaving.of(membership)
        await self._park(leaving)
        await self._parts.belongings.expel(organization=organization, user=user)
        if not await self._parts.memberships.remove(organization, user):
            raise StoreBusy(_MOVED)
        # A suspension outlives the membership: whoever ended that does not bring back whom an administrator had suspended.
        by = actor.id if membership.status is MembershipStatus.ACTIVE else f"{SUSPENDED}{actor.id}"
        await self._parts.memberships.depart(Departure(organization_id=organization, user_id=user, left_at=now, removed_by=by))
        await self._parts.lifecycle.forget(organization, user)
        await self._parts.codes.remove(organization, user)
        await self._parts.organizations.advance_roles(organization)
        await self._parts.epochs.bump(user)
        details: Mapping[str, Detail] = {
            "role": membership.role,
            "connection": connection,
            "cause": cause.value,
            "parked": len(leaving.parked),
        }
        await self._note(EventName.MEMBER_REMOVED, actor, leaving, target=Target("user", user), details=details)
        await self._end_sessions(actor, leaving, leaving.sessions)
        await self._end_credentials(actor, leaving, cause=cause)
        for each in leaving.invitations:
            if await self._parts.invitations.revoke(organization, each, now=now):
                await self._note(EventName.INVITATION_REVOKED, actor, leaving, target=Target("invitation", each))
        await self._hand_over(actor, leaving)
        return leaving

    async def end_sessions(
        self, actor: Principal, *, organization: OrganizationId, user: UserId, connection: ConnectionId | None = None
    ) -> int:
        """End the sessions of a person that came through the organization's connections, or through one; return how many."""
        found = await self._leaving.sessions(organization, user, connection=connection)
        return await self._end_sessions(actor, (organization, user), found)

    async def departed(self, organization: OrganizationId, user: UserId) -> bool:
        """Tell whether somebody left, and was not admitted since."""
        return await self._parts.memberships.departure(organization, user) is not None

    async def invited(self, organization: OrganizationId, email_key: str) -> bool:
        """Tell whether an address has an open invitation."""
        return any(each.email_key == email_key for each in await self._parts.invitations.open(organization, now=self._ambient.now()))

    async def lift(self, organization: OrganizationId, user: UserId, *, by: UserId | None = None) -> None:
        """Forget that somebody left, who is a member again; roles that slept wake if `by` may give them (None: whoever gave each)."""
        await self._parts.memberships.lift(organization, user)
        now = self._ambient.now()
        slept = tuple(_awake(each) for each in await self._parts.parked.of_user(organization, user) if now < each.until)
        if not await self._parts.parked.remove(organization, user):
            return
        current = tuple(each for each in slept if each.expires_at is None or now < each.expires_at)
        for woken in await self._parts.belongings.wake(current, organization=organization, user=user, by=by):
            target, details = Target("user", user), {"role": woken.role}
            actor = system("lifecycle")
            await self._note(
                EventName.ROLE_ASSIGNED, actor, (organization, user), target=target, details=details, workspace=woken.workspace_id
            )

    async def returned(self, organization: OrganizationId, user: UserId) -> None:
        """Have an absence that a person ended count from now on."""
        await self._parts.lifecycle.put_presence(Presence(organization_id=organization, user_id=user, used_at=self._ambient.now()))

    async def _park(self, leaving: Leaving) -> None:
        """Let the roles that people gave sleep; what slept of an earlier membership is over."""
        organization, user, now = leaving.organization, leaving.user, self._ambient.now()
        await self._parts.parked.remove(organization, user)
        policy = await self._parts.lifecycle.policy(organization)
        for each in await self._parts.belongings.roles(organization, user) if leaving.parked and policy is not None else ():
            if each.workspace_id in leaving.parked and policy is not None:
                await self._parts.parked.put(_asleep(each, now=now, until=now + timedelta(days=policy.park_days)))

    async def _end_sessions(self, actor: Principal, of: Leaving | tuple[OrganizationId, UserId], found: tuple[str, ...]) -> int:
        user, ended = of.user if isinstance(of, Leaving) else of[1], 0
        for each in found:
            ended += await self._parts.sessions.revoke(user, SessionId(each), keep=None, now=self._ambient.now())
        if ended:
            await self._parts.epochs.bump(user)
            await self._note(EventName.SESSION_REVOKED, actor, of, target=Target("session", "all"), details={"ended": ended})
        return ended

    async def _end_credentials(self, actor: Principal, leaving: Leaving, *, cause: Cause) -> None:
        organization, user, seen = leaving.organization, leaving.user, list[str]()
        for key in await self._parts.keys.of_owner(organization, user):
            if key.revoked_at is None and await self._parts.keys.revoke(organization, key.id, now=self._ambient.now()):
                await self._parts.epochs.bump(key.id)
                await self._note(EventName.API_KEY_REVOKED, actor, leaving, target=Target("api_key", key.id))
        if self._parts.apps is not None:
            await self._parts.apps.end_of_person(organization, user, actor=actor, why=cause.value)
        if self._parts.service_keys is not None:
            seen += await self._parts.service_keys.rotate_of_minter(organization, user, actor=actor)
        if self._parts.pushing is not None:
            seen += await self._parts.pushing.end_of_maker(organization, user, actor=actor, cause=cause)
        if seen:
            await self._parts.alarm.credentials_ended(organization, names=seen)

    async def _hand_over(self, actor: Principal, leaving: Leaving) -> None:
        if self._parts.sharing is None or leaving.heir is None or not leaving.shared:
            return
        handed = await self._parts.sharing.hand_over(leaving.organization, leaving.user, heir=leaving.heir)
        things = tuple(f"{kind}: {count}" for kind, count in sorted(handed.items()))
        details: Mapping[str, Detail] = {"heir": leaving.heir, "things": things}
        await self._note(EventName.OWNERSHIP_TRANSFERRED, actor, leaving, target=Target("user", leaving.heir), details=details)

    async def _note(
        self,
        name: EventName,
        actor: Principal,
        of: Leaving | tuple[OrganizationId, UserId],
        *,
        target: Target,
        details: Mapping[str, Detail] = NOTHING,
        workspace: WorkspaceId | None = None,
    ) -> None:
        organization, user = (of.organization, of.user) if isinstance(of, Leaving) else of
        await self._audit.note(
            name, actor=actor, targets=(target,), subject=user, organization=organization, workspace=workspace, details=details
        )


def _asleep(role: RoleAssignment, *, now: datetime, until: datetime) -> ParkedRole:
    return ParkedRole(
        organization_id=role.organization_id,
        workspace_id=role.workspace_id,
        user_id=role.user_id,
        role=role.role,
        starts_at=role.starts_at,
        expires_at=role.expires_at,
        granted_by=role.granted_by,
        parked_at=now,
        until=until,
    )


def _awake(role: ParkedRole) -> RoleAssignment:
    return RoleAssignment(
        organization_id=role.organization_id,
        workspace_id=role.workspace_id,
        user_id=role.user_id,
        role=role.role,
        starts_at=role.starts_at,
        expires_at=role.expires_at,
        granted_by=role.granted_by,
        created_at=role.parked_at,
    )
