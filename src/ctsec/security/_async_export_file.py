"""A file of an export, streamed: a page of events at a time, whatever the size of the log (async source).

Rules that this module keeps:

- each page is a short reading of its own, so an export holds no transaction open; what it reads has its index and never changes;
- a file that leaves nothing out says of what was pruned and purged what is left of it; one that a prune overtakes is broken off, and told
  to be asked for again: what is missing has a signed record, and is no damage.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncLogSigner
from ctsec.audit._async_tree import AsyncTreeReader
from ctsec.audit.export import jsonl
from ctsec.audit.export.disclosure import disclosed
from ctsec.audit.export.formats import writer_of
from ctsec.audit.export.raw import RawEvent, runs
from ctsec.audit.export.request import ExportFormat, ExportRequest
from ctsec.audit.export.writing import ReadEvent, read_event
from ctsec.audit.retention._async_prune import minimum_index
from ctsec.audit.sealing import Head
from ctsec.audit.signing import LogIdentity
from ctsec.encryption._async_ports import AsyncKms
from ctsec.encryption.context import wrap_context
from ctsec.encryption.data_key import DataKey
from ctsec.encryption.dek import DEFAULT_REGION
from ctsec.encryption.portable_stream import StreamHeader
from ctsec.encryption.stream import StreamSealer
from ctsec.errors import CorruptRecord, StoreBusy
from ctsec.ids import DekId, new_id
from ctsec.security._async_region_events import AsyncOpensParts
from ctsec.security.sealed_export import PURPOSE
from ctsec.storage._async_sealed_ports import AsyncSealedStorage

PAGE: Final = 1000
_GZIP: Final = 31
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class AsyncExport:
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
        storage: AsyncSealedStorage,
        personal: AsyncOpensParts | None,
        signer: AsyncLogSigner | None,
        identity: LogIdentity,
        ambient: Ambient,
    ) -> None:
        self.request, self.head, self.expected, self.events = request, head, expected, 0
        self._storage, self._personal, self._signer, self._identity, self._tree = storage, personal, signer, identity, tree
        self._ambient, self._minimum = ambient, minimum

    async def chunks(self) -> AsyncGenerator[bytes]:
        """Yield the bytes of the file, about a page of events at a time; raise StoreBusy if a prune overtakes it."""
        made = self._verifiable() if self.request.format is ExportFormat.JSONL else self._flat()
        if not self.request.compress:
            async for chunk in made:
                yield chunk
            return
        packer = zlib.compressobj(wbits=_GZIP)
        async for chunk in made:
            packed = packer.compress(chunk)
            if packed:
                yield packed
        yield packer.flush()

    async def sealed(self, kms: AsyncKms) -> AsyncGenerator[bytes]:
        """Yield the bytes of an encrypted file in place of those of `chunks`: a portable stream, whose key that of `kms` wraps."""
        scope = str(self.request.query.log)
        material, wrapped = await kms.generate_data_key(wrap_context(scope, DEFAULT_REGION))
        header = StreamHeader(kek=kms.ref, scope=scope, region=DEFAULT_REGION, wrapped=wrapped)
        dek_id = new_id(DekId, now=self._ambient.now(), random=self._ambient.random)
        sealer = StreamSealer(key=DataKey(dek_id, material=material), context=header.context(PURPOSE), random=self._ambient.random)
        yield header.encoded
        async for chunk in self.chunks():
            piece = sealer.update(chunk)
            if piece:
                yield bytes(piece)
        yield bytes(sealer.finish())

    async def _verifiable(self) -> AsyncGenerator[bytes]:
        digest = hashlib.sha256()
        try:
            async for chunk in self._lines():
                digest.update(chunk)
                yield chunk
        except CorruptRecord:
            if not await self._is_overtaken():
                raise
            raise StoreBusy("the log was pruned while it was exported, and the file was broken off; export it again") from None
        text = jsonl.end_text(self.head.origin, events=self.events, digest=digest.digest())
        key = None if self._signer is None else self._identity.verifier(self.request.query.log)
        signature = b"" if self._signer is None else await self._signer.sign(text.encode())
        yield jsonl.end_line(self.head.origin, events=self.events, digest=digest.digest(), key=key, signature=signature)

    async def _lines(self) -> AsyncGenerator[bytes]:
        head, selected = self.head, bool(self.request.filters)
        yield head.line()
        at = 0
        if not selected and head.first:
            yield await self._skipped(0, head.first)
            at = head.first
        async for rows in self._pages():
            if selected:
                yield await self._chosen(rows, at)
            else:
                for run in runs(rows):
                    async for chunk in self._purged(at, run[0][0]):
                        yield chunk
                    yield await self._told(run)
                    at = run[-1][0] + 1
                    del run
            at = rows[-1][0] + 1
            del rows  # a page is let go before the next one is read
        if not selected:
            async for chunk in self._purged(at, head.end):
                yield chunk
            at = head.end
        if at < head.size:
            yield await self._skipped(at, head.size)

    async def _is_overtaken(self) -> bool:
        """Say whether a prune record let more go than when this began."""
        async with self._storage.reading() as store:
            size = await store.log.size(self.request.query.log)
            return await minimum_index(self.request.query.log, records=store.log, identity=self._identity, size=size) > self._minimum

    async def _chosen(self, rows: Sequence[RawEvent], at: int) -> bytes:
        """Return the lines of events that a filter chose, and of what lies between them from index `at` on."""
        lines: list[bytes] = []
        async with self._storage.reading() as store:
            reader = AsyncTreeReader(store.tree, head=self._tree)
            for row in rows:
                if row[0] > at:
                    lines.append(jsonl.skipped_line(at, row[0], await reader.span(at, row[0])))
                lines.append(await self._told((row,)))
                at = row[0] + 1
        return b"".join(lines)

    async def _told(self, rows: Sequence[RawEvent]) -> bytes:
        self.events += len(rows)
        if self.request.masked:
            return b"".join([await self._disclosed(row) for row in rows])
        if not self.request.personal:
            return jsonl.event_lines(rows)
        lines: list[bytes] = []
        for row in rows:
            lines.append(jsonl.event_lines((row,)))
            if row[3]:
                lines.append(jsonl.personal_line(row[0], (await self._read(row)).personal))
        return b"".join(lines)

    async def _disclosed(self, row: RawEvent) -> bytes:
        query = self.request.query
        told = disclosed(await self._read(row), person=query.person or "", log=query.log)
        line = jsonl.event_lines((row,)) if told.whole else jsonl.masked_line(row[0], row[1], told.shown)
        return line + jsonl.personal_line(row[0], told.personal) if told.personal else line

    async def _purged(self, first: int, end: int) -> AsyncGenerator[bytes]:
        """Yield the lines of indexes whose events are gone: no filter left them out, and their leaves are there."""
        for start in range(first, end, PAGE):
            async with self._storage.reading() as store:
                reader = AsyncTreeReader(store.tree, head=self._tree)
                leaves = [(await reader.span(at, at + 1))[0] for at in range(start, min(start + PAGE, end))]
            yield b"".join(jsonl.purged_line(start + at, leaf) for at, leaf in enumerate(leaves))

    async def _skipped(self, first: int, end: int) -> bytes:
        async with self._storage.reading() as store:
            hashes = await AsyncTreeReader(store.tree, head=self._tree).span(first, end)
        return jsonl.skipped_line(first, end, hashes)

    async def _pages(self) -> AsyncGenerator[tuple[RawEvent, ...]]:
        request, at = self.request, self.head.first
        while at < self.head.end:
            async with self._storage.reading() as store:
                rows = await store.log.raw(request.query, first=at, end=self.head.end, limit=PAGE, personal=request.personal)
            if rows:
                at = rows[-1][0] + 1
                yield rows
            if len(rows) < PAGE:
                return
            del rows

    async def _flat(self) -> AsyncGenerator[bytes]:
        writer = writer_of(self.request, head=self.head)
        yield writer.start()
        async for rows in self._pages():
            self.events += len(rows)
            yield writer.page([await self._read(row) for row in rows] if self.request.personal else map(_bare, rows))
        yield writer.end(self.events)

    async def _read(self, row: RawEvent) -> ReadEvent:
        event = read_event(row, personal={})
        if not row[3] or self._personal is None:
            return event
        log = self.request.query.log
        opened = await self._personal.opened(row[3], event_id=str(event.said["id"]), log=log)
        return ReadEvent(index=event.index, leaf=event.leaf, said=event.said, personal=opened)


def _bare(row: RawEvent) -> ReadEvent:
    return read_event(row, personal=_NOTHING)
