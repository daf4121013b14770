"""Conformance of the logs in the store of a region (async source): the home store's rules, and events that commit with content."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import cast

from ctsec.errors import StoreReadOnly
from ctsec.residency._async_ports import AsyncRegionStorage, AsyncRegionStore
from ctsec.residency.record import Position
from ctsec.storage._async_ports import AfterCommit, AsyncStorage
from ctsec.testing.conformance._async_audit import AsyncInboxConformance, AsyncLogConformance
from ctsec.testing.conformance._async_tree import AsyncTreeConformance
from ctsec.testing.conformance.expect import equal, fail
from ctsec.testing.conformance.regional import content
from ctsec.testing.conformance.samples import event


class _Logs:
    """The store of a region as far as it keeps logs, opened as a home store is."""

    def __init__(self, storage: AsyncRegionStorage) -> None:
        self._storage = storage
        self.reading = storage.reading
        self.sequencing = storage.sequencing

    def begin(self, *, after_commit: AfterCommit) -> AbstractAsyncContextManager[AsyncRegionStore]:
        """Open a transaction; no cache hears of a region."""
        del after_commit
        return self._storage.begin()


def _logs(storage: AsyncRegionStorage) -> AsyncStorage:
    return cast(AsyncStorage, _Logs(storage))


class AsyncRegionLogConformance:
    """The logs of organizations in the store of a region; the fixture `region_storage` is an empty one, `eu` by name."""

    async def test_rows_wait_in_the_order_of_their_ids(self, region_storage: AsyncRegionStorage) -> None:
        """Waiting rows come back exactly, in the order of ids, of all logs or of one, up to a limit."""
        await AsyncInboxConformance().test_rows_wait_in_the_order_of_their_ids(_logs(region_storage))

    async def test_indexes_have_no_gap_in_any_log(self, region_storage: AsyncRegionStorage) -> None:
        """Whatever was rolled back in between, every log counts 0, 1, 2 … in the order of placing, and each event is placed once."""
        await AsyncLogConformance().test_indexes_have_no_gap_in_any_log(_logs(region_storage))

    async def test_a_tree_grows_with_its_log_whatever_the_batches(self, region_storage: AsyncRegionStorage) -> None:
        """Frontier, leaves and tiles are those of the events, whatever the batches were."""
        await AsyncTreeConformance().test_a_tree_grows_with_its_log_whatever_the_batches(_logs(region_storage))

    async def test_checkpoints_are_the_leaves_of_the_log_of_logs(self, region_storage: AsyncRegionStorage) -> None:
        """The store has a log of logs of its own, with its logs' checkpoints as leaves."""
        await AsyncTreeConformance().test_checkpoints_are_the_leaves_of_the_log_of_logs(_logs(region_storage))

    async def test_an_event_commits_with_content_or_not_at_all(self, region_storage: AsyncRegionStorage) -> None:
        """What raises leaves neither content nor event, what commits has both, and a reading writes no event."""
        try:
            async with region_storage.begin() as store:
                await store.content.put(content(1, "a", "1"))
                await store.inbox.append(event(1, of=1))
                raise KeyError("stop")
        except KeyError:
            pass
        async with region_storage.reading() as store:
            equal((await store.content.page(after=Position(), limit=9), await store.inbox.pending(limit=9)), ((), ()))
        async with region_storage.begin() as store:
            await store.content.put(content(1, "a", "1"))
            await store.inbox.append(event(1, of=1))
        try:
            async with region_storage.reading() as store:
                await store.inbox.append(event(2, of=1))
        except StoreReadOnly:
            pass
        else:
            fail("a reading wrote")
        async with region_storage.reading() as store:
            equal(await store.content.page(after=Position(), limit=9), (content(1, "a", "1"),))
            equal(await store.inbox.pending(limit=9), (event(1, of=1),))
