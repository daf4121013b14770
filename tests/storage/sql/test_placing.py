"""A batch of the sequencer is what it read, and nothing beside it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ctsec.audit.event import DEPLOYMENT_LOG
from ctsec.audit.sealing import LOG_OF_LOGS
from ctsec.storage.sql import SqlStorage
from ctsec.testing.conformance.samples import event, ignore
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
