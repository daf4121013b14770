# Generated from tests/services/test_async_residency.py by tools/twin.py; edit that file.
"""Regions in both colours: content, moves, replicas and the report, on stores in memory (async source of the twin)."""

from __future__ import annotations

from collections.abc import Generator
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
from ctsec.storage.memory import MemoryRegionStorage
from ctsec.testing.conformance.samples import ignore
from ctsec.vault import Vault, VaultCredential, VaultKind, VaultWish
from ctsec.vault.record import secret_context
from tests.services._sync_shelf import Shelf
from tests.services._sync_world import World
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

    def __init__(self, world: World, ann: Principal, acme: OrganizationId, prod: WorkspaceId) -> None:
        self.world = world
        self.ann = ann
        self.acme = acme
        self.prod = prod
        self.regional = world.security.regional

    def write(self, **pieces: str) -> None:
        """Write notes of prod."""
        with self.world.security.region(self.prod) as content:
            for key, text in pieces.items():
                content.put("note", key, text.encode())

    def read(self, workspace: WorkspaceId | None = None) -> dict[str, str]:
        """Return the notes of a workspace."""
        found: dict[str, str] = {}
        with self.regional.router.reading(workspace or self.prod) as content:
            for kind, key in content.list():
                found[key] = (content.get(kind, key) or b"").decode()
        return found

    def start(self, region: str = "us") -> MoveState:
        """Start to move prod."""
        where = {"organization": self.acme, "workspace": self.prod}
        self.world.call("residency.start", self.world.sure(self.ann), **where, region=region)
        return MoveState.COPYING


@pytest.fixture
def scene() -> Generator[Scene, None, None]:
    with World.open(options=EmbeddedOptions(regions=TWO)) as world:
        ann = world.person("ann@acme.example")
        acme = world.organization(ann)
        prod = world.workspace(acme.id)
        yield Scene(world, ann, acme.id, prod.id)


@pytest.mark.proves("SEED-D2")
def test_content_is_written_and_read_in_its_region(scene: Scene) -> None:
    """A piece is in the store of the pin alone; a region that is not the pin is refused, and told aside."""
    scene.write(a="x")
    assert scene.read() == {"a": "x"}
    for region, rows in (("eu", 1), ("us", 0)):
        with scene.regional.router.stores[region].reading() as store:
            assert len(store.content.occupants(scene.acme)) == rows
    with pytest.raises(ResidencyError):
        with scene.world.security.region(scene.prod, region="us"):
            pass
    assert len(scene.world.events(name="residency.violated")) == 1


@pytest.mark.proves("SEED-D2")
def test_the_worker_moves_a_workspace(scene: Scene) -> None:
    """The worker's run carries the move out; the workspace of the default region's organization says the same elsewhere."""
    scene.write(a="x", b="y")
    scene.start()
    scene.world.drain()
    assert scene.read() == {"a": "x", "b": "y"}
    (move,) = scene.world.call("residency.moves", organization=scene.acme)
    assert (move.state, move.rows) == (MoveState.DONE, 2)
    with scene.regional.router.stores["eu"].reading() as store:
        assert store.content.occupants(scene.acme) == ()
    states = {each.region: each.state for each in scene.world.call("data_keys.of_organization", organization=scene.acme)}
    assert states == {"eu": DekState.DESTROYED, "us": DekState.ACTIVE}


def test_a_moving_workspace_takes_no_writes(scene: Scene) -> None:
    """Between the first step and the switch a write is refused as something that passes; given up, it is taken again."""
    scene.write(a="x")
    scene.start()
    (move,) = scene.world.call("residency.moves", organization=scene.acme)
    scene.regional.moves.step(move)
    with pytest.raises(WorkspaceMoving):
        scene.write(b="y")
    with pytest.raises(StoreBusy):
        scene.regional.moves.step(move)
    sure = scene.world.sure(scene.ann)
    scene.world.call("residency.abort", sure, organization=scene.acme, workspace=scene.prod)
    assert scene.regional.moves.run_due() == 1
    scene.write(b="y")
    assert scene.read() == {"a": "x", "b": "y"}


def test_the_keys_that_an_organization_needs_for_itself_stay() -> None:
    """What is sealed under the keys of the region `default` is more than content: they are not destroyed when the last workspace leaves."""
    with World.open() as world:
        ann = world.person("ann@acme.example")
        acme = world.organization(ann)
        prod = world.workspace(acme.id)
        place = Context(organization=acme.id, purpose="token")
        blob = world.call("secrets.seal", b"of the organization", context=place)
        world.call("residency.start", world.sure(ann), organization=acme.id, workspace=prod.id, region="us")
        assert world.security.regional.moves.run_due() == 1
        assert world.call("secrets.open", blob, context=place) == b"of the organization"


@pytest.mark.proves("SEED-D3")
def test_a_replica_is_kept_and_promoted(scene: Scene) -> None:
    """The worker keeps the replica equal; promoted, it serves the region, and the report counts in both."""
    scene.write(a="x")
    assert scene.regional.replicas.replicate_all() == 1
    report = scene.regional.reporter.report(scene.ann, organization=scene.acme)
    assert report.agrees
    assert [(held.store, held.replica) for each in report.workspaces for held in each.holdings] == [("eu", False), ("eu-two", True)]
    scene.write(b="y")
    refused = scene.regional.replicas.promote(scene.ann, region="eu", store="eu-two")
    assert reason(refused) is Reason.CONFLICT
    assert isinstance(scene.regional.replicas.promote(scene.ann, region="eu", store="eu-two", accept_loss=1), Primary)
    assert scene.read() == {"a": "x"}
    with pytest.raises(ValueError, match="a number of rows"):
        scene.regional.replicas.promote(scene.ann, region="eu", store="eu", accept_loss=-1)


@pytest.mark.proves("SEED-D1")
def test_a_workspace_is_made_in_a_configured_region(scene: Scene) -> None:
    """Any other name is refused, and none is the default."""
    made = scene.world.call("directory.create_workspace", scene.ann, organization=scene.acme, name="A")
    assert made.region == "eu"
    refused = scene.world.call("directory.create_workspace", scene.ann, organization=scene.acme, name="A", region="ap")
    assert (reason(refused), "eu, us" in refused.detail) == (Reason.INVALID_INPUT, True)


def test_a_bundle_has_exactly_the_stores_of_its_regions(scene: Scene) -> None:
    """A storage that is missing, or one too many, is refused when the bundle is made."""
    router = scene.regional.router
    more = {**router.stores, "ap": MemoryRegionStorage(region="ap")}
    less = {name: store for name, store in router.stores.items() if name != "us"}
    for stores in (more, less, {}):
        with pytest.raises(ConfigurationError, match="a storage for each region"):
            type(router)(
                TWO, stores=stores, home=router.home, keys=router.keys, events=router._events, aside=router._aside, ambient=router._ambient
            )


def test_content_of_another_organization_is_refused(scene: Scene) -> None:
    """A store that says the workspace is somebody else's is not written."""
    scene.write(a="x")
    with scene.regional.router.stores["eu"].begin() as store:
        held = store.residences.get(scene.prod)
        assert held is not None
        store.residences.change(held, replace(held, organization_id=OrganizationId("org_00000000000000000000000009")))
    with pytest.raises(ResidencyError, match="another organization"):
        scene.write(a="y")
    with pytest.raises(ResidencyError, match="another organization"):
        scene.read()


WISH = VaultWish(name="bucket", kind=VaultKind.AWS, services=None, regions=None)


def keep(scene: Scene, name: str = "bucket", workspace: WorkspaceId | None = None) -> CredentialId:
    """Keep a credential of a workspace, prod if none is named."""
    place = {"organization": scene.acme, "workspace": workspace or scene.prod}
    kept = scene.world.call("vault.store", scene.ann, **place, wish=replace(WISH, name=name), secret=Secret(name.encode()))
    return CredentialId(kept.id)


def use(scene: Scene, credential: CredentialId) -> bytes:
    """Return a credential's secret, as a process that holds no data key."""
    scene.world.security.parts.memory.data_keys.forget()
    used = scene.world.call("vault.use", scene.ann, organization=scene.acme, credential=credential)
    return bytes(used.secret.reveal())


def region_of(scene: Scene, credential: CredentialId) -> str:
    """Return the region of the data key that a credential is sealed under."""
    with scene.world.storage.reading() as store:
        sealed = store.credentials.sealed(credential)
        record = store.deks.get(dek_id_of(sealed or b""))
    assert record is not None
    return record.region


@pytest.mark.proves("SEED-D2")
def test_the_credentials_of_a_workspace_move_along(scene: Scene) -> None:
    """After a move they open, under the data key of the new region, though the old region's keys are destroyed; so does the way back."""
    credential = keep(scene)
    assert region_of(scene, credential) == "eu"
    for region in ("us", "eu"):
        scene.start(region)
        assert scene.regional.moves.run_due() == 1
        assert use(scene, credential) == b"bucket"
        assert region_of(scene, credential) == region
    keys = scene.world.call("data_keys.of_organization", organization=scene.acme)
    assert {(each.region, each.state) for each in keys} == {
        ("eu", DekState.DESTROYED),
        ("us", DekState.DESTROYED),
        ("eu", DekState.ACTIVE),
    }


def test_a_regions_key_stays_while_the_vault_needs_it(scene: Scene) -> None:
    """Where another workspace's credential is still under the source's data key, that key is not destroyed with the last workspace."""
    other = keep(scene, "other")
    with scene.world.storage.begin(after_commit=ignore) as store:
        record = store.credentials.get(scene.acme, other)
        assert record is not None
        assert store.credentials.remove(scene.acme, other)
        assert store.credentials.add(replace(record, workspace_id=None), sealed_again(scene, record))
    scene.start()
    assert scene.regional.moves.run_due() == 1
    keys = scene.world.call("data_keys.of_organization", organization=scene.acme)
    assert {each.state for each in keys if each.region == "eu"} == {DekState.ACTIVE}
    assert use(scene, other) == b"other"


def test_a_regions_key_stays_while_a_hosts_table_needs_it() -> None:
    """Where a host has not sealed its row for the target, the source's data key is not destroyed with the last workspace."""
    shelf = Shelf()
    with World.open(options=EmbeddedOptions(regions=TWO), tables=(shelf,)) as world:
        ann = world.person("ann@acme.example")
        acme = (world.organization(ann)).id
        scene = Scene(world, ann, acme, (world.workspace(acme)).id)
        context = Context(organization=acme, purpose="note", row="1")
        shelf.put("1", world.call("secrets.seal", b"a row", context=context, region="eu"), context)
        for region, states in (("us", {DekState.ACTIVE}), ("eu", {DekState.ACTIVE}), ("us", {DekState.DESTROYED})):
            if states == {DekState.DESTROYED}:
                shelf.rows.clear()
            scene.start(region)
            assert scene.regional.moves.run_due() == 1
            keys = world.call("data_keys.of_organization", organization=acme)
            assert {each.state for each in keys if each.region == "eu"} == states


def sealed_again(scene: Scene, record: VaultCredential) -> bytes:
    """Return the secret of a credential, sealed for eu."""
    context = secret_context(scene.acme, record.id)
    blob: bytes = scene.world.call("secrets.seal", b"other", context=context, region="eu")
    return blob


def test_a_secret_is_not_written_for_a_region_that_was_left(scene: Scene) -> None:
    """A workspace that moves between sealing and writing has the write refused: its old region's key may be gone."""

    class Moving:
        def __init__(self) -> None:
            self.asked = 0

        def get(self, workspace_id: WorkspaceId) -> Workspace:
            self.asked += 1
            found = scene.world.call("directory.workspace", workspace_id)
            return replace(found, region="eu" if self.asked % 2 else "us")

    credential = keep(scene)
    with scene.world.security.begin() as unit:
        parts = replace(unit.vault._parts, places=Moving())
        vault = Vault(parts, audit=unit.audit, ambient=unit._ambient)
        wish = replace(WISH, name="new")
        stored = vault.store(scene.ann, organization=scene.acme, workspace=scene.prod, wish=wish, secret=Secret(b"new"))
        assert reason(stored) is Reason.CONFLICT
        rotated = vault.rotate(scene.ann, organization=scene.acme, credential=credential, secret=Secret(b"new"))
        assert reason(rotated) is Reason.CONFLICT
    assert use(scene, credential) == b"bucket"
    assert len(scene.world.call("vault.of_organization", organization=scene.acme)) == 1
