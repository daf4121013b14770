"""The memory store: the reference model that every other store must agree with, and a quick one for tests."""

from __future__ import annotations

from ctsec.storage.memory._async import AsyncMemorySession, AsyncMemoryStorage
from ctsec.storage.memory._async_regions import AsyncMemoryRegionStorage
from ctsec.storage.memory._sync import MemorySession, MemoryStorage
from ctsec.storage.memory._sync_regions import MemoryRegionStorage
from ctsec.storage.memory.state import MemoryState

__all__ = [
    "AsyncMemoryRegionStorage",
    "AsyncMemorySession",
    "AsyncMemoryStorage",
    "MemoryRegionStorage",
    "MemorySession",
    "MemoryState",
    "MemoryStorage",
]
