"""What others changed, asked of the change feed when it is time to, and told to everything that this process remembers (async source)."""

from __future__ import annotations

from ctsec.errors import StoreError
from ctsec.security.parts import Memory
from ctsec.storage._async_ports import AsyncChangeFeed


class AsyncNews:
    """The change feed as a memory's reader sees it; without a feed there is nothing to hear, and records die by themselves."""

    __slots__ = ("_feed", "_memory")

    def __init__(self, feed: AsyncChangeFeed | None, memory: Memory) -> None:
        self._feed = feed
        self._memory = memory

    async def hear(self) -> bool:
        """Ask what others changed, if it is time to; return whether somebody answered."""
        records = self._memory.records
        if self._feed is None or not records.must_ask:
            return False
        asked = records.begin()
        try:
            news = await self._feed.since(records.position)
        except StoreError:
            records.heard_nothing()
            return False
        self._memory.catch_up(news, asked=asked)
        return True

    async def believe(self) -> bool:
        """Return whether what is remembered may be believed now, after asking if it is time to."""
        return self._memory.records.believed or await self.hear()
