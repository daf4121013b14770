"""Waiting for a moment, for both colours."""

from __future__ import annotations

import asyncio
import time


async def async_pause(seconds: float, /) -> None:
    """Return after some seconds; the event loop goes on."""
    await asyncio.sleep(seconds)


def sync_pause(seconds: float, /) -> None:
    """Return after some seconds."""
    time.sleep(seconds)
