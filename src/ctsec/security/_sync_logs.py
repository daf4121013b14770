# Generated from src/ctsec/security/_async_logs.py by tools/twin.py; edit that file.
"""The audit log as a whole: sealing it, signing where it stands, proofs, and verification (async source)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from ctsec.ambient import Ambient, Request
from ctsec.audit._sync_ports import LogSigner
from ctsec.audit._sync_signer import CheckpointMaker
from ctsec.audit._sync_subjects import PersonalParts
from ctsec.audit._sync_tree import TreeReader, is_pruned
from ctsec.audit._sync_verifier import LogVerifier, Progress
from ctsec.audit.anchors.stamps import Stamp, StampedTimes
from ctsec.audit.anchors.witness import Witnessed
from ctsec.audit.assurance import VerificationReport, stranger
from ctsec.audit.cover import Cover
from ctsec.audit.event import LogId
from ctsec.audit.export.request import ExportRequest
from ctsec.audit.sealing import LOG_OF_LOGS, CheckpointRecord, LogStatus
from ctsec.audit.signing import LogIdentity
from ctsec.audit.tree.bundle import ProofBundle
from ctsec.audit.tree.checkpoint import SignedCheckpoint
from ctsec.errors import CorruptRecord, LogInconsistent
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Principal
from ctsec.security._sync_exports import Export, Exports
from ctsec.storage._sync_ports import Storage

JOB: Final = "audit"
SIGNING_JOB: Final = "checkpoints"
ANCHORING_JOB: Final = "anchors"
APART: Final = timedelta(seconds=1)
_BATCH: Final = 1000
_TURNS: Final = 200
_LOGS: Final = 1000


def _nothing(scopes: frozenset[str]) -> None:
    """Events change nothing that a cache holds."""


class Logs:
    """The logs of a deployment. `signer` has the key, outside of the database; without one nothing is signed.

    `place` and `sign_due` are what the worker runs; `flush` does both now. `personal` opens the personal parts of events.
    """

    __slots__ = ("_ambient", "_maker", "_storage", "exports", "identity")

    def __init__(
        self,
        storage: Storage,
        *,
        signer: LogSigner | None,
        identity: LogIdentity,
        ambient: Ambient,
        personal: PersonalParts | None = None,
    ) -> None:
        self._storage = storage
        self._ambient = ambient
        self._maker = None if signer is None else CheckpointMaker(signer, identity=identity)
        self.exports = Exports(storage, personal=personal, signer=signer, identity=identity, ambient=ambient)
        self.identity = identity

    @property
    def signs(self) -> bool:
        """Whether there is a key to sign with."""
        return self._maker is not None

    def place(self) -> int:
        """Move events from the guard store into the inbox and from there into their logs; return how many got an index.

        It goes on until nothing waits, and ends after 200,000 events all the same, long before its lease does.
        """
        placed = 0
        for _ in range(_TURNS):
            collected = self._collect()
            moved = self._place()
            placed += moved
            if collected < _BATCH and moved < _BATCH:
                break
        return placed

    def sign_due(self) -> int:
        """Sign each log that grew and whose last checkpoint is a second old, and then the log of logs; return how many were signed.

        Raises LogInconsistent after all the others were signed, if a log is not what was signed before.
        """
        with self._storage.reading() as store:
            due = store.checkpoints.due(before=self._ambient.now() - APART, limit=_LOGS)
        return self._sign(tuple(head.log for head in due))

    def sign(self, log: LogId) -> int:
        """Sign one log now, and then the log of logs; return how many checkpoints were made. Raises as `sign_due` does."""
        return self._sign((log,))

    def flush(self) -> int:
        """Give what waits its index and sign every log that grew; return how many events were placed. Raises as `sign_due` does."""
        placed = self.place()
        with self._storage.reading() as store:
            due = store.checkpoints.due(before=None, limit=_LOGS)
        self._sign(tuple(head.log for head in due))
        return placed

    def checkpoint(self, log: LogId) -> SignedCheckpoint | None:
        """Return the last checkpoint of a log, to be held outside; None if it has none. Whoever relies on it verifies it."""
        with self._storage.reading() as store:
            found = store.checkpoints.last(log)
        return None if found is None else SignedCheckpoint.read(found.note)

    def prove(self, log: LogId, *, index: int) -> Outcome[ProofBundle]:
        """Return the proof that an event stands in its log under the last checkpoint; refused with NOT_FOUND until that covers it."""
        with self._storage.reading() as store:
            last = store.checkpoints.last(log)
            head = store.tree.head(log)
            if last is None or head is None or not 0 <= index < last.size:
                return Refusal(Reason.NOT_FOUND, "no checkpoint of this log covers this index")
            try:
                hashes = TreeReader(store.tree, head=head).inclusion(index, size=last.size)
            except CorruptRecord:
                if not is_pruned(index, log=log, tree=store.tree):
                    raise
                return Refusal(Reason.NOT_FOUND, "the beginning of this log was pruned, and this index is in it")
        return ProofBundle(index, hashes, SignedCheckpoint.read(last.note))

    def extend(self, old: int, *, log: LogId, size: int | None = None) -> tuple[SignedCheckpoint, tuple[bytes, ...]] | None:
        """Return the last checkpoint and the proof that the log of its first `old` events is the beginning of it; None if it is not.

        None too where the hashes that the proof begins with were pruned: below the minimum index there are proofs of whole tiles alone.
        With `size`, which the checkpoint covers, the proof is that it is the beginning of the log of the first `size` events.
        """
        with self._storage.reading() as store:
            last = store.checkpoints.last(log)
            head = store.tree.head(log)
            if last is None or head is None:
                return None
            new = last.size if size is None else size
            if not 0 <= old <= new <= last.size:
                return None
            try:
                hashes = TreeReader(store.tree, head=head).consistency(old, size=new)
            except CorruptRecord:
                if not any([is_pruned(each, log=log, tree=store.tree) for each in (old, new)]):
                    raise
                return None
            return SignedCheckpoint.read(last.note), hashes

    def export(self, wanted: ExportRequest, *, actor: Principal, request: Request | None = None, why: str = "") -> Outcome[Export]:
        """Return an export of one log, after `audit.exported` was recorded for `actor` and `why`; write what its `chunks` yields.

        Whoever calls this has decided that the actor may. Refused with NOT_FOUND where a JSONL file would have no checkpoint. Raises
        ValueError if personal parts are asked for and this has no key that opens them.
        """
        return self.exports.begin(wanted, actor=actor, request=request, why=why)

    def verify(
        self,
        *,
        log: LogId | None = None,
        held: tuple[SignedCheckpoint, ...] = (),
        locked: tuple[SignedCheckpoint, ...] = (),
        stamps: tuple[Stamp, ...] = (),
        witnessed: tuple[Witnessed, ...] = (),
        progress: Progress | None = None,
    ) -> VerificationReport:
        """Verify one log or all of them, against checkpoints that were `held` outside too; nothing is written.

        Those that are `locked` were held where nobody can delete them, those of `stamps` have the time stamp of an authority, those of
        `witnessed` the cosignatures of a quorum; what a single witness saw has to fit, too. A held checkpoint of a log that is not here is
        a finding of that log; one of the log of logs covers the others, where all are verified.
        `progress` is called with a log, how many of its events were read, and how many it has.
        """
        # There may be tens of thousands of stamps, and only the last one is asked what it covers.
        stamped = sorted((each.checkpoint for each in stamps), key=lambda each: each.checkpoint.size)
        cosigned = tuple(each.checkpoint for each in witnessed if each.checkpoint is not None)
        held, cover = (*held, *locked, *cosigned, *stamped[-1:]), Cover(locked, stamps=stamps, witnessed=cosigned)
        earlier = (*stamped[:-1], *(each.checkpoint for policy in witnessed for each in policy.seen if each.checkpoint is not None))
        strange = {each.checkpoint.origin: each for each in (*held, *earlier) if self.identity.log_of(each.checkpoint.origin) is None}
        reports = list(map(stranger, strange.values()))
        names = [log] if log is not None else [LOG_OF_LOGS]
        if log is None:
            names += [name for each in held if (name := self.identity.log_of(each.checkpoint.origin)) is not None]
            names += self._names()
        seen: set[LogId] = set()
        while names:
            name = names.pop(0)
            if name in seen:
                continue
            seen.add(name)
            with self._storage.reading() as store:
                verifier = LogVerifier(
                    name,
                    records=store.log,
                    tree=store.tree,
                    checkpoints=store.checkpoints,
                    purges=store.purges,
                    identity=self.identity,
                    progress=progress,
                )
                found = verifier.verify(held=held, earlier=earlier)
            reports.append(cover.judged(found, origin=self.identity.origin(name), pinned=verifier.pinned))
            if log is None:
                names += sorted(verifier.named)
        with self._storage.reading() as store:
            oldest = store.inbox.pending(limit=1)
            waiting = store.inbox.count()
        sound = any(each.stamped for each in reports)
        times, since = StampedTimes.of(stamps) if sound else None, oldest[0].time if oldest else None
        return VerificationReport(logs=tuple(reports), waiting=waiting, oldest=since, stamps=times, witnessed=witnessed)

    def status(self) -> LogStatus:
        """Return how far the sequencer and the signer are."""
        aside = self._storage.guard.events.pending(limit=_BATCH)
        with self._storage.reading() as store:
            oldest = store.inbox.pending(limit=1)
            waiting = store.inbox.count()
            due = store.checkpoints.due(before=None, limit=_LOGS)
            jobs = {job.name: job for job in store.jobs.all()}
        times = [event.time for event in (*aside, *oldest)]
        placing, signing, anchoring = jobs.get(JOB), jobs.get(SIGNING_JOB), jobs.get(ANCHORING_JOB)
        return LogStatus(
            waiting=waiting + len(aside),
            oldest=min(times, default=None),
            unsigned=len(due),
            leader=placing.owner if placing else "",
            leased_until=placing.leased_until if placing else None,
            last_run_at=placing.last_run_at if placing else None,
            problem=" ".join(dict.fromkeys(job.last_error for job in (placing, signing, anchoring) if job and job.last_error)),
        )

    def _collect(self) -> int:
        """Move events from the guard store into the inbox: copied, committed, and only then removed there."""
        waiting = self._storage.guard.events.pending(limit=_BATCH)
        if waiting:
            with self._storage.begin(after_commit=_nothing) as store:
                store.inbox.append_new(waiting)
            self._storage.guard.events.remove(tuple(event.id for event in waiting))
        return len(waiting)

    def _place(self) -> int:
        """Place one batch; nobody leads, and nothing is locked, where nothing waits."""
        with self._storage.reading() as store:
            if not store.inbox.pending(limit=1):
                return 0
        with self._storage.sequencing() as store:
            return store.log.place(limit=_BATCH)

    def _sign(self, logs: tuple[LogId, ...]) -> int:
        if self._maker is None:
            return 0
        made: list[CheckpointRecord] = []
        problem: LogInconsistent | None = None
        for log in logs:
            try:
                made += self._made(log, maker=self._maker)
            except LogInconsistent as error:
                problem = error
        added = self._add(made)
        added += self._add(self._made(LOG_OF_LOGS, maker=self._maker))
        if problem is not None:
            raise problem
        return added

    def _made(self, log: LogId, *, maker: CheckpointMaker) -> list[CheckpointRecord]:
        with self._storage.reading() as store:
            found = maker.make(log, tree=store.tree, checkpoints=store.checkpoints, now=self._ambient.now())
        return [] if found is None else [found]

    def _add(self, made: list[CheckpointRecord]) -> int:
        if not made:
            return 0
        with self._storage.sequencing() as store:
            return store.checkpoints.add(tuple(made))

    def _names(self) -> list[LogId]:
        found: list[LogId] = []
        with self._storage.reading() as store:
            while page := store.tree.heads(after=found[-1] if found else "", limit=_LOGS):
                found += [head.log for head in page]
        return found
