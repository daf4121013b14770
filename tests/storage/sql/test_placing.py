"""A batch of the sequencer is what it read, and nothing beside it."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from ctsec.audit.event import DEPLOYMENT_LOG, LogId
from ctsec.audit.record import StoredEvent
from ctsec.audit.sealing import LOG_OF_LOGS
from ctsec.storage.sql import SqlStorage
from ctsec.testing.conformance.samples import NOW, event, ignore, org_id
from tests.servers import available_databases
from tests.storage.sql.support import LEVELS, place_of


@pytest.mark.parametrize("kind", available_databases())
def test_a_batch_takes_what_it_read(kind: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What is behind the last event of a batch waits, and what never gets an index is not taken away with what is around it.

    An event that the log has already only leaves the inbox.
    """
    storage = SqlStorage.from_url(place_of(kind, LEVELS[kind][0], folder=tmp_path_factory.getbasetemp()).database.sync_url)
    stray = replace(event(2), log=LOG_OF_LOGS)
    with storage.begin(after_commit=ignore) as store:
        store.inbox.append_all([event(1), stray, event(3), event(4), event(5)])
        assert store.log.place(limit=2) == 2
        assert store.inbox.pending(limit=9) == (stray, event(4), event(5))
        store.inbox.append(event(3))
        assert (store.log.place(limit=2), store.log.place(limit=2)) == (1, 1)
        assert store.inbox.pending(limit=9) == (stray,)
        assert [each.event.id for each in store.log.page(DEPLOYMENT_LOG, first=0, limit=9)] == [event(n).id for n in (1, 3, 4, 5)]
    storage.close()


@pytest.mark.parametrize("kind", available_databases())
def test_batches_end_anywhere_and_nothing_is_lost_doubled_or_moved(kind: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Times that are equal, clocks that go back and ids against their times: each batch is what comes first by time, then id, and no more.

    Some of it is in the log already. The tree has the leaves in the order of the indexes.
    """
    storage = SqlStorage.from_url(place_of(kind, LEVELS[kind][0], folder=tmp_path_factory.getbasetemp()).database.sync_url)
    draw, logs = random.Random(5), (DEPLOYMENT_LOG, LogId(org_id(1)))
    numbers = draw.sample(range(1000, 2000), 60)
    waiting, placed = list[StoredEvent](), list[str]()
    with storage.begin(after_commit=ignore) as store:
        before = {log: store.log.size(log) for log in logs}
    for round_ in range(12):
        with storage.begin(after_commit=ignore) as store:
            for n in numbers[round_ * 5 : round_ * 5 + 5]:
                each = event(n, of=1 if n % 2 else None, at=NOW + timedelta(microseconds=draw.choice((0, 1, 1, 2**32))))
                store.inbox.append(each)
                waiting.append(each)
            if placed and round_ % 3 == 0:  # one that comes again
                again = next(e for log in logs for e in store.log.page(log, first=before[log], limit=9)).event
                store.inbox.append(again)
                waiting.append(again)
        limit = draw.randrange(1, 7)
        waiting.sort(key=lambda each: (each.time, each.id))
        batch, waiting = waiting[:limit], waiting[limit:]
        fresh = [each.id for each in batch if each.id not in placed]
        with storage.begin(after_commit=ignore) as store:
            assert store.log.place(limit=limit) == len(fresh)
            assert store.inbox.pending(limit=99) == tuple(waiting)
        placed += fresh
    with storage.reading() as store:
        for log in logs:
            page = store.log.page(log, first=before[log], limit=99)
            assert [each.event.id for each in page] == [id_ for id_ in placed if id_ in {each.event.id for each in page}]
            assert [each.index for each in page] == list(range(before[log], store.log.size(log)))
            assert store.tree.leaves(log, first=before[log], end=store.log.size(log)) == tuple(each.event.leaf for each in page)
        assert sum(store.log.size(log) - before[log] for log in logs) == len(placed)
    storage.close()
