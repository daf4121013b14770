"""The audit log as a whole: placed and signed by the worker, proved, extended, and verified while it grows."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from ctsec.ambient import Ambient
from ctsec.audit.assurance import Assurance
from ctsec.audit.canonical import leaf_hash
from ctsec.audit.event import DEPLOYMENT_LOG, LogId
from ctsec.audit.sealing import LOG_OF_LOGS
from ctsec.audit.signing import LogIdentity
from ctsec.audit.tree.bundle import ProofBundle
from ctsec.audit.tree.checkpoint import SignedCheckpoint
from ctsec.audit.tree.proofs import is_consistent, is_included
from ctsec.encryption.ed25519 import Signer
from ctsec.errors import LogInconsistent
from ctsec.outcome import Refusal
from ctsec.security._async_logs import AsyncLogs
from ctsec.storage._async_ports import AsyncStorage
from ctsec.testing.conformance.samples import ignore
from tests.audit.kept import IDENTITY, ONE, SIGNER, STRANGER, TWO, async_signer, drawn, events
from tests.services._async_world import KINDS, AsyncWorld


class AsyncScene:
    """A storage, the logs over it, and the clock of both."""

    def __init__(self, world: AsyncWorld) -> None:
        self.storage: AsyncStorage = world.storage
        self.clock = world.clock
        self.logs = self.of()

    def of(self, *, identity: LogIdentity = IDENTITY, signer: Signer | None = SIGNER) -> AsyncLogs:
        """Return the logs as another process has them."""
        key = None if signer is None else async_signer(signer)
        return AsyncLogs(self.storage, signer=key, identity=identity, ambient=Ambient(clock=self.clock, random=drawn(0)))

    async def write(self, log: LogId, *, first: int, end: int) -> None:
        """Write events of a log."""
        async with self.storage.begin(after_commit=ignore) as store:
            for each in events(log, count=end, seed=sum(log.encode()))[first:]:
                await store.inbox.append(each)

    async def signed(self, log: LogId) -> SignedCheckpoint:
        """Return the last checkpoint of a log."""
        found = await self.logs.checkpoint(log)
        assert found is not None
        assert found.is_signed_with(SIGNER.public)
        return found


@pytest.fixture(params=KINDS)
async def scene(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[AsyncScene, None]:
    """Return a scene on each kind of store."""
    async with AsyncWorld.open(request.param, folder=tmp_path) as world:
        yield AsyncScene(world)


async def test_an_event_is_proved_once_a_checkpoint_covers_it(scene: AsyncScene) -> None:
    """The proof stands alone: event, index, hashes and a signed checkpoint; before that, and for what is not there, it is refused."""
    await scene.write(ONE, first=0, end=300)
    assert await scene.logs.place() == 300
    assert isinstance(await scene.logs.prove(ONE, index=0), Refusal)
    assert await scene.logs.sign_due() == 2
    async with scene.storage.reading() as store:
        rows = await store.log.page(ONE, first=0, limit=300)
    for index in (0, 255, 256, 299):
        found = await scene.logs.prove(ONE, index=index)
        assert isinstance(found, ProofBundle)
        read = ProofBundle.read(found.stored())
        assert read.shows(rows[index].event.body, public=SIGNER.public)
        assert not read.shows(rows[index - 1].event.body, public=SIGNER.public)
        assert len(found.stored()) < 1400
    for index in (-1, 300):
        assert isinstance(await scene.logs.prove(ONE, index=index), Refusal)
    assert isinstance(await scene.logs.prove(TWO, index=0), Refusal)


async def test_a_log_is_shown_to_extend_what_somebody_holds(scene: AsyncScene) -> None:
    """Between any two checkpoints there is a proof; from a size that the log does not have there is none."""
    held: list[SignedCheckpoint] = []
    for first, end in ((0, 1), (1, 200), (200, 257), (257, 520)):
        await scene.write(ONE, first=first, end=end)
        await scene.logs.flush()
        held.append(await scene.signed(ONE))
    for each in held:
        old = each.checkpoint
        extended = await scene.logs.extend(old.size, log=ONE)
        assert extended is not None
        now = extended[0].checkpoint
        assert is_consistent(old.size, size=now.size, old_root=old.root, root=now.root, proof=extended[1])
    assert await scene.logs.extend(521, log=ONE) is None
    assert await scene.logs.extend(0, log=TWO) is None
    report = await scene.logs.verify(held=tuple(held))
    assert report.findings == ()
    assert {each.log: each.assurance for each in report.logs} == {ONE: Assurance.ANCHORED, LOG_OF_LOGS: Assurance.SIGNED}


async def test_one_anchor_covers_every_log(scene: AsyncScene) -> None:
    """The log of logs has each checkpoint as a leaf, so that a checkpoint of it that is held outside pins every other log."""
    for log in (ONE, TWO, DEPLOYMENT_LOG):
        await scene.write(log, first=0, end=3)
    await scene.logs.flush()
    anchor = (await scene.signed(LOG_OF_LOGS)).checkpoint
    assert anchor.size == 3
    async with scene.storage.reading() as store:
        for number, record in enumerate(await store.checkpoints.numbered(first=0, limit=9)):
            assert record.note == (await scene.signed(record.log)).stored()
            found = await scene.logs.prove(LOG_OF_LOGS, index=number)
            assert isinstance(found, ProofBundle)
            assert is_included(leaf_hash(record.note), index=number, size=3, root=anchor.root, proof=found.hashes)
            assert not any(other.encode() in found.stored() for other in (ONE, TWO))


async def test_a_log_is_signed_at_most_once_a_second_or_on_demand(scene: AsyncScene) -> None:
    """The worker's run signs what grew, if its last checkpoint is a second old; `sign` and `flush` do it now; without growth nothing is."""
    await scene.write(ONE, first=0, end=1)
    assert (await scene.logs.place(), await scene.logs.sign_due(), await scene.logs.sign_due()) == (1, 2, 0)
    await scene.write(ONE, first=1, end=2)
    assert (await scene.logs.place(), await scene.logs.sign_due()) == (1, 0)
    scene.clock.advance(timedelta(milliseconds=999))
    assert await scene.logs.sign_due() == 0
    scene.clock.advance(timedelta(milliseconds=1))
    assert await scene.logs.sign_due() == 2
    await scene.write(ONE, first=2, end=3)
    assert (await scene.logs.place(), await scene.logs.sign(ONE), await scene.logs.sign(ONE)) == (1, 2, 0)
    await scene.write(ONE, first=3, end=4)
    await scene.logs.flush()
    assert [(await scene.signed(log)).checkpoint.size for log in (ONE, LOG_OF_LOGS)] == [4, 4]
    assert await scene.logs.sign(LogId("org_nobody")) == 0


async def test_events_aside_are_placed_too_and_the_status_tells_what_waits(scene: AsyncScene) -> None:
    """Status counts what waits in either store, with the oldest time, and the logs that are to be signed; all is gone after a flush."""
    aside, inside = events(ONE, count=2)
    await scene.storage.guard.events.append(aside)
    async with scene.storage.begin(after_commit=ignore) as store:
        await store.inbox.append(inside)
    status = await scene.logs.status()
    assert (status.waiting, status.oldest, status.unsigned, status.problem) == (2, aside.time, 0, "")
    assert await scene.logs.place() == 2
    status = await scene.logs.status()
    assert (status.waiting, status.oldest, status.unsigned) == (0, None, 1)
    assert await scene.logs.flush() == 0
    assert (await scene.logs.status()).unsigned == 0
    report = await scene.logs.verify()
    assert (report.findings, report.waiting, report.assurance) == ((), 0, Assurance.SIGNED)


async def test_a_key_is_replaced_and_the_former_one_stays_good(scene: AsyncScene) -> None:
    """Under another key nothing is signed until the former one is named; then both are good for what they signed."""
    await scene.write(ONE, first=0, end=2)
    await scene.logs.flush()
    await scene.write(ONE, first=2, end=4)
    await scene.logs.place()
    with pytest.raises(LogInconsistent, match="former key"):
        await scene.of(identity=replace(IDENTITY, keys=(STRANGER.public,)), signer=STRANGER).sign(ONE)
    with pytest.raises(LogInconsistent, match="name of the"):
        await scene.of(identity=replace(IDENTITY, deployment="other.example")).sign(ONE)
    after = scene.of(identity=replace(IDENTITY, keys=(STRANGER.public, SIGNER.public)), signer=STRANGER)
    assert await after.sign(ONE) == 2
    assert (await after.verify()).findings == ()
    assert {each.kind.value for each in (await scene.logs.verify()).findings} == {"checkpoint"}


async def test_without_a_key_the_log_only_agrees_with_itself(scene: AsyncScene) -> None:
    """Nothing is signed without a key, and the verification says that the log is structural and no more."""
    unsigned = scene.of(identity=replace(IDENTITY, keys=()), signer=None)
    assert not unsigned.signs
    await scene.write(ONE, first=0, end=3)
    assert (await unsigned.flush(), await unsigned.sign(ONE), await unsigned.checkpoint(ONE)) == (3, 0, None)
    report = await unsigned.verify(log=ONE)
    assert ([each.log for each in report.logs], report.findings, report.assurance) == ([ONE], (), Assurance.STRUCTURAL)
