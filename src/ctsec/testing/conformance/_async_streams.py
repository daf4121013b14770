"""Conformance of the positions of streams and anchors (async source)."""

from __future__ import annotations

from ctsec.audit.event import DEPLOYMENT_LOG, LogId
from ctsec.audit.streams.position import Position
from ctsec.storage._async_ports import AsyncStorage
from ctsec.testing.conformance.expect import equal
from ctsec.testing.conformance.samples import NOW, ignore, org_id

_ONE, _TWO = LogId(org_id(1)), LogId(org_id(2))


class AsyncPositionConformance:
    """How far the followers of logs are."""

    async def test_positions_are_compared_and_set(self, storage: AsyncStorage) -> None:
        """Version 1 is written where there is none, each later one over the one before; a reader gets what was written."""
        first = Position(follower="siem", log=_ONE).delivering(7)
        moved = first.moved(7, purged=2, now=NOW)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.positions.get("siem", _ONE), None)
            equal(await store.positions.put(moved), False)
            equal([await store.positions.put(first) for _ in range(2)], [True, False])
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.positions.get("siem", _ONE), first)
            equal([await store.positions.put(moved) for _ in range(2)], [True, False])
        failed = moved.failed("away", now=NOW)
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.positions.put(failed), True)
        async with storage.reading() as store:
            equal(await store.positions.get("siem", _ONE), failed)

    async def test_positions_of_a_follower_come_in_pages(self, storage: AsyncStorage) -> None:
        """Those of one follower, of whatever log, in the order of logs and no other's."""
        made = [Position(follower="siem", log=log).delivering(1) for log in (_TWO, DEPLOYMENT_LOG, _ONE)]
        async with storage.begin(after_commit=ignore) as store:
            for each in (*made, Position(follower="sie", log=_ONE).delivering(2)):
                equal(await store.positions.put(each), True)
        ordered = sorted(made, key=lambda each: each.log)
        async with storage.reading() as store:
            equal(await store.positions.of("siem", after="", limit=9), tuple(ordered))
            equal(await store.positions.of("siem", after=ordered[0].log, limit=1), (ordered[1],))
            equal(await store.positions.of("other", after="", limit=9), ())
