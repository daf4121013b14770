# Generated from src/ctsec/web/_async_people.py by tools/twin.py; edit that file.
"""Operations of members, invitations and roles (async source)."""

from __future__ import annotations

from ctsec.directory.record import Membership
from ctsec.ids import OrganizationId, WorkspaceId, is_id
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.rbac.policy import MEMBERS_MANAGE
from ctsec.web import models, views
from ctsec.web._sync_call import Answer, Call, no_content
from ctsec.web.guarding import NOT_FOUND
from ctsec.web.http import WebResponse


def members(call: Call) -> Answer:
    """List the members; every member may, a key with scopes only if they hold `members:manage`."""
    narrowed = call.principal.credential.scopes is not None
    refusal = call.may_read(MEMBERS_MANAGE) if narrowed else call.access()
    page = call.page()
    if isinstance(refusal, Refusal):
        return refusal
    if isinstance(page, Refusal):
        return page
    after, limit = page
    found = call.unit.members.members(organization=call.organization, after=after, limit=limit)
    following = found[-1].membership.user_id if len(found) == limit else None
    return WebResponse(json={"members": [views.member(each) for each in found], "next": following})


def remove_member(call: Call) -> Answer:
    """Remove a member, or leave."""
    done = call.unit.members.remove(call.principal, organization=call.organization, user=call.user)
    return done if isinstance(done, Refusal) else no_content()


def suspend_member(call: Call) -> Answer:
    """Suspend a member."""
    return _membership(call.unit.members.suspend(call.principal, organization=call.organization, user=call.user))


def reinstate_member(call: Call) -> Answer:
    """End a suspension."""
    return _membership(call.unit.members.reinstate(call.principal, organization=call.organization, user=call.user))


def _membership(done: Outcome[Membership]) -> Answer:
    return done if isinstance(done, Refusal) else WebResponse(json=views.membership(done))


def change_role(call: Call) -> Answer:
    """Change a member's organization role."""
    role = call.read(models.RoleName).role
    done = call.unit.roles.change_organization_role(call.principal, organization=call.organization, user=call.user, role=role)
    return done if isinstance(done, Refusal) else WebResponse(json={"user_id": done.user, "role": done.role})


def invitations(call: Call) -> Answer:
    """List the open invitations."""
    refusal = call.may_read(MEMBERS_MANAGE)
    if refusal is not None:
        return refusal
    found = call.unit.members.invitations(organization=call.organization)
    return WebResponse(json={"invitations": [views.invitation(each) for each in found]})


def invite(call: Call) -> Answer:
    """Invite an address; the token travels by mail only."""
    body = call.read(models.NewInvitation)
    if body.workspace_id is not None and not is_id(WorkspaceId, body.workspace_id):
        return Refusal(Reason.INVALID_INPUT, "expected the id of a workspace")
    done = call.unit.members.invite(
        call.principal,
        organization=call.organization,
        email=body.email,
        role=body.role,
        workspace=WorkspaceId(body.workspace_id) if body.workspace_id is not None else None,
        workspace_role=body.workspace_role,
    )
    return done if isinstance(done, Refusal) else WebResponse(status=201, json=views.invitation(done))


def withdraw_invitation(call: Call) -> Answer:
    """Withdraw an open invitation."""
    done = call.unit.members.withdraw(call.principal, organization=call.organization, invitation=call.invitation)
    if isinstance(done, Refusal):
        return done
    return no_content() if done else NOT_FOUND


def accept_invitation(call: Call) -> Answer:
    """Accept an invitation."""
    token = call.read(models.MailedToken).token.get_secret_value()
    return _membership(call.unit.members.accept(call.principal, token=token))


def workspace_roles(call: Call) -> Answer:
    """List who has which role in a workspace; those who may do something in it see it."""
    access, page = call.access(workspace=call.workspace), call.page()
    if isinstance(access, Refusal):
        return access
    if isinstance(page, Refusal):
        return page
    if not access.mask:
        return Refusal(Reason.DENIED, "you have no role in this workspace")
    home = _home(call)
    if home is None:
        return NOT_FOUND
    after, limit = page
    found = call.unit.roles.in_workspace(organization=home, workspace=call.workspace, after=after, limit=limit)
    following = found[-1].user_id if len(found) == limit else None
    return WebResponse(json={"roles": [views.assignment(each) for each in found], "next": following})


def assign_role(call: Call) -> Answer:
    """Give a member a workspace role."""
    body, home = call.read(models.RoleGrant), _home(call)
    if home is None:
        return NOT_FOUND
    done = call.unit.roles.assign(
        call.principal,
        organization=home,
        workspace=call.workspace,
        user=call.user,
        role=body.role,
        starts_at=body.starts_at,
        expires_at=body.expires_at,
    )
    return done if isinstance(done, Refusal) else WebResponse(json=views.assignment(done))


def revoke_role(call: Call) -> Answer:
    """Take a workspace role back."""
    home = _home(call)
    if home is None:
        return NOT_FOUND
    done = call.unit.roles.revoke(call.principal, organization=home, workspace=call.workspace, user=call.user)
    return done if isinstance(done, Refusal) else no_content()


def _home(call: Call) -> OrganizationId | None:
    return call.security.gate.organization_of(call.workspace)
