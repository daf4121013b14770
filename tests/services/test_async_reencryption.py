"""After a rotation the worker seals everything anew, and then the old data keys may go (async source of the twin)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from ctsec.encryption import Context, DekState, dek_id_of
from ctsec.encryption.blind_index import IndexKey
from ctsec.encryption.columns import index_key_context
from ctsec.encryption.reencryption import AGAIN, SETTLE, Reencryption, Stored
from ctsec.errors import ConfigurationError, StoreBusy
from ctsec.ids import AuthenticatorId, DekId, OrganizationId, UserId, WorkspaceId
from ctsec.mfa.record import seed_context
from ctsec.outcome import Reason
from ctsec.principal import Principal
from ctsec.residency import ResidenceState
from ctsec.secret import Secret
from ctsec.testing.conformance.samples import ignore
from ctsec.vault import VaultKind, VaultWish
from ctsec.vault.record import secret_context
from tests.services._async_shelf import AsyncShelf
from tests.services._async_world import AsyncWorld
from tests.services.probing import Device, reason

WISH = VaultWish(name="bucket", kind=VaultKind.AWS, services=None, regions=None)


@dataclass(frozen=True, slots=True)
class Scene:
    """Ann owns Acme and has a second factor; Acme has five credentials, an index key, and five rows on the shelf."""

    world: AsyncWorld
    shelf: AsyncShelf
    ann: Principal
    bob: Principal
    device: Device
    acme: OrganizationId
    prod: WorkspaceId

    async def rotate(self) -> None:
        """Give Acme another data key."""
        assert reason(await self.world.call("data_keys.rotate", self.world.sure(self.ann), organization=self.acme)) is None

    async def run(self, **bounds: int) -> int:
        """Let the job run."""
        return await self.world.security.jobs.reencryptions.run_due(**bounds)

    async def destroy(self, actor: Principal | None = None) -> Any:
        """Destroy the keys that were replaced."""
        return await self.world.call("data_keys.destroy_retired", actor or self.world.sure(self.ann), organization=self.acme)

    async def old(self) -> tuple[DekId, ...]:
        """Return the keys of Acme that only open."""
        found = await self.world.call("data_keys.of_organization", organization=self.acme)
        return tuple(each.id for each in found if each.state is DekState.DECRYPT_ONLY)

    async def left(self) -> dict[str, int]:
        """Return how many rows of each table are under such keys."""
        async with self.world.storage.reading() as store:
            tables = {each.value: await store.reencryptions.count(each, self.acme, keys=await self.old()) for each in Stored}
        return {**tables, "shelf": await self.shelf.count(self.acme, keys=await self.old())}

    async def progress(self) -> dict[str, Reencryption]:
        """Return how far the tables of Acme are."""
        return {each.place: each for each in await self.world.security.jobs.reencryptions.of_organization(self.acme)}

    async def texts(self) -> set[str]:
        """Open everything of Acme, and return it as text."""
        found = []
        async with self.world.storage.reading() as store:
            for values in (Stored.VAULT, Stored.INDEX_KEY):
                for each in await store.reencryptions.under(values, self.acme, keys=await self.every(), after=(), limit=99):
                    found.append((each.blob, context_of(values, self.acme, each.key)))
        found += [(row.blob, row.context) for row in self.shelf.rows.values()]
        return {(await self.world.call("secrets.open", blob, context=context)).decode() for blob, context in found}

    async def every(self) -> tuple[DekId, ...]:
        """Return all keys of Acme."""
        return tuple(each.id for each in await self.world.call("data_keys.of_organization", organization=self.acme))


def context_of(stored: Stored, organization: OrganizationId, key: tuple[Any, ...]) -> Context:
    """Return the context of a value of an organization."""
    if stored is Stored.VAULT:
        return secret_context(organization, key[0])
    return index_key_context(organization, key[0], generation=key[1])


TEXTS = {f"{kind} {n}" for kind in ("vault", "shelf") for n in range(5)} | {"index key"}


async def scene_in(world: AsyncWorld, shelf: AsyncShelf) -> Scene:
    """Return the scene of this module in a world."""
    ann = await world.person("ann@acme.example")
    acme = (await world.organization(ann)).id
    bob = await world.member(acme, "bob@acme.example")
    prod = await world.workspace(acme)
    device = await world.enrol(ann)
    for n in range(5):
        await world.call("vault.store", ann, organization=acme, wish=replace(WISH, name=f"v{n}"), secret=Secret(f"vault {n}".encode()))
        await stack(world, shelf, acme, n)
    context = index_key_context(acme, "note.email", generation=1)
    sealed = await world.call("secrets.seal", b"index key", context=context)
    async with world.storage.begin(after_commit=ignore) as store:
        await store.index_keys.add(
            IndexKey(organization_id=acme, place="note.email", generation=1, sealed=sealed, created_at=world.clock.now())
        )
    return Scene(world, shelf, ann, bob, device, acme, prod.id)


async def stack(world: AsyncWorld, shelf: AsyncShelf, acme: OrganizationId, n: int) -> None:
    """Put a row on the shelf."""
    context = Context(organization=acme, purpose="note", row=str(n))
    shelf.put(f"row {n}", await world.call("secrets.seal", b"shelf %d" % n, context=context), context)


@pytest.fixture
async def scene() -> AsyncGenerator[Scene, None]:
    shelf = AsyncShelf()
    async with AsyncWorld.open(tables=(shelf,)) as world:
        yield await scene_in(world, shelf)


async def test_the_worker_seals_everything_anew_by_itself(scene: Scene) -> None:
    """After a rotation no table has a row under the old key, everything opens as before, and a second run writes nothing."""
    assert await scene.run() == 0
    await scene.rotate()
    assert await scene.left() == {"vault": 5, "index_key": 1, "authenticator": 0, "sso_connection": 0, "shelf": 5}
    await scene.world.drain()
    assert set((await scene.left()).values()) == {0}
    assert await scene.texts() == TEXTS
    done = await scene.progress()
    assert {name: (each.written, each.remaining, each.problem) for name, each in done.items() if each.written} == {
        "vault": (5, 0, ""),
        "index_key": (1, 0, ""),
        "shelf": (5, 0, ""),
    }
    assert all(each.ended_at is not None for each in done.values())
    assert set(done) == {"vault", "index_key", "sso_connection", "app_token", "shelf", "content:default"}
    assert await scene.run() == 0


async def test_seeds_follow_the_deployments_key(scene: Scene) -> None:
    """After the deployment's own key is rotated the seeds of authenticators are under the new one, and their codes are accepted."""
    scene.world.clock.advance(timedelta(days=91))
    assert await scene.world.security.jobs.keys.rotate_due() > 0
    await scene.world.drain()
    async with scene.world.storage.reading() as store:
        keys = await store.deks.of_scope("deployment")
        (seed,) = await store.reencryptions.under(Stored.SEED, "deployment", keys=tuple(each.id for each in keys), after=(), limit=9)
    assert dek_id_of(seed.blob) == keys[-1].id
    (found,) = [each for each in keys if each.state is DekState.ACTIVE]
    assert found == keys[-1]
    (authenticator,) = seed.key
    context = seed_context(UserId(scene.ann.id), AuthenticatorId(str(authenticator)))
    plain = await scene.world.call("secrets.open", seed.blob, context=context)
    assert len(plain) >= 20
    await scene.world.login_with(scene.device, "ann@acme.example")


async def test_a_run_is_bounded_and_the_next_goes_on(scene: Scene) -> None:
    """Runs of one page each end the work, each where the one before stopped, and the counts say how far it is."""
    await scene.rotate()
    seen: list[tuple[str, int, int]] = []
    for _ in range(40):
        await scene.run(pages=1, rows=2)
        seen += [(each.place, each.written, each.remaining) for each in await scene.world.security.jobs.reencryptions.unfinished()]
        assert await scene.texts() == TEXTS
        if not sum((await scene.left()).values()):
            break
    assert ("vault", 2, 3) in seen
    assert ("shelf", 4, 1) in seen
    assert await scene.run() == 0
    assert await scene.world.security.jobs.reencryptions.unfinished() == ()


async def test_a_key_that_is_replaced_meanwhile_has_its_rows_sealed_anew_too(scene: Scene) -> None:
    """A second rotation in the middle of a pass: what the pass has sealed under the second key does not wait."""
    await scene.rotate()
    while (await scene.left())["shelf"] != 3:
        await scene.run(pages=1, rows=2)
    await scene.rotate()
    while await scene.run(rows=2):
        pass
    assert set((await scene.left()).values()) == {0}
    assert await scene.texts() == TEXTS


async def test_what_does_not_open_is_left_and_counted(scene: Scene) -> None:
    """A broken row stops nothing: the others are written, it is counted with its reason, and it is tried again in an hour."""
    row = scene.shelf.rows["row 2"]
    scene.shelf.put("row 2", row.blob[:-1] + bytes([row.blob[-1] ^ 1]), row.context)
    await scene.rotate()
    await scene.run(rows=1)
    left = (await scene.progress())["shelf"]
    assert (left.written, left.remaining, left.problem) == (4, 1, "decryption_failed")
    assert (await scene.left())["shelf"] == 1
    scene.shelf.put("row 2", row.blob, row.context)
    assert await scene.run() == 0
    scene.world.clock.advance(AGAIN)
    assert await scene.run() == 1
    assert (await scene.progress())["shelf"].problem == ""
    assert await scene.texts() == TEXTS


async def test_a_key_that_is_refused_keeps_its_rows_back_alone(scene: Scene) -> None:
    """Rows under a key whose service says no wait, and those under another are written; when it says yes they follow."""
    (first,) = await scene.world.call("data_keys.of_organization", organization=scene.acme)
    await scene.rotate()
    await stack(scene.world, scene.shelf, scene.acme, 0)
    await scene.rotate()
    await rewrap(scene, first.id, kek="local:nowhere")
    scene.shelf.pages = 0
    await scene.run(rows=2)
    left = (await scene.progress())["shelf"]
    assert (left.written, left.remaining, left.problem) == (1, 4, "key_not_found")
    assert scene.shelf.pages == 2, "a table is not read to its end for a key that is refused"
    await rewrap(scene, first.id, kek=first.kek)
    scene.world.clock.advance(AGAIN)
    await scene.run()
    assert set((await scene.left()).values()) == {0}
    assert await scene.texts() == TEXTS


async def rewrap(scene: Scene, dek_id: DekId, *, kek: str) -> None:
    """Have a record name another key of the deployment's, and nobody remember it."""
    async with scene.world.storage.begin(after_commit=ignore) as store:
        record = await store.deks.get(dek_id)
        assert record is not None
        assert await store.deks.change(record.rewrapped(record.wrapped, kek=kek))
    scene.world.security.parts.memory.data_keys.forget()


@pytest.mark.parametrize(("error", "code"), [(StoreBusy("away"), "store_busy"), (ZeroDivisionError("a host's mistake"), "internal")])
async def test_what_stops_one_table_stops_no_other(scene: Scene, error: Exception, code: str) -> None:
    """A table that fails is told with a code; the others are done, and it goes on when it answers."""
    await scene.rotate()
    scene.shelf.away = error
    await scene.run()
    assert (await scene.progress())["shelf"].problem == code
    scene.shelf.away = None
    assert await scene.left() == {"vault": 0, "index_key": 0, "authenticator": 0, "sso_connection": 0, "shelf": 5}
    await scene.run(pages=1, rows=2)
    assert (await scene.progress())["shelf"].remaining == 3
    await scene.run()
    assert await scene.texts() == TEXTS
    assert (await scene.progress())["shelf"].remaining == 0
    await scene.rotate()
    await scene.run(pages=5, rows=2)
    scene.shelf.away = error
    await scene.run()
    stopped = (await scene.progress())["shelf"]
    assert (stopped.written, stopped.remaining, stopped.problem) == (2, 3, code)
    scene.shelf.away = None
    await scene.run()
    assert set((await scene.left()).values()) == {0}


async def test_a_row_that_changed_meanwhile_stays(scene: Scene) -> None:
    """What a host wrote between reading and writing is not overwritten, and is sealed anew in its turn."""
    await scene.rotate()
    (row, *_) = await scene.shelf.under(scene.acme, keys=await scene.old(), after="", limit=9)
    await scene.run()
    assert await scene.shelf.replace(((row, b"late"),)) == 0
    every = await scene.every()
    async with scene.world.storage.begin(after_commit=ignore) as store:
        for stored in (Stored.VAULT, Stored.INDEX_KEY):
            (value, *_) = await store.reencryptions.under(stored, scene.acme, keys=every, after=(), limit=9)
            assert not await store.reencryptions.replace(stored, scene.acme, key=value.key, before=b"late", after=b"lost")
    assert await scene.texts() == TEXTS


async def test_what_comes_late_under_an_old_key_is_found(scene: Scene) -> None:
    """A process that still sealed under the old key after everything was done: two hours later its row is sealed anew too."""
    late = scene.shelf.rows["row 0"]
    await scene.rotate()
    await scene.run()
    scene.shelf.put("row 0", late.blob, late.context)
    assert await scene.run() == 0
    scene.world.clock.advance(SETTLE)
    assert await scene.run() == 1
    assert set((await scene.left()).values()) == {0}


async def test_replaced_keys_are_destroyed_when_nothing_needs_them(scene: Scene) -> None:
    """An owner with a fresh factor destroys them, not before every table was counted two hours after the rotation; all still opens."""
    assert await scene.destroy() == 0
    await scene.rotate()
    assert reason(await scene.destroy()) is Reason.CONFLICT
    await scene.run()
    assert reason(await scene.destroy()) is Reason.CONFLICT
    scene.world.clock.advance(SETTLE)
    refused = await scene.destroy()
    assert reason(refused) is Reason.CONFLICT
    assert "shelf" in refused.detail
    await scene.run()
    assert reason(await scene.destroy(scene.world.sure(scene.bob))) is Reason.DENIED
    assert reason(await scene.destroy(replace(scene.ann, credential=replace(scene.ann.credential, factors={})))) is Reason.STEP_UP_REQUIRED
    (old,) = await scene.old()
    assert await scene.destroy() == 1
    assert await scene.old() == ()
    assert await scene.texts() == TEXTS
    (event,) = await scene.world.events(scene.acme, "retired_data_keys.destroyed")
    assert old.encode() in event.body
    assert await scene.destroy() == 0


async def test_a_key_that_is_needed_is_not_destroyed(scene: Scene) -> None:
    """A value that does not open, one that came into the store after the count, and a table that does not answer each keep the key."""
    late = scene.shelf.rows["row 0"]
    async with scene.world.storage.reading() as store:
        (value, *_) = await store.reencryptions.under(Stored.VAULT, scene.acme, keys=await scene.every(), after=(), limit=9)
    await scene.rotate()
    await scene.run()
    scene.world.clock.advance(SETTLE)
    scene.shelf.put("row 0", late.blob[:-1] + bytes([late.blob[-1] ^ 1]), late.context)
    await scene.run()
    refused = await scene.destroy()
    assert reason(refused) is Reason.CONFLICT
    assert "by shelf;" in refused.detail
    del scene.shelf.rows["row 0"]
    scene.world.clock.advance(AGAIN)
    await scene.run()
    every = await scene.every()
    async with scene.world.storage.begin(after_commit=ignore) as store:
        (now, *_) = await store.reencryptions.under(Stored.VAULT, scene.acme, keys=every, after=(), limit=9)
        assert await store.reencryptions.replace(Stored.VAULT, scene.acme, key=value.key, before=now.blob, after=value.blob)
    assert "by vault;" in (await scene.destroy()).detail
    assert len(await scene.old()) == 1


async def test_content_is_sealed_anew_in_its_region(scene: Scene) -> None:
    """The content of a workspace comes under the new key of its region; while the workspace is on its way it waits."""
    security = scene.world.security
    async with security.region(scene.prod) as content:
        await content.put("note", "a b", b"content")
    await scene.rotate()
    storage = security.regional.router.stores["default"]
    async with storage.begin() as store:
        home = await store.residences.get(scene.prod)
        assert home is not None
        away = replace(home, state=ResidenceState.LEAVING)
        assert await store.residences.change(home, away)
    await scene.run()
    waiting = (await scene.progress())["content:default"]
    assert (waiting.written, waiting.remaining, waiting.problem) == (0, 1, "not_written")
    async with storage.begin() as store:
        assert await store.residences.change(away, home)
    scene.world.clock.advance(AGAIN)
    assert await scene.run() == 1
    async with storage.reading() as store:
        assert await store.content.count_under(scene.acme, keys=await scene.old()) == 0
    async with security.regional.router.reading(scene.prod) as content:
        assert await content.get("note", "a b") == b"content"


async def test_a_destroyed_key_seals_nothing(scene: Scene) -> None:
    """A process that still holds a key which was destroyed meanwhile writes nothing under it."""
    await scene.rotate()
    await scene.run(pages=1, rows=1)
    async with scene.world.storage.begin(after_commit=ignore) as store:
        active = await store.deks.active(scene.acme, "default")
        assert active is not None
        assert await store.deks.change(active.destroyed())
    blobs = {row.blob for row in scene.shelf.rows.values()}
    await scene.run()
    assert {row.blob for row in scene.shelf.rows.values()} == blobs
    assert (await scene.progress())["shelf"].problem in {"store_busy", "no_data_key"}


async def test_tables_have_names_of_their_own() -> None:
    """Two tables of one name, or of one of the store's own, are refused at the start."""
    for tables in ((AsyncShelf(), AsyncShelf()), (named("vault"),), (named(""),), (named("x" * 257),)):
        with pytest.raises(ConfigurationError, match="names"):
            async with AsyncWorld.open(tables=tables):
                raise AssertionError("the bundle opened")


def named(name: str) -> AsyncShelf:
    """Return a table with a name."""
    shelf = AsyncShelf()
    shelf.name = name
    return shelf


async def test_another_process_is_not_disturbed(scene: Scene) -> None:
    """Where another process has gone on with a table meanwhile, a run stops there, and both together lose nothing."""
    await scene.rotate()

    async def other() -> None:
        mine = (await scene.progress())["shelf"]
        async with scene.world.storage.begin(after_commit=ignore) as store:
            assert await store.reencryptions.put(replace(mine, version=mine.version + 1))

    scene.shelf.meanwhile = other
    await scene.run(rows=2)
    assert scene.shelf.pages == 1
    assert (await scene.left())["shelf"] == 3
    scene.shelf.meanwhile = None
    await scene.run()
    assert set((await scene.left()).values()) == {0}
    assert await scene.texts() == TEXTS
