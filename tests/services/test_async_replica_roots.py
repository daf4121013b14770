"""A replica is promoted beside the log that it was verified with, in both colours, on stores in memory (async source of the twin)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from ctsec.ambient import Ambient
from ctsec.audit.event import DEPLOYMENT_LOG, LogId
from ctsec.audit.sealing import LOG_OF_LOGS, CheckpointRecord
from ctsec.audit.tree.checkpoint import Checkpoint, SignedCheckpoint
from ctsec.audit.tree.note import VerifierKey
from ctsec.ids import OrganizationId, WorkspaceId
from ctsec.outcome import Refusal
from ctsec.principal import Principal
from ctsec.residency import DEPLOYMENTS_KEY, Region, Regions, Replica
from ctsec.security._async_log_roots import AsyncLogRoots
from ctsec.security._async_logs import AsyncLogs
from ctsec.security._async_replicas import AsyncReplicas
from ctsec.security.parts import EmbeddedOptions
from ctsec.storage.memory import AsyncMemoryStorage
from ctsec.storage.memory.state import Snapshot
from ctsec.storage.memory.tables import CHECKPOINTS
from tests.audit.kept import IDENTITY, SIGNER, STRANGER, async_signer, drawn
from tests.services._async_world import AsyncWorld

REGIONS = Regions(
    regions=(Region(name="eu", store="memory:eu", key=DEPLOYMENTS_KEY, replicas=(Replica(name="eu-two", store="memory:eu-two"),)),),
    default="eu",
)


class Scene:
    """Ann's workspace in eu with a note, and the logs of the deployment, which are signed."""

    def __init__(self, world: AsyncWorld, storage: AsyncMemoryStorage, *, ann: Principal, acme: OrganizationId) -> None:
        self.world, self.ann, self.acme, self.state = world, ann, acme, storage.state
        self.router = world.security.regional.router
        ambient = Ambient(clock=world.clock, random=drawn(0))
        self.logs = AsyncLogs(storage, signer=async_signer(SIGNER), identity=IDENTITY, ambient=ambient)
        self.replicas = AsyncReplicas(
            self.router,
            roots=AsyncLogRoots(storage, identity=IDENTITY),
            ring=world.security._engines.secrets,
            committed=lambda scopes: None,
            ambient=ambient,
        )
        self.people = 0

    async def seal(self, *, people: int) -> SignedCheckpoint:
        """Make people, which are events, seal and sign the log after each; return the last checkpoint of the log of logs."""
        for _ in range(people):
            self.people += 1
            await self.world.person(f"person-{self.people}@acme.example")
            await self.logs.flush()
        found = await self.logs.checkpoint(LOG_OF_LOGS)
        assert found is not None
        return found

    async def kept(self) -> str:
        """Return what the replica says of the log."""
        async with self.router.stores["eu-two"].reading() as store:
            return (await store.meta.all()).get("log", "")

    async def keep(self, note: str) -> None:
        """Write into the replica what it says of the log, past everything."""
        async with self.router.stores["eu-two"].begin() as store:
            await store.meta.put("log", note)

    def put_back(self, found: Snapshot, checkpoints: Mapping[Any, Any] | None = None) -> None:
        """Give the home store the tables of another moment, as the restore of a backup does, but for these checkpoints."""
        tables: Any = dict(found.tables) if checkpoints is None else {**found.tables, CHECKPOINTS.name: checkpoints}
        self.state.newest = Snapshot(self.state.newest.commit + 1, MappingProxyType(tables))

    async def why(self, **accepted: bool) -> str:
        """Promote the replica; return why it was refused, empty if it was not."""
        done = await self.replicas.promote(self.ann, region="eu", store="eu-two", **accepted)
        return done.detail if isinstance(done, Refusal) else ""

    async def told(self) -> tuple[int, str, bool]:
        """Return what the event of the promotion says of the log."""
        (event,) = await self.world.events(DEPLOYMENT_LOG, "region.promoted")
        details = event.details()["details"]
        return details["log_size"], details["log_root"], details["log_agrees"]


def signed_for_nothing(record: CheckpointRecord) -> CheckpointRecord:
    """Return a checkpoint of the same size that the log's own key signed for a root that no log has."""
    said = Checkpoint(origin=IDENTITY.origin(record.log), size=record.size, root=bytes(32))
    made = SignedCheckpoint.made(said, key=IDENTITY.verifier(record.log), signature=SIGNER.sign(said.text().encode()))
    return replace(record, root=said.root, note=made.stored())


@pytest.fixture
async def scene() -> AsyncGenerator[Scene, None]:
    storage = AsyncMemoryStorage()
    async with AsyncWorld.over(storage, options=EmbeddedOptions(regions=REGIONS)) as world:
        ann = await world.person("ann@acme.example")
        acme = await world.organization(ann)
        prod: WorkspaceId = (await world.workspace(acme.id)).id
        async with world.security.region(prod) as content:
            await content.put("note", "a", b"x")
        yield Scene(world, storage, ann=ann, acme=acme.id)


@pytest.mark.proves("SEED-D3")
async def test_the_log_that_a_replica_was_verified_with_may_have_grown(scene: Scene) -> None:
    """The replica keeps the signed root of its verification, a longer log that leads to it is accepted, and the event names it."""
    kept = await scene.seal(people=2)
    assert await scene.replicas.replicate_all() == 1
    assert (await scene.kept()).encode() == kept.stored()
    await scene.seal(people=2)
    assert await scene.why() == ""
    assert await scene.told() == (kept.checkpoint.size, kept.checkpoint.root.hex(), True)


@pytest.mark.proves("SEED-D3")
async def test_another_log_than_the_replicas_is_refused_or_accepted(scene: Scene) -> None:
    """An older log, one with other events, one without its signature or its leaves promote nothing, unless somebody says that they know."""
    await scene.seal(people=1)
    older = scene.state.newest
    size = (await scene.seal(people=3)).checkpoint.size
    assert await scene.replicas.replicate_all() == 1
    newest = scene.state.newest
    scene.put_back(newest, {})
    assert "is missing" in await scene.why()
    rows = newest.tables[CHECKPOINTS.name]
    last: CheckpointRecord = rows[(LOG_OF_LOGS, size)]
    scene.put_back(newest, {**rows, (LOG_OF_LOGS, size): signed_for_nothing(last)})
    assert f"another root at size {size}" in await scene.why()
    scene.put_back(older)
    assert f"and had {size}" in await scene.why()
    while (await scene.seal(people=1)).checkpoint.size < size:
        pass
    assert f"another root at size {size}" in await scene.why()
    assert await scene.why(accept_other_log=True) == ""
    assert (await scene.told())[0::2] == (size, False)


@pytest.mark.proves("SEED-D3")
async def test_a_root_that_was_put_into_the_replica_is_refused(scene: Scene) -> None:
    """What is no note, what a stranger signed and the checkpoint of another log are no root of this log, whoever wrote them there."""
    kept = await scene.seal(people=1)
    assert await scene.replicas.replicate_all() == 1
    strange = VerifierKey(kept.checkpoint.origin, STRANGER.public)
    forged = SignedCheckpoint.made(kept.checkpoint, key=strange, signature=STRANGER.sign(kept.checkpoint.text().encode()))
    others = await scene.logs.checkpoint(LogId(scene.acme))
    assert others is not None
    for note in ("no note", forged.stored().decode(), others.stored().decode()):
        await scene.keep(note)
        assert "is not signed by the log's key" in await scene.why()


async def test_where_nothing_is_signed_no_root_is_compared(scene: Scene) -> None:
    """A deployment that signs nothing promotes by counts, and the event says that there was no root."""
    assert await scene.replicas.replicate_all() == 1
    assert await scene.kept() == ""
    assert await scene.why() == ""
    assert await scene.told() == (0, "", True)
