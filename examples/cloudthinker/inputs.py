"""What the application's routes take, checked by pydantic in both hosts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Input(BaseModel):
    """A body of a request: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Question(Input):
    """What an agent is asked."""

    question: Annotated[str, StringConstraints(min_length=1, max_length=4000)]


class NewWorkspace(Input):
    """A workspace."""

    name: Line


class NewRecommendation(Input):
    """A proposal."""

    title: Line


class NewConnection(Input):
    """A cloud account to connect."""

    provider: Literal["aws", "azure", "gcp"]
    read_only: bool = True


class SettingsChange(Input):
    """The organization's choices."""

    weekly_report: bool


class PlanChange(Input):
    """The plan to change to."""

    plan: Literal["starter", "team", "enterprise"]
