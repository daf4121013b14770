"""The change feed over any store, in both colours."""

from __future__ import annotations

from ctsec.storage._async_feed import AsyncStoreFeed
from ctsec.storage._sync_feed import StoreFeed

__all__ = ["AsyncStoreFeed", "StoreFeed"]
