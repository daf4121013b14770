# Generated from src/ctsec/directory/_async_members.py by tools/twin.py; edit that file.
"""Who belongs to an organization: invited, accepted, suspended, removed (async source)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.event import Detail, EventName, Target
from ctsec.directory._sync_departures import Departures
from ctsec.directory._sync_ports import (
    Authority,
    EpochRecords,
    InvitationRecords,
    MembershipRecords,
    OrganizationRecords,
    Post,
    RosterRecords,
    UserRecords,
)
from ctsec.directory.lifecycle import Cause
from ctsec.directory.record import Invitation, Member, Membership, MembershipStatus
from ctsec.errors import StoreBusy
from ctsec.guard._sync import Throttle
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
class MemberStores:
    """The record families that `Members` works on."""

    users: UserRecords
    organizations: OrganizationRecords
    memberships: MembershipRecords
    roster: RosterRecords
    invitations: InvitationRecords
    epochs: EpochRecords
    throttle: Throttle


class Members:
    """The people of an organization. Every change is judged with authority that is read after the organization is locked."""

    __slots__ = ("_ambient", "_audit", "_authority", "_departures", "_letters", "_post", "_stores")

    def __init__(
        self,
        *,
        stores: MemberStores,
        authority: Authority,
        departures: Departures,
        post: Post,
        letters: Letters,
        audit: Recorder,
        ambient: Ambient,
    ) -> None:
        self._stores = stores
        self._authority = authority
        self._departures = departures
        self._post = post
        self._letters = letters
        self._audit = audit
        self._ambient = ambient

    def invite(
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
        refusal = self._authority.may_admit(actor, organization=organization, role=role, workspace=workspace, workspace_role=workspace_role)
        if refusal is None:
            refusal = self._stores.throttle.charge_invitation(key)
        if refusal is not None:
            return self._refuse(actor, organization, refusal, target=Target("invitation", ""), attempted="member.invite")
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
        self._stores.invitations.add(invitation)
        self._announce(actor, invitation, token)
        return invitation

    def accept(self, principal: Principal, *, token: str) -> Outcome[Membership]:
        """Accept an invitation for the signed-in person, whose verified address it must be for; the inviter's rights are asked again."""
        if principal.credential.kind in PARTIAL:
            return Refusal(Reason.NOT_AUTHENTICATED, "sign in first")
        invitation, user = self._invitation(token), self._stores.users.get(UserId(principal.id))
        now = self._ambient.now()
        if invitation is None or user is None or not _fits(invitation, user):
            return self._refuse_token(principal)
        inviter = self._stores.users.get(UserId(invitation.invited_by))
        if inviter is None or inviter.status is not UserStatus.ACTIVE:
            return self._refuse_token(principal)
        organization = invitation.organization_id
        refusal = self._authority.may_admit(
            _acting(invitation.invited_by),
            organization=organization,
            role=invitation.role,
            workspace=invitation.workspace_id,
            workspace_role=invitation.workspace_role,
        )
        if refusal is not None:
            return self._refuse(principal, organization, refusal, target=Target("invitation", invitation.id), attempted="invitation.accept")
        if self._stores.memberships.get(organization, user.id, fresh=True) is not None:
            return Refusal(Reason.ALREADY_EXISTS, "you are a member already")
        if not self._stores.invitations.accept(invitation, by=user.id, now=now):
            return self._refuse_token(principal)
        membership = self._admit(invitation, user)
        self._record(
            EventName.INVITATION_ACCEPTED,
            principal,
            organization,
            target=Target("invitation", invitation.id),
            workspace=invitation.workspace_id,
            details={"role": invitation.role, "workspace_role": invitation.workspace_role},
        )
        return membership

    def withdraw(self, actor: Principal, *, organization: OrganizationId, invitation: str) -> Outcome[bool]:
        """Revoke an open invitation; False if it was not open any more."""
        if not is_id(InvitationId, invitation):
            return False
        refusal = self._authority.may_admit(actor, organization=organization, role="member", workspace=None, workspace_role=None)
        target = Target("invitation", invitation)
        if refusal is not None:
            return self._refuse(actor, organization, refusal, target=target, attempted="invitation.revoke")
        if not self._stores.invitations.revoke(organization, invitation, now=self._ambient.now()):
            return False
        self._record(EventName.INVITATION_REVOKED, actor, organization, target=target)
        return True

    def remove(self, actor: Principal, *, organization: OrganizationId, user: UserId) -> Outcome[Membership]:
        """End a membership with all that hangs on it (`_sync_departures`); everybody may leave, but the last owner stays."""
        return self._end(actor, organization, user, name=EventName.MEMBER_REMOVED, attempted="member.remove")

    def suspend(self, actor: Principal, *, organization: OrganizationId, user: UserId) -> Outcome[Membership]:
        """Take all access in the organization away and keep the roles asleep."""
        return self._end(actor, organization, user, name=EventName.MEMBER_SUSPENDED, attempted="member.suspend")

    def reinstate(self, actor: Principal, *, organization: OrganizationId, user: UserId) -> Outcome[Membership]:
        """End a suspension: the roles wake, which is judged as granting them."""
        refusal = self._authority.may_restore(actor, organization=organization, user=user)
        if refusal is not None:
            return self._refuse(actor, organization, refusal, target=Target("user", user), attempted="member.reinstate")
        before = self._stores.memberships.get(organization, user, fresh=True)
        if before is None or before.status is MembershipStatus.ACTIVE:
            return before or _NOT_A_MEMBER
        after = replace(before, status=MembershipStatus.ACTIVE, version=before.version + 1)
        if not self._stores.memberships.replace(after):
            raise StoreBusy(_MOVED)
        if after.permanent_owner:
            self._stores.organizations.gain_owner(organization)
        self._departures.returned(organization, user)
        self._changed(organization, user)
        self._record(EventName.MEMBER_REINSTATED, actor, organization, target=Target("user", user), subject=user)
        return after

    def members(self, *, organization: OrganizationId, after: str = "", limit: int = 100) -> tuple[Member, ...]:
        """Return members with a user id above `after`, at most 500."""
        return self._stores.roster.of_organization(organization, after=after, limit=min(limit, MAX_PAGE))

    def invitations(self, *, organization: OrganizationId) -> tuple[Invitation, ...]:
        """Return the open invitations."""
        return self._stores.invitations.open(organization, now=self._ambient.now())

    def is_member(self, user_id: UserId, organization: OrganizationId) -> bool:
        """Say whether the person is an active member at this moment."""
        membership = self._stores.memberships.get(organization, user_id)
        now = self._ambient.now()
        return (
            membership is not None
            and membership.status is MembershipStatus.ACTIVE
            and (membership.starts_at is None or membership.starts_at <= now)
            and (membership.expires_at is None or now < membership.expires_at)
        )

    def first_organization(self, user_id: UserId) -> OrganizationId | None:
        """Return the one organization in which the person is active; None for none or several."""
        active = [each.organization_id for each in self._stores.roster.of_user(user_id) if each.status is MembershipStatus.ACTIVE]
        return active[0] if len(active) == 1 else None

    def _end(self, actor: Principal, organization: OrganizationId, user: UserId, *, name: EventName, attempted: str) -> Outcome[Membership]:
        refusal = self._authority.may_touch(actor, organization=organization, user=user)
        before = self._stores.memberships.get(organization, user, fresh=True)
        if refusal is None and name is EventName.MEMBER_SUSPENDED and user == actor.id:
            refusal = Refusal(Reason.SELF_CHANGE, "nobody suspends themselves")
        if before is None:
            return _NOT_A_MEMBER if refusal is None else refusal
        if refusal is None and before.permanent_owner and not self._stores.organizations.lose_owner(organization):
            refusal = Refusal(Reason.LAST_OWNER, "an organization keeps at least one owner")
        if refusal is not None:
            return self._refuse(actor, organization, refusal, target=Target("user", user), attempted=attempted)
        if name is EventName.MEMBER_REMOVED:
            self._departures.end(actor, before, cause=Cause.LEFT if user == actor.id else Cause.ADMINISTRATOR)
            return before
        after = replace(before, status=MembershipStatus.SUSPENDED, version=before.version + 1)
        if not self._stores.memberships.replace(after):
            raise StoreBusy(_MOVED)
        self._changed(organization, user)
        self._record(name, actor, organization, target=Target("user", user), subject=user, details={"role": before.role})
        return after

    def _refuse_token(self, principal: Principal) -> Refusal:
        # In the deployment's log: whoever holds a wrong token belongs to no organization by it.
        details: Mapping[str, Detail] = {"purpose": "invitation"}
        self._audit.note_aside(EventName.TOKEN_REFUSED, actor=principal, refused=_INVALID.reason, details=details)
        return _INVALID

    def _announce(self, actor: Principal, invitation: Invitation, token: SecretText) -> None:
        home = self._stores.organizations.get(invitation.organization_id)
        inviter = self._stores.users.get(UserId(actor.id))
        of, by = home.name if home else "an organization", inviter.name if inviter else "An administrator"
        self._post.post(self._letters.invitation(invitation.email, token, organization=of, inviter=by))
        self._record(
            EventName.INVITATION_CREATED,
            actor,
            invitation.organization_id,
            target=Target("invitation", invitation.id),
            workspace=invitation.workspace_id,
            details={"role": invitation.role, "workspace_role": invitation.workspace_role},
            personal={"email": invitation.email},
        )

    def _admit(self, invitation: Invitation, user: User) -> Membership:
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
        if not self._stores.memberships.add(membership):
            raise StoreBusy(_MOVED)
        self._departures.lift(organization, user.id, by=UserId(invitation.invited_by))
        if membership.permanent_owner:
            self._stores.organizations.gain_owner(organization)
        if invitation.workspace_id is not None and invitation.workspace_role is not None:
            self._authority.admit(
                organization=organization,
                user=user.id,
                workspace=invitation.workspace_id,
                role=invitation.workspace_role,
                granted_by=invitation.invited_by,
            )
        self._changed(organization, user.id)
        return membership

    def _changed(self, organization: OrganizationId, user: UserId) -> None:
        self._stores.organizations.advance_roles(organization)
        self._stores.epochs.bump(user)

    def _invitation(self, token: str) -> Invitation | None:
        digest = token_digest(token)
        if isinstance(digest, Refusal):
            return None
        found = self._stores.invitations.by_digest(digest)
        live = found is not None and found.accepted_at is None and found.revoked_at is None and self._ambient.now() < found.expires_at
        return found if live else None

    def _record(
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
        self._audit.note(
            name,
            actor=actor,
            targets=(target,),
            subject=subject,
            organization=organization,
            workspace=workspace,
            details=details or {},
            personal=personal,
        )

    def _refuse(self, actor: Principal, organization: OrganizationId, refusal: Refusal, *, target: Target, attempted: str) -> Refusal:
        self._audit.note_aside(
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
