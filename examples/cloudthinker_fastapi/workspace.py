"""The routes of a workspace, each under one permission of the matrix."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Request

from ctsec import Principal
from ctsec.audit import Target
from ctsec.audit.event import Detail
from ctsec.ids import WorkspaceId
from ctsec.rbac.preset import Permission
from examples.cloudthinker import catalogue, events
from examples.cloudthinker.inputs import NewConnection, NewRecommendation, Question
from examples.cloudthinker.models import Connection, Conversation, Recommendation
from examples.cloudthinker_fastapi.parts import Session, guard, record, security

WORKSPACE = "workspace_id"
# What is read here is an event, not only what is changed.
Viewer = Annotated[Principal, guard.require(Permission.DASHBOARDS_VIEW, workspace=WORKSPACE, reads=events.DASHBOARDS)]
Listener = Annotated[Principal, guard.require(Permission.AGENTS_RUN, workspace=WORKSPACE, reads=events.CONVERSATIONS)]
Runner = Annotated[Principal, guard.require(Permission.AGENTS_RUN, workspace=WORKSPACE)]
Reader = Annotated[Principal, guard.require(Permission.RECOMMENDATIONS_VIEW, workspace=WORKSPACE)]
Author = Annotated[Principal, guard.require(Permission.RECOMMENDATIONS_CREATE, workspace=WORKSPACE)]
Approver = Annotated[Principal, guard.require(Permission.OPERATIONS_APPROVE, workspace=WORKSPACE)]
Connector = Annotated[Principal, guard.require(Permission.CONNECTIONS_MANAGE, workspace=WORKSPACE)]
MemberKeeper = Annotated[Principal, guard.require(Permission.WORKSPACE_MEMBERS_MANAGE, workspace=WORKSPACE)]

router = APIRouter(prefix="/v1/workspaces/{workspace_id}")


@router.get("/dashboards")
async def dashboards(workspace_id: str, _: Viewer, session: Session) -> dict[str, Any]:
    return {"dashboards": catalogue.listed(await session.scalars(catalogue.dashboards(workspace_id)))}


@router.get("/agents/{agent}/conversations")
async def conversations(workspace_id: str, agent: str, _: Listener, session: Session) -> dict[str, Any]:
    return {"conversations": catalogue.listed(await session.scalars(catalogue.conversations(workspace_id, agent)))}


@router.post("/agents/{agent}/conversations", status_code=201)
async def converse(workspace_id: str, agent: str, asked: Question, person: Runner, session: Session, request: Request) -> dict[str, Any]:
    if agent not in catalogue.AGENTS:
        raise HTTPException(404, "there is no such agent")
    conversation = catalogue.converse(workspace_id, agent=agent, question=asked.question, by=person.id)
    added = await _add(
        conversation, events.CONVERSATION_STARTED, session, request, person, details={"agent": agent, "question": asked.question}
    )
    target = Target("conversation", conversation.id)
    sent: Mapping[str, Detail] = {"agent": agent, "characters": len(conversation.answer)}
    await record(session, request, person, name=events.MESSAGE_SENT, target=target, workspace=workspace_id, details=sent)
    return added


@router.get("/recommendations")
async def recommendations(workspace_id: str, _: Reader, session: Session) -> dict[str, Any]:
    return {"recommendations": catalogue.listed(await session.scalars(catalogue.recommendations(workspace_id)))}


@router.post("/recommendations", status_code=201)
async def recommend(workspace_id: str, given: NewRecommendation, person: Author, session: Session, request: Request) -> dict[str, Any]:
    recommendation, operation = catalogue.recommend(workspace_id, title=given.title, by=person.id)
    session.add(operation)
    added = await _add(recommendation, events.RECOMMENDATION_CREATED, session, request, person, details={"title": given.title})
    return added | {"operation_id": operation.id}


@router.post("/operations/{operation_id}/approve")
async def approve(workspace_id: str, operation_id: str, person: Approver, session: Session, request: Request) -> dict[str, str]:
    if not catalogue.happened_once(await session.execute(catalogue.approve(workspace_id, operation_id, by=person.id))):
        raise HTTPException(404, "there is no such operation that waits for approval")
    await record(session, request, person, name=events.OPERATION_APPROVED, target=Target("operation", operation_id), workspace=workspace_id)
    return {"operation_id": operation_id, "status": "approved"}


@router.get("/connections")
async def connections(workspace_id: str, _: Connector, session: Session) -> dict[str, Any]:
    return {"connections": catalogue.listed(await session.scalars(catalogue.connections(workspace_id)))}


@router.post("/connections", status_code=201)
async def connect(workspace_id: str, given: NewConnection, person: Connector, session: Session, request: Request) -> dict[str, Any]:
    connection = Connection(workspace_id=workspace_id, provider=given.provider, read_only=given.read_only)
    told: Mapping[str, Detail] = {"provider": connection.provider, "read_only": connection.read_only}
    return await _add(connection, events.CONNECTION_ADDED, session, request, person, details=told)


@router.get("/members")
async def members(workspace_id: WorkspaceId, _: MemberKeeper, session: Session) -> dict[str, Any]:
    organization = await security.gate.organization_of(workspace_id)
    if organization is None:
        raise HTTPException(404, "there is no such workspace")
    held = await security.join(session).roles.in_workspace(organization=organization, workspace=workspace_id)
    return {"members": [{"user_id": each.user_id, "role": each.role} for each in held]}


async def _add(
    row: Conversation | Recommendation | Connection,
    name: str,
    session: Session,
    request: Request,
    person: Principal,
    details: Mapping[str, Detail],
) -> dict[str, Any]:
    """Write a row and its event in one transaction."""
    session.add(row)
    await session.flush()
    kind = row.__tablename__
    await record(session, request, person, name=name, target=Target(kind, row.id), workspace=row.workspace_id, details=details)
    return row.as_json()
