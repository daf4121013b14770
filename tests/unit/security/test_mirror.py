"""What a process holds of roles in memory: what it believes, for how long, and which reads it keeps."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest

from ctsec.cache import LIFE
from ctsec.changes import News
from ctsec.ids import OrganizationId, UserId, WorkspaceId
from ctsec.rbac import Policy, Standing
from ctsec.security import mirror as mirror_module
from ctsec.security.mirror import LONGEST, PATIENCE, Load, Mirror, Need
from ctsec.testing import FixedClock

HERE, THERE = OrganizationId("org_here"), OrganizationId("org_there")
ANN, BOB = UserId("usr_ann"), UserId("usr_bob")
PLACE = WorkspaceId("wsp_one")
OWNER = Standing(user=ANN, organization=HERE, role="owner")
MANAGE = "members:manage"


class Process:
    """A mirror with its clock."""

    def __init__(self, **options: Any) -> None:
        self.clock = FixedClock()
        self.mirror = Mirror(Policy.preset(), monotonic=self.clock.monotonic, **options)

    def load(self, *people: Standing, version: int = 1, began: Any = None, organization: OrganizationId = HERE) -> None:
        """Load an organization by a read that began now, or when it says."""
        standings = tuple(replace(each, organization=organization) for each in people or (OWNER,))
        load = Load(began=began or self.mirror.begin(), version=version, standings=standings)
        self.mirror.keep(organization, load, workspaces=[PLACE])

    def person(self, standing: Standing | None, *, version: int = 1, began: Any = None) -> None:
        """Read one person again."""
        self.mirror.keep_person(HERE, ANN, standing, version=version, began=began or self.mirror.begin())

    def allowed(self, user: UserId = ANN) -> bool:
        """Say whether a person manages members, as the snapshot has it."""
        return bool(self.mirror.snapshot.check(user, HERE, MANAGE, now=self.clock.now()))

    def pass_by(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance(timedelta(seconds=seconds))

    def need(self, user: UserId = ANN, organization: OrganizationId = HERE) -> Need:
        """Return what has to be read."""
        return self.mirror.need(organization, user)


def test_an_organization_is_loaded_once() -> None:
    """What was never loaded has to be; what was is good for everybody in it, and for strangers."""
    process = Process()
    assert process.need() is Need.ORGANIZATION
    process.load()
    assert [process.need(user) for user in (ANN, BOB)] == [Need.NOTHING, Need.NOTHING]
    assert process.need(organization=THERE) is Need.ORGANIZATION


def test_belief_lasts_five_seconds_from_the_beginning_of_a_read() -> None:
    """Five seconds after the read began the version has to be read; the same version renews belief from when that read began."""
    process = Process()
    began = process.mirror.begin()
    process.pass_by(1)
    process.load(began=began)
    process.pass_by(LIFE - 1.001)
    assert process.need() is Need.NOTHING
    process.pass_by(0.001)
    assert process.need() is Need.VERSION
    asked = process.mirror.begin()
    process.pass_by(1)
    process.mirror.confirm(HERE, version=1, began=asked)
    assert process.need() is Need.NOTHING
    process.pass_by(LIFE - 1)
    assert process.need() is Need.VERSION


def test_another_version_drops_the_organization() -> None:
    """A version that is not the one of the load means that somebody is something else now: nothing of the load is kept."""
    for version in (2, 0):
        process = Process()
        process.load()
        process.mirror.confirm(HERE, version=version, began=process.mirror.begin())
        assert process.need() is Need.ORGANIZATION
        assert HERE not in process.mirror.snapshot


def test_no_load_is_believed_for_longer_than_ten_minutes() -> None:
    """However often its version was confirmed, an organization is loaded again in the end; and who was not asked about is let go."""
    process = Process()
    process.load()
    process.load(organization=THERE)
    for _ in range(int(LONGEST / LIFE)):
        process.pass_by(LIFE)
        process.mirror.confirm(HERE, version=1, began=process.mirror.begin())
    assert process.need() is Need.ORGANIZATION
    process.load()
    assert THERE not in process.mirror.snapshot


def test_a_change_of_a_person_has_that_person_read_again() -> None:
    """Only the person named by a change is read again, in each organization, and once."""
    process = Process()
    process.load()
    process.mirror.evict([ANN])
    assert [process.need(user) for user in (ANN, BOB)] == [Need.PERSON, Need.NOTHING]
    process.person(replace(OWNER, role="viewer"))
    assert process.need() is Need.NOTHING
    assert not process.allowed()
    process.mirror.evict([ANN])
    assert process.need() is Need.PERSON
    process.person(None)
    assert process.need() is Need.NOTHING
    process.mirror.evict([ANN])
    process.load()
    assert process.need() is Need.NOTHING
    assert process.allowed()


def test_a_change_of_an_organization_has_it_loaded_again() -> None:
    """An organization named by a change is dropped, and others are not."""
    process = Process()
    process.load()
    process.load(organization=THERE)
    process.mirror.catch_up(News(None, frozenset([HERE])))
    assert process.need() is Need.ORGANIZATION
    assert HERE not in process.mirror.snapshot
    assert process.need(organization=THERE) is Need.NOTHING


@pytest.mark.parametrize("news", [News(None, None), News(None, frozenset([HERE]))])
def test_a_load_that_began_before_a_change_is_not_kept(news: News) -> None:
    """What a load saw before its organization, or anything, changed is not held after it; a load that begins then is."""
    process = Process()
    began = process.mirror.begin()
    process.mirror.catch_up(news)
    process.load(began=began)
    assert process.need() is Need.ORGANIZATION
    assert HERE not in process.mirror.snapshot
    process.load()
    assert process.need() is Need.NOTHING


def test_a_load_that_began_before_a_change_of_a_person_does_not_answer_for_that_person() -> None:
    """The rest of the organization is good, and the person is read again."""
    process = Process()
    began = process.mirror.begin()
    process.mirror.evict([ANN])
    process.load(began=began)
    assert [process.need(user) for user in (ANN, BOB)] == [Need.PERSON, Need.NOTHING]


def test_a_read_of_a_person_that_began_before_a_change_is_not_kept() -> None:
    """What was read of a person before the last change, the last load or the last emptying is not held."""
    process = Process()
    process.load()
    process.mirror.evict([ANN])
    began = process.mirror.begin()
    process.mirror.evict([ANN])
    process.person(replace(OWNER, role="viewer"), began=began)
    assert process.need() is Need.PERSON
    assert process.allowed()
    process.mirror.clear()
    process.person(OWNER)
    assert process.need() is Need.ORGANIZATION
    process.load()
    process.person(replace(OWNER, role="viewer"), began=began)
    assert process.allowed()


def test_of_two_reads_the_later_version_stays() -> None:
    """A read that saw an older version than what is held, of the load or of another read, does not bring it back."""
    process = Process()
    process.load(version=5)
    process.mirror.evict([ANN])
    began = process.mirror.begin()
    process.person(replace(OWNER, role="viewer"), version=4, began=began)
    assert process.need() is Need.PERSON
    process.person(replace(OWNER, role="viewer"), version=7, began=began)
    process.person(OWNER, version=6, began=began)
    assert process.need() is Need.NOTHING
    assert not process.allowed()


def test_one_caller_reads_at_a_time() -> None:
    """Of several callers one is told to read on, until it gives the load back; the next one goes on where that one stopped."""
    process = Process()
    load = process.mirror.claim(HERE)
    assert load == Load(began=process.mirror.begin())
    assert process.mirror.claim(HERE) is None
    assert process.mirror.claim(THERE) is not None
    rest = replace(load, version=4, standings=(OWNER,))
    process.mirror.release(HERE, rest)
    assert process.mirror.claim(HERE) == rest
    process.mirror.release(HERE, None)
    assert process.mirror.claim(HERE) == Load(began=process.mirror.begin())


@pytest.mark.parametrize("why", ["the organization changed", "anything may have changed", "nobody went on"])
def test_a_load_begins_anew(why: str) -> None:
    """A load is not gone on with after its organization changed, nor a minute after it began; who changed is no reason."""
    process = Process()
    load = process.mirror.claim(HERE)
    assert load is not None
    process.mirror.release(HERE, replace(load, standings=(OWNER,)))
    process.mirror.evict([ANN])
    going_on = process.mirror.claim(HERE)
    assert going_on is not None
    assert going_on.standings == (OWNER,)
    process.mirror.release(HERE, going_on)
    match why:
        case "the organization changed":
            process.mirror.evict([HERE])
        case "anything may have changed":
            process.mirror.clear()
        case _:
            process.pass_by(PATIENCE)
    assert process.mirror.claim(HERE) == Load(began=process.mirror.begin())


def test_loads_that_nobody_finishes_take_no_room() -> None:
    """What was read of organizations that nobody asks about any more is given up when another load is put off."""
    process = Process()
    for number in range(5):
        organization = OrganizationId(f"org_{number}")
        load = process.mirror.claim(organization)
        process.mirror.release(organization, load)
        process.pass_by(PATIENCE / 2)
    assert len(process.mirror._begun) <= 2


def test_a_large_organization_is_not_held() -> None:
    """An organization of more people than the bound is left to the store, and is not read whole for each question."""
    process = Process(largest=1)
    process.load(OWNER, replace(OWNER, user=BOB))
    assert process.need() is Need.STORE
    assert HERE not in process.mirror.snapshot
    process.pass_by(LONGEST)
    assert process.need() is Need.ORGANIZATION


def test_other_roles_of_its_own_drop_the_organization() -> None:
    """Somebody who was read with other roles of the organization's own than it was loaded with has it loaded again, with their policy."""
    process = Process()
    process.load(replace(OWNER, custom_roles=3))
    process.mirror.evict([ANN])
    process.person(replace(OWNER, custom_roles=3))
    assert process.need() is Need.NOTHING
    process.mirror.evict([ANN])
    process.person(replace(OWNER, custom_roles=4))
    assert process.need() is Need.ORGANIZATION
    process.load(replace(OWNER, custom_roles=3), replace(OWNER, user=BOB, custom_roles=4))
    assert process.need() is Need.ORGANIZATION


def test_an_organization_of_nobody_takes_no_room() -> None:
    """An id that somebody made up is forgotten as soon as it was looked up."""
    process = Process()
    process.mirror.keep(HERE, Load(began=process.mirror.begin()), workspaces=[])
    assert process.need() is Need.ORGANIZATION
    assert len(process.mirror.snapshot) == 0


@pytest.mark.parametrize("reloaded", [True, False])
def test_changes_are_remembered_within_a_bound(reloaded: bool) -> None:
    """However many people change, few changes are remembered, and no answer of before a change is given."""
    process = Process()
    process.load()
    before = process.mirror.begin()
    with patch.object(mirror_module, "_REMEMBERED", 10):
        for number in range(1, 100):
            if reloaded and number % 4 == 0:
                process.load()
            process.mirror.evict([UserId(f"usr_{number}")])
            assert len(process.mirror._heard) <= 10
            assert process.need(UserId(f"usr_{number}")) is not Need.NOTHING
    process.load(began=before)
    assert process.need(UserId("usr_1")) is not Need.NOTHING
