"""The law of changes: nobody gives what they do not hold."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final, TypeAlias

from hypothesis import given
from hypothesis import strategies as st

from ctsec.ids import UserId, WorkspaceId
from ctsec.outcome import Refusal
from ctsec.rbac.policy import Policy
from ctsec.rbac.role import ADMIN, OWNER
from ctsec.rbac.standing import Standing
from ctsec.testing.conformance.expect import fail, holds
from ctsec.testing.laws.law import Case, Law, within
from ctsec.testing.strategies import DAYS, HERE, USERS, WORKSPACES, Period, keys, moments, organizations, periods
from ctsec.testing.world import Elevate, Key, SetOrganizationRole, SetWorkspaceRole, Step, World, attempts, play

# Nobody has a role in this workspace: in it, everybody holds what they hold everywhere.
_ELSEWHERE: Final = WorkspaceId("wsp_elsewhere")
EVERYWHERE: Final = (None, _ELSEWHERE, *WORKSPACES)
_Held: TypeAlias = dict[tuple[datetime, WorkspaceId | None], int]


def held(policy: Policy, standing: Standing | None, now: datetime, workspace: WorkspaceId | None, key: Key | None = None) -> int:
    """Return what a person holds in a place, through `key` if there is one."""
    scopes, pinned = (key.scopes, key.workspaces) if key is not None else (None, None)
    return policy.access(standing, now=now, workspace=workspace, workspace_organization=HERE, scopes=scopes, workspaces=pinned).mask


def _bound(case: Case) -> None:
    policy = case.policy

    @given(world=organizations(policy), by=keys(policy), workspace=st.sampled_from(WORKSPACES), period=periods(), now=moments())
    def law(world: World, by: Key, workspace: WorkspaceId, period: Period, now: datetime) -> None:
        instants = [*itertools.product((now, *(day for day in DAYS if day > now)), EVERYWHERE)]
        before = {user: {at: held(policy, world.standing(HERE, user), *at) for at in instants} for user in USERS}
        for actor, user in itertools.product(USERS, USERS):
            for step in every_attempt(policy, by=replace(by, owner=actor), user=user, workspace=workspace, period=period):
                after = play(policy, world, step, now=now)
                if not isinstance(after, Refusal):
                    _bounded(policy, world, step, after, before=before[user])
                    _judge(policy, world, step, now=now)

    case.search(law)


def every_attempt(policy: Policy, *, by: Key, user: UserId, workspace: WorkspaceId, period: Period) -> Iterator[Step]:
    """Yield everything that could be tried on somebody: in a period, for ever, and as long as anything drawn lasts."""
    spans = ((period["starts_at"], period["expires_at"]), (None, None), (DAYS[0], DAYS[-1]))
    return attempts(policy, by=by, user=user, workspace=workspace, spans=spans)


def _bounded(policy: Policy, world: World, step: Step, after: World, *, before: _Held) -> None:
    """Check what the person gets at any later instant, with what they had `before`, against what acts."""
    own = step.user == step.by.owner
    actor, target = world.standing(HERE, step.by.owner), after.standing(HERE, step.user)
    for (moment, place), had in before.items():
        gained = held(policy, target, moment, place) & ~had
        if gained:
            giving = "to add to their own rights" if own else "to give what they do not hold then"
            limit = 0 if own else held(policy, actor, moment, place, step.by)
            within(gained, limit, policy=policy, rule=f"expected nobody {giving}, as {step} does")


def _judge(policy: Policy, world: World, step: Step, *, now: datetime) -> None:
    """Check what the rules let pass: who acts, by what right, and on whom."""
    key = step.by
    actor, target = world.standing(HERE, key.owner), world.standing(HERE, step.user)
    if step.user == key.owner:
        return
    _manages(policy, actor, step, now)
    place = _place(step)
    for where in (None, _ELSEWHERE) if place is None else (place,):
        mine = held(policy, actor, now, where, key)
        theirs, given_now = held(policy, target, now, where), _given(policy, step, where)
        for mask, what in ((theirs, "touch who holds more"), (given_now, "give a role above their own")):
            if mask & ~mine:
                within(mask, mine, policy=policy, rule=f"expected nobody to {what}, as {step} does")
    if OWNER in _named(step, target) and (actor is None or actor.role != OWNER):
        fail(f"expected only an owner to make or change an owner, and {step} does")


def _place(step: Step) -> WorkspaceId | None:
    return step.elevation.workspace if isinstance(step, Elevate) else getattr(step, "workspace", None)


def _named(step: Step, target: Standing | None) -> Iterator[str]:
    if _place(step) is None:
        yield from (target.role,) if target is not None else ()
        yield from (step.role,) if isinstance(step, SetOrganizationRole) else ()


def _given(policy: Policy, step: Step, where: WorkspaceId | None) -> int:
    """Return the mask of the role that a step gives, in one of the places that it counts in.

    An elevation of the organization has an end, so it is judged by what it gives until then and not by what its role holds.
    """
    if isinstance(step, SetWorkspaceRole | Elevate):
        placed = policy.workspace_role(step.grant.role if isinstance(step, SetWorkspaceRole) else step.elevation.role)
        return placed.mask if placed is not None and _place(step) is not None else 0
    role = policy.organization_role(step.role) if isinstance(step, SetOrganizationRole) else None
    if role is None:
        return 0
    return role.organization_mask if where is None else role.base & role.ceiling


def _manages(policy: Policy, actor: Standing | None, step: Step, now: datetime) -> None:
    place, key = _place(step), step.by
    permission = policy.members_permission if place is None else policy.workspace_members_permission
    if permission is not None:
        allowed = bool(held(policy, actor, now, place, key) & policy.index.bit(permission))
        holds(allowed, f"expected nobody to change a member's roles without {permission}")
        return
    whole = key.scopes is None and key.workspaces is None
    heads = actor is not None and place is not None and (own := actor.workspaces.get(place)) is not None and own.role == ADMIN
    leads = actor is not None and actor.in_force(now) and (actor.role in {OWNER, ADMIN} or heads)
    holds(whole and leads, "expected only owners, admins, and admins of the workspace to change a member's roles")


WRITES = (
    Law(
        number=15,
        name="grant bound",
        statement="a change is made by who manages the people there, gives no more than they hold for as long, and touches nobody above",
        hold=_bound,
    ),
)
