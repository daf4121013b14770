# Generated from src/ctsec/security/_async_sealed_logs.py by tools/twin.py; edit that file.
"""The sealed logs of one store: sealing them, signing where they stand, proofs, exports and verification (async source)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from ctsec.ambient import Ambient, Request
from ctsec.audit._sync_ports import LogRecords, LogSigner
from ctsec.audit._sync_signer import CheckpointMaker
from ctsec.audit._sync_tree import TreeReader, is_pruned
from ctsec.audit._sync_verifier import LogVerifier, Progress
from ctsec.audit.assurance import LogReport, nameless
from ctsec.audit.cover import Cover
from ctsec.audit.event import EventName, LogId
from ctsec.audit.export.request import ExportRequest
from ctsec.audit.query import AuditQuery
from ctsec.audit.retention.trail import RetentionTrail
from ctsec.audit.sealing import LOG_OF_LOGS, CheckpointRecord
from ctsec.audit.signing import LogIdentity
from ctsec.audit.tree.bundle import ProofBundle
from ctsec.audit.tree.checkpoint import SignedCheckpoint
from ctsec.errors import CorruptRecord, LogInconsistent
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Principal
from ctsec.security._sync_export_file import Export
from ctsec.security._sync_exports import Exports
from ctsec.storage._sync_sealed_ports import SealedStorage

APART: Final = timedelta(seconds=1)
BATCH: Final = 1000
TURNS: Final = 200
LOGS: Final = 1000
AGAIN: Final = 3


class SealedLogs:
    """The logs of one store, that of `region` (empty: the home store). Without a `signer` nothing is signed; `exports` begins exports."""

    __slots__ = ("_ambient", "_maker", "_region", "_sealed", "exports", "identity")

    def __init__(
        self,
        storage: SealedStorage,
        *,
        signer: LogSigner | None,
        identity: LogIdentity,
        ambient: Ambient,
        exports: Exports,
        region: str = "",
    ) -> None:
        self._sealed = storage
        self._ambient = ambient
        self._maker = None if signer is None else CheckpointMaker(signer, identity=identity)
        self.exports = exports
        self._region = region
        self.identity = identity

    @property
    def signs(self) -> bool:
        """Whether there is a key to sign with."""
        return self._maker is not None

    def place(self) -> int:
        """Move events from the inbox into their logs; return how many got an index.

        It goes on until nothing waits, and ends after 200,000 events all the same, long before its lease does.
        """
        placed = 0
        for _ in range(TURNS):
            moved = self._place()
            placed += moved
            if moved < BATCH:
                break
        return placed

    def sign_due(self) -> int:
        """Sign each log that grew and whose last checkpoint is a second old, and then the log of logs; return how many were signed.

        Raises LogInconsistent after all the others were signed, if a log is not what was signed before.
        """
        with self._sealed.reading() as store:
            due = store.checkpoints.due(before=self._ambient.now() - APART, limit=LOGS)
        return self._sign(tuple(head.log for head in due))

    def sign(self, log: LogId) -> int:
        """Sign one log now, and then the log of logs; return how many checkpoints were made. Raises as `sign_due` does."""
        return self._sign((log,))

    def flush(self) -> int:
        """Give what waits its index and sign every log that grew; return how many events were placed. Raises as `sign_due` does."""
        placed = self.place()
        with self._sealed.reading() as store:
            due = store.checkpoints.due(before=None, limit=LOGS)
        self._sign(tuple(head.log for head in due))
        return placed

    def checkpoint(self, log: LogId) -> SignedCheckpoint | None:
        """Return the last checkpoint of a log, to be held outside; None if it has none. Whoever relies on it verifies it."""
        with self._sealed.reading() as store:
            found = store.checkpoints.last(log)
        return None if found is None else SignedCheckpoint.read(found.note)

    def prove(self, log: LogId, *, index: int) -> Outcome[ProofBundle]:
        """Return the proof that an event stands in its log under the last checkpoint; refused with NOT_FOUND until that covers it."""
        with self._sealed.reading() as store:
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
        with self._sealed.reading() as store:
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

    def reports(
        self,
        *,
        log: LogId | None,
        held: Sequence[SignedCheckpoint],
        earlier: Sequence[SignedCheckpoint] = (),
        cover: Cover,
        progress: Progress | None = None,
        elsewhere: set[LogId] | None = None,
        trails: dict[LogId, RetentionTrail] | None = None,
    ) -> list[LogReport]:
        """Verify one log of this store or all of them, that of its log of logs first; see `LogVerifier.verify` for the checkpoints.

        Names with a slash in the log of logs are those of other stores, and are put into `elsewhere`; without it they are none of any log.
        What each log says of plans, holds and purges is put into `trails`.
        """
        found: list[LogReport] = []
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
            if not self.identity.has(name):
                found.append(nameless(name))
                continue
            verifier, report = self._verified(name, held=held, earlier=earlier, progress=progress)
            if trails is not None:
                trails[name] = verifier.trail
            found.append(cover.judged(report, origin=self.identity.origin(name), pinned=verifier.pinned))
            if log is None:
                apart = {each for each in verifier.named if elsewhere is not None and "/" in each}
                names += sorted(verifier.named - apart)
                if elsewhere is not None:
                    elsewhere |= apart
        return found

    def _verified(
        self, log: LogId, *, held: Sequence[SignedCheckpoint], earlier: Sequence[SignedCheckpoint], progress: Progress | None
    ) -> tuple[LogVerifier, LogReport]:
        """Verify one log; anew, three times at most, where a purge or a prune that was recorded meanwhile may be what was found."""
        again = AGAIN
        while True:
            with self._sealed.reading() as store:
                verifier = LogVerifier(
                    log,
                    records=store.log,
                    tree=store.tree,
                    checkpoints=store.checkpoints,
                    purges=store.purges,
                    identity=self.identity,
                    region=self._region,
                    progress=progress,
                )
                report = verifier.verify(held=held, earlier=earlier)
                if not (report.findings and again and _overtaken(log, store.log, size=report.size)):
                    return verifier, report
            again -= 1

    def _place(self) -> int:
        """Place one batch; nobody leads, and nothing is locked, where nothing waits."""
        with self._sealed.reading() as store:
            if not store.inbox.pending(limit=1):
                return 0
        with self._sealed.sequencing() as store:
            return store.log.place(limit=BATCH)

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
        with self._sealed.reading() as store:
            found = maker.make(log, tree=store.tree, checkpoints=store.checkpoints, now=self._ambient.now())
        return [] if found is None else [found]

    def _add(self, made: list[CheckpointRecord]) -> int:
        if not made:
            return 0
        with self._sealed.sequencing() as store:
            return store.checkpoints.add(tuple(made))

    def _names(self) -> list[LogId]:
        found: list[LogId] = []
        with self._sealed.reading() as store:
            while page := store.tree.heads(after=found[-1] if found else "", limit=LOGS):
                found += [head.log for head in page]
        return found


def _overtaken(log: LogId, records: LogRecords, *, size: int) -> bool:
    """Say whether a purge or a prune was recorded behind the `size` that was verified: what is missed may be what it let go."""
    told = [AuditQuery(log=log, name=name.value) for name in (EventName.AUDIT_PURGED, EventName.AUDIT_PRUNED)]
    newest = [records.search(query, before=None, limit=1) for query in told]
    return any(each.index >= size for found in newest for each in found)


def waiting_in(storage: SealedStorage) -> tuple[int, datetime | None]:
    """Return how many events wait in a store for their index, and the oldest since when."""
    with storage.reading() as store:
        oldest = store.inbox.pending(limit=1)
        return store.inbox.count(), oldest[0].time if oldest else None


def checkpoints_in(storage: SealedStorage, log: LogId) -> list[CheckpointRecord]:
    """Return every checkpoint that a store has of a log, in the order of sizes."""
    found: list[CheckpointRecord] = []
    with storage.reading() as store:
        while page := store.checkpoints.page(log, after=found[-1].size if found else -1, limit=LOGS):
            found += page
    return found
