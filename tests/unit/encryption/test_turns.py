"""Turns: one at a time for each key, in both colours."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ctsec.encryption.turns import AsyncTurns, Turns


class Room:
    """Counts who is inside, and how many there were at most."""

    def __init__(self) -> None:
        self.inside = 0
        self.most = 0

    def enter(self) -> None:
        """Come in."""
        self.inside += 1
        self.most = max(self.most, self.inside)

    def leave(self) -> None:
        """Go out."""
        self.inside -= 1


async def test_tasks_take_turns() -> None:
    """Tasks are alone with a key; another key's do not wait for them; nothing is left when the last is gone."""
    turns, rooms = AsyncTurns(), {"a": Room(), "b": Room()}
    both = Room()

    async def work(key: str) -> None:
        async with turns.of(key):
            rooms[key].enter()
            both.enter()
            await asyncio.sleep(0.001)
            both.leave()
            rooms[key].leave()

    await asyncio.gather(*(work(key) for _ in range(10) for key in rooms))
    assert {key: room.most for key, room in rooms.items()} == {"a": 1, "b": 1}
    assert both.most == 2
    assert not turns._queues


async def test_who_fails_or_is_cancelled_frees_the_turn() -> None:
    """An exception inside, and a task that is cancelled while it waits, keep nobody waiting."""
    turns = AsyncTurns()

    async def fails() -> None:
        async with turns.of("a"):
            raise KeyError("inside")

    async def holds(until: asyncio.Event) -> None:
        async with turns.of("a"):
            await until.wait()

    with pytest.raises(KeyError):
        await fails()
    go = asyncio.Event()
    first = asyncio.create_task(holds(go))
    await asyncio.sleep(0)
    waiting = asyncio.create_task(holds(go))
    await asyncio.sleep(0)
    waiting.cancel()
    go.set()
    await first
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not turns._queues


def test_each_loop_has_turns_of_its_own() -> None:
    """One bundle serves several event loops, in threads of their own, without a lock of one ending up in another."""
    turns, barrier = AsyncTurns(), threading.Barrier(4)

    async def work() -> int:
        done = 0
        for _ in range(20):
            async with turns.of("a"):
                await asyncio.sleep(0)
                done += 1
        return done

    def run(_: int) -> int:
        barrier.wait()
        return asyncio.run(work())

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(run, range(4))) == [20] * 4


def test_without_a_loop_nobody_waits() -> None:
    """A coroutine that somebody drives by hand goes through."""

    async def work() -> str:
        async with AsyncTurns().of("a"):
            return "through"

    with pytest.raises(StopIteration) as ended:
        work().send(None)
    assert ended.value.value == "through"


def test_threads_take_turns() -> None:
    """Threads are alone with a key, and nothing is left when the last is gone."""
    turns, room = Turns(), Room()

    def work(_: int) -> None:
        for _ in range(50):
            with turns.of("a"):
                room.enter()
                room.leave()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert room.most == 1
    assert not turns._queues
