# Generated from tests/services/test_async_data_keys.py by tools/twin.py; edit that file.
"""Data keys of organizations: made with the first secret, rotated, bounded, destroyed (async source of the twin)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ctsec.encryption import Context
from ctsec.encryption.data_key import DataKeyExhausted, NoDataKey
from ctsec.encryption.dek import DekState
from ctsec.encryption.envelope import dek_id_of
from ctsec.encryption.holding import RingPolicy
from ctsec.encryption.suites import Suite
from ctsec.errors import CtsecError, DecryptionFailed, KeyNotFound, StoreBusy
from ctsec.ids import OrganizationId
from ctsec.outcome import Reason
from ctsec.principal import Principal
from ctsec.security.parts import EmbeddedOptions
from tests.services._sync_world import KINDS, World
from tests.services.probing import reason

BLOCK = 256
SMALL = EmbeddedOptions(data_keys=RingPolicy(max_messages=2 * BLOCK, first_block=BLOCK))


class _Lost(Exception):
    """Rolls a host's transaction back."""


class Scene:
    """Ann owns Acme, Eve owns Globex, Bob is a member of Acme; everybody has just proved a second factor."""

    def __init__(self, world: World, people: dict[str, Principal], acme: OrganizationId, globex: OrganizationId) -> None:
        self.world = world
        self.people = people
        self.acme = acme
        self.globex = globex

    @property
    def ann(self) -> Principal:
        """The owner of Acme, right after another proof of the second factor."""
        return self.world.sure(self.people["ann"])

    @property
    def bob(self) -> Principal:
        """A member of Acme, right after another proof of the second factor."""
        return self.world.sure(self.people["bob"])

    def seal(self, text: str = "a token", of: OrganizationId | None = None, **named: Any) -> bytes:
        """Seal a text of an organization in a unit of its own."""
        sealed: bytes = self.world.call("secrets.seal", text.encode(), context=place(of or self.acme), **named)
        return sealed

    def open(self, blob: bytes, of: OrganizationId | None = None, world: World | None = None) -> str:
        """Open what `seal` gave, in a unit of its own."""
        plain: bytes = (world or self.world).call("secrets.open", blob, context=place(of or self.acme))
        return plain.decode()

    def deks(self, of: OrganizationId | None = None) -> list[Any]:
        """Return the records of an organization's data keys."""
        return list(self.world.call("data_keys.of_organization", organization=of or self.acme))


def place(of: OrganizationId, row: str = "1") -> Context:
    """Return the context of one field."""
    return Context(organization=of, purpose="token", table="connection", row=row, field="secret")


def scene_in(world: World) -> Scene:
    """Return the scene of this module in a world."""
    ann, eve = world.person("ann@acme.example"), world.person("eve@globex.example")
    acme, globex = world.organization(ann), world.organization(eve, "Globex")
    bob = world.member(acme.id, "bob@acme.example")
    return Scene(world, {"ann": ann, "bob": bob}, acme.id, globex.id)


@pytest.fixture(params=KINDS)
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Scene, None, None]:
    with World.open(request.param, folder=tmp_path) as world:
        yield scene_in(world)


@pytest.fixture(params=KINDS)
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[Scene, None, None]:
    """The scene where a data key seals two blocks of messages only."""
    with World.open(request.param, folder=tmp_path, options=SMALL) as world:
        yield scene_in(world)


def test_the_first_secret_makes_the_data_key(scene: Scene) -> None:
    """An organization has no data key before its first secret and one after it, which another process opens; the log tells of it."""
    assert scene.deks() == []
    blob = scene.seal()
    (record,) = scene.deks()
    assert (record.id, record.scope, record.state, record.kek) == (dek_id_of(blob), scene.acme, DekState.ACTIVE, scene.world.keys.kms.ref)
    assert dek_id_of(scene.seal("another")) == record.id
    with World.over(scene.world.storage, keys=scene.world.keys) as other:
        assert scene.open(blob, world=other) == "a token"
    (event,) = scene.world.events(scene.acme, "data_key.created")
    assert event.target_id == record.id


def test_a_unit_opens_what_it_sealed_and_a_rollback_takes_both(scene: Scene) -> None:
    """A key that a unit made seals and opens in that unit; after a rollback there is no key, and what it sealed is gone with it."""
    kept: list[bytes] = []

    def rolled_back() -> None:
        with scene.world.security.begin() as unit:
            for text in (b"one", b"two"):
                kept.append(unit.secrets.seal(text, context=place(scene.acme)))
            assert [unit.secrets.open(blob, context=place(scene.acme)) for blob in kept] == [b"one", b"two"]
            assert dek_id_of(kept[0]) == dek_id_of(kept[1])
            with pytest.raises(DecryptionFailed):
                unit.secrets.open(kept[0], context=place(scene.globex))
            raise _Lost

    with pytest.raises(_Lost):
        rolled_back()
    assert scene.deks() == []
    with pytest.raises(NoDataKey):
        scene.open(kept[0])
    assert dek_id_of(scene.seal()) != dek_id_of(kept[0])


def test_what_belongs_elsewhere_does_not_open(scene: Scene) -> None:
    """A secret opens in its organization, row and region's key only: moved to another place, it is refused like changed bytes."""
    blob, foreign = scene.seal(), scene.seal(of=scene.globex)
    for sealed, context in (
        (blob, place(scene.globex)),
        (foreign, place(scene.acme)),
        (blob, place(scene.acme, row="2")),
        (blob, replace(place(scene.acme), table="vault")),
        (blob[:-1] + bytes([blob[-1] ^ 1]), place(scene.acme)),
    ):
        for _ in range(2):
            with pytest.raises(DecryptionFailed):
                scene.world.call("secrets.open", sealed, context=context)
            scene.world.parts.memory.data_keys.forget()


def test_an_organization_that_is_not_there_has_no_secrets(scene: Scene) -> None:
    """Sealing for an unknown organization raises, and makes no key."""
    nobody = OrganizationId("org_00000000000000000000000000")
    with pytest.raises(ValueError, match="organization"):
        scene.seal(of=nobody)
    assert scene.deks(nobody) == []


def test_each_region_has_a_key_of_its_own(scene: Scene) -> None:
    """What is sealed for one region is not sealed under the key of another."""
    here, there = scene.seal(region="eu"), scene.seal(region="us")
    assert {each.region: each.id for each in scene.deks()} == {"eu": dek_id_of(here), "us": dek_id_of(there)}
    assert [scene.open(each) for each in (here, there)] == ["a token", "a token"]


def test_rotation_gives_new_data_another_key(scene: Scene) -> None:
    """After a rotation new data is under the new key at once, in other processes too once they hear; the old key opens and never seals."""
    before = scene.seal()
    with World.over(scene.world.storage, keys=scene.world.keys) as other:
        assert scene.open(before, world=other) == "a token"
        made = scene.world.call("data_keys.rotate", scene.ann, organization=scene.acme)
        assert {each.id: each.state for each in scene.deks()} == {
            dek_id_of(before): DekState.DECRYPT_ONLY,
            made.id: DekState.ACTIVE,
        }
        after = scene.seal()
        assert dek_id_of(after) == made.id
        assert [scene.open(each, world=other) for each in (before, after)] == ["a token", "a token"]
        scene.world.parts.memory.data_keys.forget()
        assert scene.open(before) == "a token"
        assert dek_id_of(scene.seal()) == made.id


def test_destroyed_is_gone_for_everybody(scene: Scene) -> None:
    """After `destroy` nothing of the organization opens, not even from memory; other organizations and later secrets are untouched."""
    blob, foreign = scene.seal(), scene.seal("theirs", of=scene.globex)
    assert scene.open(blob) == "a token"
    assert reason(scene.world.call("data_keys.destroy", scene.people["ann"], organization=scene.acme)) is Reason.STEP_UP_REQUIRED
    assert reason(scene.world.call("data_keys.destroy", scene.bob, organization=scene.acme)) is Reason.DENIED
    assert scene.open(blob) == "a token"
    assert scene.world.call("data_keys.destroy", scene.ann, organization=scene.acme) == 1
    (record,) = scene.deks()
    assert (record.state, record.wrapped) == (DekState.DESTROYED, b"")
    for _ in range(2):
        with pytest.raises(KeyNotFound, match="destroyed"):
            scene.open(blob)
        assert scene.open(foreign, of=scene.globex) == "theirs"
    assert scene.open(scene.seal("anew")) == "anew"
    assert scene.world.call("data_keys.destroy", scene.ann, organization=scene.acme) == 1


def test_messages_are_counted_over_all_processes(small: Scene) -> None:
    """Two processes share the bound of a key: blocks are reserved before they are used, and whoever gets none takes another key."""
    first = small.seal()
    with World.over(small.world.storage, keys=small.world.keys, options=SMALL) as other:
        assert dek_id_of(other.call("secrets.seal", b"x", context=place(small.acme))) == dek_id_of(first)
        with World.over(small.world.storage, keys=small.world.keys, options=SMALL) as process:
            sealed = process.call("secrets.seal", b"x", context=place(small.acme))
            assert dek_id_of(sealed) != dek_id_of(first)
            assert process.call("secrets.open", first, context=place(small.acme)) == b"a token"
    states = {each.id: each.state for each in small.deks()}
    assert states[dek_id_of(first)] is DekState.DECRYPT_ONLY
    assert small.world.storage.guard.seals.reserved(dek_id_of(first)) == 2 * BLOCK


def test_a_block_is_used_to_its_end_and_not_beyond(small: Scene) -> None:
    """A process seals as many messages as it reserved, and the next one under another key, without an error in between."""
    with small.world.security.begin() as unit:
        unit.secrets.seal(b"x", context=place(small.acme))
    with small.world.security.begin() as unit:
        ids = [dek_id_of(unit.secrets.seal(b"x", context=place(small.acme))) for _ in range(2 * BLOCK + 2)]
    reserved = small.world.storage.guard.seals.reserved
    assert len(set(ids)) == 2
    assert [ids.count(each) <= reserved(each) <= 2 * BLOCK for each in dict.fromkeys(ids)] == [True, True]


def test_an_idle_process_wastes_little(scene: Scene) -> None:
    """A process that seals a little in each life of a key takes one small block for it, and never a larger one."""
    blob = scene.seal()
    for _ in range(8):
        scene.world.clock.advance(RingPolicy().holding.bound)
        scene.seal()
    reserved = scene.world.storage.guard.seals.reserved(dek_id_of(blob))
    assert reserved == 9 * RingPolicy().first_block


def test_a_long_secret_takes_its_share(scene: Scene) -> None:
    """A secret of megabytes counts for as many messages as it begins 4 KiB, finds room for them, in a first unit and later, and opens."""
    long = bytes(20 << 20)
    for _ in range(2):
        blob = scene.world.call("secrets.seal", long, context=place(scene.acme))
        assert scene.world.call("secrets.open", blob, context=place(scene.acme)) == long
    assert scene.world.storage.guard.seals.reserved(dek_id_of(blob)) >= 2 * len(long) >> 12


@pytest.mark.proves("ASVS-11.2.2")
def test_the_strict_suite_beside_the_default(scene: Scene) -> None:
    """A deployment that turns to the strict suite seals in it and opens what is there, without counting; one that turns back opens both."""
    before = scene.seal()
    strict = EmbeddedOptions(data_keys=RingPolicy(suite=Suite.STRICT))
    with World.over(scene.world.storage, keys=scene.world.keys, options=strict) as other:
        reserved = scene.world.storage.guard.seals.reserved(dek_id_of(before))
        after: bytes = other.call("secrets.seal", b"a token", context=place(scene.acme))
        assert (before[1], after[1]) == (0x11, 0x12)
        assert [scene.open(each, world=other) for each in (before, after)] == ["a token", "a token"]
        assert scene.world.storage.guard.seals.reserved(dek_id_of(before)) == reserved
    assert scene.open(after) == "a token"


@pytest.mark.proves("ASVS-13.3.4")
def test_an_old_key_opens_and_is_replaced(scene: Scene) -> None:
    """The worker rotates what is due; without one, what is too old to seal makes room by itself, the deployment's key at the next start."""
    blob = scene.seal()
    assert scene.world.security.jobs.keys.rotate_due() == 0
    scene.world.clock.advance(RingPolicy().rotate_after)
    assert dek_id_of(scene.seal()) == dek_id_of(blob)
    assert scene.world.security.jobs.keys.rotate_due() == 2
    assert scene.world.security.jobs.keys.rotate_due() == 0
    after = scene.seal()
    assert dek_id_of(after) != dek_id_of(blob)
    assert scene.open(blob) == "a token"
    scene.world.clock.advance(RingPolicy().seals_for)
    scene.world.security.prepare()
    assert dek_id_of(scene.seal()) not in {dek_id_of(after), dek_id_of(blob)}
    assert [scene.open(each) for each in (blob, after)] == ["a token", "a token"]
    (event,) = scene.world.events(scene.acme, "data_key.rotated")
    assert event.actor_kind == "system"


def test_half_used_is_due(small: Scene) -> None:
    """A key that has reserved half of its messages is rotated before it is used up."""
    blob = small.seal()
    assert small.world.security.jobs.keys.rotate_due() >= 1
    assert dek_id_of(small.seal()) != dek_id_of(blob)


def test_the_deployments_key_says_that_it_is_used_up(small: Scene) -> None:
    """Without a worker that rotates, the deployment's own key refuses to seal beyond its bound, still opens, and is replaced at a start."""
    context = Context(organization=None, purpose="note")
    blob = small.world.call("secrets.seal", b"x", context=context)
    reserve = small.world.storage.guard.seals.reserve
    reserve(dek_id_of(blob), messages=BLOCK, most=2 * BLOCK)
    small.world.parts.memory.data_keys.forget()
    with pytest.raises(DataKeyExhausted) as caught:
        small.world.call("secrets.seal", b"x", context=context)
    assert caught.value.retryable
    assert small.world.call("secrets.open", blob, context=context) == b"x"
    small.world.security.prepare()
    assert dek_id_of(small.world.call("secrets.seal", b"x", context=context)) != dek_id_of(blob)


@pytest.mark.proves("ASVS-11.2.2")
def test_the_deployments_key_is_wrapped_anew_under_another(scene: Scene) -> None:
    """Re-wrapping writes one record for each data key, in batches that can stop anywhere; no data changes, and all of it opens."""
    blobs = {of: scene.seal(of=of) for of in (scene.acme, scene.globex)}
    old = scene.world.keys.kms.ref
    with World.over(scene.world.storage, keys=scene.world.keys.swapped) as moved:
        jobs = moved.security.jobs.keys
        first = jobs.rewrap(old, limit=1)
        assert (first.written, first.failed) == (1, ())
        assert first.after is not None
        rest = jobs.rewrap(old, limit=10)
        assert (rest.written, rest.after) == (2, None)
        assert (jobs.rewrap(old)).written == 0
        for of, blob in blobs.items():
            (record,) = scene.deks(of)
            assert (record.kek, record.version) == (scene.world.keys.customer.ref, 1)
            assert scene.open(blob, of=of, world=moved) == "a token"


def test_a_record_that_does_not_open_is_passed_over(scene: Scene) -> None:
    """One broken record does not keep the others under the old key; it is named."""
    scene.seal()
    (record,) = scene.deks()
    broken = replace(record, wrapped=record.wrapped[:-1] + bytes([record.wrapped[-1] ^ 1]), version=1)
    with scene.world.storage.begin(after_commit=lambda scopes: None) as store:
        assert store.deks.change(broken)
    done = scene.world.security.jobs.keys.rewrap(scene.world.keys.kms.ref)
    assert (done.written, done.failed) == (1, (record.id,))
    scene.world.parts.memory.data_keys.forget()
    with pytest.raises(CtsecError):
        scene.seal()


class _Wrapped:
    """The records of data keys as they were before the worker wrapped them anew."""

    def __init__(self, records: Any) -> None:
        self._records = records

    def of_scope(self, scope: str) -> tuple[Any, ...]:
        """Return the records of a moment ago."""
        return tuple(replace(each, version=each.version - 1) for each in self._records.of_scope(scope))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._records, name)


@pytest.mark.parametrize("verb", ["destroy", "destroy_retired"])
def test_nothing_is_called_destroyed_that_lives_on(scene: Scene, verb: str) -> None:
    """A key that is wrapped anew while it is destroyed stops the destruction, which says so: no event tells of keys that still open."""
    blob = scene.seal()
    if verb == "destroy_retired":
        scene.world.call("data_keys.rotate", scene.ann, organization=scene.acme)
        scene.world.security.jobs.reencryptions.run_due()
        scene.world.clock.advance(timedelta(hours=3))
        scene.world.security.jobs.reencryptions.run_due()
    with scene.world.security.begin() as unit:
        keys: Any = unit.data_keys
        keys._records = _Wrapped(keys._records)
        with pytest.raises(StoreBusy):
            getattr(keys, verb)(scene.ann, organization=scene.acme)
    assert [list(scene.world.events(scene.acme, f"{each}.destroyed")) for each in ("data_keys", "retired_data_keys")] == [[], []]
    assert scene.open(blob) == "a token"
