# Generated from tests/services/test_async_erasure.py by tools/twin.py; edit that file.
"""Persons who are erased: asked for by operators, carried out by the worker, kept waiting by holds, and again after a restore (async
source of the twin).
"""

from __future__ import annotations

import os
from collections.abc import Generator
from datetime import timedelta
from typing import Any, cast

import pytest

from ctsec.audit.erasure import Erased, Erasure, ErasureState
from ctsec.audit.event import DEPLOYMENT_LOG
from ctsec.audit.retention.hold import GRACE
from ctsec.errors import ConfigurationError, StoreError
from ctsec.ids import UserId, new_id
from ctsec.operators import Operator
from ctsec.outcome import Reason
from ctsec.principal import Principal
from tests.services._sync_world import World
from tests.services.probing import reason

ANN = "ann@acme.example"
SAM = Operator(id="sam", reason="ticket 9")
TESS = Operator(id="tess", reason="ticket 9")


class Listed:
    """The list outside of the backups, for the length of a test."""

    def __init__(self) -> None:
        self.entries: list[Erased] = []

    def add(self, erased: Erased) -> None:
        """Append an entry."""
        self.entries.append(erased)
        self.listing()

    def listing(self) -> None:
        """Do what a test has happen while entries are written."""

    def all(self) -> tuple[Erased, ...]:
        """Return every entry."""
        return tuple(self.entries)


class Batches(Listed):
    """A list that takes many entries at once."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []

    def add_all(self, erased: tuple[Erased, ...]) -> None:
        """Append entries."""
        self.batches.append(len(erased))
        self.entries.extend(erased)


class Broken(Listed):
    """A list that can not be written."""

    def listing(self) -> None:
        """Fail."""
        raise StoreError("the disk is full")


class Overtaken(Listed):
    """A list during whose writing another worker carries everything out."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world
        self.others: list[int] = []

    def listing(self) -> None:
        """Let the other one run."""
        if len(self.entries) == 1:
            self.others.append(self._world.security.jobs.erasures.run_due())


@pytest.fixture
def world() -> Generator[World, None, None]:
    with World.open() as made:
        made.security._erasures._erased = Listed()
        yield made


def asked(world: World, user: str) -> Erasure:
    made: Erasure = world.call("erasures.request", SAM, user=user)
    return made


def state(world: World, erasure: Erasure) -> ErasureState:
    found: Any = world.call("erasures.get", erasure.id)
    return ErasureState(found.state)


def known(world: World, user: str) -> list[dict[str, str]]:
    """Return what the deployment's log still tells of a person's own requests."""
    told = []
    for event in world.events(DEPLOYMENT_LOG):
        if event.actor_id == user:
            with world.security.begin() as unit:
                told.append(dict(unit.audit.personal(event)))
    return [each for each in told if each]


def names(world: World) -> list[str]:
    return [event.name for event in world.events(DEPLOYMENT_LOG) if event.name.startswith("person.")]


def stored(world: World, user: str) -> list[tuple[str, bytes]]:
    return [(event.id, event.personal) for event in world.events(DEPLOYMENT_LOG) if user in {event.actor_id, event.subject_id}]


def test_a_person_is_erased_and_nothing_else_changes(world: World) -> None:
    """What the log tells of the person is gone, no row of it has changed, and it verifies; asked for twice, it is done once."""
    ann = world.person(ANN)
    assert known(world, ann.id)
    before = stored(world, ann.id)
    erasure = asked(world, ann.id)
    assert reason(world.call("erasures.request", TESS, user=ann.id)) is Reason.CONFLICT
    assert [world.security.jobs.erasures.run_due() for _ in range(2)] == [1, 0]
    assert state(world, erasure) is ErasureState.DONE
    assert known(world, ann.id) == []
    assert (stored(world, ann.id))[: len(before)] == before
    assert sorted(names(world)) == ["person.erased", "person.erasure_requested", "person.erasure_requested"]
    world.security.logs.flush()
    assert (world.security.logs.verify()).findings == ()
    again = asked(world, ann.id)
    assert again.id != erasure.id


def test_who_is_no_person_can_not_be_erased(world: World) -> None:
    """An id of another kind is refused; an unknown person is erased of nothing."""
    assert reason(world.call("erasures.request", SAM, user="org_00000000000000000000000000")) is Reason.INVALID_INPUT
    nobody = new_id(UserId, now=world.clock.now(), random=os.urandom)
    erasure = asked(world, nobody)
    assert world.security.jobs.erasures.run_due() == 1
    assert state(world, erasure) is ErasureState.DONE


def released(world: World, hold: Any) -> None:
    """Release a hold of the deployment's log with two operators, and let its day pass."""
    world.call("retention.request_deployment_release", SAM, hold=hold.id)
    world.call("retention.approve_deployment_release", TESS, hold=hold.id)
    assert world.security.jobs.erasures.run_due() == 0
    world.clock.advance(GRACE)


def held(world: World, ann: Principal, scope: str) -> Any:
    """Place a hold on the deployment's log: on the person, on the names of her events, on the names of nothing, or on all."""
    narrowed = {"person": {"person": ann.id}, "name": {"name": "user.*"}, "other": {"name": "region.promoted"}, "all": {}}[scope]
    return world.call("retention.place_deployment_hold", SAM, matter="case 1", **narrowed)


@pytest.mark.parametrize("scope", ["person", "name", "all"])
def test_a_hold_keeps_an_erasure_waiting(world: World, scope: str) -> None:
    """While a hold needs what is known of the person nothing is destroyed, which is recorded once; a day after its release it is done."""
    ann = world.person(ANN)
    hold = held(world, ann, scope)
    erasure = asked(world, ann.id)
    assert [world.security.jobs.erasures.run_due() for _ in range(3)] == [0, 0, 0]
    assert state(world, erasure) is ErasureState.DEFERRED
    assert (names(world)).count("person.erasure_deferred") == 1
    assert known(world, ann.id)
    released(world, hold)
    assert world.security.jobs.erasures.run_due() == 1
    assert known(world, ann.id) == []


def test_a_hold_on_something_else_keeps_nobody_waiting(world: World) -> None:
    """A hold that covers none of the person's events is no reason to wait."""
    ann = world.person(ANN)
    held(world, ann, "other")
    asked(world, ann.id)
    assert world.security.jobs.erasures.run_due() == 1


def test_a_restored_store_erases_again(world: World) -> None:
    """Keys that a restore brought back go at the next start, with an event; what was written since the erasure stays readable."""
    ann = world.person(ANN)
    before = world.storage.guard.subjects.of_subject(ann.id)
    asked(world, ann.id)
    assert world.security.jobs.erasures.run_due() == 1
    cast(Any, world.storage).state.guard.subjects.update({key.id: key for key in before})
    assert known(world, ann.id)
    world.security.prepare()
    assert known(world, ann.id) == []
    world.clock.advance(timedelta(minutes=1))
    world.login(ANN)
    world.security.prepare()
    assert len(known(world, ann.id)) == 1
    assert (names(world)).count("person.erasure_replayed") == 1


def test_those_who_are_due_are_erased_together(world: World) -> None:
    """However many are due, a list that can is asked once, and each of them has an event."""
    people = [world.person(f"{name}@acme.example") for name in ("ann", "bob", "cid")]
    world.security._erasures._erased = listed = Batches()
    for each in people:
        asked(world, each.id)
    assert world.security.jobs.erasures.run_due() == 3
    assert (listed.batches, {each.user_id for each in listed.entries}) == ([3], {each.id for each in people})
    assert [known(world, each.id) for each in people] == [[], [], []]
    assert (names(world)).count("person.erased") == 3


def test_who_is_held_keeps_nobody_behind_waiting(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many erasures wait for holds, those that were asked for after them are carried out."""
    monkeypatch.setattr("ctsec.security._sync_erasures._PAGE", 1)
    ann, bob = [world.person(each) for each in (ANN, "bob@acme.example")]
    held(world, ann, "person")
    one = asked(world, ann.id)
    world.clock.advance(timedelta(seconds=1))
    two = asked(world, bob.id)
    assert one.id < two.id
    assert [world.security.jobs.erasures.run_due() for _ in range(2)] == [1, 0]
    assert [state(world, each) for each in (one, two)] == [ErasureState.DEFERRED, ErasureState.DONE]


def test_two_workers_erase_once(world: World) -> None:
    """Of two that meet the same erasure one carries it out, with one event that names how many keys went."""
    ann = world.person(ANN)
    erasure = asked(world, ann.id)
    world.security._erasures._erased = listed = Overtaken(world)
    assert (world.security.jobs.erasures.run_due(), listed.others) == (0, [1])
    events = [each for each in world.events(DEPLOYMENT_LOG) if each.name == "person.erased"]
    assert [each.details()["details"]["keys"] for each in events] == [1]
    assert state(world, erasure) is ErasureState.DONE


def test_what_can_not_be_listed_is_not_erased(world: World) -> None:
    """Without an entry that outlasts a restore no key goes: it is due until the list can be written."""
    ann = world.person(ANN)
    erasure = asked(world, ann.id)
    world.security._erasures._erased = Broken()
    with pytest.raises(StoreError):
        world.security.jobs.erasures.run_due()
    assert known(world, ann.id)
    assert state(world, erasure) is ErasureState.REQUESTED
    world.security._erasures._erased = Listed()
    assert world.security.jobs.erasures.run_due() == 1


def test_without_a_list_nothing_is_erased(world: World) -> None:
    """Where a restore could bring a person back, no key is destroyed: the job fails and says what is missing."""
    ann = world.person(ANN)
    world.security._erasures._erased = None
    asked(world, ann.id)
    with pytest.raises(ConfigurationError, match="outside of the backups"):
        world.security.jobs.erasures.run_due()
    assert known(world, ann.id)
