"""No coalition gains anything: the write rules under arbitrary histories."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from ctsec.ids import UserId
from ctsec.outcome import Refusal
from ctsec.rbac import Actor, Assignment, MembershipStatus, OrganizationRole, Policy, Standing
from ctsec.rbac.preset import POLICY
from ctsec.rbac.writes import may_end_membership, may_end_workspace_role, may_set_organization_role, may_set_workspace_role
from tests.unit.rbac.reference import DAYS, HERE, PRESETS, WORKSPACES, periods, standings

USERS = tuple(UserId(f"usr_{name}") for name in ("ann", "bob", "cyd", "dan", "eve"))
HR = OrganizationRole(name="custom", organization_mask=1 << 6 | 1 << 16, base=0, ceiling=POLICY.index.workspace_scope, rank=2)
BOSS = replace(HR, base=1 << 5 | 1, ceiling=1 << 5 | 1 | 2)
POLICIES = (
    *PRESETS,
    *(replace(POLICY, organization_roles=(*POLICY.organization_roles, role)) for role in (HR, BOSS)),
    Policy.from_matrix(("a:view", "a:edit"), "permission owner admin editor viewer\na:view yes yes - yes\na:edit yes - yes -"),
)
PLACES = ({}, *({"workspace": each, "workspace_organization": HERE} for each in (*WORKSPACES, "wsp_other")))
MOMENTS = (*DAYS, *(day + timedelta(hours=12) for day in DAYS))
people = st.sampled_from(USERS)
organization_roles = st.sampled_from(["viewer", "member", "custom", "admin", "owner"])
workspace_roles = st.sampled_from(["viewer", "operator", "editor", "admin"])
scopes = st.one_of(st.none(), st.frozensets(st.sampled_from([*POLICY.permissions, "a:view"])))


class Coalition(RuleBasedStateMachine):
    """Law 15 and 16: actors come from the coalition only; every step that the rules let pass is taken."""

    @initialize(policy=st.sampled_from(POLICIES), start=st.tuples(*(standings(user=user) for user in USERS[:4])), size=st.integers(1, 3))
    def begin(self, policy: Any, start: Any, size: Any) -> None:
        self.policy = policy
        self.state = {standing.user: standing for standing in start}
        self.coalition = USERS[:size]
        self.day = 0
        self.first = {(user, t, n): self.rights(user, t, n) for user in USERS for t in range(len(MOMENTS)) for n in range(len(PLACES))}

    @property
    def now(self) -> Any:
        return DAYS[self.day]

    def rights(self, user: Any, moment: Any, place: Any) -> Any:
        return self.policy.effective(self.state.get(user), now=MOMENTS[moment], **PLACES[place])

    def actor(self, who: Any, narrowed: Any) -> Any:
        user = self.coalition[who % len(self.coalition)]
        return Actor(standing=self.state[user], scopes=narrowed) if user in self.state else None

    def held(self, actor: Any, **place: Any) -> Any:
        return self.policy.access(actor.standing, now=self.now, scopes=actor.scopes, **place).mask

    @rule()
    def time_passes(self) -> None:
        self.day = min(self.day + 1, len(DAYS) - 1)

    @rule(who=st.integers(0, 2), narrowed=scopes, user=people, role=organization_roles, period=periods())
    def organization_role(self, who: Any, narrowed: Any, user: Any, role: Any, period: Any) -> None:
        actor, before = self.actor(who, narrowed), self.state.get(user)
        if actor is None or self.policy.organization_role(role) is None:
            return
        fresh = standings_for(user, role, period)
        after = fresh if before is None else replace(before, role=role, status=MembershipStatus.ACTIVE, **period)
        if may_set_organization_role(self.policy, actor=actor, before=before, after=after, now=self.now) is None:
            if user != actor.standing.user:
                assert not self.policy.organization_role(role).organization_mask & ~self.held(actor)
                assert not self.policy.effective(before, now=self.now) & ~self.held(actor)
                assert actor.standing.role == "owner" or "owner" not in {role, before.role if before else ""}
            self.state[user] = after

    @rule(who=st.integers(0, 2), narrowed=scopes, user=people, status=st.sampled_from(["suspended", "removed"]), forget=st.booleans())
    def end(self, who: Any, narrowed: Any, user: Any, status: Any, forget: Any) -> None:
        actor, target = self.actor(who, narrowed), self.state.get(user)
        if (
            actor is None
            or target is None
            or isinstance(may_end_membership(self.policy, actor=actor, target=target, now=self.now), Refusal)
        ):
            return
        self.state[user] = replace(target, status=MembershipStatus(status))
        if forget:
            del self.state[user]

    @rule(who=st.integers(0, 2), narrowed=scopes, user=people, place=st.sampled_from(PLACES[1:3]), role=workspace_roles, period=periods())
    def workspace_role(self, who: Any, narrowed: Any, user: Any, place: Any, role: Any, period: Any) -> None:
        actor, target = self.actor(who, narrowed), self.state.get(user)
        if actor is None or target is None:
            return
        grant = Assignment(role, **period)
        if may_set_workspace_role(self.policy, actor=actor, target=target, grant=grant, now=self.now, **place) is None:
            mask = self.policy.workspace_role(role).mask
            if user != actor.standing.user:
                assert not (mask | self.policy.effective(target, now=self.now, **place)) & ~self.held(actor, **place)
                lowest = min(self.policy.workspace_roles, key=lambda each: each.rank)
                assert role == lowest.name or not mask & ~self.policy.organization_role(target.role).ceiling
            self.state[user] = replace(target, workspaces={**target.workspaces, place["workspace"]: grant})

    @rule(who=st.integers(0, 2), narrowed=scopes, user=people, place=st.sampled_from(PLACES[1:3]))
    def end_workspace_role(self, who: Any, narrowed: Any, user: Any, place: Any) -> None:
        actor, target = self.actor(who, narrowed), self.state.get(user)
        if actor is None or target is None:
            return
        if may_end_workspace_role(self.policy, actor=actor, target=target, now=self.now, **place) is None:
            kept = {w: a for w, a in target.workspaces.items() if w != place["workspace"]}
            self.state[user] = replace(target, workspaces=kept)

    @invariant()
    def nobody_holds_more_than_the_coalition_did(self) -> None:
        """At every instant from now on, everybody holds at most what they would have had, or the coalition would have had between them."""
        for moment, instant in enumerate(MOMENTS):
            if instant < self.now:
                continue
            for place in range(len(PLACES)):
                shared = 0
                for user in self.coalition:
                    shared |= self.first[user, moment, place]
                for user in USERS:
                    assert not self.rights(user, moment, place) & ~(shared | self.first[user, moment, place])


def standings_for(user: Any, role: Any, period: Any) -> Any:
    """Return the standing of a newcomer."""
    return Standing(user=user, organization=HERE, role=role, **period)


def test_no_coalition_raises_itself() -> None:
    """Law 16: whatever its members do in whatever order, at no later instant does anybody hold what none of them would have held."""
    run_state_machine_as_test(Coalition, settings=settings(max_examples=150, stateful_step_count=20, deadline=None))
