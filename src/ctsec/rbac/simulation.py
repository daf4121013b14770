"""Who would gain and lose what, if one policy took the place of another: on the people that are stored, before anybody changes anything.

Rules that this module keeps:

- it is a stream: one person in, what changes for them out, so the size of an organization does not matter;
- a person is looked at in the organization, in each workspace in which they hold a role, and in all others at once (`ELSEWHERE`), since
  everything else about a place is the same for all of these;
- what counts is what is in force at `now`, as in a check; what changes for a role that sleeps is not told;
- a role that the policy no longer has gives nothing; whoever bears it is named, whether it gave something at `now` or not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.rbac.policy import Policy
from ctsec.rbac.standing import Standing

# No workspace has this id: it stands for every workspace that somebody has no role in.
ELSEWHERE: Final = WorkspaceId("")


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonChange:
    """What changes for a person in one place: the organization (None), a workspace, or every other one (`ELSEWHERE`).

    `vanished` names the roles held there that the policy afterwards does not have.
    """

    user: UserId
    organization: OrganizationId
    workspace: WorkspaceId | None
    gains: tuple[str, ...]
    losses: tuple[str, ...]
    vanished: tuple[str, ...] = ()


def simulate(before: Policy, after: Policy, standings: Iterable[Standing], *, now: datetime) -> Iterator[PersonChange]:
    """Yield what would change at `now`, person by person in the order of `standings`, place by place; nothing where nothing changes."""
    for standing in standings:
        yield from _person(before, after, standing, now)


def _person(before: Policy, after: Policy, standing: Standing, now: datetime) -> Iterator[PersonChange]:
    raised = {each.workspace for each in standing.elevations if each.workspace is not None}
    for workspace in (None, *sorted({*standing.workspaces, *raised}), ELSEWHERE):
        old, new = (_held(policy, standing, workspace, now) for policy in (before, after))
        vanished = _vanished(before, after, standing, workspace)
        if old != new or vanished:
            yield PersonChange(
                user=standing.user,
                organization=standing.organization,
                workspace=workspace,
                gains=tuple(name for name in new if name not in old),
                losses=tuple(name for name in old if name not in new),
                vanished=vanished,
            )


def _held(policy: Policy, standing: Standing, workspace: WorkspaceId | None, now: datetime) -> dict[str, None]:
    mask = policy.effective(standing, now=now, workspace=workspace, workspace_organization=standing.organization)
    return dict.fromkeys(str(name) for name in policy.index.names_of(mask))


def _vanished(before: Policy, after: Policy, standing: Standing, workspace: WorkspaceId | None) -> tuple[str, ...]:
    """Return the names of roles held in a place that only the policy before has, in alphabetical order."""
    names = {each.role for each in standing.elevations if each.workspace == workspace}
    if workspace is None:
        names.add(standing.role)
        return tuple(sorted(each for each in names if before.organization_role(each) and not after.organization_role(each)))
    if (assignment := standing.workspaces.get(workspace)) is not None:
        names.add(assignment.role)
    return tuple(sorted(each for each in names if before.workspace_role(each) and not after.workspace_role(each)))
