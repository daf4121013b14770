"""Conformance of the trees over the logs, and of their checkpoints (async source)."""

from __future__ import annotations

from dataclasses import replace

from ctsec.audit.event import DEPLOYMENT_LOG, LogId
from ctsec.audit.rows import row_of
from ctsec.audit.sealing import LOG_OF_LOGS, CheckpointRecord, Head
from ctsec.audit.tree.frontier import Frontier
from ctsec.audit.tree.hashing import root_of
from ctsec.audit.tree.tiles import full_tiles
from ctsec.storage._async_ports import AsyncStorage
from ctsec.testing.conformance.expect import equal
from ctsec.testing.conformance.samples import NOW, TICK, event, org_id

_ONE = LogId(org_id(1))
_MANY = 600


async def _fill(storage: AsyncStorage, *, of: int | None, first: int, end: int, batch: int) -> tuple[bytes, ...]:
    """Write events and place them in batches; return their leaves."""
    events = [event(number, of=of) for number in range(first, end)]
    async with storage.sequencing() as store:
        for each in events:
            await store.inbox.append(each)
    moved = batch
    while moved == batch:
        async with storage.sequencing() as store:
            moved = await store.log.place(limit=batch)
    return tuple(each.leaf for each in events)


def _checkpoint(log: LogId, size: int, *, number: int | None = None) -> CheckpointRecord:
    note = f"{log}\n{size}\n".encode()
    return CheckpointRecord(log=log, size=size, number=number, root=bytes([size % 256]) * 32, note=note, signed_at=NOW)


class AsyncTreeConformance:
    """The trees over the logs."""

    async def test_a_tree_grows_with_its_log_whatever_the_batches(self, storage: AsyncStorage) -> None:
        """Frontier, leaves and tiles are those of the list of leaves, in batches that end before, at and behind a tile."""
        leaves = await _fill(storage, of=1, first=0, end=255, batch=100)
        for first, end in ((255, 256), (256, 259), (259, _MANY)):
            leaves += await _fill(storage, of=1, first=first, end=end, batch=200)
        other = await _fill(storage, of=None, first=1000, end=1003, batch=3)
        async with storage.reading() as store:
            head = await store.tree.head(_ONE)
            equal(head, Head(log=_ONE, size=_MANY, frontier=Frontier().extended(leaves).stored()))
            equal(None if head is None else head.edge().root, root_of(leaves))
            equal(await store.tree.leaves(_ONE, first=512, end=900), leaves[512:])
            equal(await store.tree.leaves(DEPLOYMENT_LOG, first=0, end=9), other)
            tiles = full_tiles(leaves, level=0, first=0)
            equal(await store.tree.tiles(_ONE, level=0, first=0, end=9), tiles)
            equal(await store.tree.tiles(_ONE, level=0, first=1, end=2), tiles[1:])
            equal(await store.tree.roots(_ONE, level=0, first=0, end=9), tuple(tile.root for tile in tiles))
            equal(await store.tree.tiles(_ONE, level=1, first=0, end=9), ())
            equal([each.index for each in await store.log.page(_ONE, first=590, limit=4)], [590, 591, 592, 593])
            equal(tuple(each.event.leaf for each in await store.log.page(_ONE, first=0, limit=9999)), leaves)
            equal(await store.log.page(_ONE, first=_MANY, limit=4), ())
            equal(await store.log.rows(_ONE, first=590, limit=4), tuple(map(row_of, await store.log.page(_ONE, first=590, limit=4))))
            equal(await store.log.rows(_ONE, first=_MANY, limit=4), ())
            equal(await store.inbox.count(), 0)

    async def test_heads_are_listed_and_those_that_grew_are_due(self, storage: AsyncStorage) -> None:
        """Heads come in the order of ids; one is due that grew since its last checkpoint, once that is old enough."""
        await _fill(storage, of=1, first=0, end=2, batch=9)
        await _fill(storage, of=None, first=10, end=11, batch=9)
        async with storage.reading() as store:
            equal([head.log for head in await store.tree.heads(after="", limit=9)], sorted([_ONE, DEPLOYMENT_LOG, LOG_OF_LOGS]))
            equal([head.log for head in await store.tree.heads(after=DEPLOYMENT_LOG, limit=1)], [LOG_OF_LOGS])
            equal([head.log for head in await store.checkpoints.due(before=NOW, limit=9)], [DEPLOYMENT_LOG, _ONE])
            equal([head.log for head in await store.checkpoints.due(before=NOW, limit=1)], [DEPLOYMENT_LOG])
            equal(await store.tree.head(LogId("org_unknown")), None)
        async with storage.sequencing() as store:
            equal(await store.checkpoints.add((_checkpoint(_ONE, 2),)), 1)
        async with storage.reading() as store:
            equal([head.log for head in await store.checkpoints.due(before=NOW, limit=9)], [DEPLOYMENT_LOG])
        await _fill(storage, of=1, first=2, end=3, batch=9)
        async with storage.reading() as store:
            equal([head.log for head in await store.checkpoints.due(before=NOW - TICK, limit=9)], [DEPLOYMENT_LOG])
            for before in (NOW, None):
                equal([head.log for head in await store.checkpoints.due(before=before, limit=9)], [DEPLOYMENT_LOG, _ONE])

    async def test_the_stores_that_handed_up_are_known(self, storage: AsyncStorage) -> None:
        """Each store of a region whose log of logs has checkpoints here comes once, by name; the home store's own is none of them."""
        names = ("us/logs", "eu-two/logs", "logs", f"eu/{_ONE}", _ONE)
        async with storage.sequencing() as store:
            equal(await store.checkpoints.stores(), ())
            await store.checkpoints.add(tuple(_checkpoint(LogId(name), size) for name in names for size in (1, 2)))
        async with storage.reading() as store:
            equal(await store.checkpoints.stores(), ("eu-two", "us"))

    async def test_checkpoints_are_the_leaves_of_the_log_of_logs(self, storage: AsyncStorage) -> None:
        """Each gets the next number, one of a size that has one is dropped, and that log's own has none; its tree has their notes."""
        sizes = range(1, _MANY // 2)
        await _fill(storage, of=1, first=0, end=3, batch=9)
        async with storage.sequencing() as store:
            equal(await store.checkpoints.add(()), 0)
            equal(await store.checkpoints.add((_checkpoint(_ONE, 1), _checkpoint(DEPLOYMENT_LOG, 1))), 2)
            equal(await store.tree.head(DEPLOYMENT_LOG), None)  # a log without events has no head to be signed
        async with storage.sequencing() as store:
            equal(await store.checkpoints.add((_checkpoint(LOG_OF_LOGS, 2), _checkpoint(_ONE, 1))), 1)
        async with storage.sequencing() as store:
            equal(await store.checkpoints.add(tuple(_checkpoint(_ONE, size) for size in sizes)), len(sizes) - 1)
        first = (_checkpoint(_ONE, 1, number=0), _checkpoint(DEPLOYMENT_LOG, 1, number=1))
        expected = (*first, *(_checkpoint(_ONE, size, number=size) for size in sizes[1:]))
        leaves = [each.leaf() for each in expected]
        async with storage.reading() as store:
            equal(await store.checkpoints.numbered(first=0, limit=999), expected)
            equal(await store.checkpoints.numbered(first=250, limit=2), expected[250:252])
            equal(await store.tree.leaves(LOG_OF_LOGS, first=0, end=999), tuple(leaves))
            equal(await store.tree.tiles(LOG_OF_LOGS, level=0, first=0, end=9), full_tiles(leaves, level=0, first=0))
            head = await store.tree.head(LOG_OF_LOGS)
            equal(None if head is None else (head.size, head.edge().root, head.signed), (len(leaves), root_of(leaves), 2))
            equal(await store.checkpoints.last(LOG_OF_LOGS), _checkpoint(LOG_OF_LOGS, 2))
            equal(await store.checkpoints.last(LogId("org_unknown")), None)
            equal(await store.checkpoints.last(_ONE), expected[-1])
            equal(await store.checkpoints.page(_ONE, after=0, limit=2), (expected[0], expected[2]))
            equal(await store.checkpoints.page(_ONE, after=sizes[-1] - 1, limit=9), expected[-1:])

    async def test_nobody_writes_into_the_log_of_logs(self, storage: AsyncStorage) -> None:
        """An event that names the log of logs stays in the inbox, where it is counted, and holds up no other."""
        async with storage.sequencing() as store:
            await store.inbox.append(replace(event(1), log=LOG_OF_LOGS))
            await store.inbox.append(event(2))
        async with storage.sequencing() as store:
            equal(await store.log.place(limit=1), 1)
        async with storage.sequencing() as store:
            equal(await store.log.place(limit=9), 0)
            equal(await store.inbox.count(), 1)
            equal(await store.log.size(LOG_OF_LOGS), 0)
