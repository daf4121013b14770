"""The application's statements and rules; both hosts run them in their own session."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from sqlalchemy import CursorResult, Result, Select, Update, select, update

from examples.cloudthinker.models import Base, Connection, Conversation, Dashboard, Operation, Recommendation

AGENTS: Final = frozenset({"alex", "kai", "oliver", "tony"})
FIRST_DASHBOARDS: Final = ("Cloud spend", "Idle resources")


def first_dashboards(workspace_id: str) -> list[Dashboard]:
    """Return the dashboards that every workspace begins with."""
    return [Dashboard(workspace_id=workspace_id, title=title) for title in FIRST_DASHBOARDS]


def dashboards(workspace_id: str) -> Select[Dashboard]:
    """Return the query for a workspace's dashboards."""
    return select(Dashboard).where(Dashboard.workspace_id == workspace_id).order_by(Dashboard.title)


def conversations(workspace_id: str, agent: str) -> Select[Conversation]:
    """Return the query for the conversations with one agent."""
    mine = (Conversation.workspace_id == workspace_id) & (Conversation.agent == agent)
    return select(Conversation).where(mine).order_by(Conversation.started_at, Conversation.id)


def recommendations(workspace_id: str) -> Select[Recommendation]:
    """Return the query for a workspace's recommendations."""
    return select(Recommendation).where(Recommendation.workspace_id == workspace_id).order_by(Recommendation.title)


def connections(workspace_id: str) -> Select[Connection]:
    """Return the query for a workspace's connections."""
    return select(Connection).where(Connection.workspace_id == workspace_id).order_by(Connection.provider)


def converse(workspace_id: str, *, agent: str, question: str, by: str) -> Conversation:
    """Return a conversation with the agent's answer; a real agent would look into the customer's cloud."""
    answer = f"{agent} looked into it: nothing unusual"
    return Conversation(workspace_id=workspace_id, agent=agent, question=question, answer=answer, started_by=by)


def recommend(workspace_id: str, *, title: str, by: str) -> tuple[Recommendation, Operation]:
    """Return a recommendation with the operation that waits for approval."""
    recommendation = Recommendation(id=uuid4().hex, workspace_id=workspace_id, title=title, created_by=by)
    return recommendation, Operation(id=uuid4().hex, workspace_id=workspace_id, recommendation_id=recommendation.id)


def approve(workspace_id: str, operation_id: str, *, by: str) -> Update:
    """Return the statement that approves an operation once, in its own workspace only."""
    waiting = (Operation.id == operation_id) & (Operation.workspace_id == workspace_id) & Operation.approved_by.is_(None)
    return update(Operation).where(waiting).values(approved_by=by, approved_at=datetime.now(UTC))


def happened_once(result: Result[tuple[()]]) -> bool:
    """Say whether a statement changed exactly one row."""
    return isinstance(result, CursorResult) and result.rowcount == 1


def listed(rows: Iterable[Base]) -> list[dict[str, object]]:
    """Return rows as JSON values."""
    return [row.as_json() for row in rows]
