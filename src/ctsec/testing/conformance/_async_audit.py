"""Conformance of the audit inbox and log (async source)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from ctsec.audit.event import DEPLOYMENT_LOG, LogId
from ctsec.audit.query import AuditQuery, Tally
from ctsec.audit.record import SealedEvent
from ctsec.errors import StoreError
from ctsec.storage._async_ports import AsyncStorage
from ctsec.testing.conformance.expect import equal, holds
from ctsec.testing.conformance.samples import HOUR, NOW, TICK, event, ignore, org_id, user_id, workspace_id

_ONE = LogId(org_id(1))


async def _place_all(storage: AsyncStorage, *, limit: int = 100) -> None:
    async with storage.begin(after_commit=ignore) as store:
        await store.log.place(limit=limit)


class AsyncInboxConformance:
    """Audit events on their way into the log."""

    async def test_rows_wait_in_the_order_of_their_ids(self, storage: AsyncStorage) -> None:
        """Waiting rows come back exactly, in the order of ids whatever the order of insertion, of all logs or of one, up to a limit."""
        async with storage.begin(after_commit=ignore) as store:
            for each in (event(3), event(1, of=1), event(2)):
                await store.inbox.append(each)
        async with storage.reading() as store:
            equal(await store.inbox.pending(limit=9), (event(1, of=1), event(2), event(3)))
            equal(await store.inbox.pending(limit=2), (event(1, of=1), event(2)))
            equal(await store.inbox.pending(limit=9, log=_ONE), (event(1, of=1),))
            equal(await store.inbox.pending(limit=1, log=DEPLOYMENT_LOG), (event(2),))

    async def test_many_rows_are_inserted_or_none(self, storage: AsyncStorage) -> None:
        """Rows in one go are those that were given, as single ones are; where one is there already none is added, and the rest goes on."""
        async with storage.begin(after_commit=ignore) as store:
            await store.inbox.append_all(())
            holds(not store.wrote, "no rows are no write")
            await store.inbox.append_all((event(3, of=1), event(1, name="é" * 4), event(2)))
            holds(store.wrote, "rows are a write")
        async with storage.begin(after_commit=ignore) as store:
            for again in ((event(4), event(2), event(5)), (event(6), event(6))):
                refused = False
                try:
                    await store.inbox.append_all(again)
                except StoreError:
                    refused = True
                holds(refused, "an event that is in the inbox already is refused")
            await store.inbox.append_all([event(7)])
        async with storage.reading() as store:
            equal(await store.inbox.pending(limit=9), (event(1, name="é" * 4), event(2), event(3, of=1), event(7)))

    async def test_moving_events_twice_adds_them_once(self, storage: AsyncStorage) -> None:
        """An event that is in the inbox, in the log or twice in one call is not added again; what is there stays as it is."""
        async with storage.begin(after_commit=ignore) as store:
            await store.inbox.append_new((event(1), event(2)))
        await _place_all(storage, limit=1)
        async with storage.begin(after_commit=ignore) as store:
            await store.inbox.append_new((event(1), replace(event(2), reason="changed"), event(3)))
            await store.inbox.append_new(())
        async with storage.reading() as store:
            equal(await store.inbox.pending(limit=9), (event(2), event(3)))
            equal(await store.log.search(AuditQuery(log=DEPLOYMENT_LOG), before=None, limit=9), (SealedEvent(0, event(1)),))


class AsyncLogConformance:
    """The audit log."""

    async def test_indexes_have_no_gap_in_any_log(self, storage: AsyncStorage) -> None:
        """Whatever was rolled back in between, every log counts 0, 1, 2 … in the order of placing, and each event is placed once."""
        placed = 0
        for n in range(0, 12, 3):
            async with storage.begin(after_commit=ignore) as store:
                await store.inbox.append(event(n, of=1 if n % 2 else None))
            try:
                async with storage.begin(after_commit=ignore) as store:
                    await store.inbox.append(event(n + 1, of=1))
                    await store.log.place(limit=100)
                    raise _RolledBack
            except _RolledBack:
                pass
            async with storage.begin(after_commit=ignore) as store:
                await store.inbox.append(event(n + 2, of=1))
            async with storage.begin(after_commit=ignore) as store:
                placed += await store.log.place(limit=1 + n % 2)
        async with storage.begin(after_commit=ignore) as store:
            while moved := await store.log.place(limit=2):
                placed += moved
        equal(placed, 8)
        async with storage.reading() as store:
            equal(await store.inbox.pending(limit=99), ())
            for log, count in ((_ONE, 6), (DEPLOYMENT_LOG, 2)):
                found = await store.log.search(AuditQuery(log=log), before=None, limit=99)
                equal([each.index for each in found], list(range(count - 1, -1, -1)))
                equal(await store.log.size(log), count)
                holds(len({each.event.id for each in found}) == count, "an event stands in the log once")

    async def test_placing_moves_at_most_the_limit_in_the_order_of_ids(self, storage: AsyncStorage) -> None:
        """A batch takes the oldest ids first, says how many it moved, and an empty inbox moves nothing."""
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.log.place(limit=5), 0)
            for n in (2, 0, 1):
                await store.inbox.append(event(n))
        async with storage.begin(after_commit=ignore) as store:
            equal(await store.log.place(limit=2), 2)
        async with storage.reading() as store:
            equal(await store.inbox.pending(limit=9), (event(2),))
            sealed = (SealedEvent(1, event(1)), SealedEvent(0, event(0)))
            equal(await store.log.search(AuditQuery(log=DEPLOYMENT_LOG), before=None, limit=9), sealed)
            equal(await store.log.size(_ONE), 0)

    async def test_pages_go_down_from_a_cursor_and_are_complete(self, storage: AsyncStorage) -> None:
        """Pages of every size lose and repeat nothing."""
        async with storage.begin(after_commit=ignore) as store:
            for n in range(5):
                await store.inbox.append(event(n, of=1))
            await store.log.place(limit=9)
        async with storage.reading() as store:
            for size in (1, 4, 5, 6):
                seen: list[int] = []
                before: int | None = None
                while page := await store.log.search(AuditQuery(log=_ONE), before=before, limit=size):
                    holds(len(page) <= size, "a page has at most as many events as were asked for")
                    holds(len(seen) + len(page) <= 5, "pages repeat nothing")
                    seen += [each.index for each in page]
                    before = seen[-1]
                equal(seen, [4, 3, 2, 1, 0])

    async def test_every_filter_agrees_with_the_query_itself(self, storage: AsyncStorage) -> None:
        """A search finds what `AuditQuery.matches` says, for each filter, boundaries and look-alikes, in the order of times."""
        target, space = "key_1", workspace_id(1)
        events = (
            event(0, of=1),
            event(1, of=1, actor=2, subject_id=user_id(1)),
            event(2, of=1, name="role.assigned", target_kind="api_key", target_id=target, at=NOW + TICK),
            event(
                3,
                of=1,
                name="role.revoked",
                target_id=target.upper(),
                workspace_id=space,
                outcome="refused",
                reason="denied",
                at=NOW - TICK,
            ),
            event(4, of=1, name="roles.exported", target_id=f"{target} ", outcome="failed", at=NOW + HOUR),
            event(5, of=1, name="Role.assigned"),
            event(6, of=2, name="role.assigned", target_id=target, workspace_id=space),
            event(7, of=1, name="r%le.x"),
            event(8, of=1, name="rule.x"),
            event(9, of=1, name="a_b.x"),
            event(10, of=1, name="a.b.x"),
        )
        filters = (
            AuditQuery(log=_ONE), AuditQuery(log=_ONE, actor=user_id(1)), AuditQuery(log=_ONE, actor=user_id(9)),
            AuditQuery(log=_ONE, person=user_id(1)), AuditQuery(log=_ONE, name="role.assigned"), AuditQuery(log=_ONE, name="role.*"),
            AuditQuery(log=_ONE, name="r%le.*"), AuditQuery(log=_ONE, name="a_b.*"), AuditQuery(log=_ONE, name="user.*"),
            AuditQuery(log=_ONE, kind="api_key"), AuditQuery(log=_ONE, kind="Api_key"), AuditQuery(log=_ONE, reason="denied"),
            AuditQuery(log=_ONE, target=target), AuditQuery(log=_ONE, workspace=space), AuditQuery(log=_ONE, outcome="refused"),
            AuditQuery(log=_ONE, since=NOW), AuditQuery(log=_ONE, until=NOW), AuditQuery(log=_ONE, since=NOW, until=NOW + HOUR),
            AuditQuery(log=_ONE, since=NOW + HOUR, until=NOW + HOUR),
            AuditQuery(log=_ONE, actor=user_id(1), name="role.*", target=target),
        )  # fmt: skip
        async with storage.begin(after_commit=ignore) as store:
            for each in events:
                await store.inbox.append(each)
            await store.log.place(limit=99)
        async with storage.reading() as store:
            for query in filters:
                found = await store.log.search(query, before=None, limit=99)
                newest = sorted(events, key=lambda one: (one.time, one.id), reverse=True)
                equal((query, [one.event for one in found]), (query, [one for one in newest if query.matches(one)]))
                told = tuple((one.index, one.event.leaf, one.event.body, one.event.personal) for one in reversed(found))
                equal((query, await store.log.raw(query, first=0, end=99, limit=99, personal=True)), (query, told))
                equal((query, await store.log.matching(query, first=0, end=99)), (query, len(found)))
                names = tuple(sorted(Counter(one.event.name for one in found).items()))
                equal((query, await store.log.tally(query, by=Tally.NAME, most=99)), (query, names))

    async def test_an_export_reads_a_range_in_pages(self, storage: AsyncStorage) -> None:
        """What an export reads is in the order of indexes, within its range and limit, to the byte, sealed parts only if asked for."""
        events = tuple(event(n, of=1, name=f"name.n{n % 2}ed") for n in range(6))
        async with storage.begin(after_commit=ignore) as store:
            for each in events:
                await store.inbox.append(each)
            await store.log.place(limit=9)
        async with storage.reading() as store:
            every, odd = AuditQuery(log=_ONE), AuditQuery(log=_ONE, name="name.n1ed")
            bare = [(index, each.leaf, each.body, None) for index, each in enumerate(events)]
            equal(await store.log.raw(every, first=1, end=5, limit=9), tuple(bare[1:5]))
            equal(await store.log.raw(every, first=1, end=5, limit=2), tuple(bare[1:3]))
            equal(await store.log.raw(odd, first=2, end=6, limit=9), (bare[3], bare[5]))
            equal(await store.log.raw(every, first=6, end=9, limit=9), ())
            equal(await store.log.matching(odd, first=2, end=5), 1)

    async def test_events_are_counted_by_name_and_by_day(self, storage: AsyncStorage) -> None:
        """Counts are of the newest events up to a number, by exact name and by the day in UTC, to the microsecond."""
        day = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
        times = (day - TICK, day, day + 24 * HOUR - TICK, day + 24 * HOUR)
        async with storage.begin(after_commit=ignore) as store:
            for n, time in enumerate(times):
                await store.inbox.append(event(n, of=1, name=("b.made", "a.made", "B.made", "b.made")[n], at=time))
            await store.log.place(limit=9)
        days = [(day + n * 24 * HOUR).date().isoformat() for n in (-1, 0, 1)]
        async with storage.reading() as store:
            every = AuditQuery(log=_ONE)
            equal(await store.log.tally(every, by=Tally.NAME, most=9), (("B.made", 1), ("a.made", 1), ("b.made", 2)))
            equal(await store.log.tally(every, by=Tally.NAME, most=1), (("b.made", 1),))
            equal(await store.log.tally(every, by=Tally.DAY, most=9), tuple(zip(days, (1, 2, 1), strict=True)))
            equal(await store.log.tally(AuditQuery(log=LogId(org_id(2))), by=Tally.DAY, most=9), ())


class _RolledBack(Exception):
    """What a test raises to have its transaction rolled back."""
