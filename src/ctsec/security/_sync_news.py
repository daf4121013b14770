# Generated from src/ctsec/security/_async_news.py by tools/twin.py; edit that file.
"""What others changed, asked of the change feed when it is time to, and told to everything that this process remembers (async source)."""

from __future__ import annotations

from ctsec.errors import StoreError
from ctsec.security.parts import Memory
from ctsec.storage._sync_ports import ChangeFeed


class News:
    """The change feed as a memory's reader sees it; without a feed there is nothing to hear, and records die by themselves."""

    __slots__ = ("_feed", "_memory")

    def __init__(self, feed: ChangeFeed | None, memory: Memory) -> None:
        self._feed = feed
        self._memory = memory

    def hear(self) -> bool:
        """Ask what others changed, if it is time to; return whether somebody answered."""
        records = self._memory.records
        if self._feed is None or not records.must_ask:
            return False
        asked = records.begin()
        try:
            news = self._feed.since(records.position)
        except StoreError:
            records.heard_nothing()
            return False
        self._memory.catch_up(news, asked=asked)
        return True

    def believe(self) -> bool:
        """Return whether what is remembered may be believed now, after asking if it is time to."""
        return self._memory.records.believed or self.hear()
