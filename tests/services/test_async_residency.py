"""Regions in both colours: content, moves, replicas and the report, on stores in memory (async source of the twin)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from ctsec.directory.record import Workspace
from ctsec.encryption import DekState, dek_id_of
from ctsec.encryption.context import Context
from ctsec.errors import ConfigurationError, ResidencyError, StoreBusy, WorkspaceMoving
from ctsec.ids import CredentialId, OrganizationId, WorkspaceId
from ctsec.outcome import Reason
from ctsec.principal import Principal
from ctsec.residency import DEPLOYMENTS_KEY, MoveState, Primary, Region, Regions, Replica
from ctsec.secret import Secret
from ctsec.security.parts import EmbeddedOptions
from ctsec.storage.memory import AsyncMemoryRegionStorage
from ctsec.testing.conformance.samples import ignore
from ctsec.vault import AsyncVault, VaultCredential, VaultKind, VaultWish
from ctsec.vault.record import secret_context
from tests.services._async_shelf import AsyncShelf
from tests.services._async_world import AsyncWorld
from tests.services.probing import reason

TWO = Regions(
    regions=(
        Region(name="eu", store="memory:eu", key=DEPLOYMENTS_KEY, replicas=(Replica(name="eu-two", store="memory:eu-two"),)),
        Region(name="us", store="memory:us", key=DEPLOYMENTS_KEY),
    ),
    default="eu",
)


class Scene:
    """Ann owns Acme, with a workspace in eu."""

    def __init__(self, world: AsyncWorld, ann: Principal, acme: OrganizationId, prod: WorkspaceId) -> None:
        self.world = world
        self.ann = ann
        self.acme = acme
        self.prod = prod
        self.regional = world.security.regional

    async def write(self, **pieces: str) -> None:
        """Write notes of prod."""
        async with self.world.security.region(self.prod) as content:
            for key, text in pieces.items():
                await content.put("note", key, text.encode())

    async def read(self, workspace: WorkspaceId | None = None) -> dict[str, str]:
        """Return the notes of a workspace."""
        found: dict[str, str] = {}
        async with self.regional.router.reading(workspace or self.prod) as content:
            for kind, key in await content.list():
                found[key] = (await content.get(kind, key) or b"").decode()
        return found

    async def start(self, region: str = "us") -> MoveState:
        """Start to move prod."""
        where = {"organization": self.acme, "workspace": self.prod}
        await self.world.call("residency.start", self.world.sure(self.ann), **where, region=region)
        return MoveState.COPYING


@pytest.fixture
async def scene() -> AsyncGenerator[Scene, None]:
    async with AsyncWorld.open(options=EmbeddedOptions(regions=TWO)) as world:
        ann = await world.person("ann@acme.example")
        acme = await world.organization(ann)
        prod = await world.workspace(acme.id)
        yield Scene(world, ann, acme.id, prod.id)


@pytest.mark.proves("SEED-D2")
async def test_content_is_written_and_read_in_its_region(scene: Scene) -> None:
    """A piece is in the store of the pin alone; a region that is not the pin is refused, and told aside."""
    await scene.write(a="x")
    assert await scene.read() == {"a": "x"}
    for region, rows in (("eu", 1), ("us", 0)):
        async with scene.regional.router.stores[region].reading() as store:
            assert len(await store.content.occupants(scene.acme)) == rows
    with pytest.raises(ResidencyError):
        async with scene.world.security.region(scene.prod, region="us"):
            pass
    assert len(await scene.world.events(name="residency.violated")) == 1


@pytest.mark.proves("SEED-D2")
async def test_the_worker_moves_a_workspace(scene: Scene) -> None:
    """The worker's run carries the move out; the workspace of the default region's organization says the same elsewhere."""
    await scene.write(a="x", b="y")
    await scene.start()
    await scene.world.drain()
    assert await scene.read() == {"a": "x", "b": "y"}
    (move,) = await scene.world.call("residency.moves", organization=scene.acme)
    assert (move.state, move.rows) == (MoveState.DONE, 2)
    async with scene.regional.router.stores["eu"].reading() as store:
        assert await store.content.occupants(scene.acme) == ()
    states = {each.region: each.state for each in await scene.world.call("data_keys.of_organization", organization=scene.acme)}
    assert states == {"eu": DekState.DESTROYED, "us": DekState.ACTIVE}


async def test_a_moving_workspace_takes_no_writes(scene: Scene) -> None:
    """Between the first step and the switch a write is refused as something that passes; given up, it is taken again."""
    await scene.write(a="x")
    await scene.start()
    (move,) = await scene.world.call("residency.moves", organization=scene.acme)
    await scene.regional.moves.step(move)
    with pytest.raises(WorkspaceMoving):
        await scene.write(b="y")
    with pytest.raises(StoreBusy):
        await scene.regional.moves.step(move)
    sure = scene.world.sure(scene.ann)
    await scene.world.call("residency.abort", sure, organization=scene.acme, workspace=scene.prod)
    assert await scene.regional.moves.run_due() == 1
    await scene.write(b="y")
    assert await scene.read() == {"a": "x", "b": "y"}


async def test_the_keys_that_an_organization_needs_for_itself_stay() -> None:
    """What is sealed under the keys of the region `default` is more than content: they are not destroyed when the last workspace leaves."""
    async with AsyncWorld.open() as world:
        ann = await world.person("ann@acme.example")
        acme = await world.organization(ann)
        prod = await world.workspace(acme.id)
        place = Context(organization=acme.id, purpose="token")
        blob = await world.call("secrets.seal", b"of the organization", context=place)
        await world.call("residency.start", world.sure(ann), organization=acme.id, workspace=prod.id, region="us")
        assert await world.security.regional.moves.run_due() == 1
        assert await world.call("secrets.open", blob, context=place) == b"of the organization"


@pytest.mark.proves("SEED-D3")
async def test_a_replica_is_kept_and_promoted(scene: Scene) -> None:
    """The worker keeps the replica equal; promoted, it serves the region, and the report counts in both."""
    await scene.write(a="x")
    assert await scene.regional.replicas.replicate_all() == 1
    report = await scene.regional.reporter.report(scene.ann, organization=scene.acme)
    assert report.agrees
    assert [(held.store, held.replica) for each in report.workspaces for held in each.holdings] == [("eu", False), ("eu-two", True)]
    await scene.write(b="y")
    refused = await scene.regional.replicas.promote(scene.ann, region="eu", store="eu-two")
    assert reason(refused) is Reason.CONFLICT
    assert isinstance(await scene.regional.replicas.promote(scene.ann, region="eu", store="eu-two", accept_loss=1), Primary)
    assert await scene.read() == {"a": "x"}
    with pytest.raises(ValueError, match="a number of rows"):
        await scene.regional.replicas.promote(scene.ann, region="eu", store="eu", accept_loss=-1)


@pytest.mark.proves("SEED-D1")
async def test_a_workspace_is_made_in_a_configured_region(scene: Scene) -> None:
    """Any other name is refused, and none is the default."""
    made = await scene.world.call("directory.create_workspace", scene.ann, organization=scene.acme, name="A")
    assert made.region == "eu"
    refused = await scene.world.call("directory.create_workspace", scene.ann, organization=scene.acme, name="A", region="ap")
    assert (reason(refused), "eu, us" in refused.detail) == (Reason.INVALID_INPUT, True)


async def test_a_bundle_has_exactly_the_stores_of_its_regions(scene: Scene) -> None:
    """A storage that is missing, or one too many, is refused when the bundle is made."""
    router = scene.regional.router
    more = {**router.stores, "ap": AsyncMemoryRegionStorage(region="ap")}
    less = {name: store for name, store in router.stores.items() if name != "us"}
    for stores in (more, less, {}):
        with pytest.raises(ConfigurationError, match="a storage for each region"):
            type(router)(
                TWO, stores=stores, home=router.home, keys=router.keys, events=router._events, aside=router._aside, ambient=router._ambient
            )


async def test_content_of_another_organization_is_refused(scene: Scene) -> None:
    """A store that says the workspace is somebody else's is not written."""
    await scene.write(a="x")
    async with scene.regional.router.stores["eu"].begin() as store:
        held = await store.residences.get(scene.prod)
        assert held is not None
        await store.residences.change(held, replace(held, organization_id=OrganizationId("org_00000000000000000000000009")))
    with pytest.raises(ResidencyError, match="another organization"):
        await scene.write(a="y")
    with pytest.raises(ResidencyError, match="another organization"):
        await scene.read()


WISH = VaultWish(name="bucket", kind=VaultKind.AWS, services=None, regions=None)


async def keep(scene: Scene, name: str = "bucket", workspace: WorkspaceId | None = None) -> CredentialId:
    """Keep a credential of a workspace, prod if none is named."""
    place = {"organization": scene.acme, "workspace": workspace or scene.prod}
    kept = await scene.world.call("vault.store", scene.ann, **place, wish=replace(WISH, name=name), secret=Secret(name.encode()))
    return CredentialId(kept.id)


async def use(scene: Scene, credential: CredentialId) -> bytes:
    """Return a credential's secret, as a process that holds no data key."""
    scene.world.security.parts.memory.data_keys.forget()
    used = await scene.world.call("vault.use", scene.ann, organization=scene.acme, credential=credential)
    return bytes(used.secret.reveal())


async def region_of(scene: Scene, credential: CredentialId) -> str:
    """Return the region of the data key that a credential is sealed under."""
    async with scene.world.storage.reading() as store:
        sealed = await store.credentials.sealed(credential)
        record = await store.deks.get(dek_id_of(sealed or b""))
    assert record is not None
    return record.region


@pytest.mark.proves("SEED-D2")
async def test_the_credentials_of_a_workspace_move_along(scene: Scene) -> None:
    """After a move they open, under the data key of the new region, though the old region's keys are destroyed; so does the way back."""
    credential = await keep(scene)
    assert await region_of(scene, credential) == "eu"
    for region in ("us", "eu"):
        await scene.start(region)
        assert await scene.regional.moves.run_due() == 1
        assert await use(scene, credential) == b"bucket"
        assert await region_of(scene, credential) == region
    keys = await scene.world.call("data_keys.of_organization", organization=scene.acme)
    assert {(each.region, each.state) for each in keys} == {
        ("eu", DekState.DESTROYED),
        ("us", DekState.DESTROYED),
        ("eu", DekState.ACTIVE),
    }


async def test_a_regions_key_stays_while_the_vault_needs_it(scene: Scene) -> None:
    """Where another workspace's credential is still under the source's data key, that key is not destroyed with the last workspace."""
    other = await keep(scene, "other")
    async with scene.world.storage.begin(after_commit=ignore) as store:
        record = await store.credentials.get(scene.acme, other)
        assert record is not None
        assert await store.credentials.remove(scene.acme, other)
        assert await store.credentials.add(replace(record, workspace_id=None), await sealed_again(scene, record))
    await scene.start()
    assert await scene.regional.moves.run_due() == 1
    keys = await scene.world.call("data_keys.of_organization", organization=scene.acme)
    assert {each.state for each in keys if each.region == "eu"} == {DekState.ACTIVE}
    assert await use(scene, other) == b"other"


async def test_a_regions_key_stays_while_a_hosts_table_needs_it() -> None:
    """Where a host has not sealed its row for the target, the source's data key is not destroyed with the last workspace."""
    shelf = AsyncShelf()
    async with AsyncWorld.open(options=EmbeddedOptions(regions=TWO), tables=(shelf,)) as world:
        ann = await world.person("ann@acme.example")
        acme = (await world.organization(ann)).id
        scene = Scene(world, ann, acme, (await world.workspace(acme)).id)
        context = Context(organization=acme, purpose="note", row="1")
        shelf.put("1", await world.call("secrets.seal", b"a row", context=context, region="eu"), context)
        for region, states in (("us", {DekState.ACTIVE}), ("eu", {DekState.ACTIVE}), ("us", {DekState.DESTROYED})):
            if states == {DekState.DESTROYED}:
                shelf.rows.clear()
            await scene.start(region)
            assert await scene.regional.moves.run_due() == 1
            keys = await world.call("data_keys.of_organization", organization=acme)
            assert {each.state for each in keys if each.region == "eu"} == states


async def sealed_again(scene: Scene, record: VaultCredential) -> bytes:
    """Return the secret of a credential, sealed for eu."""
    context = secret_context(scene.acme, record.id)
    blob: bytes = await scene.world.call("secrets.seal", b"other", context=context, region="eu")
    return blob


async def test_a_secret_is_not_written_for_a_region_that_was_left(scene: Scene) -> None:
    """A workspace that moves between sealing and writing has the write refused: its old region's key may be gone."""

    class Moving:
        def __init__(self) -> None:
            self.asked = 0

        async def get(self, workspace_id: WorkspaceId) -> Workspace:
            self.asked += 1
            found = await scene.world.call("directory.workspace", workspace_id)
            return replace(found, region="eu" if self.asked % 2 else "us")

    credential = await keep(scene)
    async with scene.world.security.begin() as unit:
        parts = replace(unit.vault._parts, places=Moving())
        vault = AsyncVault(parts, audit=unit.audit, ambient=unit._ambient)
        wish = replace(WISH, name="new")
        stored = await vault.store(scene.ann, organization=scene.acme, workspace=scene.prod, wish=wish, secret=Secret(b"new"))
        assert reason(stored) is Reason.CONFLICT
        rotated = await vault.rotate(scene.ann, organization=scene.acme, credential=credential, secret=Secret(b"new"))
        assert reason(rotated) is Reason.CONFLICT
    assert await use(scene, credential) == b"bucket"
    assert len(await scene.world.call("vault.of_organization", organization=scene.acme)) == 1
