"""Pruning a log's beginning: the hashes of what was purged go, the roots above them stay (async source).

Rules that this module keeps:

- first the record, in a transaction of its own that writes nothing else; the hashes go in later ones, and only once a checkpoint that
  counts covers the record: whoever is killed leaves a record and whole tiles, and the next run goes on from there;
- every index below the minimum was purged by a record that counts, or is an event that a purge never takes; of the latter the tiles stay;
- nothing is pruned past an event that is there, past what a hold that binds covers, or past what a stream has not delivered.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncCheckpointRecords, AsyncLogRecords, AsyncLogSigner, AsyncTreeRecords
from ctsec.audit._async_tree import AsyncTreeReader
from ctsec.audit.event import DEPLOYMENT_LOG, EventName, LogId, Target, build
from ctsec.audit.query import AuditQuery
from ctsec.audit.record import SealedEvent, store_form
from ctsec.audit.retention._async_ports import AsyncPurgeRecords, AsyncRetentionRecords
from ctsec.audit.retention.preview import PrunePreview
from ctsec.audit.retention.pruning import PRUNE_DOMAIN, PruneRecord, authentic_prunes, purged_by
from ctsec.audit.retention.ranges import Ranges
from ctsec.audit.retention.record import signature_text, signed_text
from ctsec.audit.retention.selection import Held, Selection
from ctsec.audit.sealing import CheckpointRecord
from ctsec.audit.signing import LogIdentity
from ctsec.audit.tree.hashing import root_of, split
from ctsec.audit.tree.tiles import TILE_WIDTH
from ctsec.errors import LogInconsistent
from ctsec.ids import OrganizationId
from ctsec.principal import system

TILES: Final = 64
_PAGE: Final = 1000
_FAR: Final = timedelta(days=36500)


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncPruneParts:
    """The records of one transaction that a prune reads and writes."""

    retention: AsyncRetentionRecords
    purges: AsyncPurgeRecords
    checkpoints: AsyncCheckpointRecords
    tree: AsyncTreeRecords
    log: AsyncLogRecords


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cut:
    """What would be pruned: up to which index, how many tiles, at which checkpoint."""

    minimum: int
    tiles: int
    checkpoint: CheckpointRecord


class AsyncPruner:
    """Prunes logs, at most `tiles` tiles in a step; `signer` has the retention key."""

    __slots__ = ("_ambient", "_identity", "_signer", "_tiles")

    def __init__(self, signer: AsyncLogSigner, *, identity: LogIdentity, ambient: Ambient, tiles: int = TILES) -> None:
        self._tiles = tiles
        self._signer = signer
        self._identity = identity
        self._ambient = ambient

    async def preview(self, log: LogId, parts: AsyncPruneParts, *, reached: int | None) -> PrunePreview:
        """Return what a prune would do now, as `record` would decide it; nothing is written."""
        cut = await self._cut(log, parts, reached=reached)
        present = await self._minimum(log, parts)
        following, tiles = (present, 0) if cut is None else (cut.minimum, cut.tiles)
        return PrunePreview(log=log, minimum=present, following=following, tiles=tiles)

    async def record(self, log: LogId, parts: AsyncPruneParts, *, reached: int | None, least: int) -> int:
        """Write the record of a prune that lets at least `least` tiles go; return the minimum index, 0 where there is none to raise.

        `reached` is the first index that some stream has not delivered, None if there is none. Raises LogInconsistent if the last
        checkpoint does not count, or the tiles do not lead to it.
        """
        head = await parts.purges.lead(log)
        await parts.retention.lock(log)
        cut = await self._cut(log, parts, reached=reached)
        if cut is None or cut.tiles < least:
            return 0
        checkpoint, reader = cut.checkpoint, AsyncTreeReader(parts.tree, head=head)
        if (await reader.frontier(checkpoint.size)).root != checkpoint.root:
            raise LogInconsistent(f"the tiles of the log {log} do not lead to its last checkpoint; run `ctsec audit verify`")
        record = PruneRecord(
            index=head.size, size=checkpoint.size, root=checkpoint.root, frontier=await reader.frontier(cut.minimum), tiles=cut.tiles
        )
        details = record.details()
        event = build(
            EventName.AUDIT_PRUNED,
            ambient=self._ambient,
            actor=system("retention"),
            targets=(Target("log", log),),
            organization=None if log == DEPLOYMENT_LOG else OrganizationId(log),
            details=details,
        )
        message = signed_text(details, origin=self._identity.origin(log), event=event.id, time=event.time, domain=PRUNE_DOMAIN)
        signature = signature_text(await self._signer.sign(message))
        signed = store_form(replace(event, details={**details, "signature": signature}), personal=b"")
        await parts.purges.append(signed, head=head)
        return cut.minimum

    async def sweep(self, log: LogId, parts: AsyncPruneParts, *, first: int) -> tuple[int, int | None]:
        """Let the entries of some tiles go, from the tile `first` on, that a record lets go; return how many tiles, and where to go on.

        Raises LogInconsistent if the last checkpoint does not count, or a tile is not what its root says.
        """
        await parts.purges.lead(log)
        await parts.retention.lock(log)
        minimum = await self._minimum(log, parts)
        held = Held.of(await parts.retention.holds(log), now=self._ambient.now())
        if any(hold.whole for hold, _ in held.holds):
            return 0, None
        tiles = await parts.purges.whole(log, first=first, end=minimum // TILE_WIDTH, limit=self._tiles)
        if not tiles:
            return 0, None
        last = tiles[-1].number
        there = {each.index // TILE_WIDTH for each in await self._rows(log, parts, first=tiles[0].number, end=last + 1)}
        going = tuple(each for each in tiles if each.number not in there)
        for each in going:
            if root_of(split(each.hashes)) != each.root:
                raise LogInconsistent(f"the tile 0/{each.number} of the log {log} is not what its root says; run `ctsec audit verify`")
        await parts.purges.strip(log, going, below=(last + 1) * TILE_WIDTH)
        return len(going), last + 1 if len(tiles) == self._tiles else None

    async def _cut(self, log: LogId, parts: AsyncPruneParts, *, reached: int | None) -> _Cut | None:
        """Return what may be pruned, None where that is nothing."""
        checkpoint = await self._last(log, parts)
        newest = await parts.log.search(AuditQuery(log=log, name=EventName.AUDIT_PRUNED.value), before=None, limit=1)
        if checkpoint is None or any(each.index >= checkpoint.size for each in newest):
            # The last record waits for its checkpoint.
            return None
        held = Held.of(await parts.retention.holds(log), now=self._ambient.now())
        if any(hold.whole for hold, _ in held.holds):
            return None
        bounds = [checkpoint.size, *([] if reached is None else [reached])]
        bounds += [extent.parts[0][0] for _, extent in held.holds if extent.parts]
        every = Selection(log=log, end=min(bounds), cutoff=self._ambient.now() + _FAR)
        there = await parts.purges.due(every, first=0, limit=1)
        end = there[0].index if there else min(bounds)
        present = await self._minimum(log, parts)
        if end < present + TILE_WIDTH:
            return None
        # What was pruned before was accounted for then; no purge of what came later stands before it.
        kept = await self._rows(log, parts, first=present // TILE_WIDTH, end=-(-end // TILE_WIDTH))
        accounted = await self._purged(log, parts, since=present, size=checkpoint.size)
        known = Ranges.merged((*accounted.parts, *((each.index, each.index + 1) for each in kept), (0, present)))
        end = min(end, known.parts[0][1] if known.parts[:1] and known.parts[0][0] == 0 else 0)
        minimum = end - end % TILE_WIDTH
        staying = {each.index // TILE_WIDTH for each in kept if each.index < minimum}
        tiles = (minimum - present) // TILE_WIDTH - len(staying)
        return _Cut(minimum=minimum, tiles=tiles, checkpoint=checkpoint) if tiles > 0 else None

    async def _last(self, log: LogId, parts: AsyncPruneParts) -> CheckpointRecord | None:
        checkpoint = await parts.checkpoints.last(log)
        if checkpoint is not None and self._identity.opened(checkpoint) is None:
            raise LogInconsistent(f"the last checkpoint of the log {log} does not count, so nothing is pruned; run `ctsec audit verify`")
        return checkpoint

    async def _minimum(self, log: LogId, parts: AsyncPruneParts) -> int:
        """Return the minimum index of the records that a checkpoint covers, 0 if there is none."""
        checkpoint = await self._last(log, parts)
        return 0 if checkpoint is None else await minimum_index(log, records=parts.log, identity=self._identity, size=checkpoint.size)

    async def _purged(self, log: LogId, parts: AsyncPruneParts, *, since: int, size: int) -> Ranges:
        """Return the indexes that purge records between two indexes account for."""
        found = await _told(log, EventName.AUDIT_PURGED, parts.log, since=since, size=size)
        return purged_by(found, origin=self._identity.origin(log), keys=self._identity.retention_keys)

    async def _rows(self, log: LogId, parts: AsyncPruneParts, *, first: int, end: int) -> list[SealedEvent]:
        """Return the events that are there in the tiles [first, end)."""
        found: list[SealedEvent] = []
        at, stop = first * TILE_WIDTH, end * TILE_WIDTH
        while page := [each for each in await parts.log.page(log, first=at, limit=_PAGE) if each.index < stop]:
            found += page
            at = page[-1].index + 1
        return found


async def minimum_index(log: LogId, *, records: AsyncLogRecords, identity: LogIdentity, size: int) -> int:
    """Return the minimum index of a log by the prune records that count and stand below `size`, 0 if there is none."""
    found = await _told(log, EventName.AUDIT_PRUNED, records, since=0, size=size)
    prunes = authentic_prunes(found, origin=identity.origin(log), keys=identity.retention_keys)
    return max((each.minimum for each in prunes), default=0)


async def _told(log: LogId, name: EventName, records: AsyncLogRecords, *, since: int, size: int) -> list[SealedEvent]:
    """Return the events of a name with indexes [since, size), newest first."""
    query, found = AuditQuery(log=log, name=name.value), list[SealedEvent]()
    while page := await records.search(query, before=found[-1].index if found else size, limit=_PAGE):
        found += page
        if page[-1].index < since:
            break
    return [each for each in found if each.index >= since]
