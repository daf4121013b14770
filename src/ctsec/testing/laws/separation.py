"""Laws of what is never given, or never at once: what can be taken back, roles that exclude each other, and what is behind the glass."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from ctsec.ids import WorkspaceId
from ctsec.outcome import Refusal
from ctsec.rbac.elevation_writes import elevation_refusal
from ctsec.rbac.role import OWNER
from ctsec.rbac.standing import Elevation, Standing
from ctsec.testing.conformance.expect import equal, holds
from ctsec.testing.laws.law import Case, Law, within
from ctsec.testing.laws.writes import EVERYWHERE, every_attempt, held
from ctsec.testing.strategies import DAYS, HERE, USERS, WORKSPACES, Period, elevations, keys, moments, organizations, periods, standings
from ctsec.testing.world import EndWorkspaceRole, Key, SetWorkspaceRole, World, play


def _inverse(case: Case) -> None:
    policy = case.policy

    @given(world=organizations(policy), by=keys(policy), workspace=st.sampled_from(WORKSPACES), period=periods(), now=moments())
    def law(world: World, by: Key, workspace: WorkspaceId, period: Period, now: datetime) -> None:
        for user in USERS:
            before = world.standing(HERE, user)
            for step in every_attempt(policy, by=by, user=user, workspace=workspace, period=period):
                after = play(policy, world, step, now=now)
                if isinstance(after, Refusal) or before is None or not isinstance(step, SetWorkspaceRole):
                    continue
                equal(play(policy, after, step, now=now), after)
                if workspace not in before.workspaces:
                    taken = EndWorkspaceRole(by=by, user=user, workspace=workspace)
                    equal(play(policy, after, taken, now=now), world)
                    equal(play(policy, world, taken, now=now), world)

    case.search(law)


def _separation(case: Case) -> None:
    names = [role.name for role in case.policy.workspace_roles]
    if len(names) < 2:
        return
    policy = case.policy if case.policy.exclusive_roles else replace(case.policy, exclusive_roles=(frozenset(names[:2]),))

    def together(standing: Standing | None) -> bool:
        given = {each.role for each in standing.workspaces.values()} if standing is not None else set[str]()
        given |= {each.role for each in standing.elevations if each.workspace is not None} if standing is not None else set[str]()
        return any(len(exclusive & given) > 1 for exclusive in policy.exclusive_roles)

    @given(world=organizations(policy), by=keys(policy), workspace=st.sampled_from(WORKSPACES), period=periods(), now=moments())
    def law(world: World, by: Key, workspace: WorkspaceId, period: Period, now: datetime) -> None:
        for user in USERS:
            for step in every_attempt(policy, by=by, user=user, workspace=workspace, period=period):
                after = play(policy, world, step, now=now)
                if not isinstance(after, Refusal) and together(after.standing(HERE, user)):
                    # What somebody holds already, from before the roles excluded each other, may be there still.
                    holds(
                        together(world.standing(HERE, user)),
                        f"expected nobody to be given two roles that exclude each other, as {step} does",
                    )

    case.search(law)


def _behind_the_glass(case: Case) -> None:
    policy = case.policy
    owner = Standing(user=USERS[0], organization=HERE, role=OWNER)

    @given(standing=standings(policy), elevation=elevations(policy), now=moments())
    def law(standing: Standing, elevation: Elevation, now: datetime) -> None:
        if elevation_refusal(policy, target=standing, elevation=elevation, now=now) is not None:
            return
        holds(elevation.role != OWNER or elevation.workspace is not None, "expected nobody to be raised to owner for a time")
        after = replace(standing, elevations=(*standing.elevations, elevation))
        for moment, place in itertools.product((now, *(day for day in DAYS if day > now)), EVERYWHERE):
            gained = held(policy, after, moment, place) & ~held(policy, standing, moment, place)
            limit = held(policy, owner, moment, place)
            within(gained, limit, policy=policy, rule="expected what is taken for a time to be within what an owner holds")
            holds(not gained or elevation.in_force(moment), "expected what is taken for a time to count in that time only")

    case.search(law)


SEPARATION = (
    Law(
        number=11,
        name="grant and revoke",
        statement="what was given and is taken back leaves things as they were; doing it twice is doing it once",
        hold=_inverse,
    ),
    Law(
        number=25,
        name="separation of duties",
        statement="of roles that exclude each other nobody is given both, in whichever workspaces, for a time or not",
        hold=_separation,
    ),
    Law(
        number=26,
        name="behind the glass",
        statement="what can be taken for a time is within what an owner holds, is never the owner's role, and ends",
        hold=_behind_the_glass,
    ),
)
