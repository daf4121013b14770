"""Who belongs to an organization: invited, accepted, suspended, removed (async source)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.event import Detail, EventName, Target
from ctsec.directory._async_departures import AsyncDepartures
from ctsec.directory._async_ports import (
    AsyncAuthority,
    AsyncEpochRecords,
    AsyncInvitationRecords,
    AsyncMembershipRecords,
    AsyncOrganizationRecords,
    AsyncPost,
    AsyncRosterRecords,
    AsyncUserRecords,
)
from ctsec.directory.lifecycle import Cause
from ctsec.directory.record import Invitation, Member, Membership, MembershipStatus
from ctsec.errors import StoreBusy
from ctsec.guard._async import AsyncThrottle
from ctsec.guard.proof import mint_token, token_digest
from ctsec.ids import InvitationId, OrganizationId, UserId, WorkspaceId, is_id, new_id
from ctsec.mail.message import Letters
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import PARTIAL, Credential, CredentialKind, Principal, PrincipalKind
from ctsec.secret import SecretText
from ctsec.user import User, UserStatus, parse_email

INVITATION_LIFE: Final = timedelta(days=7)
MAX_PAGE: Final = 500
_NOT_A_MEMBER: Final = Refusal(Reason.NOT_FOUND, "there is no such member")
_INVALID: Final = Refusal(Reason.INVALID_TOKEN, "the invitation is not valid any more")
# Raised, not returned: a part of the change is written already, so the transaction must not commit.
_MOVED: Final = "the membership changed although its organization was locked; roll back and try again"


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncMemberStores:
    """The record families that `AsyncMembers` works on."""

    users: AsyncUserRecords
    organizations: AsyncOrganizationRecords
    memberships: AsyncMembershipRecords
    roster: AsyncRosterRecords
    invitations: AsyncInvitationRecords
    epochs: AsyncEpochRecords
    throttle: AsyncThrottle


class AsyncMembers:
    """The people of an organization. Every change is judged with authority that is read after the organization is locked."""

    __slots__ = ("_ambient", "_audit", "_authority", "_departures", "_letters", "_post", "_stores")

    def __init__(
        self,
        *,
        stores: AsyncMemberStores,
        authority: AsyncAuthority,
        departures: AsyncDepartures,
        post: AsyncPost,
        letters: Letters,
        audit: AsyncRecorder,
        ambient: Ambient,
    ) -> None:
        self._stores = stores
        self._authority = authority
        self._departures = departures
        self._post = post
        self._letters = letters
        self._audit = audit
        self._ambient = ambient

    async def invite(
        self,
        actor: Principal,
        *,
        organization: OrganizationId,
        email: str,
        role: str = "member",
        workspace: WorkspaceId | None = None,
        workspace_role: str | None = None,
    ) -> Outcome[Invitation]:
        """Invite an address by a mail whose token its account accepts once, within seven days; THROTTLED if it gets too many of them."""
        if (workspace is None) != (workspace_role is None):
            return Refusal(Reason.INVALID_INPUT, "expected a workspace together with a role in it")
        try:
            address, key = parse_email(email)
        except ValueError as error:
            return Refusal(Reason.INVALID_INPUT, str(error))
        refusal = await self._authority.may_admit(
            actor, organization=organization, role=role, workspace=workspace, workspace_role=workspace_role
        )
        if refusal is None:
            refusal = await self._stores.throttle.charge_invitation(key)
        if refusal is not None:
            return await self._refuse(actor, organization, refusal, target=Target("invitation", ""), attempted="member.invite")
        (token, digest), now = mint_token(random=self._ambient.random), self._ambient.now()
        invitation = Invitation(
            id=new_id(InvitationId, now=now, random=self._ambient.random),
            organization_id=organization,
            email=address,
            email_key=key,
            role=role,
            workspace_id=workspace,
            workspace_role=workspace_role,
            token_digest=digest,
            invited_by=actor.id,
            created_at=now,
            expires_at=now + INVITATION_LIFE,
        )
        await self._stores.invitations.add(invitation)
        await self._announce(actor, invitation, token)
        return invitation

    async def accept(self, principal: Principal, *, token: str) -> Outcome[Membership]:
        """Accept an invitation for the signed-in person, whose verified address it must be for; the inviter's rights are asked again."""
        if principal.credential.kind in PARTIAL:
            return Refusal(Reason.NOT_AUTHENTICATED, "sign in first")
        invitation, user = await self._invitation(token), await self._stores.users.get(UserId(principal.id))
        now = self._ambient.now()
        if invitation is None or user is None or not _fits(invitation, user):
            return await self._refuse_token(principal)
        inviter = await self._stores.users.get(UserId(invitation.invited_by))
        if inviter is None or inviter.status is not UserStatus.ACTIVE:
            return await self._refuse_token(principal)
        organization = invitation.organization_id
        refusal = await self._authority.may_admit(
            _acting(invitation.invited_by),
            organization=organization,
            role=invitation.role,
            workspace=invitation.workspace_id,
            workspace_role=invitation.workspace_role,
        )
        if refusal is not None:
            return await self._refuse(
                principal, organization, refusal, target=Target("invitation", invitation.id), attempted="invitation.accept"
            )
        if await self._stores.memberships.get(organization, user.id, fresh=True) is not None:
            return Refusal(Reason.ALREADY_EXISTS, "you are a member already")
        if not await self._stores.invitations.accept(invitation, by=user.id, now=now):
            return await self._refuse_token(principal)
        membership = await self._admit(invitation, user)
        await self._record(
            EventName.INVITATION_ACCEPTED,
            principal,
            organization,
            target=Target("invitation", invitation.id),
            workspace=invitation.workspace_id,
            details={"role": invitation.role, "workspace_role": invitation.workspace_role},
        )
        return membership

    async def withdraw(self, actor: Principal, *, organization: OrganizationId, invitation: str) -> Outcome[bool]:
        """Revoke an open invitation; False if it was not open any more."""
        if not is_id(InvitationId, invitation):
            return False
        refusal = await self._authority.may_admit(actor, organization=organization, role="member", workspace=None, workspace_role=None)
        target = Target("invitation", invitation)
        if refusal is not None:
            return await self._refuse(actor, organization, refusal, target=target, attempted="invitation.revoke")
        if not await self._stores.invitations.revoke(organization, invitation, now=self._ambient.now()):
            return False
        await self._record(EventName.INVITATION_REVOKED, actor, organization, target=target)
        return True

    async def remove(self, actor: Principal, *, organization: OrganizationId, user: UserId) -> Outcome[Membership]:
        """End a membership with all that hangs on it (`_async_departures`); everybody may leave, but the last owner stays."""
        return await self._end(actor, organization, user, name=EventName.MEMBER_REMOVED, attempted="member.remove")

    async def suspend(self, actor: Principal, *, organization: OrganizationId, user: UserId) -> Outcome[Membership]:
        """Take all access in the organization away and keep the roles asleep."""
        return await self._end(actor, organization, user, name=EventName.MEMBER_SUSPENDED, attempted="member.suspend")

    async def reinstate(self, actor: Principal, *, organization: OrganizationId, user: UserId) -> Outcome[Membership]:
        """End a suspension: the roles wake, which is judged as granting them."""
        refusal = await self._authority.may_restore(actor, organization=organization, user=user)
        if refusal is not None:
            return await self._refuse(actor, organization, refusal, target=Target("user", user), attempted="member.reinstate")
        before = await self._stores.memberships.get(organization, user, fresh=True)
        if before is None or before.status is MembershipStatus.ACTIVE:
            return before or _NOT_A_MEMBER
        after = replace(before, status=MembershipStatus.ACTIVE, version=before.version + 1)
        if not await self._stores.memberships.replace(after):
            raise StoreBusy(_MOVED)
        if after.permanent_owner:
            await self._stores.organizations.gain_owner(organization)
        await self._departures.returned(organization, user)
        await self._changed(organization, user)
        await self._record(EventName.MEMBER_REINSTATED, actor, organization, target=Target("user", user), subject=user)
        return after

    async def members(self, *, organization: OrganizationId, after: str = "", limit: int = 100) -> tuple[Member, ...]:
        """Return members with a user id above `after`, at most 500."""
        return await self._stores.roster.of_organization(organization, after=after, limit=min(limit, MAX_PAGE))

    async def invitations(self, *, organization: OrganizationId) -> tuple[Invitation, ...]:
        """Return the open invitations."""
        return await self._stores.invitations.open(organization, now=self._ambient.now())

    async def is_member(self, user_id: UserId, organization: OrganizationId) -> bool:
        """Say whether the person is an active member at this moment."""
        membership = await self._stores.memberships.get(organization, user_id)
        now = self._ambient.now()
        return (
            membership is not None
            and membership.status is MembershipStatus.ACTIVE
            and (membership.starts_at is None or membership.starts_at <= now)
            and (membership.expires_at is None or now < membership.expires_at)
        )

    async def first_organization(self, user_id: UserId) -> OrganizationId | None:
        """Return the one organization in which the person is active; None for none or several."""
        active = [each.organization_id for each in await self._stores.roster.of_user(user_id) if each.status is MembershipStatus.ACTIVE]
        return active[0] if len(active) == 1 else None

    async def _end(
        self, actor: Principal, organization: OrganizationId, user: UserId, *, name: EventName, attempted: str
    ) -> Outcome[Membership]:
        refusal = await self._authority.may_touch(actor, organization=organization, user=user)
        before = await self._stores.memberships.get(organization, user, fresh=True)
        if refusal is None and name is EventName.MEMBER_SUSPENDED and user == actor.id:
            refusal = Refusal(Reason.SELF_CHANGE, "nobody suspends themselves")
        if before is None:
            return _NOT_A_MEMBER if refusal is None else refusal
        if refusal is None and before.permanent_owner and not await self._stores.organizations.lose_owner(organization):
            refusal = Refusal(Reason.LAST_OWNER, "an organization keeps at least one owner")
        if refusal is not None:
            return await self._refuse(actor, organization, refusal, target=Target("user", user), attempted=attempted)
        if name is EventName.MEMBER_REMOVED:
            await self._departures.end(actor, before, cause=Cause.LEFT if user == actor.id else Cause.ADMINISTRATOR)
            return before
        after = replace(before, status=MembershipStatus.SUSPENDED, version=before.version + 1)
        if not await self._stores.memberships.replace(after):
            raise StoreBusy(_MOVED)
        await self._changed(organization, user)
        await self._record(name, actor, organization, target=Target("user", user), subject=user, details={"role": before.role})
        return after

    async def _refuse_token(self, principal: Principal) -> Refusal:
        # In the deployment's log: whoever holds a wrong token belongs to no organization by it.
        details: Mapping[str, Detail] = {"purpose": "invitation"}
        await self._audit.note_aside(EventName.TOKEN_REFUSED, actor=principal, refused=_INVALID.reason, details=details)
        return _INVALID

    async def _announce(self, actor: Principal, invitation: Invitation, token: SecretText) -> None:
        home = await self._stores.organizations.get(invitation.organization_id)
        inviter = await self._stores.users.get(UserId(actor.id))
        of, by = home.name if home else "an organization", inviter.name if inviter else "An administrator"
        await self._post.post(self._letters.invitation(invitation.email, token, organization=of, inviter=by))
        await self._record(
            EventName.INVITATION_CREATED,
            actor,
            invitation.organization_id,
            target=Target("invitation", invitation.id),
            workspace=invitation.workspace_id,
            details={"role": invitation.role, "workspace_role": invitation.workspace_role},
            personal={"email": invitation.email},
        )

    async def _admit(self, invitation: Invitation, user: User) -> Membership:
        organization = invitation.organization_id
        membership = Membership(
            organization_id=organization,
            user_id=user.id,
            role=invitation.role,
            status=MembershipStatus.ACTIVE,
            starts_at=None,
            expires_at=None,
            created_at=self._ambient.now(),
        )
        if not await self._stores.memberships.add(membership):
            raise StoreBusy(_MOVED)
        await self._departures.lift(organization, user.id, by=UserId(invitation.invited_by))
        if membership.permanent_owner:
            await self._stores.organizations.gain_owner(organization)
        if invitation.workspace_id is not None and invitation.workspace_role is not None:
            await self._authority.admit(
                organization=organization,
                user=user.id,
                workspace=invitation.workspace_id,
                role=invitation.workspace_role,
                granted_by=invitation.invited_by,
            )
        await self._changed(organization, user.id)
        return membership

    async def _changed(self, organization: OrganizationId, user: UserId) -> None:
        await self._stores.organizations.advance_roles(organization)
        await self._stores.epochs.bump(user)

    async def _invitation(self, token: str) -> Invitation | None:
        digest = token_digest(token)
        if isinstance(digest, Refusal):
            return None
        found = await self._stores.invitations.by_digest(digest)
        live = found is not None and found.accepted_at is None and found.revoked_at is None and self._ambient.now() < found.expires_at
        return found if live else None

    async def _record(
        self,
        name: EventName,
        actor: Principal,
        organization: OrganizationId,
        *,
        target: Target,
        subject: str | None = None,
        workspace: WorkspaceId | None = None,
        details: Mapping[str, Detail] | None = None,
        personal: Mapping[str, str] | None = None,
    ) -> None:
        await self._audit.note(
            name,
            actor=actor,
            targets=(target,),
            subject=subject,
            organization=organization,
            workspace=workspace,
            details=details or {},
            personal=personal,
        )

    async def _refuse(self, actor: Principal, organization: OrganizationId, refusal: Refusal, *, target: Target, attempted: str) -> Refusal:
        await self._audit.note_aside(
            EventName.ACCESS_DENIED,
            actor=actor,
            targets=(target,),
            refused=refusal.reason,
            organization=organization,
            details={"attempted": attempted},
        )
        return refusal


def _fits(invitation: Invitation, user: User) -> bool:
    """Say whether the invitation is for this account: the same, verified address, and an account that may act."""
    return invitation.email_key == user.email_key and user.email_verified_at is not None and user.status is UserStatus.ACTIVE


def _acting(user_id: str) -> Principal:
    """Return the inviter, as judged again when the invitation is accepted."""
    credential = Credential(kind=CredentialKind.INTERNAL, id="invitation")
    return Principal(id=user_id, kind=PrincipalKind.USER, credential=credential)
