"""Regions in both colours: content, moves, replicas and the report, on stores in memory (async source of the twin)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from ctsec.encryption import DekState
from ctsec.encryption.context import Context
from ctsec.errors import ConfigurationError, ResidencyError, StoreBusy, WorkspaceMoving
from ctsec.ids import OrganizationId, WorkspaceId
from ctsec.outcome import Reason
from ctsec.principal import Principal
from ctsec.residency import DEPLOYMENTS_KEY, MoveState, Primary, Region, Regions, Replica
from ctsec.security.parts import EmbeddedOptions
from ctsec.storage.memory import AsyncMemoryRegionStorage
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
            type(router)(TWO, stores=stores, home=router.home, keys=router.keys, aside=router._aside, ambient=router._ambient)


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
