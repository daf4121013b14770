"""The application's own tables, in its own models, in the same SQLite file as ctsec's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import DateTime, String, inspect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """The application's metadata; ctsec's tables are not in it."""

    def as_json(self) -> dict[str, Any]:
        """Return the columns of this row as JSON values."""
        values = {column.key: getattr(self, column.key) for column in inspect(type(self)).columns}
        return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


def _id() -> str:
    return uuid4().hex


def _now() -> datetime:
    return datetime.now(UTC)


class Dashboard(Base):
    """What people of a workspace look at."""

    __tablename__ = "dashboard"
    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=_id)
    workspace_id: Mapped[str] = mapped_column(String(40), index=True)
    title: Mapped[str] = mapped_column(String(200))


class Conversation(Base):
    """A conversation of a person with one of the agents."""

    __tablename__ = "conversation"
    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=_id)
    workspace_id: Mapped[str] = mapped_column(String(40), index=True)
    agent: Mapped[str] = mapped_column(String(40))
    question: Mapped[str] = mapped_column(String(4000))
    answer: Mapped[str] = mapped_column(String(4000))
    started_by: Mapped[str] = mapped_column(String(40))
    started_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=_now)


class Recommendation(Base):
    """A proposal to save money; approving its operation carries it out."""

    __tablename__ = "recommendation"
    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=_id)
    workspace_id: Mapped[str] = mapped_column(String(40), index=True)
    title: Mapped[str] = mapped_column(String(200))
    created_by: Mapped[str] = mapped_column(String(40))


class Operation(Base):
    """A change in the customer's cloud that waits for somebody's approval."""

    __tablename__ = "operation"
    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=_id)
    workspace_id: Mapped[str] = mapped_column(String(40), index=True)
    recommendation_id: Mapped[str] = mapped_column(String(32))
    approved_by: Mapped[str | None] = mapped_column(String(40), default=None)
    approved_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), default=None)


class Connection(Base):
    """A cloud account that a workspace is connected to."""

    __tablename__ = "connection"
    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=_id)
    workspace_id: Mapped[str] = mapped_column(String(40), index=True)
    provider: Mapped[str] = mapped_column(String(40))
    read_only: Mapped[bool] = mapped_column(default=True)


class OrganizationSettings(Base):
    """What an organization has chosen."""

    __tablename__ = "organization_settings"
    organization_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    weekly_report: Mapped[bool] = mapped_column(default=False)


class BillingPlan(Base):
    """What an organization pays for."""

    __tablename__ = "billing_plan"
    organization_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    plan: Mapped[str] = mapped_column(String(40), default="starter")
