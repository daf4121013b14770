"""Redis, as the place where processes tell each other what changed and count what address blocks tried; needs the extra `redis`."""

from __future__ import annotations

from ctsec.storage.redis._async import AsyncRedisFeed
from ctsec.storage.redis._async_allowances import AsyncRedisAllowances
from ctsec.storage.redis._sync import RedisFeed
from ctsec.storage.redis._sync_allowances import RedisAllowances

__all__ = ["AsyncRedisAllowances", "AsyncRedisFeed", "RedisAllowances", "RedisFeed"]
