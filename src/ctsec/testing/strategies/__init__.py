"""Hypothesis strategies for the tests of hosts: permissions, policies, what people are, small organizations, and histories of them.

They need the extra `testing`. Ids are valid and few, so that drawn values meet; times are around a few days, to the microsecond.
"""

from __future__ import annotations

from ctsec.testing.strategies.organizations import histories, keys, organizations, steps
from ctsec.testing.strategies.people import (
    FOREIGN_WORKSPACES,
    GONE,
    HERE,
    PLACES,
    THERE,
    USERS,
    WORKSPACES,
    Place,
    assignments,
    elevations,
    pinned,
    places,
    scopes,
    standings,
)
from ctsec.testing.strategies.policies import masks, permissions, policies, unknown_permissions
from ctsec.testing.strategies.questions import questions
from ctsec.testing.strategies.times import DAYS, TICK, Period, moments, periods, spans

__all__ = [
    "DAYS",
    "FOREIGN_WORKSPACES",
    "GONE",
    "HERE",
    "PLACES",
    "THERE",
    "TICK",
    "USERS",
    "WORKSPACES",
    "Period",
    "Place",
    "assignments",
    "elevations",
    "histories",
    "keys",
    "masks",
    "moments",
    "organizations",
    "periods",
    "permissions",
    "pinned",
    "places",
    "policies",
    "questions",
    "scopes",
    "spans",
    "standings",
    "steps",
    "unknown_permissions",
]
