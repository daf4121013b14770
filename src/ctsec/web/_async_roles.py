"""Operations of organizations' own roles and of roles for a time (async source)."""

from __future__ import annotations

from datetime import timedelta

from ctsec.ids import ElevationId, WorkspaceId, is_id
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.rbac.custom import CustomRole
from ctsec.rbac.elevation import ElevationRequest, ElevationState
from ctsec.rbac.errors import PolicyError
from ctsec.rbac.policy import MEMBERS_MANAGE
from ctsec.web import models, views
from ctsec.web._async_call import Answer, AsyncCall, no_content
from ctsec.web.guarding import NOT_FOUND
from ctsec.web.http import WebResponse


async def custom_roles(call: AsyncCall) -> Answer:
    """List the organization's own roles; every member may see what roles there are."""
    access = await call.access()
    if isinstance(access, Refusal):
        return access
    found = await call.unit.custom_roles.of_organization(organization=call.organization)
    return WebResponse(json={"roles": [views.custom_role(each) for each in found]})


async def define_role(call: AsyncCall) -> Answer:
    """Make a role of the organization's own, or change it for everybody who holds it."""
    body = call.read(models.RoleDefinition)
    try:
        role = CustomRole(call.request.params["role_name"], frozenset(body.permissions), body.extends)
    except PolicyError as error:
        return Refusal(Reason.INVALID_INPUT, str(error))
    done = await call.unit.custom_roles.define(call.principal, organization=call.organization, role=role)
    return done if isinstance(done, Refusal) else WebResponse(json=views.custom_role(done))


async def remove_role(call: AsyncCall) -> Answer:
    """Take a role away that nobody uses."""
    done = await call.unit.custom_roles.remove(call.principal, organization=call.organization, name=call.request.params["role_name"][:64])
    if isinstance(done, Refusal):
        return done
    return no_content() if done is not None else NOT_FOUND


async def elevations(call: AsyncCall) -> Answer:
    """List the requests that wait, for those who manage people."""
    refusal, page = await call.may_read(MEMBERS_MANAGE), call.page()
    if refusal is not None:
        return refusal
    if isinstance(page, Refusal):
        return page
    after, limit = page
    found = await call.unit.elevations.in_state(organization=call.organization, state=ElevationState.OPEN, after=after, limit=limit)
    following = found[-1].id if len(found) == limit else None
    return WebResponse(json={"elevations": [views.elevation(each) for each in found], "next": following})


async def request_elevation(call: AsyncCall) -> Answer:
    """Ask for a role for a time, and say why."""
    body = call.read(models.ElevationWish)
    if body.workspace_id is not None and not is_id(WorkspaceId, body.workspace_id):
        return Refusal(Reason.INVALID_INPUT, "expected the id of a workspace")
    done = await call.unit.elevations.request(
        call.principal,
        organization=call.organization,
        workspace=WorkspaceId(body.workspace_id) if body.workspace_id is not None else None,
        role=body.role,
        reason=body.reason,
        duration=timedelta(minutes=body.minutes),
    )
    return done if isinstance(done, Refusal) else WebResponse(status=201, json=views.elevation(done))


async def approve_elevation(call: AsyncCall) -> Answer:
    """Give what was asked for, from now on."""
    return _answer(await call.unit.elevations.approve(call.principal, organization=call.organization, elevation=_elevation(call)))


async def deny_elevation(call: AsyncCall) -> Answer:
    """Turn a request down."""
    return _answer(await call.unit.elevations.deny(call.principal, organization=call.organization, elevation=_elevation(call)))


async def end_elevation(call: AsyncCall) -> Answer:
    """End a role for a time, or withdraw one's own request."""
    return _answer(await call.unit.elevations.end(call.principal, organization=call.organization, elevation=_elevation(call)))


def _elevation(call: AsyncCall) -> ElevationId:
    return ElevationId(call.request.params["elevation_id"])


def _answer(done: Outcome[ElevationRequest]) -> Answer:
    return done if isinstance(done, Refusal) else WebResponse(json=views.elevation(done))
