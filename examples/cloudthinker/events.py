"""The application's own events in ctsec's audit log: what agents are asked and do, and what people change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ctsec import Principal
from ctsec.ambient import Ambient, Request
from ctsec.audit import Change, EventSchema, Target, build, personal, public
from ctsec.audit.event import NOTHING, Detail, Event
from ctsec.ids import OrganizationId, WorkspaceId
from ctsec.web.reading import Read

CONVERSATION_STARTED: Final = "agent.conversation_started"
MESSAGE_SENT: Final = "agent.message_sent"
CONVERSATIONS_VIEWED: Final = "agent.conversations_viewed"
DASHBOARDS_VIEWED: Final = "dashboards.viewed"
RECOMMENDATION_CREATED: Final = "recommendation.created"
OPERATION_APPROVED: Final = "operation.approved"
CONNECTION_ADDED: Final = "connection.added"
SETTINGS_CHANGED: Final = "settings.changed"
PLAN_CHANGED: Final = "plan.changed"

# Given to the bundle: an event that is not here, or says what is not declared here, is refused.
EVENTS: Final = (
    EventSchema(CONVERSATION_STARTED, {"agent": public(), "question": personal()}),
    EventSchema(MESSAGE_SENT, {"agent": public(), "characters": public(int)}),
    EventSchema(CONVERSATIONS_VIEWED),
    EventSchema(DASHBOARDS_VIEWED),
    EventSchema(RECOMMENDATION_CREATED, {"title": public()}),
    EventSchema(OPERATION_APPROVED),
    EventSchema(CONNECTION_ADDED, {"provider": public(), "read_only": public(bool)}),
    EventSchema(SETTINGS_CHANGED, changes={"weekly_report": public(bool)}),
    EventSchema(PLAN_CHANGED, changes={"plan": public()}),
)

# What the guards of both hosts declare: reading these is an event.
DASHBOARDS: Final = Read(name=DASHBOARDS_VIEWED)
CONVERSATIONS: Final = Read(name=CONVERSATIONS_VIEWED, kind="agent", target="agent")


def event(
    name: str,
    *,
    by: Principal,
    target: Target,
    request: Request,
    organization: str | None,
    workspace: str | None = None,
    changes: tuple[Change, ...] = (),
    details: Mapping[str, Detail] = NOTHING,
) -> Event:
    """Return the event `name` about `target`, to be recorded in the transaction of the change."""
    return build(
        name,
        ambient=Ambient(request=request),
        actor=by,
        targets=(target,),
        organization=OrganizationId(organization) if organization else None,
        workspace=WorkspaceId(workspace) if workspace else None,
        details=details,
        changes=changes,
    )
