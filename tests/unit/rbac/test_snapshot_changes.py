"""The snapshot as it changes: against a plain model, and under readers of other threads."""

from __future__ import annotations

import itertools
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.rbac import Assignment, Policy, Standing
from ctsec.rbac import loaded as loaded_module
from ctsec.rbac.snapshot import Snapshot
from tests.unit.rbac.reference import DAYS, NOW, assignments, elevations, periods

POLICY = Policy.preset()
ORGANIZATIONS = tuple(map(OrganizationId, ("org_a", "org_b")))
USERS = tuple(map(UserId, ("usr_a", "usr_b", "usr_c")))
PLACES = tuple(map(WorkspaceId, ("wsp_a", "wsp_b", "wsp_c")))
ASKED = ("dashboards:view", "agents:run", "members:manage")
ROLES = ("owner", "admin", "member", "viewer", "gone")


def people(*organizations: OrganizationId) -> Any:
    """Draw a standing, whole ones among them."""

    def made(user: Any, organization: Any, role: Any, held: Any, period: Any, raised: Any) -> Standing:
        return Standing(user=user, organization=organization, role=role, workspaces=held, elevations=tuple(raised), **period)

    plain = st.builds(Assignment, st.sampled_from(("viewer", "editor", "gone")))
    return st.builds(
        made,
        st.sampled_from(USERS),
        st.sampled_from(organizations or ORGANIZATIONS),
        st.sampled_from(ROLES),
        st.dictionaries(st.sampled_from(PLACES), st.one_of(plain, plain, assignments())),
        st.one_of(st.just({}), st.just({}), periods()),
        st.one_of(st.just([]), st.just([]), st.lists(elevations(), max_size=1)),
    )


class Changes(RuleBasedStateMachine):
    """Loads, puts, removals and forgetting, beside a dict of standings."""

    @initialize(warm_bytes=st.sampled_from([0, 3000, 1 << 20]), room=st.sampled_from([0, 600, 1 << 20]))
    def begin(self, warm_bytes: Any, room: Any) -> None:
        """Start with nothing, with much or little room for what is ready and for what is not packed."""
        self.patches = [patch.object(loaded_module, "_ROOM", room), patch.object(loaded_module, "_ROOM_EACH", 0)]
        for each in self.patches:
            each.start()
        self.snapshot = Snapshot(POLICY, warm_bytes=warm_bytes)
        self.model: dict[OrganizationId, tuple[frozenset[WorkspaceId], dict[UserId, Standing]]] = {}
        self.version = self.snapshot.version

    def teardown(self) -> None:
        """Take the patches back."""
        for each in getattr(self, "patches", ()):
            each.stop()

    def changed(self, version: int | None) -> None:
        """A change returned a version above the last one."""
        assert version is not None
        assert version > self.version
        self.version = version

    @rule(
        organization=st.sampled_from(ORGANIZATIONS),
        places=st.frozensets(st.sampled_from(PLACES)),
        drawn=st.lists(people(ORGANIZATIONS[0]), max_size=4),
    )
    def load(self, organization: Any, places: Any, drawn: Any) -> None:
        """Load an organization whole."""
        standings = [replace(each, organization=organization) for each in drawn]
        self.changed(self.snapshot.load(organization, places, iter(standings)))
        self.model[organization] = (places, {each.user: each for each in standings})

    @rule(standing=people())
    def put(self, standing: Any) -> None:
        """Put one person, into a loaded organization or into none."""
        version = self.snapshot.put(standing)
        if standing.organization in self.model:
            self.model[standing.organization][1][standing.user] = standing
            self.changed(version)
        else:
            assert version is None

    @rule(organization=st.sampled_from(ORGANIZATIONS), user=st.sampled_from(USERS))
    def remove(self, organization: Any, user: Any) -> None:
        """Remove one person."""
        version = self.snapshot.remove(organization, user)
        if organization in self.model:
            self.model[organization][1].pop(user, None)
            self.changed(version)
        else:
            assert version is None

    @rule(organization=st.sampled_from(ORGANIZATIONS))
    def forget(self, organization: Any) -> None:
        """Forget an organization."""
        self.model.pop(organization, None)
        self.changed(self.snapshot.forget(organization))

    @precondition(lambda self: hasattr(self, "model") and len(self.model) == 2)
    @rule()
    def clear(self) -> None:
        """Forget everything."""
        self.model.clear()
        self.changed(self.snapshot.clear())

    @rule(users=st.lists(st.sampled_from(USERS), min_size=1, unique=True), now=st.sampled_from(DAYS))
    def ask(self, users: Any, now: Any) -> None:
        """Every answer about some people is that of the policy for their standings in the model."""
        for organization, user, place, name in itertools.product(ORGANIZATIONS, users, (None, *PLACES), ASKED):
            known = self.model.get(organization)
            answer = self.snapshot.check(user, organization, name, workspace=place, now=now)
            if known is None:
                assert answer is None
            else:
                home = organization if place in known[0] else None
                assert answer is POLICY.check(known[1].get(user), name, now=now, workspace=place, workspace_organization=home)

    @invariant()
    def the_version_is_the_last_one(self) -> None:
        """Asking changes nothing, and the organizations known are those of the model."""
        if hasattr(self, "model"):
            assert self.snapshot.version == self.version
            assert {each for each in ORGANIZATIONS if each in self.snapshot} == set(self.model)


Changes.TestCase.settings = settings(max_examples=100, stateful_step_count=25)
TestChanges = Changes.TestCase


ORGANIZATION, PERSON, PLACE, RUN = ORGANIZATIONS[0], USERS[0], PLACES[0], "agents:run"


def states() -> Iterator[Standing | str | None]:
    """Yield what the writer makes of one person, over and over: roles, roles for a time, nobody, not loaded at all.

    Of any three in a row no two have the same answer, so that an answer of before a change can not pass for one of after it.
    """
    plain = Standing(user=PERSON, organization=ORGANIZATION, role="member", workspaces={PLACE: Assignment("editor")})
    low = replace(plain, workspaces={PLACE: Assignment("viewer")})
    timed = replace(plain, workspaces={PLACE: Assignment("editor", expires_at=DAYS[6])})
    ended = replace(plain, workspaces={PLACE: Assignment("editor", expires_at=DAYS[1])})
    yield from itertools.cycle(
        ("load", plain, None, low, timed, ended, None, plain, low, ended, timed, "load", low, None, "forget"),
    )


def answer_of(state: Standing | str | None, loaded: Standing) -> Any:
    """Return the right answer in a state."""
    if state == "forget":
        return None
    standing = loaded if state == "load" else state
    assert not isinstance(standing, str)
    return POLICY.check(standing, RUN, now=NOW, workspace=PLACE, workspace_organization=ORGANIZATION)


class Race:
    """A writer that notes what is right before each change, and readers that judge what they are told."""

    def __init__(self, warm_bytes: int) -> None:
        self.snapshot = Snapshot(POLICY, warm_bytes=warm_bytes)
        self.owner = Standing(user=PERSON, organization=ORGANIZATION, role="owner")
        self.others = [replace(self.owner, user=UserId(f"usr_{number}"), role="viewer") for number in range(20)]
        # The answer in the state that each version stands for.
        self.right: list[Any] = [None]
        self.wrong: list[Any] = []
        self.asked = [0, 0]
        self.done = threading.Event()

    def write(self, seconds: float) -> None:
        """Go from state to state; a change of an organization that is not loaded is none."""
        until = time.monotonic() + seconds
        for state in states():
            self.right.append(answer_of(state, self.owner))
            if state == "load":
                self.snapshot.load(ORGANIZATION, [PLACE], [self.owner, *self.others])
            elif state == "forget":
                self.snapshot.forget(ORGANIZATION)
            elif state is None:
                self.snapshot.remove(ORGANIZATION, PERSON)
            elif isinstance(state, Standing):
                self.snapshot.put(state)
            if self.snapshot.version != len(self.right) - 1:
                self.right.pop()
            if time.monotonic() > until:
                break
        self.done.set()

    def question(self, turn: int) -> Any:
        """Ask about the person, in one of two ways, and now and then about others."""
        if turn % 3:
            return self.snapshot.check(PERSON, ORGANIZATION, RUN, workspace=PLACE, now=NOW)
        self.snapshot.check(UserId(f"usr_{turn % 40}"), ORGANIZATION, RUN, workspace=PLACE, now=NOW)
        return self.snapshot.check_many([(PERSON, ORGANIZATION, PLACE, RUN)], now=NOW)[0]

    def read(self, number: int) -> None:
        """Ask and judge until the writer is done; a change can be seen before its version can."""
        last = 0
        for turn in itertools.count():
            before = self.snapshot.version
            answer = self.question(turn)
            after = self.snapshot.version
            if before < last or not any(answer is each for each in self.right[before : after + 2]):
                self.wrong.append((last, before, after, answer))
            last = after
            self.asked[number] += 1
            if self.done.is_set():
                return


@pytest.mark.proves("ASVS-15.4.1")
@pytest.mark.parametrize("warm_bytes", [0, 5000, 1 << 20])
@pytest.mark.parametrize("room", [0, 1 << 20])
def test_an_answer_is_that_of_a_state_during_the_question(warm_bytes: int, room: int) -> None:
    """Two threads ask while one writes: every answer is right for some state between its start and its end, and nothing raises."""
    race = Race(warm_bytes)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(5e-6)
    try:
        with patch.object(loaded_module, "_ROOM", room), patch.object(loaded_module, "_ROOM_EACH", 0):
            failures = run([lambda: race.write(0.6), lambda: race.read(0), lambda: race.read(1)])
    finally:
        sys.setswitchinterval(interval)
    assert failures == []
    assert race.wrong == []
    assert min(race.asked) > 100
    assert len(race.right) > 100


def run(work: list[Any]) -> list[BaseException]:
    """Run callables in threads at once, and return what they raised."""
    failures: list[BaseException] = []

    def guarded(each: Any) -> None:
        try:
            each()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=guarded, args=(each,)) for each in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures
