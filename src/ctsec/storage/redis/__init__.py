"""Redis, as the place where processes tell each other what changed and count what address blocks tried; needs the extra `redis`."""

from __future__ import annotations

from ctsec.storage.redis._async import AsyncRedisFeed
from ctsec.storage.redis._async_allowances import AsyncRedisAllowances
from ctsec.storage.redis._async_rates import AsyncRedisRates
from ctsec.storage.redis._sync import RedisFeed
from ctsec.storage.redis._sync_allowances import RedisAllowances
from ctsec.storage.redis._sync_rates import RedisRates

__all__ = ["AsyncRedisAllowances", "AsyncRedisFeed", "AsyncRedisRates", "RedisAllowances", "RedisFeed", "RedisRates"]
