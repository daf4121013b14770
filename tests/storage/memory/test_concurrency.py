"""Fifty callers at once: tasks on the async colour, threads on the sync one. One-time things are consumed once, and nothing is lost."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TypeVar

import pytest

from ctsec.audit.event import DEPLOYMENT_LOG
from ctsec.errors import StoreBusy
from ctsec.guard.attempts import Attempts
from ctsec.guard.proof import Purpose
from ctsec.storage.memory import AsyncMemoryStorage, MemoryStorage
from ctsec.testing.conformance.samples import HOUR, NOW, digest, event, ignore, invitation, org_id, organization, proof, user, user_id

CALLERS = 50
T = TypeVar("T")


def at_once(call: Callable[[int], T]) -> list[T]:
    """Return what `call(n)` returns in each of fifty threads that start together."""
    start = threading.Barrier(CALLERS)

    def run(n: int) -> T:
        start.wait()
        return call(n)

    with ThreadPoolExecutor(CALLERS) as pool:
        return list(pool.map(run, range(CALLERS)))


async def together(call: Callable[[int], Awaitable[T]]) -> list[T]:
    """Return what `call(n)` returns in each of fifty tasks."""
    return list(await asyncio.gather(*(call(n) for n in range(CALLERS))))


@pytest.mark.parametrize("attempt", range(5))
def test_one_of_fifty_threads_consumes_a_proof(attempt: int) -> None:
    """A one-time secret that fifty threads present at once lets one of them in."""
    guard = MemoryStorage().guard
    guard.proofs.issue((proof("a"),))
    assert at_once(lambda n: guard.proofs.consume(Purpose.PASSWORD_RESET, digest("a"), now=NOW)).count(True) == 1


async def test_one_of_fifty_tasks_consumes_a_proof() -> None:
    """A one-time secret that fifty tasks present at once lets one of them in."""
    guard = AsyncMemoryStorage().guard
    await guard.proofs.issue((proof("a"),))
    assert (await together(lambda n: guard.proofs.consume(Purpose.PASSWORD_RESET, digest("a"), now=NOW))).count(True) == 1


def test_one_of_fifty_threads_advances_a_step() -> None:
    """A time step that fifty threads present at once is accepted from one of them."""
    steps = MemoryStorage().guard.steps
    steps.start("aut_1", step=1)
    assert at_once(lambda n: steps.advance("aut_1", step=2)).count(True) == 1


def test_no_failure_of_fifty_is_forgotten() -> None:
    """Fifty threads that count failures by compare-and-set, trying again when they lose, count fifty."""
    attempts = MemoryStorage().guard.attempts

    def count(n: int) -> None:
        while True:
            old = attempts.get("a")
            if attempts.replace(old, replace(old or Attempts(key="a"), failures=old.failures + 1 if old else 1)):
                return

    at_once(count)
    assert attempts.get("a") == Attempts(key="a", failures=CALLERS)


def test_one_of_fifty_threads_accepts_an_invitation() -> None:
    """Of fifty transactions that accept one invitation one commits; the others see it accepted or are told to try again."""
    storage = MemoryStorage()
    with storage.begin(after_commit=ignore) as store:
        store.invitations.add(invitation(1, of=1))

    def accept(n: int) -> bool:
        try:
            with storage.begin(after_commit=ignore) as store:
                return store.invitations.accept(invitation(1, of=1), by=user_id(n), now=NOW)
        except StoreBusy:
            return False

    winners = [n for n, won in enumerate(at_once(accept)) if won]
    with storage.reading() as store:
        found = store.invitations.by_digest(invitation(1, of=1).token_digest)
    assert found is not None
    assert [found.accepted_by] == [user_id(n) for n in winners]


async def test_one_of_fifty_tasks_takes_a_job() -> None:
    """Of fifty tasks that claim a job, each in a transaction that waits in the middle, one holds the lease."""
    storage = AsyncMemoryStorage()

    async def claim(n: int) -> bool:
        try:
            async with storage.begin(after_commit=ignore) as store:
                won = await store.jobs.claim("mail", owner=str(n), now=NOW, until=NOW + HOUR)
                await asyncio.sleep(0)
                return won
        except StoreBusy:
            return False

    assert (await together(claim)).count(True) == 1


def test_fifty_owners_leave_and_one_stays() -> None:
    """Of fifty transactions that each take one owner away, trying again when they are told to, all but one succeed."""
    storage = MemoryStorage()
    with storage.begin(after_commit=ignore) as store:
        store.organizations.add(organization(1, owners=CALLERS))

    def leave(n: int) -> bool:
        while True:
            try:
                with storage.begin(after_commit=ignore) as store:
                    return store.organizations.lose_owner(org_id(1))
            except StoreBusy:
                continue

    assert at_once(leave).count(True) == CALLERS - 1
    with storage.reading() as store:
        assert store.organizations.get(org_id(1)) == organization(1, owners=1)


def test_fifty_inserts_all_arrive() -> None:
    """Fifty transactions that insert rows of their own all commit at the first attempt."""
    storage = MemoryStorage()

    def sign_up(n: int) -> bool:
        with storage.begin(after_commit=ignore) as store:
            store.inbox.append(event(n))
            return store.users.add(user(n))

    assert all(at_once(sign_up))
    with storage.reading() as store:
        assert len(store.inbox.pending(limit=99)) == CALLERS


def test_writers_and_sequencers_leave_no_gap() -> None:
    """With half of fifty threads writing events and half placing them, every event stands in the log once, under gapless indexes."""
    storage = MemoryStorage()

    def work(n: int) -> int:
        if n % 2:
            with storage.begin(after_commit=ignore) as store:
                store.inbox.append(event(n))
            return 0
        try:
            with storage.begin(after_commit=ignore) as store:
                return store.log.place(limit=3)
        except StoreBusy:
            return 0

    placed = sum(at_once(work))
    with storage.begin(after_commit=ignore) as store:
        assert store.log.size(DEPLOYMENT_LOG) == placed
        placed += store.log.place(limit=99)
        assert store.log.size(DEPLOYMENT_LOG) == placed == CALLERS // 2
