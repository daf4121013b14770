"""Operations of regions: where workspaces are, moves, and the report (async source)."""

from __future__ import annotations

from ctsec.outcome import Reason, Refusal
from ctsec.residency._async import WORKSPACES_MANAGE
from ctsec.web import models, views
from ctsec.web._async_call import Answer, AsyncCall
from ctsec.web._async_entry import ambient_request
from ctsec.web.guarding import NOT_FOUND
from ctsec.web.http import WebResponse


async def regions(call: AsyncCall) -> Answer:
    """List the regions that a workspace can be made in, with their declared replicas."""
    access = await call.access()
    if isinstance(access, Refusal):
        return access
    configured = call.security.parts.settings.regions
    if configured is None:
        return WebResponse(json={"regions": [], "default": None})
    listed = [{"name": each.name, "replicas": [replica.name for replica in each.replicas]} for each in configured.regions]
    return WebResponse(json={"regions": listed, "default": configured.default})


async def residency_report(call: AsyncCall) -> Answer:
    """Count where the bytes of each workspace are; that somebody asked is an event."""
    refusal = await call.may_read(WORKSPACES_MANAGE)
    if refusal is not None:
        return refusal
    made = await call.security.regional.reporter.report(
        call.principal, organization=call.organization, request=ambient_request(call.request, site=call.site)
    )
    return WebResponse(json=dict(made.as_data()))


async def workspace_moves(call: AsyncCall) -> Answer:
    """List moves of the organization's workspaces."""
    refusal, page = await call.may_read(WORKSPACES_MANAGE), call.page()
    if refusal is not None:
        return refusal
    if isinstance(page, Refusal):
        return page
    after, limit = page
    found = await call.unit.residency.moves(organization=call.organization, after=after, limit=limit)
    return WebResponse(json={"moves": [views.move(each) for each in found], "next": found[-1].id if len(found) == limit else None})


async def workspace_region(call: AsyncCall) -> Answer:
    """Say in which region a workspace is, and its move while it has one."""
    access = await call.access(workspace=call.workspace)
    if isinstance(access, Refusal):
        return access
    if not access.mask:
        return Refusal(Reason.DENIED, "you have no role in this workspace")
    found = await call.unit.directory.workspace(call.workspace)
    if found is None:
        return NOT_FOUND
    move = await call.unit.residency.move_of(workspace=call.workspace)
    under_way = views.move(move) if move is not None and not move.ended else None
    return WebResponse(json={"workspace_id": found.id, "region": found.region, "move": under_way})


async def move_workspace(call: AsyncCall) -> Answer:
    """Start a move; the worker carries it out."""
    organization = await call.security.gate.organization_of(call.workspace)
    if organization is None:
        return NOT_FOUND
    region = call.read(models.RegionName).region
    done = await call.unit.residency.start(call.principal, organization=organization, workspace=call.workspace, region=region)
    return done if isinstance(done, Refusal) else WebResponse(status=202, json=views.move(done))


async def abort_workspace_move(call: AsyncCall) -> Answer:
    """Give a move up."""
    organization = await call.security.gate.organization_of(call.workspace)
    if organization is None:
        return NOT_FOUND
    done = await call.unit.residency.abort(call.principal, organization=organization, workspace=call.workspace)
    return done if isinstance(done, Refusal) else WebResponse(json=views.move(done))
