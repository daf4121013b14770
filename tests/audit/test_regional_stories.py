"""Random stories of a home and a region that falls silent: the region keeps what a model keeps that hears of decisions late."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule

from ctsec.audit.retention.hold import LegalHold
from ctsec.audit.retention.plan import RetentionPlan
from ctsec.audit.retention.selection import EVIDENCE
from ctsec.errors import StoreError
from ctsec.storage.memory import MemoryRegionStorage, MemoryStorage
from tests.audit.archive import POLICY
from tests.audit.kept import ONE
from tests.audit.naive import Hold, Naive, Row
from tests.audit.regional import RegionalArchive

SOAK: Final = bool(os.environ.get("CTSEC_SOAK"))
pytestmark = [pytest.mark.slow] if SOAK else []
EVERY: Final = ("user.signed_in", "role.assigned", "role.revoked", "roles.exported")
NAMES: Final = st.sampled_from(EVERY)
PEOPLE: Final = st.sampled_from(("usr_anna", "usr_carl"))
PLANS: Final = st.builds(
    RetentionPlan,
    st.integers(30, 120),
    st.dictionaries(st.sampled_from(("role.", "user.")), st.integers(30, 200), max_size=2),
)


@dataclass(slots=True)
class Period:
    """A plan, and from when on it is in force."""

    plan: RetentionPlan
    starts: datetime


@dataclass(slots=True)
class Listener:
    """The log in the region as the model knows it: what was decided and it has yet to hear, its plans, its rows and holds."""

    waiting: list[RetentionPlan | Hold | tuple[Hold]] = field(default_factory=list["RetentionPlan | Hold | tuple[Hold]"])
    periods: list[Period] = field(default_factory=list[Period])
    log: Naive = field(default_factory=lambda: Naive(0))
    count: int = 0

    def present(self, now: datetime) -> RetentionPlan | None:
        """Return the plan in force."""
        begun = [each.plan for each in self.periods if each.starts <= now]
        return begun[-1] if begun else None

    def hear(self, now: datetime) -> None:
        """Hear of all that was decided; a plan that keeps less than the present one replaces whatever was to follow."""
        for each in self.waiting:
            if isinstance(each, RetentionPlan):
                before = self.present(now)
                shorter = before is None or any(each.days_of(name) < before.days_of(name) for name in (*EVERY, "x", "role.x", "user.x"))
                self.periods = [period for period in self.periods if period.starts <= now]
                self.periods.append(Period(each, now + POLICY.delay if shorter else now))
            elif isinstance(each, Hold):
                self.log.holds.append(each)
            else:
                each[0].released = now
        self.count += len(self.waiting)
        self.waiting = []

    def purge(self, now: datetime) -> int:
        """Hear, then take what goes; return how many that were."""
        self.hear(now)
        plan = self.present(now)
        before = sum(row.gone for row in self.log.rows)
        if plan is not None:
            self.log.days, self.log.classes = plan.days, dict(plan.classes)
            self.log.purge(now)
        return sum(row.gone for row in self.log.rows) - before


class RegionalStories(RuleBasedStateMachine):
    """One organization, its log at home and the one in the region."""

    placed: Bundle[tuple[LegalHold, Hold]] = Bundle("placed")

    def __init__(self) -> None:
        super().__init__()
        self.archive = RegionalArchive(MemoryStorage(), MemoryRegionStorage(region="eu"))
        self.model = Listener()
        self.archive.plan(ONE, RetentionPlan(60))
        self.model.waiting.append(RetentionPlan(60))
        self.write(["user.signed_in"], "usr_anna", 0)

    @rule(names=st.lists(NAMES, min_size=1, max_size=20), actor=PEOPLE, ago=st.sampled_from((0, 0, 3, 45)))
    def write(self, names: list[str], actor: str, ago: int) -> None:
        """Events are committed in the region, some long after they happened, and one at home."""
        self.archive.write_there(ONE, *names, actor=actor, ago=timedelta(days=ago))
        self.archive.write(ONE, names[0], actor=actor)
        self.seal()

    @rule(days=st.sampled_from((0.5, 2, 20, 60)))
    def wait(self, days: float) -> None:
        """Time passes."""
        self.archive.pass_days(days)

    @rule(silent=st.booleans())
    def switch(self, silent: bool) -> None:
        """The region falls silent, or answers again."""
        self.archive.eu.silent = silent

    @rule(plan=PLANS)
    def plan(self, plan: RetentionPlan) -> None:
        """A plan is chosen at home; two of one moment might stand there in either order."""
        self.archive.pass_days(1 / 86_400)
        self.archive.plan(ONE, plan)
        self.model.waiting.append(plan)

    @rule(target=placed, person=st.none() | PEOPLE, name=st.none() | st.sampled_from(("role.*", "user.signed_in")))
    def hold(self, person: str | None, name: str | None) -> tuple[LegalHold, Hold]:
        """A hold is placed at home, whether the region answers or not."""
        made, held = self.archive.hold(ONE, person=person, name=name), Hold(person=person, name=name)
        self.model.waiting.append(held)
        return made, held

    @rule(pair=placed)
    def release(self, pair: tuple[LegalHold, Hold]) -> None:
        """Two people release one."""
        hold, held = pair
        with self.archive.storage.reading() as store:
            stored = store.retention.hold(ONE, hold.id)
        if stored is not None and stored.released_at is None:
            self.archive.release(hold)
            # The request is a decision of its own, which changes nothing.
            self.model.waiting.append((held,))
            self.model.count += 1

    @rule()
    def tell(self) -> None:
        """The region is told what it was not told yet, if it answers; nothing is told twice."""
        self.archive.logs.place()
        self.archive.jobs.regions.tell(ONE)
        if not self.archive.eu.silent:
            self.model.hear(self.archive.clock.now())
            assert len(self.archive.told(ONE)) == self.model.count

    @rule()
    def purge(self) -> None:
        """The purge runs: in a region that answers it takes what the model takes, in one that does not nothing."""
        self.seal()
        regions = self.archive.jobs.regions
        if self.archive.eu.silent:
            with pytest.raises(StoreError):
                self.archive.jobs.run_due()
            return
        self.archive.logs.place()
        preview = len(regions.preview(ONE, store="eu").ranges)
        expected = self.model.purge(self.archive.clock.now())
        assert (regions.purge(ONE, store="eu"), preview) == (expected, expected)
        self.archive.jobs.run_due()
        self.seal()

    @precondition(lambda self: not self.archive.eu.silent)
    @invariant()
    def agrees(self) -> None:
        """The events that are there are those of the model, and both logs verify together."""
        self.learn()
        assert set(self.archive.there(ONE)) == {index for index, row in enumerate(self.model.log.rows) if not row.gone}
        assert self.archive.findings() == []

    def seal(self) -> None:
        """Place and sign what can be."""
        if self.archive.eu.silent:
            self.archive.logs.place()
            self.archive.logs.sign(ONE)
        else:
            self.archive.logs.flush()
            self.learn()

    def learn(self) -> None:
        """Learn in which order new events were placed; those that a purge is judged by never go."""
        with self.archive.region.reading() as store:
            for each in store.log.page(ONE, first=len(self.model.log.rows), limit=100_000):
                event = each.event
                self.model.log.rows.append(Row(event.name, event.time, event.actor_id, stays=event.name in EVIDENCE))


def test_a_plan_that_is_heard_late_may_be_in_force_earlier_than_at_home() -> None:
    """Heard after one that keeps less, which is not in force in the region yet, it keeps nothing shorter there: no finding."""
    story = RegionalStories()
    story.purge()
    story.plan(RetentionPlan(30, {"role.": 115}))
    story.wait(60)
    story.plan(RetentionPlan(73))
    story.purge()
    story.agrees()
    assert story.archive.jobs.regions.preview(ONE, store="eu").plan == RetentionPlan(73)


TestRegionalStories = RegionalStories.TestCase
TestRegionalStories.settings = settings(
    max_examples=400 if SOAK else 10,
    stateful_step_count=40 if SOAK else 20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
