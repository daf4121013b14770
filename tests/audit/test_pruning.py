"""A log whose beginning was pruned: what went, what stays, and that it proves what it proved."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ctsec.audit.export.request import ExportFormat, ExportRequest
from ctsec.audit.query import AuditQuery
from ctsec.audit.retention.preview import PrunePreview
from ctsec.audit.streams.batch import StreamBatch
from ctsec.audit.streams.ports import Receiver
from ctsec.audit.streams.position import Position
from ctsec.audit.streams.stream import Stream
from ctsec.audit.tree.checkpoint import SignedCheckpoint
from ctsec.audit.tree.proofs import is_consistent
from ctsec.audit.tree.tiles import TILE_WIDTH
from ctsec.errors import ConfigurationError, LogInconsistent
from ctsec.outcome import Refusal
from ctsec.principal import system
from ctsec.security._sync_logs import Logs
from ctsec.security._sync_retention_jobs import RetentionJobs
from ctsec.testing.conformance.samples import ignore
from tests.audit.archive import IDENTITY, POLICY, RETENTION, Archive
from tests.audit.exported import judged
from tests.audit.kept import ONE, SIGNER, read_memory, write_memory
from tests.audit.pruned import aged, state

KEY = IDENTITY.verifier(ONE)


def unsigned(archive: Archive) -> RetentionJobs:
    """Return jobs that have the retention key, and nobody who signs checkpoints."""
    logs = Logs(archive.storage, signer=None, identity=IDENTITY, ambient=archive.ambient)
    return RetentionJobs(archive.storage, logs=logs, signer=RETENTION, policy=POLICY, ambient=archive.ambient)


def held(archive: Archive) -> list[SignedCheckpoint]:
    """Return every checkpoint of the log, as somebody outside holds them."""
    with archive.storage.reading() as store:
        return [SignedCheckpoint.read(each.note) for each in store.checkpoints.page(ONE, after=0, limit=99)]


def test_what_went_is_gone_and_the_rest_proves_what_it_did() -> None:
    """Of tiles without evidence roots are left; what was held fits, each event that is there is proved, and each size in no such tile."""
    archive = aged()
    outside = held(archive)
    assert archive.jobs.prune_preview(ONE) == PrunePreview(log=ONE, minimum=0, following=1024, tiles=3)
    assert archive.jobs.prune(ONE) == 3
    assert archive.jobs.prune_preview(ONE) == PrunePreview(log=ONE, minimum=1024, following=1024, tiles=0)
    assert state(archive) == (1024, 1)
    archive.write(ONE, *["role.assigned"] * 200)
    archive.logs.flush()
    report = archive.logs.verify(held=tuple(outside))
    assert report.findings == ()
    found = next(each for each in report.logs if each.log == ONE)
    assert (found.held, found.purged) == (max(each.checkpoint.size for each in outside), 1150)
    last = archive.logs.checkpoint(ONE)
    assert last is not None
    for index in archive.indexes(ONE):
        with archive.storage.reading() as store:
            (sealed,) = store.log.page(ONE, first=index, limit=1)
        proof = archive.logs.prove(ONE, index=index)
        assert not isinstance(proof, Refusal)
        assert proof.shows(sealed.event.body, public=SIGNER.public), index
    for each in outside:
        size = each.checkpoint.size
        made = archive.logs.extend(size, log=ONE)
        assert (made is None) == (TILE_WIDTH <= size < 1024), size
        if made is not None:
            assert is_consistent(
                size, size=last.checkpoint.size, old_root=each.checkpoint.root, root=last.checkpoint.root, proof=made[1]
            ), size
    for index in (300, 1023):
        refused = archive.logs.prove(ONE, index=index)
        assert isinstance(refused, Refusal)
        assert "pruned" in str(refused.detail)


def test_a_pruned_log_grows_and_is_pruned_again() -> None:
    """The next prune begins where the last one ended, and a checkpoint from before the first one fits after the second."""
    archive = aged()
    assert archive.jobs.prune(ONE) == 3
    archive.write(ONE, *["user.signed_in"] * 700)
    archive.logs.flush()
    outside = held(archive)
    archive.pass_days(100)
    archive.purge()
    assert archive.jobs.prune(ONE, least=3) == 0
    assert archive.jobs.prune(ONE, least=2) == 2
    # A tile of evidence in front, the records of the first purge and prune in the fifth, and the one that is not full.
    assert state(archive) == (1792, 2)
    assert archive.logs.verify(held=tuple(outside)).findings == ()
    assert archive.jobs.prune(ONE) == 0


def test_a_file_of_a_pruned_log_begins_at_its_minimum_index() -> None:
    """Without a filter a file is complete from there on, and refused below; what a filter finds below has its proof; both readers agree."""
    archive = aged()
    archive.hold(ONE, name="role.*")
    archive.jobs.prune(ONE)
    archive.write(ONE, *["role.assigned"] * 30)
    archive.logs.flush()
    every = AuditQuery(log=ONE)
    for wanted, whole in (
        (ExportRequest(query=every), True),
        (ExportRequest(query=every, first=1030), True),
        (ExportRequest(query=AuditQuery(log=ONE, name="retention.*")), False),
    ):
        made = archive.logs.export(wanted, actor=system("test"))
        assert not isinstance(made, Refusal)
        data = b"".join(made.chunks())
        verdict = judged(data, log=ONE)
        assert (verdict.sound, verdict.complete) == (True, whole), verdict.told
        assert json.loads(data.splitlines()[0])["first"] == (max(1024, wanted.first) if whole else 0)
        assert made.events == made.expected == (made.events if whole else 1) > 0
    refused = archive.logs.export(ExportRequest(query=every, end=1024), actor=system("test"))
    assert isinstance(refused, Refusal)
    assert "from index 1024 on" in str(refused.detail)
    flat = archive.logs.export(ExportRequest(query=every, end=1024, format=ExportFormat.CSV), actor=system("test"))
    assert not isinstance(flat, Refusal)


def test_a_prune_stops_before_what_is_there_held_or_not_delivered() -> None:
    """Not past an event that is there, an index that no purge accounts for, what a hold covers, what a stream has not delivered."""
    archive = aged(plan="90,role.=365")
    archive.write(ONE, "role.assigned")
    archive.logs.flush()
    archive.write(ONE, *["user.signed_in"] * 600)
    archive.logs.flush()
    archive.pass_days(100)
    archive.purge()
    kept = archive.indexes(ONE, "role.")[0]
    assert archive.jobs.prune_preview(ONE).following == kept - kept % TILE_WIDTH == 1024

    class Nowhere:
        """A receiver that takes everything."""

        def deliver(self, batch: StreamBatch) -> None:
            """Take it."""

    stream: Stream[Receiver] = Stream(name="siem", receiver=Nowhere())
    jobs = RetentionJobs(
        archive.storage, logs=archive.logs, signer=RETENTION, policy=POLICY, ambient=archive.ambient, streams=(stream,)
    )  # fmt: skip
    assert jobs.prune(ONE) == 0
    with archive.storage.begin(after_commit=ignore) as store:
        store.positions.put(Position(follower="siem", log=ONE, next=700, version=1))
    assert jobs.prune_preview(ONE).following == 512
    whole = archive.hold(ONE)
    assert archive.jobs.prune(ONE) == 0
    archive.release(whole)
    archive.pass_days(0.9)
    assert archive.jobs.prune(ONE) == 0
    archive.pass_days(0.2)
    some = archive.hold(ONE, name="retention.*")
    archive.logs.flush()
    assert archive.jobs.prune(ONE) == 0
    archive.release(some)
    archive.pass_days(1)
    assert archive.jobs.prune(ONE) == 3
    assert archive.findings() == []


def test_what_no_record_of_a_purge_accounts_for_is_not_pruned() -> None:
    """An event that somebody took without a record, or whose record counts for nothing, ends the prune before its tile."""
    archive = aged()
    memory = archive.storage.state  # type: ignore[attr-defined]
    sound = read_memory(memory)
    records = [key for key, each in sound.events.items() if key[0] == ONE and each.name == "audit.purged"]
    for record in records:
        rows = sound.copy()
        body = rows.events[record].body.replace(b'"newest":1', b'"newest":2')
        rows.events[record] = replace(rows.events[record], body=body)
        write_memory(memory, rows)
        assert archive.jobs.prune_preview(ONE).following < 1024
    rows = sound.copy()
    del rows.events[min(key for key in rows.events if key[0] == ONE)]
    write_memory(memory, rows)
    assert archive.jobs.prune_preview(ONE).following == 0


def test_a_record_goes_first_and_counts_from_its_checkpoint_on() -> None:
    """Nothing goes, and no second record is written, before the record is signed for; a hold on everything stops what is under way."""
    archive = aged()
    for _ in range(2):
        assert unsigned(archive).prune(ONE) == 0
    assert len(archive.indexes(ONE, "audit.pruned")) == 1
    assert state(archive) == (1024, 4)
    assert archive.findings() == []
    hold = archive.hold(ONE)
    assert archive.jobs.prune(ONE) == 0
    archive.release(hold)
    archive.pass_days(1)
    assert archive.jobs.prune(ONE) == 3
    assert state(archive) == (1024, 1)
    assert archive.findings() == []


def test_nothing_is_pruned_of_a_log_that_does_not_fit() -> None:
    """Tiles that lead elsewhere, one that is not what its root says, a checkpoint that does not count, and no key: each is told."""
    archive = aged()
    memory = archive.storage.state  # type: ignore[attr-defined]
    sound = read_memory(memory)
    jobs = unsigned(archive)
    rows = sound.copy()
    rows.tiles[(ONE, 0, 2)] = replace(rows.tiles[(ONE, 0, 2)], root=bytes(32))
    write_memory(memory, rows)
    with pytest.raises(LogInconsistent, match="do not lead to its last checkpoint"):
        jobs.prune(ONE)
    rows = sound.copy()
    hashes = rows.tiles[(ONE, 0, 2)].hashes
    rows.tiles[(ONE, 0, 2)] = replace(rows.tiles[(ONE, 0, 2)], hashes=bytes(32) + hashes[32:])
    write_memory(memory, rows)
    with pytest.raises(LogInconsistent, match="not what its root says"):
        archive.jobs.prune(ONE)
    last = max(key for key in sound.checkpoints if key[0] == ONE)
    rows = sound.copy()
    rows.checkpoints[last] = replace(rows.checkpoints[last], root=bytes(32))
    write_memory(memory, rows)
    with pytest.raises(LogInconsistent, match="does not count, so nothing is pruned"):
        jobs.prune(ONE)
    jobs = RetentionJobs(archive.storage, logs=archive.logs, signer=None, policy=POLICY, ambient=archive.ambient)
    with pytest.raises(ConfigurationError, match="nothing is pruned without one"):
        jobs.prune(ONE)


def test_the_worker_prunes_where_the_policy_says_so() -> None:
    """Without a number of tiles nothing is pruned by itself, with one that many or more are."""
    archive = aged()
    archive.purge()
    assert state(archive) == (0, 4)
    for least, minimum in ((4, 0), (3, 1024)):
        jobs = RetentionJobs(
            archive.storage, logs=archive.logs, signer=RETENTION, policy=replace(POLICY, prune=least), ambient=archive.ambient
        )  # fmt: skip
        jobs.run_due()
        assert state(archive)[0] == minimum
    with pytest.raises(ValueError, match="from one tile on"):
        replace(POLICY, prune=0)
