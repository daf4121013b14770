# Generated from src/ctsec/security/_async_exports.py by tools/twin.py; edit that file.
"""Exports of a log, streamed: a page of events at a time, whatever its size (async source).

Rules that this module keeps:

- that somebody exports, what and how much, is recorded before the first byte leaves;
- each page is a short reading of its own, so an export holds no transaction open; what it reads has its index and never changes;
- a file that leaves nothing out begins at the minimum index of a log whose beginning was pruned, and says so; one that a prune overtakes
  is broken off, and told to be asked for again: what is missing has a signed record, and is no damage;
- an export ends where the last checkpoint does, so all of it can be verified; what is newer waits for the next one.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Generator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from ctsec.ambient import Ambient, Request
from ctsec.audit._sync import AsideLog
from ctsec.audit._sync_ports import LogSigner, SealedStore
from ctsec.audit._sync_tree import TreeReader
from ctsec.audit.event import DEPLOYMENT_LOG, EventName, LogId, Target, build
from ctsec.audit.export import jsonl
from ctsec.audit.export.disclosure import disclosed
from ctsec.audit.export.formats import writer_of
from ctsec.audit.export.raw import RawEvent, runs
from ctsec.audit.export.request import ExportFormat, ExportRequest
from ctsec.audit.export.writing import ReadEvent, read_event
from ctsec.audit.query import AuditQuery
from ctsec.audit.retention._sync_prune import minimum_index
from ctsec.audit.sealing import LOG_OF_LOGS, Head
from ctsec.audit.signing import LogIdentity
from ctsec.encryption._sync_ports import Kms
from ctsec.encryption.context import wrap_context
from ctsec.encryption.data_key import DataKey
from ctsec.encryption.dek import DEFAULT_REGION
from ctsec.encryption.portable_stream import StreamHeader
from ctsec.encryption.stream import StreamSealer
from ctsec.errors import CorruptRecord, StoreBusy
from ctsec.ids import DekId, OrganizationId, UserId, new_id
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Principal
from ctsec.security._sync_region_events import OpensParts
from ctsec.security.sealed_export import PURPOSE
from ctsec.storage._sync_sealed_ports import SealedStorage

PAGE: Final = 1000
_GZIP: Final = 31
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class Export:
    """One export: write what `chunks` yields, once. `expected` events match, and `events` were yielded so far."""

    __slots__ = ("_ambient", "_identity", "_minimum", "_personal", "_signer", "_storage", "_tree", "events", "expected", "head", "request")

    def __init__(
        self,
        request: ExportRequest,
        *,
        head: jsonl.ExportHead,
        tree: Head,
        minimum: int,
        expected: int,
        storage: SealedStorage,
        personal: OpensParts | None,
        signer: LogSigner | None,
        identity: LogIdentity,
        ambient: Ambient,
    ) -> None:
        self.request, self.head, self.expected, self.events = request, head, expected, 0
        self._storage, self._personal, self._signer, self._identity, self._tree = storage, personal, signer, identity, tree
        self._ambient, self._minimum = ambient, minimum

    def chunks(self) -> Generator[bytes, None]:
        """Yield the bytes of the file, about a page of events at a time; raise StoreBusy if a prune overtakes it."""
        made = self._verifiable() if self.request.format is ExportFormat.JSONL else self._flat()
        if not self.request.compress:
            for chunk in made:
                yield chunk
            return
        packer = zlib.compressobj(wbits=_GZIP)
        for chunk in made:
            packed = packer.compress(chunk)
            if packed:
                yield packed
        yield packer.flush()

    def sealed(self, kms: Kms) -> Generator[bytes, None]:
        """Yield the bytes of an encrypted file in place of those of `chunks`: a portable stream, whose key that of `kms` wraps."""
        scope = str(self.request.query.log)
        material, wrapped = kms.generate_data_key(wrap_context(scope, DEFAULT_REGION))
        header = StreamHeader(kek=kms.ref, scope=scope, region=DEFAULT_REGION, wrapped=wrapped)
        dek_id = new_id(DekId, now=self._ambient.now(), random=self._ambient.random)
        sealer = StreamSealer(key=DataKey(dek_id, material=material), context=header.context(PURPOSE), random=self._ambient.random)
        yield header.encoded
        for chunk in self.chunks():
            piece = sealer.update(chunk)
            if piece:
                yield bytes(piece)
        yield bytes(sealer.finish())

    def _verifiable(self) -> Generator[bytes, None]:
        digest = hashlib.sha256()
        try:
            for chunk in self._lines():
                digest.update(chunk)
                yield chunk
        except CorruptRecord:
            if not self._is_overtaken():
                raise
            raise StoreBusy("the log was pruned while it was exported, and the file was broken off; export it again") from None
        text = jsonl.end_text(self.head.origin, events=self.events, digest=digest.digest())
        key = None if self._signer is None else self._identity.verifier(self.request.query.log)
        signature = b"" if self._signer is None else self._signer.sign(text.encode())
        yield jsonl.end_line(self.head.origin, events=self.events, digest=digest.digest(), key=key, signature=signature)

    def _lines(self) -> Generator[bytes, None]:
        head, selected = self.head, bool(self.request.filters)
        yield head.line()
        at = 0
        if not selected and head.first:
            yield self._skipped(0, head.first)
            at = head.first
        for rows in self._pages():
            if selected:
                yield self._chosen(rows, at)
            else:
                for run in runs(rows):
                    for chunk in self._purged(at, run[0][0]):
                        yield chunk
                    yield self._told(run)
                    at = run[-1][0] + 1
                    del run
            at = rows[-1][0] + 1
            del rows  # a page is let go before the next one is read
        if not selected:
            for chunk in self._purged(at, head.end):
                yield chunk
            at = head.end
        if at < head.size:
            yield self._skipped(at, head.size)

    def _is_overtaken(self) -> bool:
        """Say whether a prune record let more go than when this began."""
        with self._storage.reading() as store:
            size = store.log.size(self.request.query.log)
            return minimum_index(self.request.query.log, records=store.log, identity=self._identity, size=size) > self._minimum

    def _chosen(self, rows: Sequence[RawEvent], at: int) -> bytes:
        """Return the lines of events that a filter chose, and of what lies between them from index `at` on."""
        lines: list[bytes] = []
        with self._storage.reading() as store:
            reader = TreeReader(store.tree, head=self._tree)
            for row in rows:
                if row[0] > at:
                    lines.append(jsonl.skipped_line(at, row[0], reader.span(at, row[0])))
                lines.append(self._told((row,)))
                at = row[0] + 1
        return b"".join(lines)

    def _told(self, rows: Sequence[RawEvent]) -> bytes:
        self.events += len(rows)
        if self.request.masked:
            return b"".join([self._disclosed(row) for row in rows])
        if not self.request.personal:
            return jsonl.event_lines(rows)
        lines: list[bytes] = []
        for row in rows:
            lines.append(jsonl.event_lines((row,)))
            if row[3]:
                lines.append(jsonl.personal_line(row[0], (self._read(row)).personal))
        return b"".join(lines)

    def _disclosed(self, row: RawEvent) -> bytes:
        query = self.request.query
        told = disclosed(self._read(row), person=query.person or "", log=query.log)
        line = jsonl.event_lines((row,)) if told.whole else jsonl.masked_line(row[0], row[1], told.shown)
        return line + jsonl.personal_line(row[0], told.personal) if told.personal else line

    def _purged(self, first: int, end: int) -> Generator[bytes, None]:
        """Yield the lines of indexes whose events are gone: no filter left them out, and their leaves are there."""
        for start in range(first, end, PAGE):
            with self._storage.reading() as store:
                reader = TreeReader(store.tree, head=self._tree)
                leaves = [(reader.span(at, at + 1))[0] for at in range(start, min(start + PAGE, end))]
            yield b"".join(jsonl.purged_line(start + at, leaf) for at, leaf in enumerate(leaves))

    def _skipped(self, first: int, end: int) -> bytes:
        with self._storage.reading() as store:
            hashes = TreeReader(store.tree, head=self._tree).span(first, end)
        return jsonl.skipped_line(first, end, hashes)

    def _pages(self) -> Generator[tuple[RawEvent, ...], None]:
        request, at = self.request, self.head.first
        while at < self.head.end:
            with self._storage.reading() as store:
                rows = store.log.raw(request.query, first=at, end=self.head.end, limit=PAGE, personal=request.personal)
            if rows:
                at = rows[-1][0] + 1
                yield rows
            if len(rows) < PAGE:
                return
            del rows

    def _flat(self) -> Generator[bytes, None]:
        writer = writer_of(self.request, head=self.head)
        yield writer.start()
        for rows in self._pages():
            self.events += len(rows)
            yield writer.page([self._read(row) for row in rows] if self.request.personal else map(_bare, rows))
        yield writer.end(self.events)

    def _read(self, row: RawEvent) -> ReadEvent:
        event = read_event(row, personal={})
        if not row[3] or self._personal is None:
            return event
        log = self.request.query.log
        opened = self._personal.opened(row[3], event_id=str(event.said["id"]), log=log)
        return ReadEvent(index=event.index, leaf=event.leaf, said=event.said, personal=opened)


class Exports:
    """Begins exports of the logs of one store, that of a region by its name in `store`, each recorded through `aside`.

    Without `personal` those parts can not be asked for.
    """

    __slots__ = ("_ambient", "_aside", "_identity", "_personal", "_signer", "_storage", "_store")

    def __init__(
        self,
        storage: SealedStorage,
        *,
        aside: AsideLog | None,
        personal: OpensParts | None,
        signer: LogSigner | None,
        identity: LogIdentity,
        ambient: Ambient,
        store: str = "",
    ) -> None:
        self._storage, self._personal, self._signer, self._store = storage, personal, signer, store
        self._identity, self._ambient = identity, ambient
        self._aside = aside

    def begin(self, wanted: ExportRequest, *, actor: Principal, request: Request | None, why: str) -> Outcome[Export]:
        """Return the export, after it was recorded; refused where there is nothing that it could be of."""
        log = wanted.query.log
        if wanted.personal and self._personal is None:
            raise ValueError("expected a bundle whose keys open personal parts")
        if log == LOG_OF_LOGS:
            return Refusal(Reason.INVALID_INPUT, "expected a log with events; the log of logs has checkpoints")
        with self._storage.reading() as store:
            last = store.checkpoints.last(log)
            tree = store.tree.head(log)
            if last is None and wanted.format is ExportFormat.JSONL:
                return Refusal(Reason.NOT_FOUND, "this log has no checkpoint yet, and without one nothing can be verified")
            size = last.size if last is not None else tree.size if tree is not None else 0
            end = size if wanted.end is None else min(wanted.end, size)
            first = min(wanted.first, end)
            minimum = minimum_index(log, records=store.log, identity=self._identity, size=size)
            if wanted.format is ExportFormat.JSONL and not wanted.filters:
                # Nothing in a range without a filter may be left out, and of what was pruned there are no leaves to tell.
                if first < end <= minimum:
                    return Refusal(Reason.NOT_FOUND, f"the beginning of this log was pruned; ask for events from index {minimum} on")
                first = max(first, min(minimum, end))
            expected = store.log.matching(wanted.query, first=first, end=end)
        now = self._ambient.now()
        head = jsonl.ExportHead(
            log=log,
            origin=self._identity.origin(log),
            first=first,
            end=end,
            size=size,
            filters=wanted.filters,
            personal=wanted.personal,
            created_at=now,
            note=b"" if last is None else last.note,
        )
        self._record(wanted, head=head, expected=expected, actor=actor, request=request or Request(), why=why)
        return Export(
            wanted,
            head=head,
            tree=tree or Head(log=log),
            minimum=minimum,
            expected=expected,
            storage=self._storage,
            personal=self._personal,
            signer=self._signer,
            identity=self._identity,
            ambient=self._ambient,
        )

    def about(self, person: UserId, *, logs: Sequence[LogId] | None = None) -> tuple[tuple[LogId, int], ...]:
        """Return those of `logs` (None: all that there are) whose last checkpoint covers events of a person, and how many of them."""
        found: list[tuple[LogId, int]] = []
        with self._storage.reading() as store:
            for log in logs if logs is not None else _names(store):
                last = store.checkpoints.last(log)
                count = 0 if last is None else store.log.matching(AuditQuery(log=log, person=person), first=0, end=last.size)
                if count:
                    found.append((log, count))
        return tuple(found)

    def _record(
        self, wanted: ExportRequest, *, head: jsonl.ExportHead, expected: int, actor: Principal, request: Request, why: str
    ) -> None:
        if self._aside is None:
            return
        organization = None if wanted.query.log == DEPLOYMENT_LOG else OrganizationId(wanted.query.log)
        # What was typed into a filter is anything: an address, an id of somebody else's.
        typed = {"asked": json.dumps(wanted.filters, sort_keys=True)} if wanted.filters else {}
        self._aside.record_aside(
            build(
                EventName.AUDIT_EXPORTED,
                ambient=Ambient(clock=self._ambient.clock, random=self._ambient.random, request=request),
                actor=actor,
                targets=(Target("organization", organization) if organization else Target("log", DEPLOYMENT_LOG),),
                organization=organization,
                # A file that is made for a person is an event of theirs; one who is not in this log stays a word that somebody typed.
                subject=wanted.query.person if wanted.masked and expected else None,
                details={
                    **({"masked": True} if wanted.masked else {}),
                    **({"region": self._store} if self._store else {}),
                    "format": wanted.format.value,
                    "events": expected,
                    "first": head.first,
                    "end": head.end,
                    "filters": tuple(sorted(wanted.filters)),
                    "personal": wanted.personal,
                },
                personal={**typed, **({"why": why} if why else {})},
            )
        )


def _bare(row: RawEvent) -> ReadEvent:
    return read_event(row, personal=_NOTHING)


def _names(store: SealedStore) -> list[LogId]:
    found: list[LogId] = []
    while page := store.tree.heads(after=found[-1] if found else "", limit=PAGE):
        found += [head.log for head in page]
    return [log for log in found if log != LOG_OF_LOGS]
