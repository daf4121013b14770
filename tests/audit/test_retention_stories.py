"""Random stories of events, plans, holds and purges: the log agrees with a model that looks at every event each time."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Final

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule

from ctsec.audit.query import AuditQuery
from ctsec.audit.retention.hold import LegalHold
from ctsec.audit.retention.plan import Plans, RetentionPlan
from ctsec.audit.retention.selection import EVIDENCE
from ctsec.storage.memory import MemoryStorage
from tests.audit.archive import POLICY, Archive
from tests.audit.kept import ONE
from tests.audit.naive import Hold, Naive, Row

SOAK: Final = bool(os.environ.get("CTSEC_SOAK"))
pytestmark = [pytest.mark.slow] if SOAK else []
NAMES: Final = st.sampled_from(("user.signed_in", "role.assigned", "role.revoked", "roles.exported"))
PEOPLE: Final = st.sampled_from(("usr_anna", "usr_carl"))
PLANS: Final = st.builds(
    RetentionPlan,
    st.integers(30, 120),
    st.dictionaries(st.sampled_from(("role.", "user.")), st.integers(30, 200), max_size=2),
)


class RetentionStories(RuleBasedStateMachine):
    """One log and its model; events that a purge is judged by are in neither count."""

    placed: Bundle[tuple[LegalHold, Hold]] = Bundle("placed")

    def __init__(self) -> None:
        super().__init__()
        self.archive = Archive(MemoryStorage())
        self.model = Naive(0)
        self.plans = Plans()
        self.pages: dict[int, str] = {}
        # A log without events has no plan to take on.
        self.write(["user.signed_in"], "usr_anna", 0)

    @rule(names=st.lists(NAMES, min_size=1, max_size=40), actor=PEOPLE, ago=st.sampled_from((0, 0, 0, 3, 45)))
    def write(self, names: list[str], actor: str, ago: int) -> None:
        """Events are committed, some of them long after they happened."""
        self.archive.write(ONE, *names, actor=actor, ago=timedelta(days=ago))
        self.archive.logs.flush()
        self._learn()

    @precondition(lambda self: SOAK and len(self.model.rows) < 2000)
    @rule(name=NAMES, actor=PEOPLE, ago=st.sampled_from((0, 45)), count=st.integers(256, 600))
    def crowd(self, name: str, actor: str, ago: int, count: int) -> None:
        """More events than a tile has: each step after it costs so much more that the short run does without."""
        self.write([name] * count, actor, ago)

    @precondition(lambda self: SOAK)
    @rule(days=st.sampled_from((130, 400)))
    def age(self, days: int) -> None:
        """So much time passes that most of what is there is purged, and then what is empty is pruned."""
        self.wait(days)
        self.purge()
        self.prune()

    @rule()
    def prune(self) -> None:
        """The prune runs: the minimum index is where the model has it, so many tiles went, and a second run finds nothing."""
        self._learn()
        expected = self.model.prune(self.archive.clock.now())
        assert self.archive.jobs.prune(ONE) == expected
        self._learn()
        assert self.archive.jobs.prune_preview(ONE).minimum == self.model.minimum
        assert self.archive.jobs.prune(ONE) == 0

    @rule(days=st.sampled_from((0.5, 2, 20, 60)))
    def wait(self, days: float) -> None:
        """Time passes."""
        self.archive.pass_days(days)

    @rule(plan=PLANS)
    def plan(self, plan: RetentionPlan) -> None:
        """A plan is chosen: at once if it keeps nothing shorter, else after the delay."""
        now = self.archive.clock.now()
        before = self.plans.at(now)
        shorter = before.plan is None or any(
            plan.days_of(name) < before.plan.days_of(name) for name in ("user.signed_in", "role.assigned", "roles.exported", "audit.x")
        )
        self.plans = self.archive.plan(ONE, plan)
        assert self.plans.at(now).plan == (before.plan if shorter else plan)
        assert self.plans.at(now + POLICY.delay).plan == plan
        self._learn()

    @rule(target=placed, person=st.none() | PEOPLE, name=st.none() | st.sampled_from(("role.*", "user.signed_in")), past=st.booleans())
    def hold(self, person: str | None, name: str | None, past: bool) -> tuple[LegalHold, Hold]:
        """A hold is placed."""
        until = self.archive.clock.now() - timedelta(days=10) if past else None
        held = Hold(person=person, name=name, until=until)
        made = self.archive.hold(ONE, person=person, name=name, until=until)
        covered = [index for index, row in enumerate(self.model.rows) if not row.gone and held.covers(row, now=self.archive.clock.now())]
        held.first = covered[0] if covered else None
        self.model.holds.append(held)
        self._learn()
        return made, held

    @rule(pair=placed)
    def release(self, pair: tuple[LegalHold, Hold]) -> None:
        """Two people release one."""
        hold, held = pair
        if held.released is None:
            self.archive.release(hold)
            held.released = self.archive.clock.now()
            self._learn()

    @rule()
    def purge(self) -> None:
        """The purge runs, and takes what the model takes."""
        self.archive.logs.flush()
        self._learn()
        # The deployment's plan is taken on where none was chosen, and has its delay.
        now = self.archive.clock.now()
        self.plans = self.plans if self.plans != Plans() else Plans().change(POLICY.default, now=now, delay=POLICY.delay)
        plan = self.plans.at(now).plan
        self.archive.logs.flush()
        count = self.archive.purge()
        gone = 0
        if plan is not None:
            self.model.days, self.model.classes = plan.days, dict(plan.classes)
            before = sum(row.gone for row in self.model.rows)
            self.model.purge(now)
            gone = sum(row.gone for row in self.model.rows) - before
        self._learn()
        assert count == gone
        assert self.archive.purge() == 0

    @precondition(lambda self: len(self.model.rows) > 0)
    @rule(size=st.integers(1, 9))
    def turn_pages(self, size: int) -> None:
        """Pages go over what is gone: a cursor from before a purge goes on behind it, and repeats and loses nothing."""
        with self.archive.storage.reading() as store:
            expected = [each.index for each in store.log.search(AuditQuery(log=ONE), before=None, limit=100_000)]
            seen: list[int] = []
            before = self.pages.get(size)
            start = None if before is None else int(before)
            while page := store.log.search(AuditQuery(log=ONE), before=start, limit=size):
                seen += [each.index for each in page]
                start = page[-1].index
        assert seen == [index for index in expected if before is None or index < int(before)]
        self.pages[size] = str(expected[len(expected) // 2])

    @invariant()
    def agrees(self) -> None:
        """The events that are there are those of the model, and the log verifies."""
        there = set(self.archive.indexes(ONE))
        assert there == {index for index, row in enumerate(self.model.rows) if not row.gone}
        assert self.archive.findings() == []

    def _learn(self) -> None:
        """Learn in which order new events were placed; those that a purge is judged by never go."""
        self.archive.logs.flush()
        with self.archive.storage.reading() as store:
            for each in store.log.page(ONE, first=len(self.model.rows), limit=100_000):
                event = each.event
                self.model.rows.append(Row(event.name, event.time, event.actor_id, stays=event.name in EVIDENCE))


TestRetentionStories = RetentionStories.TestCase
TestRetentionStories.settings = settings(
    max_examples=400 if SOAK else 12,
    stateful_step_count=40 if SOAK else 20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
