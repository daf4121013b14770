"""One-time things and counts under real concurrency: threads on the sync store, tasks on the async one, eight connections and more."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from ctsec.errors import StoreBusy
from ctsec.storage.ports import AsyncStorage, Storage
from ctsec.storage.sql import AsyncSqlStorage, EngineSettings, SqlStorage
from ctsec.testing.conformance.samples import NOW, event, ignore, invitation, org_id, organization, proof, user_id
from tests.storage.sql.support import Place

MANY = 50
ONCE = proof("a")
OPEN = invitation(1, of=1)


def settings(place: Place) -> EngineSettings:
    return EngineSettings(pool_size=10, max_overflow=0, lock_timeout=10.0, pool_timeout=30.0, isolation_level=place.level)


def in_threads(place: Place, attempt: Callable[[Storage, int], bool], prepare: Callable[[Storage], object]) -> Counter[str]:
    """Return how fifty attempts in twelve threads ended."""
    storage = SqlStorage.from_url(place.database.sync_url, settings=settings(place), guard_settings=settings(place))
    prepare(storage)

    def judged(number: int) -> str:
        try:
            return str(attempt(storage, number))
        except StoreBusy:
            return "busy"

    with ThreadPoolExecutor(12) as pool:
        ended = Counter(pool.map(judged, range(MANY)))
    storage.close()
    return ended


def in_tasks(place: Place, attempt: Callable[[AsyncStorage, int], Awaitable[bool]], prepare: Callable[[Storage], object]) -> Counter[str]:
    """Return how fifty attempts in as many tasks ended."""
    before = SqlStorage.from_url(place.database.sync_url)
    prepare(before)
    before.close()

    async def all_of_them() -> Counter[str]:
        storage = AsyncSqlStorage.from_url(place.database.async_url, settings=settings(place), guard_settings=settings(place))

        async def judged(number: int) -> str:
            try:
                return str(await attempt(storage, number))
            except StoreBusy:
                return "busy"

        ended = Counter(await asyncio.gather(*(judged(number) for number in range(MANY))))
        await storage.aclose()
        return ended

    return asyncio.run(all_of_them())


def one_wins(ended: Counter[str]) -> bool:
    return ended["True"] == 1 and ended.total() == MANY


def issue(storage: Storage) -> None:
    storage.guard.proofs.issue((ONCE,))


def start(storage: Storage) -> None:
    storage.guard.steps.start("aut_1", step=5)


def invite(storage: Storage) -> None:
    with storage.begin(after_commit=ignore) as store:
        store.organizations.add(organization(1))
        store.invitations.add(OPEN)


def accept(storage: Storage, number: int) -> bool:
    with storage.begin(after_commit=ignore) as store:
        return store.invitations.accept(OPEN, by=user_id(number), now=NOW)


async def accept_async(storage: AsyncStorage, number: int) -> bool:
    async with storage.begin(after_commit=ignore) as store:
        return await store.invitations.accept(OPEN, by=user_id(number), now=NOW)


def test_one_of_fifty_threads_consumes_a_proof(place: Place) -> None:
    """Of fifty threads that consume one proof, one wins; the others lose or are told to try again."""
    assert one_wins(in_threads(place, lambda s, _: s.guard.proofs.consume(ONCE.purpose, ONCE.digest, now=NOW), issue))


def test_one_of_fifty_tasks_consumes_a_proof(place: Place) -> None:
    """Of fifty tasks that consume one proof, one wins."""
    assert one_wins(in_tasks(place, lambda s, _: s.guard.proofs.consume(ONCE.purpose, ONCE.digest, now=NOW), issue))


def test_one_of_fifty_threads_takes_a_step(place: Place) -> None:
    """Of fifty threads that present the code of one time step, one wins."""
    assert one_wins(in_threads(place, lambda s, _: s.guard.steps.advance("aut_1", step=6), start))


def test_one_of_fifty_tasks_takes_a_step(place: Place) -> None:
    """Of fifty tasks that present the code of one time step, one wins."""
    assert one_wins(in_tasks(place, lambda s, _: s.guard.steps.advance("aut_1", step=6), start))


def test_one_of_fifty_threads_accepts_an_invitation(place: Place) -> None:
    """Of fifty threads that accept one invitation, each in a transaction of its own, one wins."""
    assert one_wins(in_threads(place, accept, invite))


def test_one_of_fifty_tasks_accepts_an_invitation(place: Place) -> None:
    """Of fifty tasks that accept one invitation, one wins."""
    assert one_wins(in_tasks(place, accept_async, invite))


def test_the_last_owner_stays(place: Place) -> None:
    """Fifty threads take an owner away from three, retrying when busy: two succeed, and one owner is left."""

    def prepare(storage: Storage) -> None:
        with storage.begin(after_commit=ignore) as store:
            store.organizations.add(replace(organization(1), permanent_owners=3))

    def leave(storage: Storage, number: int) -> bool:
        del number
        while True:
            try:
                with storage.begin(after_commit=ignore) as store:
                    store.organizations.lock(org_id(1))
                    return store.organizations.lose_owner(org_id(1))
            except StoreBusy:
                continue

    assert in_threads(place, leave, prepare) == {"True": 2, "False": 48}
    storage = SqlStorage.from_url(place.database.sync_url)
    with storage.reading() as store:
        left = store.organizations.get(org_id(1))
    storage.close()
    assert left is not None
    assert left.permanent_owners == 1


def test_fifty_failures_are_counted_each_once(place: Place) -> None:
    """Fifty threads that count a failure by compare-and-set, retrying when beaten, leave a counter at fifty."""
    from ctsec.guard.attempts import Attempts

    def fail(storage: Storage, number: int) -> bool:
        del number
        while True:
            try:
                old = storage.guard.attempts.get("usr_1")
                new = Attempts(key="usr_1", failures=old.failures + 1 if old else 1, last_failed_at=NOW)
                if storage.guard.attempts.replace(old, new):
                    return True
            except StoreBusy:
                continue

    assert in_threads(place, fail, lambda _: None) == {"True": MANY}
    storage = SqlStorage.from_url(place.database.sync_url)
    counted = storage.guard.attempts.get("usr_1")
    storage.close()
    assert counted is not None
    assert counted.failures == MANY


def test_sequencers_side_by_side_leave_no_gap(place: Place) -> None:
    """Several sequencers move and place the same events while others are written: every event once, indexes without a gap."""
    storage = SqlStorage.from_url(place.database.sync_url, settings=settings(place), guard_settings=settings(place))
    every = tuple(event(number) for number in range(40))

    def write(number: int) -> None:
        while True:
            try:
                with storage.begin(after_commit=ignore) as store:
                    store.inbox.append_new(every[number % 40 : number % 40 + 5])
                with storage.sequencing() as store:
                    store.log.place(limit=7)
            except StoreBusy:
                continue
            else:
                return

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(40)))
    while True:
        with storage.sequencing() as store:
            if store.log.place(limit=100) == 0:
                break
    from ctsec.audit.query import AuditQuery

    logs = {each.log for each in every}
    with storage.reading() as store:
        found = {log: store.log.search(AuditQuery(log=log), before=None, limit=500) for log in logs}
        assert store.inbox.pending(limit=1) == ()
    storage.close()
    assert sorted(sealed.event.id for sealed_events in found.values() for sealed in sealed_events) == sorted(each.id for each in every)
    assert all([sealed.index for sealed in reversed(sealed_events)] == list(range(len(sealed_events))) for sealed_events in found.values())
