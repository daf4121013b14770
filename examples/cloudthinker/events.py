"""The application's own events in ctsec's audit log."""

from __future__ import annotations

from typing import Final

from ctsec import Principal
from ctsec.ambient import Ambient, Request
from ctsec.audit.event import Detail, Event, Target, build
from ctsec.ids import OrganizationId, WorkspaceId

CONVERSATION_STARTED: Final = "agent.conversation_started"
RECOMMENDATION_CREATED: Final = "recommendation.created"
OPERATION_APPROVED: Final = "operation.approved"
CONNECTION_ADDED: Final = "connection.added"
SETTINGS_CHANGED: Final = "settings.changed"
PLAN_CHANGED: Final = "plan.changed"


def event(
    name: str,
    *,
    by: Principal,
    target: Target,
    request: Request,
    organization: str | None,
    workspace: str | None = None,
    **details: Detail,
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
    )
