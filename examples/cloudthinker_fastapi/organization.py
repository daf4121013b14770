"""The routes of an organization: its workspaces, members, settings and plan."""

from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Request

from ctsec import Principal, Refusal
from ctsec.audit import Target, diff
from ctsec.ids import OrganizationId, UserId
from ctsec.rbac.preset import Permission
from examples.cloudthinker import catalogue, events
from examples.cloudthinker.inputs import NewWorkspace, PlanChange, SettingsChange
from examples.cloudthinker.models import BillingPlan, OrganizationSettings
from examples.cloudthinker_fastapi.parts import Session, guard, record, security, surroundings

ORGANIZATION = "organization_id"
Builder = Annotated[Principal, guard.require(Permission.WORKSPACES_MANAGE, organization=ORGANIZATION)]
MemberKeeper = Annotated[Principal, guard.require(Permission.MEMBERS_MANAGE, organization=ORGANIZATION)]
# What harms the whole organization, or costs money, takes a second factor.
Administrator = Annotated[Principal, guard.require(Permission.ORGANIZATION_MANAGE, organization=ORGANIZATION, aal=2)]
Payer = Annotated[Principal, guard.require(Permission.BILLING_MANAGE, organization=ORGANIZATION, aal=2)]
SignedIn = Annotated[Principal, guard.principal]

router = APIRouter(prefix="/v1")


@router.get("/workspaces")
async def workspaces(person: SignedIn, session: Session) -> dict[str, Any]:
    directory = security.join(session).directory
    mine = [each.id for each, _ in await directory.organizations_of(UserId(person.id))]
    found = []
    for organization in mine if person.organization is None else [person.organization]:
        for workspace in await directory.workspaces(organization):
            access = await security.gate.access(person, organization, workspace=workspace.id)
            if access.can(Permission.DASHBOARDS_VIEW):
                found.append({"id": workspace.id, "name": workspace.name, "organization_id": organization})
    return {"workspaces": found}


@router.post("/organizations/{organization_id}/workspaces", status_code=201)
async def create_workspace(
    organization_id: OrganizationId, given: NewWorkspace, person: Builder, session: Session, request: Request
) -> dict[str, Any]:
    unit = security.join(session, surroundings(request))
    workspace = await unit.directory.create_workspace(person, organization=organization_id, name=given.name)
    if isinstance(workspace, Refusal):
        raise HTTPException(422, workspace.detail)
    session.add_all(catalogue.first_dashboards(workspace.id))
    return {"id": workspace.id, "name": workspace.name, "organization_id": organization_id}


@router.get("/organizations/{organization_id}/members")
async def members(organization_id: OrganizationId, _: MemberKeeper, session: Session) -> dict[str, Any]:
    found = await security.join(session).members.members(organization=organization_id)
    return {"members": [{"user_id": each.membership.user_id, "name": each.name, "role": each.membership.role} for each in found]}


@router.put("/organizations/{organization_id}/settings")
async def change_settings(
    organization_id: str, given: SettingsChange, person: Administrator, session: Session, request: Request
) -> dict[str, Any]:
    before = await session.get(OrganizationSettings, organization_id)
    changes = diff({"weekly_report": before is not None and before.weekly_report}, {"weekly_report": given.weekly_report})
    settings = await session.merge(OrganizationSettings(organization_id=organization_id, weekly_report=given.weekly_report))
    target = Target("organization", organization_id)
    await record(session, request, person, name=events.SETTINGS_CHANGED, target=target, organization=organization_id, changes=changes)
    return settings.as_json()


@router.put("/organizations/{organization_id}/billing")
async def change_plan(organization_id: str, given: PlanChange, person: Payer, session: Session, request: Request) -> dict[str, Any]:
    before = await session.get(BillingPlan, organization_id)
    changes = diff({"plan": before.plan if before is not None else None}, {"plan": given.plan})
    plan = await session.merge(BillingPlan(organization_id=organization_id, plan=given.plan))
    target = Target("organization", organization_id)
    await record(session, request, person, name=events.PLAN_CHANGED, target=target, organization=organization_id, changes=changes)
    return plan.as_json()
