"""Laws of changes: what is given can be taken back, nobody gives what they do not hold, and what excludes itself is never held together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from ctsec.ids import UserId, WorkspaceId
from ctsec.outcome import Refusal
from ctsec.rbac.elevating import elevation_refusal
from ctsec.rbac.policy import Policy
from ctsec.rbac.role import MEMBER, OWNER
from ctsec.rbac.standing import Assignment, Elevation, Standing
from ctsec.testing.conformance.expect import equal, holds
from ctsec.testing.laws.law import Case, Law, within
from ctsec.testing.strategies import DAYS, HERE, TICK, USERS, WORKSPACES, elevations, histories, moments, organizations, standings, steps
from ctsec.testing.world import Elevate, EndMembership, EndWorkspaceRole, Key, SetWorkspaceRole, Step, World, play

# No workspace: in it, everybody holds what they hold everywhere.
_ELSEWHERE = WorkspaceId("wsp_elsewhere")
_PLACES = (None, _ELSEWHERE, *WORKSPACES)


def _rights(policy: Policy, standing: Standing | None, now: datetime, place: WorkspaceId | None) -> int:
    return policy.effective(standing, now=now, workspace=place, workspace_organization=HERE if place is not None else None)


def _inverse(case: Case) -> None:
    policy = case.policy

    @given(world=organizations(policy), step=steps(policy), now=moments())
    def law(world: World, step: Step, now: datetime) -> None:
        equal(play(policy, world, step, now=now), play(policy, world, step, now=now))
        given_once = play(policy, world, step, now=now)
        before = world.standing(HERE, step.user)
        if isinstance(given_once, Refusal) or before is None:
            return
        if isinstance(step, SetWorkspaceRole) and step.user != step.by.owner:
            equal(play(policy, given_once, step, now=now), given_once)
            if step.workspace not in before.workspaces:
                taken = EndWorkspaceRole(by=step.by, user=step.user, workspace=step.workspace)
                equal(play(policy, given_once, taken, now=now), world)

    case.search(law)


def _bound(case: Case) -> None:
    policy = case.policy

    @given(world=organizations(policy), step=steps(policy), now=moments(), ends=_ends())
    def law(world: World, step: Step, now: datetime, ends: datetime | None) -> None:
        world = _ending(world, {step.by.owner}, ends)
        after = play(policy, world, step, now=now)
        if isinstance(after, Refusal) or step.by.owner == step.user or isinstance(step, EndMembership | EndWorkspaceRole):
            return
        actor, old, new = (each.standing(HERE, user) for each, user in ((world, step.by.owner), (world, step.user), (after, step.user)))
        for moment in {now, *(day for day in DAYS if day > now)}:
            for place in _PLACES:
                gained = _rights(policy, new, moment, place) & ~_rights(policy, old, moment, place)
                held = policy.access(
                    actor,
                    now=moment,
                    workspace=place,
                    workspace_organization=HERE if place is not None else None,
                    scopes=step.by.scopes,
                    workspaces=step.by.workspaces,
                )
                within(gained, held.mask, policy=policy, rule=f"expected nobody to give what they do not hold at {moment}")

    case.search(law)


def _coalition(case: Case) -> None:
    policy = case.policy
    members = st.frozensets(st.sampled_from(USERS), min_size=1, max_size=3)

    @given(world=organizations(policy), coalition=members, data=st.data(), now=moments(), ends=_ends())
    def law(world: World, coalition: frozenset[UserId], data: st.DataObject, now: datetime, ends: datetime | None) -> None:
        world = _ending(world, coalition, ends)
        # Whoever was in no organization, and is let in by the coalition, is one of theirs.
        made = {user for user in USERS if world.standing(HERE, user) is None}
        played = world
        for step in data.draw(histories(policy, actors=sorted(coalition), max_steps=8)):
            after = play(policy, played, step, now=now)
            played = played if isinstance(after, Refusal) else after
        for moment in (now, *DAYS):
            if moment < now:
                continue
            for place in _PLACES:
                before = _union(policy, world, coalition, moment, place)
                later = _union(policy, played, coalition | made, moment, place)
                within(later, before, policy=policy, rule=f"expected {', '.join(sorted(coalition))} to hold no more together at {moment}")

    case.search(law)


def _ends() -> st.SearchStrategy[datetime | None]:
    return st.one_of(st.none(), st.sampled_from(DAYS[2:]))


def _ending(world: World, people: Iterable[UserId], ends: datetime | None) -> World:
    """Return the world in which the memberships of `people` end at `ends`, so that what they give could outlast them."""
    for user in people:
        standing = world.standing(HERE, user)
        if standing is not None and ends is not None:
            world = world.after(replace(standing, starts_at=None, expires_at=ends))
    return world


def _union(policy: Policy, world: World, people: frozenset[UserId] | set[UserId], now: datetime, place: WorkspaceId | None) -> int:
    mask = 0
    for user in people:
        mask |= _rights(policy, world.standing(HERE, user), now, place)
    return mask


def _separation(case: Case) -> None:
    names = [role.name for role in case.policy.workspace_roles]
    if len(names) < 2:
        return
    policy = case.policy if case.policy.exclusive_roles else replace(case.policy, exclusive_roles=(frozenset(names[:2]),))

    def together(standing: Standing) -> bool:
        held = {each.role for each in standing.workspaces.values()}
        held |= {each.role for each in standing.elevations if each.workspace is not None}
        return any(len(exclusive & held) > 1 for exclusive in policy.exclusive_roles)

    exclusive = st.sampled_from(policy.exclusive_roles).map(sorted)

    @given(world=organizations(policy), history=histories(policy), now=moments(), names=exclusive, raised=st.booleans())
    def law(world: World, history: tuple[Step, ...], now: datetime, names: list[str], raised: bool) -> None:
        person = Standing(user=USERS[1], organization=HERE, role=MEMBER, workspaces={WORKSPACES[0]: Assignment(names[0])})
        owner = Key(owner=USERS[0], organization=HERE)
        timed = Elevation(role=names[1], starts_at=now, expires_at=now + TICK, workspace=WORKSPACES[1])
        lasting = SetWorkspaceRole(by=owner, user=USERS[1], workspace=WORKSPACES[1], grant=Assignment(names[1]))
        second = play(policy, world.after(person), Elevate(by=owner, user=USERS[1], elevation=timed) if raised else lasting, now=now)
        holds(isinstance(second, Refusal), f"expected nobody to be given {names[1]} beside {names[0]}")
        before = {key for key, standing in world.standings.items() if together(standing)}
        for step in history:
            after = play(policy, world, step, now=now)
            world = world if isinstance(after, Refusal) else after
        for key, standing in world.standings.items():
            holds(key in before or not together(standing), "expected nobody to be given two roles that exclude each other")

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
        for moment in {now, *(day for day in DAYS if day > now)}:
            for place in _PLACES:
                gained = _rights(policy, after, moment, place) & ~_rights(policy, standing, moment, place)
                rule = "expected what is taken for a time to be within what an owner holds"
                within(gained, _rights(policy, owner, moment, place), policy=policy, rule=rule)
                holds(not gained or elevation.in_force(moment), "expected what is taken for a time to count in that time only")

    case.search(law)


WRITES = (
    Law(
        number=11,
        name="grant and revoke",
        statement="what was given and is taken back leaves things as they were; doing it twice is doing it once",
        hold=_inverse,
    ),
    Law(
        number=15,
        name="grant bound",
        statement="what a change adds, now or later, is held by who makes it, there and then, through the credential that makes it",
        hold=_bound,
    ),
    Law(
        number=16,
        name="no escalation by a coalition",
        statement="whatever people do among themselves, they and those they let in hold no more together than they did",
        hold=_coalition,
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
