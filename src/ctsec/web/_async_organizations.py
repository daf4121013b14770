"""Operations of organizations and workspaces (async source)."""

from __future__ import annotations

from ctsec.ids import UserId
from ctsec.outcome import Refusal
from ctsec.principal import LOCAL
from ctsec.web import models, views
from ctsec.web._async_call import Answer, AsyncCall
from ctsec.web.http import WebResponse


async def create_organization(call: AsyncCall) -> Answer:
    """Found an organization whose owner is the caller."""
    done = await call.unit.directory.create_organization(call.principal, name=call.read(models.NamedOrganization).name)
    if isinstance(done, Refusal):
        return done
    if call.principal.organization is None:
        # The founder's session is of use at once; a session that is active elsewhere stays there.
        await call.unit.sessions.switch_organization(call.principal, done.id)
    return WebResponse(status=201, json=views.organization(done))


async def organizations(call: AsyncCall) -> Answer:
    """List the caller's organizations; an API key sees its own."""
    principal = call.principal
    found = await call.unit.directory.organizations_of(UserId(principal.id))
    own = principal.organization if principal.credential.kind in LOCAL else None
    # Shown to every member: who proves a second factor in time is refused nowhere.
    due = await call.unit.requirements.due(UserId(principal.id))
    entered = await call.unit.requirements.entered_from(UserId(principal.id))
    listed = [
        {
            **views.organization(organization),
            "role": membership.role,
            "membership": membership.status.value,
            "mfa_required_by": views.moment(due[organization.id]) if organization.id in due else None,
            "sso_required_by": views.moment(entered[organization.id]) if organization.id in entered else None,
        }
        for organization, membership in found
        if own in {None, organization.id}
    ]
    return WebResponse(json={"organizations": listed})


async def rename_organization(call: AsyncCall) -> Answer:
    """Change an organization's name."""
    name = call.read(models.NamedOrganization).name
    done = await call.unit.directory.rename_organization(call.principal, organization=call.organization, name=name)
    return done if isinstance(done, Refusal) else WebResponse(json=views.organization(done))


async def workspaces(call: AsyncCall) -> Answer:
    """List the workspaces in which the caller may do something."""
    access, page = await call.access(), call.page()
    if isinstance(access, Refusal):
        return access
    if isinstance(page, Refusal):
        return page
    after, limit = page
    found = await call.unit.directory.workspaces(call.organization, after=after, limit=limit)
    masks = [(await call.security.gate.access(call.principal, call.organization, workspace=each.id)).mask for each in found]
    listed = [views.workspace(each) for each, mask in zip(found, masks, strict=True) if mask]
    return WebResponse(json={"workspaces": listed, "next": found[-1].id if len(found) == limit else None})


async def create_workspace(call: AsyncCall) -> Answer:
    """Create a workspace."""
    body = call.read(models.NewWorkspace)
    done = await call.unit.directory.create_workspace(call.principal, organization=call.organization, name=body.name, region=body.region)
    return done if isinstance(done, Refusal) else WebResponse(status=201, json=views.workspace(done))


async def organization_permissions(call: AsyncCall) -> Answer:
    """Say what the caller may do in the organization."""
    access = await call.access()
    if isinstance(access, Refusal):
        return access
    return WebResponse(json={"organization_id": call.organization, "permissions": list(access.permissions)})


async def workspace_permissions(call: AsyncCall) -> Answer:
    """Say what the caller may do in the workspace."""
    access = await call.access(workspace=call.workspace)
    if isinstance(access, Refusal):
        return access
    return WebResponse(json={"workspace_id": call.workspace, "permissions": list(access.permissions)})
