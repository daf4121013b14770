"""The memory store: the reference model that every other store must agree with, and a quick one for tests."""

from __future__ import annotations

from ctsec.storage.memory._async import AsyncMemorySession, AsyncMemoryStorage
from ctsec.storage.memory._sync import MemorySession, MemoryStorage
from ctsec.storage.memory.state import MemoryState

__all__ = ["AsyncMemorySession", "AsyncMemoryStorage", "MemorySession", "MemoryState", "MemoryStorage"]
