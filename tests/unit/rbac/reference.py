"""People with short names, and what is drawn around them; the evaluator that everything is compared with is `ctsec.testing.reference`."""

from __future__ import annotations

from typing import Any

from ctsec.ids import UserId, WorkspaceId
from ctsec.rbac import Assignment, Standing
from ctsec.rbac.preset import preset_policy
from ctsec.testing import strategies
from ctsec.testing.reference import allowed
from ctsec.testing.strategies import DAYS, HERE, THERE, assignments, elevations, periods, policies

__all__ = [
    "ANN",
    "DAYS",
    "HERE",
    "NOW",
    "PLACES",
    "PRESETS",
    "THERE",
    "WORKSPACES",
    "assignments",
    "elevations",
    "member",
    "periods",
    "policies",
    "reference",
    "standings",
]

ANN = strategies.USERS[0]
WORKSPACES = strategies.WORKSPACES[:2]
PLACES = strategies.PLACES
NOW = DAYS[3]
reference: Any = allowed
PRESETS = (preset_policy(), preset_policy(viewer_ceiling=False), preset_policy(organization_wide_view=True))


def member(role: Any, *, user: Any = ANN, organization: Any = HERE, one: Any = None, two: Any = None) -> Any:
    """Return an active standing with workspace roles in the first two workspaces."""
    held: dict[WorkspaceId, Any] = dict(zip(WORKSPACES, (one, two), strict=True))
    roles = {place: Assignment(each) for place, each in held.items() if each is not None}
    return Standing(user=UserId(user), organization=organization, role=role, workspaces=roles)


def standings(roles: Any = None, organization: Any = HERE, user: Any = ANN) -> Any:
    """Draw what a person is in the first two workspaces, roles that no policy has included."""
    return strategies.standings(roles=roles, organization=organization, user=user)
