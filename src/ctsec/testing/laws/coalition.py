"""The law of coalitions: nobody gains anything, whatever some people do together, in whatever order, while time passes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final, TypeAlias

import hypothesis
from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from ctsec.ids import UserId, WorkspaceId
from ctsec.outcome import Refusal
from ctsec.rbac.policy import Policy
from ctsec.testing.laws.law import Case, Law, within
from ctsec.testing.laws.writes import EVERYWHERE, every_attempt, held
from ctsec.testing.strategies import DAYS, HERE, USERS, WORKSPACES, Period, keys, organizations, periods
from ctsec.testing.world import Elevate, Key, SetOrganizationRole, SetWorkspaceRole, Step, World, play

STEPS: Final = 12
_GIVING: Final = (SetOrganizationRole, SetWorkspaceRole, Elevate)
_Rights: TypeAlias = dict[tuple[UserId, datetime, WorkspaceId | None], int]


class _History:
    """What some people have made of a world, and what everybody would hold at each instant if they had done nothing."""

    def __init__(self, policy: Policy, world: World, members: list[UserId]) -> None:
        self.policy = policy
        self.world = world
        self.members = members
        first: _Rights = {
            (user, moment, place): held(policy, world.standing(HERE, user), moment, place)
            for user, moment, place in itertools.product(USERS, DAYS, EVERYWHERE)
        }
        self.limits: _Rights = dict(first)
        for member, (user, moment, place) in itertools.product(members, first):
            self.limits[user, moment, place] |= first[member, moment, place]

    def passed(self, by: Key, workspace: WorkspaceId, period: Period, now: datetime) -> Iterator[tuple[Step, World]]:
        """Yield everything that the rules would let `by` do now, with the world after it, which is judged."""
        for user in USERS:
            for step in every_attempt(self.policy, by=by, user=user, workspace=workspace, period=period):
                after = play(self.policy, self.world, step, now=now)
                if not isinstance(after, Refusal) and after != self.world:
                    self._judge(after, step, now)
                    yield step, after

    def _judge(self, after: World, step: Step, now: datetime) -> None:
        """Check that the person holds, now or later, nothing that neither they nor one of the coalition would have held then."""
        standing = after.standing(HERE, step.user)
        for moment, place in itertools.product((day for day in DAYS if day >= now), EVERYWHERE):
            limit, holding = self.limits[step.user, moment, place], held(self.policy, standing, moment, place)
            if holding & ~limit:
                rule = f"expected no coalition to give anybody what none of its members would have held, as {step} does"
                within(holding, limit, policy=self.policy, rule=rule)


def _coalition(case: Case) -> None:
    policy = case.policy

    class Coalition(RuleBasedStateMachine):
        """Some people, never the first owner, do what the rules let them do, and time passes."""

        @initialize(world=organizations(policy), members=st.sets(st.sampled_from(USERS[1:]), min_size=1, max_size=3))
        def begin(self, world: World, members: set[UserId]) -> None:
            """Note what everybody would hold."""
            self.history = _History(policy, world, sorted(members))
            self.day = 0

        @rule()
        def time_passes(self) -> None:
            """Let a day pass."""
            self.day = min(self.day + 1, len(DAYS) - 1)

        @rule(
            by=keys(policy, owners=USERS[1:]),
            workspace=st.sampled_from(WORKSPACES),
            period=periods(),
            ends=st.booleans(),
            choice=st.integers(0, 200),
        )
        def act(self, by: Key, workspace: WorkspaceId, period: Period, ends: bool, choice: int) -> None:
            """Let one of the coalition do one of the things that pass: give something, or end it as well."""
            members = self.history.members
            actor = replace(by, owner=members[USERS.index(by.owner) % len(members)])
            passed = list(self.history.passed(actor, workspace, period, DAYS[self.day]))
            chosen = [each for each in passed if ends or isinstance(each[0], _GIVING)]
            if chosen:
                step, self.history.world = chosen[choice % len(chosen)]
                note(f"done: {step}")

    run_state_machine_as_test(Coalition, settings=hypothesis.settings(case.settings, stateful_step_count=STEPS))


COALITIONS = (
    Law(
        number=16,
        name="no self-escalation",
        statement="whatever a coalition does in whatever order, at no later instant does anybody hold what none of them would have held",
        hold=_coalition,
    ),
)
