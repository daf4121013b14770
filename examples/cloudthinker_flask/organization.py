"""The routes of an organization: its workspaces, members, settings and plan."""

from typing import Any

from flask import Blueprint, abort, g

from ctsec import Refusal
from ctsec.audit import Target, diff
from ctsec.ids import OrganizationId, UserId
from ctsec.rbac.preset import Permission
from examples.cloudthinker import catalogue, events
from examples.cloudthinker.inputs import NewWorkspace, PlanChange, SettingsChange
from examples.cloudthinker.models import BillingPlan, OrganizationSettings
from examples.cloudthinker_flask.parts import body, guard, record, security, sessions, surroundings

ORGANIZATION = "organization_id"
routes = Blueprint("organization", __name__, url_prefix="/v1")


@routes.get("/workspaces")
@guard.principal
def workspaces() -> dict[str, Any]:
    person = g.principal
    found = []
    with sessions.begin() as session:
        directory = security.join(session).directory
        mine = [each.id for each, _ in directory.organizations_of(UserId(person.id))]
        for organization in mine if person.organization is None else [person.organization]:
            for workspace in directory.workspaces(organization):
                access = security.gate.access(person, organization, workspace=workspace.id)
                if access.can(Permission.DASHBOARDS_VIEW):
                    found.append({"id": workspace.id, "name": workspace.name, "organization_id": organization})
    return {"workspaces": found}


@routes.post("/organizations/<organization_id>/workspaces")
@guard.require(Permission.WORKSPACES_MANAGE, organization=ORGANIZATION)
def create_workspace(organization_id: str) -> tuple[dict[str, Any], int]:
    name = body(NewWorkspace).name
    with sessions.begin() as session:
        unit = security.join(session, surroundings())
        workspace = unit.directory.create_workspace(g.principal, organization=OrganizationId(organization_id), name=name)
        if isinstance(workspace, Refusal):
            abort(422, workspace.detail)
        session.add_all(catalogue.first_dashboards(workspace.id))
    return {"id": workspace.id, "name": workspace.name, "organization_id": organization_id}, 201


@routes.get("/organizations/<organization_id>/members")
@guard.require(Permission.MEMBERS_MANAGE, organization=ORGANIZATION)
def members(organization_id: str) -> dict[str, Any]:
    with sessions.begin() as session:
        found = security.join(session).members.members(organization=OrganizationId(organization_id))
    return {"members": [{"user_id": each.membership.user_id, "name": each.name, "role": each.membership.role} for each in found]}


# What harms the whole organization, or costs money, takes a second factor.
@routes.put("/organizations/<organization_id>/settings")
@guard.require(Permission.ORGANIZATION_MANAGE, organization=ORGANIZATION, aal=2)
def change_settings(organization_id: str) -> dict[str, Any]:
    given = body(SettingsChange)
    with sessions.begin() as session:
        before = session.get(OrganizationSettings, organization_id)
        changes = diff({"weekly_report": before is not None and before.weekly_report}, {"weekly_report": given.weekly_report})
        settings = session.merge(OrganizationSettings(organization_id=organization_id, weekly_report=given.weekly_report))
        target = Target("organization", organization_id)
        record(session, g.principal, name=events.SETTINGS_CHANGED, target=target, organization=organization_id, changes=changes)
        return settings.as_json()


@routes.put("/organizations/<organization_id>/billing")
@guard.require(Permission.BILLING_MANAGE, organization=ORGANIZATION, aal=2)
def change_plan(organization_id: str) -> dict[str, Any]:
    given = body(PlanChange)
    with sessions.begin() as session:
        before = session.get(BillingPlan, organization_id)
        changes = diff({"plan": before.plan if before is not None else None}, {"plan": given.plan})
        plan = session.merge(BillingPlan(organization_id=organization_id, plan=given.plan))
        target = Target("organization", organization_id)
        record(session, g.principal, name=events.PLAN_CHANGED, target=target, organization=organization_id, changes=changes)
        return plan.as_json()
