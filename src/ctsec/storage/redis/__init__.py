"""Redis, as the place where processes tell each other what changed; needs the extra `redis`."""

from __future__ import annotations

from ctsec.storage.redis._async import AsyncRedisFeed
from ctsec.storage.redis._sync import RedisFeed

__all__ = ["AsyncRedisFeed", "RedisFeed"]
