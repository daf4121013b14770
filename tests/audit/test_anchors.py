"""Anchors: checkpoints out of reach, what they give back, and what the log is worth with them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from ctsec.audit.anchors import Anchor, CheckpointMail, FileKeeper, Held, S3LockKeeper, SyslogKeeper, WebhookKeeper
from ctsec.audit.anchors.ports import Keeper
from ctsec.audit.assurance import Assurance, FindingKind
from ctsec.audit.event import LogId
from ctsec.audit.sealing import LOG_OF_LOGS
from ctsec.audit.streams import Stream
from ctsec.audit.streams.s3 import S3Bucket
from ctsec.audit.streams.signing import verify_webhook, webhook_secret
from ctsec.audit.tree.checkpoint import Checkpoint, SignedCheckpoint
from ctsec.audit.tree.note import VerifierKey
from ctsec.errors import DeliveryFailed, LogInconsistent, LogStalled
from ctsec.presets import async_in_memory, in_memory
from ctsec.rbac.preset import POLICY
from ctsec.security import Security
from ctsec.security._sync_anchors import SHORTER, STALLED
from ctsec.security.parts import EmbeddedOptions
from ctsec.storage.blocking import AsyncBlockingKeeper
from ctsec.testing import FixedClock, RecordingMailer
from ctsec.testing.conformance.samples import ignore
from ctsec.transport.reach import Reach
from tests.audit.kept import ONE, SIGNER, TWO, events
from tests.audit.peers import Script, frames, http_peer, syslog_peer
from tests.audit.test_receivers import SECRET, session
from tests.servers import server

MINUTE: Final = timedelta(minutes=1)


class Kept:
    """A keeper in memory, which is away, broken, or keeps."""

    def __init__(self) -> None:
        self.notes: list[SignedCheckpoint] = []
        self.problem: Exception | None = None

    def keep(self, checkpoint: SignedCheckpoint) -> None:
        """Keep a checkpoint, unless there is a problem."""
        if self.problem is not None:
            raise self.problem
        self.notes.append(checkpoint)

    def held(self) -> Held | None:
        """Return the last one."""
        if self.problem is not None:
            raise self.problem
        return Held(checkpoint=self.notes[-1]) if self.notes else None


class Scene:
    """A bundle in memory with anchors, and its clock."""

    def __init__(self, mail: CheckpointMail | None = None, /, **keepers: Keeper) -> None:
        self.clock = FixedClock()
        self.mailer = RecordingMailer()
        anchors = tuple(Anchor(name=name, keeper=keeper) for name, keeper in keepers.items())
        options = EmbeddedOptions(clock=self.clock, deployment="acme.example", anchors=anchors, checkpoint_mail=mail)
        self.security: Security = in_memory(policy=POLICY, options=options, mailer=self.mailer)
        self.seed = 0

    def grow(self, log: LogId = ONE, count: int = 3, *, flush: bool = True) -> None:
        """Write events, and sign them."""
        self.seed += 1
        with self.security._storage.begin(after_commit=ignore) as store:
            for each in events(log, count=count, seed=self.seed):
                store.inbox.append(each)
        if flush:
            self.clock.advance(MINUTE)
            self.security.logs.flush()

    def levels(self) -> dict[str, Assurance]:
        """Return what each log is worth with what the anchors give back, as `ctsec audit verify` does."""
        held = [found for _, found, _ in self.security.anchors.held() if found is not None]
        report = self.security.logs.verify(
            held=tuple(each.checkpoint for each in held if each.locked_until is None),
            locked=tuple(each.checkpoint for each in held if each.locked_until is not None),
        )
        return {each.log: each.assurance for each in report.logs}


@pytest.fixture
def kept() -> Kept:
    return Kept()


def test_what_an_anchor_gives_back_is_what_counts(tmp_path: Path) -> None:
    """Every log is anchored as far as the log of logs that came back names it; an anchor that is configured and empty changes nothing."""
    keeper = FileKeeper(tmp_path / "anchor")
    scene = Scene(disk=keeper)
    scene.grow(ONE)
    scene.grow(TWO)
    assert set(scene.levels().values()) == {Assurance.SIGNED}
    assert scene.security.anchors.run_due() == 1
    assert set(scene.levels().values()) == {Assurance.ANCHORED}
    scene.grow(ONE)
    scene.grow(LogId("deployment"))
    found = scene.levels()
    assert (found["deployment"], found[ONE], found[TWO]) == (Assurance.SIGNED, Assurance.ANCHORED, Assurance.ANCHORED)
    back = keeper.held()
    assert back is not None
    report = scene.security.logs.verify(held=(back.checkpoint,))
    assert {each.log: each.held for each in report.logs if each.log in {ONE, TWO}} == {ONE: 3, TWO: 3}
    assert report.assurance is Assurance.SIGNED
    (tmp_path / "anchor").unlink()
    assert set(scene.levels().values()) == {Assurance.SIGNED}


def test_a_log_that_was_rewritten_is_found_by_what_came_back(kept: Kept) -> None:
    """A checkpoint of the same key over another tree is a finding of the log of logs, and covers no other log."""
    scene = Scene(memory=kept)
    scene.grow(ONE)
    scene.security.anchors.run_due()
    said = kept.notes[0].checkpoint
    signer = scene.security.logs._maker
    assert signer is not None
    other = Checkpoint(origin=said.origin, size=said.size, root=bytes(32))
    forged = SignedCheckpoint.made(
        other, key=scene.security.logs.identity.verifier(LOG_OF_LOGS), signature=signer._signer.sign(other.text().encode())
    )
    report = scene.security.logs.verify(locked=(forged,))
    assert {each.kind for each in report.findings} == {FindingKind.HELD}
    assert {each.log: each.assurance for each in report.logs}[ONE] is Assurance.SIGNED
    beside = scene.security.logs.verify(locked=(kept.notes[0], forged))
    assert {each.log: each.assurance for each in beside.logs} == {LOG_OF_LOGS: Assurance.NONE, ONE: Assurance.SIGNED}
    strange = SignedCheckpoint.made(said, key=scene.security.logs.identity.verifier(LOG_OF_LOGS), signature=SIGNER.sign(b"x"))
    assert scene.security.logs.verify(locked=(strange,)).findings


def test_an_anchor_takes_the_newest_checkpoint_once() -> None:
    """What it has it is not given again; after growth it gets the newest one, whatever was signed between."""
    one, two = Kept(), Kept()
    scene = Scene(one=one, two=two)
    assert scene.security.anchors.run_due() == 0
    scene.grow()
    assert [scene.security.anchors.run_due() for _ in range(2)] == [2, 0]
    for _ in range(3):
        scene.grow()
    assert scene.security.anchors.run_due() == 2
    sizes = [each.checkpoint.size for each in one.notes]
    assert sizes == [each.checkpoint.size for each in two.notes]
    assert sizes == [1, 4]
    assert [(each.anchored, each.size, each.sound) for each in scene.security.anchors.status()] == [(4, 4, True)] * 2


@pytest.mark.parametrize("problem", [DeliveryFailed("away"), OSError("a mistake")])
def test_an_anchor_that_fails_is_told_and_the_others_go_on(problem: Exception) -> None:
    """It waits longer each time, and takes the newest checkpoint when it is back."""
    bad, good = Kept(), Kept()
    scene = Scene(bad=bad, good=good)
    bad.problem = problem
    scene.grow()
    assert scene.security.anchors.run_due() == 1
    (told, fine) = scene.security.anchors.status()
    assert (told.sound, told.anchored, fine.sound) == (False, 0, True)
    assert told.problem in {"delivery_failed: away", "internal: OSError"}
    bad.problem = None
    assert scene.security.anchors.run_due() == 0
    scene.grow()
    assert scene.security.anchors.run_due() == 2
    assert [each.checkpoint.size for each in bad.notes] == [2]


def test_a_log_of_logs_that_became_shorter_is_told_and_not_anchored(kept: Kept) -> None:
    """What goes back behind what was anchored is not anchored over it."""
    scene = Scene(memory=kept)
    scene.grow()
    with scene.security._storage.begin(after_commit=ignore) as store:
        from ctsec.audit.streams import Position

        store.positions.put(Position(follower="anchor:memory", log=LOG_OF_LOGS).reset(9))
    assert scene.security.anchors.run_due() == 0
    assert scene.security.anchors.status()[0].problem == SHORTER
    assert kept.notes == []


def test_what_the_key_of_the_log_did_not_sign_is_not_anchored(kept: Kept) -> None:
    """An anchor would keep a stranger's checkpoint as if it were ours: the run ends with an error, and nothing is kept."""
    scene = Scene(memory=kept)
    scene.grow()
    state = scene.security._storage
    with state.begin(after_commit=ignore) as store:
        found = store.checkpoints.last(LOG_OF_LOGS)
    assert found is not None
    said = SignedCheckpoint.read(found.note).checkpoint
    signed = SignedCheckpoint.made(said, key=VerifierKey(said.origin, SIGNER.public), signature=SIGNER.sign(said.text().encode()))
    size = said.size + 1
    with state.sequencing() as store:
        store.checkpoints.add((replace(found, size=size, note=signed.stored()),))
    with pytest.raises(LogInconsistent, match="not signed by its key"):
        scene.security.anchors.run_due()
    assert kept.notes == []


def test_a_log_that_stands_still_is_told(kept: Kept) -> None:
    """Events that wait for their index for more than ten minutes end the run with an error, after the anchors took what there is."""
    scene = Scene(memory=kept)
    scene.grow()
    with scene.security._storage.begin(after_commit=ignore) as store:
        for each in events(TWO, count=1, seed=9):
            store.inbox.append(each)
    with pytest.raises(LogStalled, match="more than ten minutes"):
        scene.security.anchors.run_due()
    assert len(kept.notes) == 1
    assert timedelta(minutes=10) == STALLED
    scene.security.logs.flush()
    scene.security.anchors.run_due()


def test_a_file_tells_damage_from_a_crash(tmp_path: Path) -> None:
    """A last line that a crash cut is left out and goes with the next append; any other line that is no checkpoint is an error."""
    path = tmp_path / "anchor"
    scene = Scene(disk=FileKeeper(path))
    for _ in range(2):
        scene.grow()
        scene.security.anchors.run_due()
    whole = path.read_bytes()
    assert len(whole.splitlines()) == 2
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_bytes(whole + whole[:40] + b"x" * 5_000)
    found = FileKeeper(path).held()
    assert found is not None
    assert found.checkpoint.checkpoint.size == 2
    scene.grow()
    scene.security.anchors.run_due()
    assert [json.loads(line)["note"].split("\n")[1] for line in path.read_text().splitlines()] == ["1", "2", "3"]
    path.write_bytes(whole.replace(b"acme", b"acm\n", 1))
    with pytest.raises(DeliveryFailed, match="line 1 of the anchor is no checkpoint"):
        FileKeeper(path).held()
    scene.security.anchors.all = (Anchor(name="gone", keeper=FileKeeper(tmp_path / "no" / "where")),)
    scene.security.anchors.run_due()
    assert "no such file" in scene.security.anchors.status()[0].problem


def test_what_is_sent_says_the_checkpoint() -> None:
    """A webhook gets the note, signed, with one id for each size; a syslog server gets its lines in one message."""
    said, heard = Script(), Script()
    with http_peer(said) as web, syslog_peer(heard) as log:
        clock = FixedClock()
        scene = Scene(
            hook=WebhookKeeper(f"http://127.0.0.1:{web}/", secret=SECRET, reach=Reach.LOOPBACK, clock=clock),
            log=SyslogKeeper(f"syslog://127.0.0.1:{log}", clock=clock),
        )
        scene.grow()
        assert scene.security.anchors.run_due() == 2
    newest = scene.security.logs.checkpoint(LOG_OF_LOGS)
    assert newest is not None
    assert said.taken[0].body == newest.stored()
    assert isinstance(verify_webhook(said.taken[0].headers, said.taken[0].body, secrets=[webhook_secret(SECRET)], now=clock.now()), str)
    (message,) = frames(heard.taken[0].body)
    assert message.partition(b" ctsec - checkpoint - ")[2].decode().split(" | ") == newest.stored().decode().splitlines()
    assert [found for _, found, _ in scene.security.anchors.held()] == [None, None]
    assert set(scene.levels().values()) == {Assurance.SIGNED}


@pytest.mark.server("moto")
def test_only_a_lock_that_the_service_tells_makes_the_log_worm() -> None:
    """COMPLIANCE with a date to come is set and read back; without Object Lock, in another mode or after its time it is held only."""
    url = f"http://127.0.0.1:{server('moto').port}"
    client: Any = session().client("s3", endpoint_url=url)
    where = {"CreateBucketConfiguration": {"LocationConstraint": "eu-west-1"}}
    client.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True, **where)
    client.create_bucket(Bucket="open", **where)
    clock = FixedClock()
    keepers = {
        name: S3LockKeeper(
            S3Bucket(session(), bucket=name, region="eu-west-1", endpoint=url, prefix="a/logs"), retention=timedelta(days=30), clock=clock
        )
        for name in ("locked", "open")
    }
    scene = Scene(**keepers)
    scene.grow()
    assert scene.security.anchors.run_due() == 1, scene.security.anchors.status()
    told = {each.name: each for each in scene.security.anchors.status()}
    assert told["locked"].sound
    assert not told["open"].sound
    assert set(scene.levels().values()) == {Assurance.WORM}
    scene.grow()
    scene.security.anchors.run_due()
    found = keepers["locked"].held()
    assert found is not None
    assert found.checkpoint.checkpoint.size == 2
    assert found.locked_until == (clock.now() + timedelta(days=30)).replace(microsecond=0)
    lock: Any = {
        "ObjectLockMode": "GOVERNANCE",
        "ObjectLockRetainUntilDate": clock.now() + timedelta(days=30),
        "ChecksumAlgorithm": "SHA256",
    }
    client.put_object(Bucket="locked", Key="a/logs/0-0.note", Body=found.checkpoint.stored(), **lock)
    assert set(scene.levels().values()) == {Assurance.ANCHORED}
    client.delete_object(Bucket="locked", Key="a/logs/0-0.note")
    assert set(scene.levels().values()) == {Assurance.WORM}
    clock.advance(timedelta(days=31))
    assert set(scene.levels().values()) == {Assurance.ANCHORED}
    with pytest.raises(ValueError, match="at least a day"):
        S3LockKeeper(S3Bucket(session(), bucket="open", region="eu-west-1", endpoint=url), retention=timedelta(hours=23))


def test_the_log_of_logs_is_anchored_and_not_streamed(kept: Kept) -> None:
    """It has checkpoints and no events: a stream would tell all of it as purged."""
    scene = Scene(memory=kept)
    scene.grow(ONE)
    scene.security.streams.all = (Stream(name="siem", receiver=_Taking()),)
    assert scene.security.streams.run_due() == 3
    assert [(each.log, each.lag) for each in scene.security.streams.status()] == [(ONE, 0)]


class _Taking:
    def deliver(self, batch: object) -> None:
        """Take it."""


async def test_a_bundle_runs_what_its_options_name(kept: Kept) -> None:
    """Both colours have a job for each stream and one for anchors, and an event loop waits for those that block in a thread."""

    class Nowhere:
        def deliver(self, batch: object) -> None:
            raise DeliveryFailed("nowhere")

    options = EmbeddedOptions(anchors=(Anchor(name="memory", keeper=kept),), streams=(Stream(name="siem", receiver=Nowhere()),))
    wanted = {"stream:siem", "anchors"}
    blocking = in_memory(policy=POLICY, options=options)
    assert wanted <= {job.name for job in blocking.jobs.all()}
    bundle = await async_in_memory(policy=POLICY, options=options)
    assert wanted <= {job.name for job in bundle.jobs.all()}
    assert isinstance(bundle.anchors.all[0].keeper, AsyncBlockingKeeper)
    await bundle.logs.flush()
    await bundle.anchors.run_due()
    await bundle.streams.run_due()
    assert await bundle.anchors.held() == (("memory", None if not kept.notes else Held(checkpoint=kept.notes[-1]), ""),)
    assert await bundle.streams.status() == () or all(not each.sound for each in await bundle.streams.status())
    await bundle.aclose()
    blocking.close()


@pytest.mark.parametrize("name", ["", "A", "a b", "1", "x" * 41])
def test_names_of_anchors_and_streams_are_plain(name: str, kept: Kept) -> None:
    """They are keys of positions and names of jobs: a few letters, digits and dashes."""
    with pytest.raises(ValueError, match="1 to 40 lower-case"):
        Anchor(name=name, keeper=kept)
    with pytest.raises(ValueError, match="1 to 40 lower-case"):
        Stream(name=name, receiver=kept)
