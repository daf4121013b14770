"""Who asks a region's store waits for a few seconds at most, and does not wait again for one that kept silent."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from threading import Event
from typing import Final

import pytest

from ctsec.errors import StoreBusy, StoreError
from ctsec.security.patience import MOST, PAUSE, SECONDS, AsyncPatience, Patience
from ctsec.testing import FixedClock

SHORT: Final = 0.02


def say(word: str) -> str:
    """Return a word."""
    return word


def refuse() -> str:
    """Raise what a store may."""
    raise StoreBusy("busy")


def test_a_thread_is_waited_for_a_while_and_then_left_alone() -> None:
    """What answers is passed on, also what it raises; a silent store is told as such, at once for half a minute, and asked again then."""
    clock, hang, asked = FixedClock(), Event(), list[int]()
    patience = Patience(clock=clock, seconds=SHORT)

    def silent() -> str:
        asked.append(1)
        hang.wait()
        return "late"

    with pytest.raises(StoreError, match=r"did not answer within 0\.02 seconds"):
        patience.ask("eu", silent)
    with pytest.raises(StoreError, match="left alone"):
        patience.ask("eu", silent)
    assert len(asked) == 1
    patience.seconds = SECONDS
    assert patience.ask("us", partial(say, "here")) == "here"
    with pytest.raises(StoreBusy):
        patience.ask("us", refuse)
    hang.set()
    clock.advance(timedelta(seconds=PAUSE))
    assert patience.ask("eu", partial(say, "here")) == "here"


async def test_a_task_is_waited_for_a_while_and_then_left_alone() -> None:
    """The same in an event loop, also for a task that does not let itself be cancelled."""
    clock, hang, asked = FixedClock(), asyncio.Event(), list[int]()
    patience = AsyncPatience(clock=clock, seconds=SHORT)

    async def silent() -> str:
        asked.append(1)
        while not hang.is_set():
            try:
                await hang.wait()
            except asyncio.CancelledError:
                asked.append(2)
        return "late"

    async def here() -> str:
        return "here"

    async def busy() -> str:
        return refuse()

    with pytest.raises(StoreError, match=r"did not answer within 0\.02 seconds"):
        await patience.ask("eu", silent)
    with pytest.raises(StoreError, match="left alone"):
        await patience.ask("eu", silent)
    await asyncio.sleep(0)
    assert asked == [1, 2]
    hang.set()
    clock.advance(timedelta(seconds=PAUSE))
    patience.seconds = SECONDS
    assert await patience.ask("eu", here) == "here"
    with pytest.raises(StoreBusy):
        await patience.ask("eu", busy)


async def test_a_store_is_waited_for_by_few_at_once() -> None:
    """More than sixteen at a time are told at once; who leaves cancels what was asked and makes room."""
    patience, hang = AsyncPatience(clock=FixedClock()), asyncio.Event()

    async def silent() -> bool:
        return await hang.wait()

    waiting = [asyncio.ensure_future(patience.ask("eu", silent)) for _ in range(MOST)]
    await asyncio.sleep(0)
    with pytest.raises(StoreError, match="left alone"):
        await patience.ask("eu", silent)
    waiting[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting[0]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    hang.set()
    assert await patience.ask("eu", silent)
    assert all(await asyncio.gather(*waiting[1:]))
