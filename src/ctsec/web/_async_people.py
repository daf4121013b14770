"""Operations of members, invitations and roles (async source)."""

from __future__ import annotations

from ctsec.directory.record import Membership
from ctsec.ids import OrganizationId, WorkspaceId, is_id
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.rbac.policy import MEMBERS_MANAGE
from ctsec.web import models, views
from ctsec.web._async_call import Answer, AsyncCall, no_content
from ctsec.web.guarding import NOT_FOUND
from ctsec.web.http import WebResponse


async def members(call: AsyncCall) -> Answer:
    """List the members; every member may, a key with scopes only if they hold `members:manage`."""
    narrowed = call.principal.credential.scopes is not None
    refusal = await call.may_read(MEMBERS_MANAGE) if narrowed else await call.access()
    page = call.page()
    if isinstance(refusal, Refusal):
        return refusal
    if isinstance(page, Refusal):
        return page
    after, limit = page
    found = await call.unit.members.members(organization=call.organization, after=after, limit=limit)
    following = found[-1].membership.user_id if len(found) == limit else None
    return WebResponse(json={"members": [views.member(each) for each in found], "next": following})


async def remove_member(call: AsyncCall) -> Answer:
    """Remove a member, or leave."""
    done = await call.unit.members.remove(call.principal, organization=call.organization, user=call.user)
    return done if isinstance(done, Refusal) else no_content()


async def suspend_member(call: AsyncCall) -> Answer:
    """Suspend a member."""
    return _membership(await call.unit.members.suspend(call.principal, organization=call.organization, user=call.user))


async def reinstate_member(call: AsyncCall) -> Answer:
    """End a suspension."""
    return _membership(await call.unit.members.reinstate(call.principal, organization=call.organization, user=call.user))


def _membership(done: Outcome[Membership]) -> Answer:
    return done if isinstance(done, Refusal) else WebResponse(json=views.membership(done))


async def change_role(call: AsyncCall) -> Answer:
    """Change a member's organization role."""
    role = call.read(models.RoleName).role
    done = await call.unit.roles.change_organization_role(call.principal, organization=call.organization, user=call.user, role=role)
    return done if isinstance(done, Refusal) else WebResponse(json={"user_id": done.user, "role": done.role})


async def invitations(call: AsyncCall) -> Answer:
    """List the open invitations."""
    refusal = await call.may_read(MEMBERS_MANAGE)
    if refusal is not None:
        return refusal
    found = await call.unit.members.invitations(organization=call.organization)
    return WebResponse(json={"invitations": [views.invitation(each) for each in found]})


async def invite(call: AsyncCall) -> Answer:
    """Invite an address; the token travels by mail only."""
    body = call.read(models.NewInvitation)
    if body.workspace_id is not None and not is_id(WorkspaceId, body.workspace_id):
        return Refusal(Reason.INVALID_INPUT, "expected the id of a workspace")
    done = await call.unit.members.invite(
        call.principal,
        organization=call.organization,
        email=body.email,
        role=body.role,
        workspace=WorkspaceId(body.workspace_id) if body.workspace_id is not None else None,
        workspace_role=body.workspace_role,
    )
    return done if isinstance(done, Refusal) else WebResponse(status=201, json=views.invitation(done))


async def withdraw_invitation(call: AsyncCall) -> Answer:
    """Withdraw an open invitation."""
    done = await call.unit.members.withdraw(call.principal, organization=call.organization, invitation=call.invitation)
    if isinstance(done, Refusal):
        return done
    return no_content() if done else NOT_FOUND


async def accept_invitation(call: AsyncCall) -> Answer:
    """Accept an invitation."""
    token = call.read(models.MailedToken).token.get_secret_value()
    return _membership(await call.unit.members.accept(call.principal, token=token))


async def workspace_roles(call: AsyncCall) -> Answer:
    """List who has which role in a workspace; those who may do something in it see it."""
    access, page = await call.access(workspace=call.workspace), call.page()
    if isinstance(access, Refusal):
        return access
    if isinstance(page, Refusal):
        return page
    if not access.mask:
        return Refusal(Reason.DENIED, "you have no role in this workspace")
    home = await _home(call)
    if home is None:
        return NOT_FOUND
    after, limit = page
    found = await call.unit.roles.in_workspace(organization=home, workspace=call.workspace, after=after, limit=limit)
    following = found[-1].user_id if len(found) == limit else None
    return WebResponse(json={"roles": [views.assignment(each) for each in found], "next": following})


async def assign_role(call: AsyncCall) -> Answer:
    """Give a member a workspace role."""
    body, home = call.read(models.RoleGrant), await _home(call)
    if home is None:
        return NOT_FOUND
    done = await call.unit.roles.assign(
        call.principal,
        organization=home,
        workspace=call.workspace,
        user=call.user,
        role=body.role,
        starts_at=body.starts_at,
        expires_at=body.expires_at,
    )
    return done if isinstance(done, Refusal) else WebResponse(json=views.assignment(done))


async def revoke_role(call: AsyncCall) -> Answer:
    """Take a workspace role back."""
    home = await _home(call)
    if home is None:
        return NOT_FOUND
    done = await call.unit.roles.revoke(call.principal, organization=home, workspace=call.workspace, user=call.user)
    return done if isinstance(done, Refusal) else no_content()


async def _home(call: AsyncCall) -> OrganizationId | None:
    return await call.security.gate.organization_of(call.workspace)
