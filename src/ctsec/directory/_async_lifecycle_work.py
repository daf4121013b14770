"""What the worker and those who run the deployment do about people's coming and going (async source).

Rules that this module keeps:

- what is due is judged again with the organization locked: who was seen meanwhile stays;
- nobody is warned twice of one absence or of one end; the last owner stays whatever the rules say;
- an organization without an owner gets one from an operator only, out of its active members, and only while it has none;
- an account that closes leaves every organization by the one cascade, in one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.change import Change, diff
from ctsec.audit.event import NOTHING, Detail, EventName, Target
from ctsec.directory._async_leaving import AsyncConnectedSessions
from ctsec.directory._async_lifecycle import AsyncLifecycleParts, due_now, seen
from ctsec.directory._async_ports import AsyncTrustRecords
from ctsec.directory.lifecycle import END_WARNING, Cause, Due, Presence, Step
from ctsec.directory.record import OWNER, Membership, MembershipStatus, OrganizationStatus
from ctsec.errors import StoreBusy
from ctsec.ids import OrganizationId, UserId
from ctsec.mail.lifecycle_letters import absence_letter, appointed_letter, ending_letter
from ctsec.operators import Operator
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Principal, system
from ctsec.user import User, UserStatus

BATCH: Final = 100
_WORKER: Final = "lifecycle"
_NOT_A_MEMBER: Final = Refusal(Reason.NOT_FOUND, "there is no such member")
_NO_ORGANIZATION: Final = Refusal(Reason.NOT_FOUND, "there is no such organization")
_MOVED: Final = "the membership changed although its organization was locked; roll back and try again"


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncLifecycleWorkParts:
    """What an account that closes takes along beside memberships."""

    sessions: AsyncConnectedSessions
    devices: AsyncTrustRecords


class AsyncLifecycleWork:
    """Carries out what organizations said, and what operators decide; its caller is the worker, or has named the operator."""

    __slots__ = ("_ambient", "_audit", "_more", "_parts")

    def __init__(self, parts: AsyncLifecycleParts, *, more: AsyncLifecycleWorkParts, audit: AsyncRecorder, ambient: Ambient) -> None:
        self._parts = parts
        self._more = more
        self._audit = audit
        self._ambient = ambient

    async def judging(self, *, after: str = "") -> tuple[OrganizationId, ...]:
        """Return organizations with an id above `after` that have a rule about absence, at most a hundred."""
        found = await self._parts.records.judging(after=after, limit=BATCH)
        return tuple(each.organization_id for each in found)

    async def due(self, organization: OrganizationId, *, after: str = "") -> tuple[tuple[UserId, ...], str | None]:
        """Return for whom of a page of members something is to be carried out or written down, and where the next page begins."""
        found, noted, following = await due_now(self._parts, organization, after=after, limit=BATCH, now=self._ambient.now())
        return (*(each.membership.user_id for each in found), *noted), following

    async def carry_out(self, organization: OrganizationId, user: UserId) -> Step | None:
        """Write down when a member was last seen, and do what an absence leads to, judged again; None if to nothing. For the worker."""
        if not await self._parts.organizations.lock(organization):
            return None
        found, policy = await self._parts.memberships.get(organization, user, fresh=True), await self._parts.records.policy(organization)
        if found is None or policy is None:
            return None
        presence = await seen(self._parts.records, found, kept=await self._parts.records.presence(organization, user))
        due = policy.due(found, presence, now=self._ambient.now())
        if presence is not None:
            await self._parts.records.put_presence(presence)
        if due is None:
            return None
        if due.step is Step.WARN:
            return await self._warn(due, presence)
        if found.permanent_owner and not await self._parts.organizations.lose_owner(organization):
            return None
        actor = system(_WORKER)
        if due.step is Step.REMOVE:
            await self._parts.departures.end(actor, found, cause=Cause.INACTIVITY)
        else:
            await self._suspend(actor, found)
        return due.step

    async def ending(self, *, after: Membership | None = None) -> tuple[Membership, ...]:
        """Return memberships whose end is over, or less than seven days off and not told of, at most a hundred behind `after`.

        For the worker.
        """
        now = self._ambient.now()
        return await self._parts.records.ending(now=now, before=now + END_WARNING, after=after, limit=BATCH)

    async def end_due(self, organization: OrganizationId, user: UserId) -> bool:
        """End a membership whose end is over, or warn its person once; True if this did either. For the worker."""
        if not await self._parts.organizations.lock(organization):
            return False
        found, now = await self._parts.memberships.get(organization, user, fresh=True), self._ambient.now()
        if found is None or found.expires_at is None or found.expires_at > now + END_WARNING:
            return False
        if found.expires_at <= now:
            await self._parts.departures.end(system(_WORKER), found, cause=Cause.END_DATE)
            return True
        presence = await self._parts.records.presence(organization, user)
        if presence is not None and presence.end_told == found.expires_at:
            return False
        told = presence or Presence(organization_id=organization, user_id=user, used_at=found.created_at)
        await self._parts.records.put_presence(replace(told, end_told=found.expires_at))
        await self._tell(found, Cause.END_DATE, at=found.expires_at)
        return True

    async def appoint_owner(self, operator: Operator, *, organization: OrganizationId, user: UserId) -> Outcome[Membership]:
        """Make an active member the owner of an organization that has none: how a support case about it ends.

        Reasons: NOT_FOUND for nobody's id, CONFLICT where there is an owner, NOT_A_MEMBER for who is none that is active.
        """
        actor, home = operator.principal, None
        if await self._parts.organizations.lock(organization):
            home = await self._parts.organizations.get(organization)
        if home is None:
            return _NO_ORGANIZATION
        found = await self._parts.memberships.get(organization, user, fresh=True)
        refusal = None
        if home.status is not OrganizationStatus.OWNERLESS:
            refusal = Refusal(Reason.CONFLICT, "this organization has an owner, who appoints others")
        elif found is None or found.status is not MembershipStatus.ACTIVE:
            refusal = Refusal(Reason.NOT_A_MEMBER, "expected an active member of the organization")
        if refusal is not None or found is None:
            return await self._refuse(actor, organization, _NOT_A_MEMBER if refusal is None else refusal, attempted="organization.recover")
        after = replace(found, role=OWNER, starts_at=None, expires_at=None, role_given_by=None, version=found.version + 1)
        if not await self._parts.memberships.replace(after):
            raise StoreBusy(_MOVED)
        await self._parts.organizations.gain_owner(organization)
        await self._changed(organization, user)
        await self._note(EventName.ROLE_CHANGED, actor, organization, user=user, changes=diff({"role": found.role}, {"role": OWNER}))
        await self._audit.note(
            EventName.ORGANIZATION_RECOVERED,
            actor=actor,
            targets=(Target("organization", organization),),
            subject=user,
            organization=organization,
            details={"owner": user},
            personal={"reason": operator.reason},
        )
        account = await self._parts.users.get(user)
        if account is not None:
            said = appointed_letter(organization=home.name)
            await self._parts.post.post(self._parts.letters.recovery.set(recipient=account.email, **said))
        return after

    async def close_account(self, user: UserId, *, reason: str) -> Outcome[User]:
        """Close an account for ever, in the name of the system: it leaves every organization, and proves nobody any more.

        An organization whose last owner closes their account is ownerless. NOT_FOUND for an account that is closed or not there.
        """
        before, actor, left = await self._parts.users.get(user), system("directory"), 0
        if before is None or before.status is UserStatus.DELETED:
            return Refusal(Reason.NOT_FOUND, "there is no such account")
        for each in await self._parts.roster.of_user(user):
            await self._parts.organizations.lock(each.organization_id)
            found = await self._parts.memberships.get(each.organization_id, user, fresh=True)
            if found is not None:
                await self._parts.departures.force(actor, found, cause=Cause.ACCOUNT_CLOSED)
                left += 1
        after = replace(before, status=UserStatus.DELETED, version=before.version + 1)
        if not await self._parts.users.replace(after):
            raise StoreBusy("the account was changed meanwhile; roll back and try again")
        await self._more.sessions.revoke(user, None, keep=None, now=self._ambient.now())
        await self._more.devices.distrust(user, None)
        await self._parts.epochs.bump(user)
        details: Mapping[str, Detail] = {"why": reason[:200], "memberships": left}
        await self._audit.note(EventName.ACCOUNT_CLOSED, actor=actor, targets=(Target("user", user),), subject=user, details=details)
        return after

    async def trim(self) -> int:
        """Delete roles that slept for too long; return how many. For the worker."""
        return await self._parts.parked.trim(before=self._ambient.now())

    async def _suspend(self, actor: Principal, found: Membership) -> None:
        if not await self._parts.memberships.replace(replace(found, status=MembershipStatus.SUSPENDED, version=found.version + 1)):
            raise StoreBusy(_MOVED)
        organization, user = found.organization_id, found.user_id
        await self._changed(organization, user)
        details: Mapping[str, Detail] = {"role": found.role, "cause": Cause.INACTIVITY.value}
        await self._note(EventName.MEMBER_SUSPENDED, actor, organization, user=user, details=details)

    async def _warn(self, due: Due, presence: Presence | None) -> Step:
        found, now = due.membership, self._ambient.now()
        told = presence or Presence(organization_id=found.organization_id, user_id=found.user_id, used_at=found.created_at)
        await self._parts.records.put_presence(replace(told, warned_at=now))
        await self._tell(found, Cause.INACTIVITY, at=due.since)
        return due.step

    async def _tell(self, found: Membership, cause: Cause, *, at: datetime) -> None:
        account, home = await self._parts.users.get(found.user_id), await self._parts.organizations.get(found.organization_id)
        if account is not None and home is not None:
            said = ending_letter(organization=home.name, at=at)
            if cause is Cause.INACTIVITY:
                said = absence_letter(organization=home.name, days=(self._ambient.now() - at).days)
            await self._parts.post.post(self._parts.letters.recovery.set(recipient=account.email, **said))
        details: Mapping[str, Detail] = {"cause": cause.value, "at": at.isoformat()}
        await self._note(EventName.MEMBER_WARNED, system(_WORKER), found.organization_id, user=found.user_id, details=details)

    async def _changed(self, organization: OrganizationId, user: UserId) -> None:
        await self._parts.organizations.advance_roles(organization)
        await self._parts.epochs.bump(user)

    async def _note(
        self,
        name: EventName,
        actor: Principal,
        organization: OrganizationId,
        *,
        user: UserId,
        details: Mapping[str, Detail] = NOTHING,
        changes: tuple[Change, ...] = (),
    ) -> None:
        target = Target("user", user)
        await self._audit.note(
            name, actor=actor, targets=(target,), subject=user, organization=organization, details=details, changes=changes
        )

    async def _refuse(self, actor: Principal, organization: OrganizationId, refusal: Refusal, *, attempted: str) -> Refusal:
        await self._audit.note_aside(
            EventName.ACCESS_DENIED,
            actor=actor,
            targets=(Target("organization", organization),),
            refused=refusal.reason,
            organization=organization,
            details={"attempted": attempted},
        )
        return refusal
