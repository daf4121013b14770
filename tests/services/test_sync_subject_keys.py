# Generated from tests/services/test_async_subject_keys.py by tools/twin.py; edit that file.
"""What events say of persons lies under their own keys, which an erasure destroys (async source of the twin)."""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from ctsec.ambient import Ambient
from ctsec.audit.event import DEPLOYMENT_LOG, Event, EventName, build
from ctsec.audit.pieces import joined, parted, pieces_of
from ctsec.audit.record import StoredEvent
from ctsec.encryption._sync_subject_keys import SubjectKeys
from ctsec.encryption.data_key import DataKey
from ctsec.encryption.envelope import dek_id_of
from ctsec.encryption.subject_key import SubjectKey
from ctsec.errors import CorruptRecord, DecryptionFailed
from ctsec.ids import UserId, new_id
from ctsec.principal import Principal, anonymous, system
from ctsec.testing import FixedClock
from tests.services._sync_world import REQUEST, World

ANN, BOB = "ann@acme.example", "bob@acme.example"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def world() -> Generator[World, None, None]:
    with World.open() as made:
        yield made


def told(world: World, event: StoredEvent) -> Mapping[str, str]:
    with world.security.begin() as unit:
        return unit.audit.personal(event)


def written(world: World, by: Principal, about: str | None) -> StoredEvent:
    """Write an event of somebody about somebody, with a field of each."""
    ambient = replace(world.security._ambient, request=REQUEST)
    event = build(EventName.INVITATION_CREATED, ambient=ambient, actor=by, subject=about, personal={"email": "who@acme.example"})
    with world.security.begin() as unit:
        unit.audit.record(event)
    (found,) = [each for each in world.events(DEPLOYMENT_LOG) if each.id == event.id]
    return found


def keys_of(world: World, subject: str) -> list[str]:
    return [key.id for key in world.storage.guard.subjects.of_subject(subject)]


def erased(world: World, subject: str) -> int:
    return (world.security._engines.subjects.destroy({subject: world.clock.now()}))[subject]


def undone(world: World, event: Event) -> None:
    """Write an event in a unit that is rolled back."""
    with world.security.begin() as unit:
        unit.audit.record(event)
        raise ZeroDivisionError


@pytest.mark.proves("ASVS-14.2.4")
def test_each_person_has_a_key(world: World) -> None:
    """Where a request came from is sealed for who made it, the rest for who it is about; an erasure takes that person's part only."""
    ann, bob = [world.person(each) for each in (ANN, BOB)]
    event = written(world, ann, bob.id)
    assert [dek_id_of(piece) for piece in parted(event.personal)] == [(keys_of(world, each))[0] for each in (ann.id, bob.id)]
    assert set(told(world, event)) == {"address", "user_agent", "email"}
    assert erased(world, bob.id) == 1
    assert set(told(world, event)) == {"address", "user_agent"}
    assert erased(world, ann.id) == 1
    assert (told(world, event), erased(world, ann.id)) == ({}, 0)
    report = world.security.logs.verify()
    assert report.findings == ()


def test_nobodys_fields_are_the_deployments(world: World) -> None:
    """What is about no person is sealed under the deployment's key, and so is where a stranger's request came from, whoever it is about."""
    ann = world.person(ANN)
    of_nobody = written(world, system("test"), None)
    (piece,) = parted(of_nobody.personal)
    assert world.storage.guard.subjects.get(dek_id_of(piece)) is None
    assert set(told(world, of_nobody)) == {"address", "user_agent", "email"}
    of_stranger = written(world, anonymous(), ann.id)
    theirs = keys_of(world, ann.id)
    assert sorted(dek_id_of(piece) in theirs for piece in parted(of_stranger.personal)) == [False, True]
    erased(world, ann.id)
    assert set(told(world, of_stranger)) == {"address", "user_agent"}


def test_a_key_outlasts_the_rollback_of_its_first_event(world: World) -> None:
    """A person's key is committed before it seals: what was rolled back takes no later event's key with it."""
    user = new_id(UserId, now=world.clock.now(), random=os.urandom)
    ambient, personal = replace(world.security._ambient, request=REQUEST), {"email": "who@acme.example"}
    event = build(EventName.INVITATION_CREATED, ambient=ambient, actor=anonymous(), subject=user, personal=personal)
    with pytest.raises(ZeroDivisionError):
        undone(world, event)
    (key,) = keys_of(world, user)
    later = written(world, anonymous(), user)
    assert key in [dek_id_of(piece) for piece in parted(later.personal)]


def test_another_process_obeys_within_a_minute(world: World) -> None:
    """A process that holds an erased person's key opens with it for a minute at most, and then nothing."""
    ann = world.person(ANN)
    event = written(world, ann, None)
    world.storage.guard.subjects.destroy({ann.id: world.clock.now()}, now=world.clock.now())
    assert "address" in told(world, event)
    world.clock.advance(MINUTE)
    assert told(world, event) == {}


def test_what_is_read_while_it_is_erased_is_not_held(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key whose record was read before the erasure, and unwrapped after it, opens what was under way, and nothing that comes later."""
    ann = world.person(ANN)
    event = written(world, ann, None)
    subjects = world.security._engines.subjects
    subjects.forget({ann.id})
    unwrapped = SubjectKeys._unwrapped

    def slow(keys: SubjectKeys, record: SubjectKey) -> DataKey:
        key = unwrapped(keys, record)
        erased(world, ann.id)
        return key

    monkeypatch.setattr(SubjectKeys, "_unwrapped", slow)
    told(world, event)
    monkeypatch.undo()
    assert told(world, event) == {}


def test_a_new_key_is_made_after_an_erasure(world: World) -> None:
    """Events about an erased person that are written later are readable, and what was erased stays so."""
    ann = world.person(ANN)
    before = written(world, ann, None)
    erased(world, ann.id)
    after = written(world, ann, None)
    assert told(world, before) == {}
    assert set(told(world, after)) == {"address", "user_agent", "email"}
    assert len(keys_of(world, ann.id)) == 2


def test_a_part_opens_at_its_own_event_only(world: World) -> None:
    """Another event's part, pieces that were cut or doubled and a key that was wrapped for somebody else open nothing."""
    ann = world.person(ANN)
    one, two = written(world, ann, None), written(world, ann, None)
    with pytest.raises(DecryptionFailed):
        told(world, replace(one, personal=two.personal))
    (piece,) = parted(one.personal)
    for broken in (one.personal[:-1], one.personal + b"\0", joined((piece,) * 3), joined((b"", piece)), b"\0"):
        with pytest.raises(CorruptRecord):
            told(world, replace(one, personal=broken))
    assert set(told(world, replace(one, personal=piece))) == {"address", "user_agent", "email"}


def test_pieces_name_whose_they_are() -> None:
    """Each field is in exactly one piece; without a person it is nobody's."""
    event = build(
        EventName.INVITATION_CREATED, ambient=Ambient(clock=FixedClock()), actor=system("test"), personal={"email": "a", "address": "b"}
    )
    assert pieces_of(event) == {"": {"email": "a", "address": "b"}}
