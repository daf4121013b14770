"""Operations of required providers: an organization's requirement, and break-glass codes (async source)."""

from __future__ import annotations

from dataclasses import replace

from ctsec.ids import OrganizationId, is_id
from ctsec.outcome import Refusal
from ctsec.rbac.entrance import SSO_MANAGE
from ctsec.web import sso_entrance_models, views
from ctsec.web._async_call import Answer, AsyncCall, no_content
from ctsec.web.credentials import Caller
from ctsec.web.guarding import NOT_FOUND
from ctsec.web.http import WebResponse


def without_glass(caller: Caller) -> Caller:
    """Return a caller whose break-glass code counts for nothing."""
    principal = caller.principal
    return (
        caller
        if principal.credential.glass is None
        else replace(caller, principal=replace(principal, credential=replace(principal.credential, glass=None)))
    )


async def may_see_sso(call: AsyncCall) -> Refusal | None:
    """Return why the caller may not look at the settings of single sign-on, or None; a break-glass code counts here."""
    if call.principal.credential.glass is None:
        return await call.may_read(SSO_MANAGE)
    return await call.unit.sso_entrance.refusal(call.principal, organization=call.organization)


async def sso_requirement(call: AsyncCall) -> Answer:
    """Say from when on the organization is entered through its provider only, and how many break-glass codes are left."""
    refusal = await may_see_sso(call)
    if refusal is not None:
        return refusal
    return WebResponse(json=sso_entrance_models.requirement(await call.unit.sso_entrance.entrance(call.organization)))


async def require_sso(call: AsyncCall) -> Answer:
    """Let the organization be entered through its provider only."""
    starts_at = call.read(sso_entrance_models.SsoRequirement).starts_at
    done = await call.unit.sso_entrance.require(call.principal, organization=call.organization, starts_at=starts_at)
    return done if isinstance(done, Refusal) else WebResponse(json=sso_entrance_models.requirement(done))


async def relax_sso(call: AsyncCall) -> Answer:
    """Let sessions of accounts in again."""
    refusal = await call.unit.sso_entrance.relax(call.principal, organization=call.organization)
    return no_content() if refusal is None else refusal


async def make_glass_codes(call: AsyncCall) -> Answer:
    """Make the caller's break-glass codes."""
    done = await call.unit.sso_glass.make(call.principal, organization=call.organization)
    return done if isinstance(done, Refusal) else WebResponse(json={"codes": [each.reveal() for each in done.codes]})


async def break_sso_glass(call: AsyncCall) -> Answer:
    """Open the settings of single sign-on of an organization to this session."""
    body = call.read(sso_entrance_models.GlassCode)
    if not is_id(OrganizationId, body.organization_id):
        return NOT_FOUND
    organization = OrganizationId(body.organization_id)
    until = await call.unit.sso_glass.redeem(call.principal, organization=organization, code=body.code.get_secret_value())
    if isinstance(until, Refusal):
        return until
    return WebResponse(json={"organization_id": organization, "until": views.moment(until)})
