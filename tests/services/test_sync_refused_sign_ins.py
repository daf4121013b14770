# Generated from tests/services/test_async_refused_sign_ins.py by tools/twin.py; edit that file.
"""Refused sign-ins are told to the organizations that manage the person, added up, and to no other (async source of the twin)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from ctsec.audit.event import DEPLOYMENT_LOG, EventName
from ctsec.directory.record import MembershipStatus
from ctsec.errors import StoreBusy
from ctsec.ids import ConnectionId, OrganizationId, UserId
from ctsec.security._sync_refused_sign_ins import FOLLOWER, RefusedSignIns
from ctsec.testing.conformance.samples import ignore
from tests.services._sync_world import World

ANN, BOB = "ann@acme.example", "bob@acme.example"


def told(world: World, organization: OrganizationId) -> list[dict[str, Any]]:
    """Let the worker read on; return all that the organization was told so far, oldest first."""
    world.security.jobs.place_events()
    world.security.jobs.refused_sign_ins.run_due()
    world.drain()
    found = world.events(organization, EventName.MEMBER_SIGN_INS_REFUSED)
    return [{**each.details()["details"], "person": each.subject_id} for each in found]


def change(world: World, organization: OrganizationId, person: UserId, **fields: Any) -> None:
    """Write a membership as a provider or an administrator would have left it."""
    with world.storage.begin(after_commit=ignore) as store:
        (found,) = [each for each in store.roster.of_user(person) if each.organization_id == organization]
        assert store.memberships.replace(replace(found, version=found.version + 1, **fields))


def test_who_manages_a_person_is_told_and_nobody_else() -> None:
    """By a verified domain of the address or a membership of its provider, while that is active; strangers' refusals are nobody's."""
    with World.open() as world:
        ann = world.person(ANN)
        homes = [(world.organization(ann, name)).id for name in ("Domain", "Provider", "Guest", "Suspended")]
        domain, provider, _, suspended = homes
        world.verified(domain)
        bob = world.member(domain, BOB)
        for home in homes[1:]:
            world.call("members.accept", bob, token=world.invite(home, BOB))
        for home in (provider, suspended):
            change(world, home, UserId(bob.id), provisioned_by=ConnectionId("con_1"))
        change(world, suspended, UserId(bob.id), status=MembershipStatus.SUSPENDED)
        for email in (BOB, "nobody@acme.example"):
            world.step(email, "not the password")
        assert [len(told(world, home)) for home in homes] == [1, 1, 0, 0]
        (found,) = told(world, domain)
        assert (found["person"], found["times"], found["reasons"]) == (bob.id, 1, ["invalid_credentials"])


def test_refusals_are_added_up_and_each_counts_once() -> None:
    """However many there were since the last run: one event, with how many, from when to when; nothing new is nothing told."""
    with World.open() as world:
        ann = world.person(ANN)
        home = (world.organization(ann)).id
        world.verified(home)
        assert told(world, home) == []
        begun = world.clock.now()
        for _ in range(3):
            world.step(ANN, "not the password")
            world.clock.advance(timedelta(minutes=10))
        (one,) = told(world, home)
        assert (one["times"], one["first_at"], one["last_at"]) == (3, begun.isoformat(), (begun + timedelta(minutes=20)).isoformat())
        assert len(told(world, home)) == 1
        world.step(ANN, "not the password")
        assert [each["times"] for each in told(world, home)] == [3, 1]


def test_an_old_history_fills_no_log() -> None:
    """What is more than a day old when it is read is passed over, and not counted later either."""
    with World.open() as world:
        ann = world.person(ANN)
        home = (world.organization(ann)).id
        world.verified(home)
        world.step(ANN, "not the password")
        world.clock.advance(timedelta(days=1))
        assert told(world, home) == []
        world.step(ANN, "not the password")
        assert [each["times"] for each in told(world, home)] == [1]


class Slow(RefusedSignIns):
    """A worker that another one overtakes between its reading and its writing."""

    others: ClassVar[list[RefusedSignIns]] = []

    def _read(self) -> Any:
        found = super()._read()
        if Slow.others:
            assert Slow.others.pop().run_due() == 1
        return found


def test_of_two_workers_one_tells() -> None:
    """A worker that was overtaken tells nothing; a position behind the end of a log that was restored goes back to its end."""
    with World.open() as world:
        ann = world.person(ANN)
        home = (world.organization(ann)).id
        world.verified(home)
        world.step(ANN, "not the password")
        world.security.jobs.place_events()
        jobs = world.security.jobs.refused_sign_ins
        Slow.others.append(jobs)
        with pytest.raises(StoreBusy):
            Slow(jobs._storage, secrets=jobs._secrets, ambient=jobs._ambient).run_due()
        assert len(told(world, home)) == 1
        with world.storage.begin(after_commit=ignore) as store:
            position = store.positions.get(FOLLOWER, DEPLOYMENT_LOG)
            assert position is not None
            assert store.positions.put(position.reset(10_000))
        assert len(told(world, home)) == 1
        world.step(ANN, "not the password")
        assert [each["times"] for each in told(world, home)] == [1, 1]
