"""The routes of a workspace, each under one permission of the matrix."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, abort, g
from sqlalchemy.orm import Session

from ctsec.audit import Target
from ctsec.audit.event import Detail
from ctsec.ids import WorkspaceId
from ctsec.rbac.preset import Permission
from examples.cloudthinker import catalogue, events
from examples.cloudthinker.inputs import NewConnection, NewRecommendation, Question
from examples.cloudthinker.models import Connection, Conversation, Recommendation
from examples.cloudthinker_flask.parts import body, guard, record, security, sessions

WORKSPACE = "workspace_id"
routes = Blueprint("workspace", __name__, url_prefix="/v1/workspaces/<workspace_id>")


@routes.get("/dashboards")
@guard.require(Permission.DASHBOARDS_VIEW, workspace=WORKSPACE, reads=events.DASHBOARDS)
def dashboards(workspace_id: str) -> dict[str, Any]:
    with sessions() as session:
        return {"dashboards": catalogue.listed(session.scalars(catalogue.dashboards(workspace_id)))}


@routes.get("/agents/<agent>/conversations")
@guard.require(Permission.AGENTS_RUN, workspace=WORKSPACE, reads=events.CONVERSATIONS)
def conversations(workspace_id: str, agent: str) -> dict[str, Any]:
    with sessions() as session:
        return {"conversations": catalogue.listed(session.scalars(catalogue.conversations(workspace_id, agent)))}


@routes.post("/agents/<agent>/conversations")
@guard.require(Permission.AGENTS_RUN, workspace=WORKSPACE)
def converse(workspace_id: str, agent: str) -> tuple[dict[str, Any], int]:
    if agent not in catalogue.AGENTS:
        abort(404, "there is no such agent")
    question = body(Question).question
    conversation = catalogue.converse(workspace_id, agent=agent, question=question, by=g.principal.id)
    with sessions.begin() as session:
        added = _add(conversation, events.CONVERSATION_STARTED, session, details={"agent": agent, "question": question})
        target = Target("conversation", conversation.id)
        sent: Mapping[str, Detail] = {"agent": agent, "characters": len(conversation.answer)}
        record(session, g.principal, name=events.MESSAGE_SENT, target=target, workspace=workspace_id, details=sent)
        return added, 201


@routes.get("/recommendations")
@guard.require(Permission.RECOMMENDATIONS_VIEW, workspace=WORKSPACE)
def recommendations(workspace_id: str) -> dict[str, Any]:
    with sessions() as session:
        return {"recommendations": catalogue.listed(session.scalars(catalogue.recommendations(workspace_id)))}


@routes.post("/recommendations")
@guard.require(Permission.RECOMMENDATIONS_CREATE, workspace=WORKSPACE)
def recommend(workspace_id: str) -> tuple[dict[str, Any], int]:
    recommendation, operation = catalogue.recommend(workspace_id, title=body(NewRecommendation).title, by=g.principal.id)
    with sessions.begin() as session:
        session.add(operation)
        added = _add(recommendation, events.RECOMMENDATION_CREATED, session, details={"title": recommendation.title})
        return added | {"operation_id": operation.id}, 201


@routes.post("/operations/<operation_id>/approve")
@guard.require(Permission.OPERATIONS_APPROVE, workspace=WORKSPACE)
def approve(workspace_id: str, operation_id: str) -> dict[str, str]:
    with sessions.begin() as session:
        if not catalogue.happened_once(session.execute(catalogue.approve(workspace_id, operation_id, by=g.principal.id))):
            abort(404, "there is no such operation that waits for approval")
        target = Target("operation", operation_id)
        record(session, g.principal, name=events.OPERATION_APPROVED, target=target, workspace=workspace_id)
    return {"operation_id": operation_id, "status": "approved"}


@routes.get("/connections")
@guard.require(Permission.CONNECTIONS_MANAGE, workspace=WORKSPACE)
def connections(workspace_id: str) -> dict[str, Any]:
    with sessions() as session:
        return {"connections": catalogue.listed(session.scalars(catalogue.connections(workspace_id)))}


@routes.post("/connections")
@guard.require(Permission.CONNECTIONS_MANAGE, workspace=WORKSPACE)
def connect(workspace_id: str) -> tuple[dict[str, Any], int]:
    given = body(NewConnection)
    connection = Connection(workspace_id=workspace_id, provider=given.provider, read_only=given.read_only)
    with sessions.begin() as session:
        told: Mapping[str, Detail] = {"provider": connection.provider, "read_only": connection.read_only}
        return _add(connection, events.CONNECTION_ADDED, session, details=told), 201


@routes.get("/members")
@guard.require(Permission.WORKSPACE_MEMBERS_MANAGE, workspace=WORKSPACE)
def members(workspace_id: str) -> dict[str, Any]:
    workspace = WorkspaceId(workspace_id)
    organization = security.gate.organization_of(workspace)
    if organization is None:
        abort(404, "there is no such workspace")
    with sessions.begin() as session:
        held = security.join(session).roles.in_workspace(organization=organization, workspace=workspace)
        return {"members": [{"user_id": each.user_id, "role": each.role} for each in held]}


def _add(row: Conversation | Recommendation | Connection, name: str, session: Session, details: Mapping[str, Detail]) -> dict[str, Any]:
    """Write a row and its event in one transaction."""
    session.add(row)
    session.flush()
    record(session, g.principal, name=name, target=Target(row.__tablename__, row.id), workspace=row.workspace_id, details=details)
    return row.as_json()
