# Generated from src/ctsec/testing/conformance/_async_streams.py by tools/twin.py; edit that file.
"""Conformance of the positions of streams and anchors (async source)."""

from __future__ import annotations

from ctsec.audit.event import DEPLOYMENT_LOG, LogId
from ctsec.audit.streams.position import Position
from ctsec.storage._sync_ports import Storage
from ctsec.testing.conformance.expect import equal
from ctsec.testing.conformance.samples import NOW, ignore, org_id

_ONE, _TWO = LogId(org_id(1)), LogId(org_id(2))


class PositionConformance:
    """How far the followers of logs are."""

    def test_positions_are_compared_and_set(self, storage: Storage) -> None:
        """Version 1 is written where there is none, each later one over the one before; a reader gets what was written."""
        first = Position(follower="siem", log=_ONE).delivering(7)
        moved = first.moved(7, purged=2, now=NOW)
        with storage.begin(after_commit=ignore) as store:
            equal(store.positions.get("siem", _ONE), None)
            equal(store.positions.put(moved), False)
            equal([store.positions.put(first) for _ in range(2)], [True, False])
        with storage.begin(after_commit=ignore) as store:
            equal(store.positions.get("siem", _ONE), first)
            equal([store.positions.put(moved) for _ in range(2)], [True, False])
        failed = moved.failed("away", now=NOW)
        with storage.begin(after_commit=ignore) as store:
            equal(store.positions.put(failed), True)
        with storage.reading() as store:
            equal(store.positions.get("siem", _ONE), failed)

    def test_positions_of_a_follower_come_in_pages(self, storage: Storage) -> None:
        """Those of one follower, of whatever log, in the order of logs and no other's."""
        made = [Position(follower="siem", log=log).delivering(1) for log in (_TWO, DEPLOYMENT_LOG, _ONE)]
        with storage.begin(after_commit=ignore) as store:
            for each in (*made, Position(follower="sie", log=_ONE).delivering(2)):
                equal(store.positions.put(each), True)
        ordered = sorted(made, key=lambda each: each.log)
        with storage.reading() as store:
            equal(store.positions.of("siem", after="", limit=9), tuple(ordered))
            equal(store.positions.of("siem", after=ordered[0].log, limit=1), (ordered[1],))
            equal(store.positions.of("other", after="", limit=9), ())
