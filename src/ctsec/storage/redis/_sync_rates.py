# Generated from src/ctsec/storage/redis/_async_rates.py by tools/twin.py; edit that file.
"""Rates of API keys in Redis, counted by the `limits` library (async source): one script for each request.

Rules that this module keeps:

- the window slides (`limits` weighs the minute before): a key makes at most its limit in any minute, up to the library's rounding;
- the client is ours: it is held to TLS as every other, and an answer is awaited for a quarter of a second;
- what Redis does not answer is StoreError: who asks counts by itself meanwhile.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final, cast

from limits import RateLimitItemPerMinute
from limits.storage import RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from ctsec.clock import Clock
from ctsec.errors import StoreError
from ctsec.ids import KeyId
from ctsec.keys.rate import Rate, RateState, too_many
from ctsec.storage.redis._sync_connections import connections
from ctsec.storage.redis.stream import Names
from ctsec.storage.redis.transport import hold
from ctsec.transport.report import ConnectionReport
from ctsec.transport.tls import TRANSPORT, Transport

SECONDS_TO_ANSWER: Final = 0.25
_MINUTE: Final = timedelta(minutes=1)


class RedisRates:
    """See `ctsec.keys.ports.SharedRates`; `Security` takes it as `rates`, and closes it."""

    __slots__ = ("_client", "_clock", "_limiter", "_transport")

    def __init__(self, client: Redis, *, clock: Clock, names: Names, transport: Transport = TRANSPORT) -> None:
        self._client: Any = client  # its own annotations are incomplete
        self._clock = clock
        self._transport = transport
        made: Any = RedisStorage  # its options are annotated as texts and numbers
        storage = made(
            "redis://",
            key_prefix=names.rates,
            connection_pool=self._client.connection_pool,
            wrap_exceptions=False,
        )
        self._limiter = SlidingWindowCounterRateLimiter(storage)

    @classmethod
    def from_url(
        cls, url: str, *, clock: Clock, prefix: str = "ctsec", transport: Transport = TRANSPORT, seconds: float = SECONDS_TO_ANSWER
    ) -> RedisRates:
        """Return rates with a client of their own, which `aclose()` closes; an answer is awaited for so many `seconds`.

        `url` is a redis, rediss or unix URL. Raises ValueError for another one, and ConfigurationError for a plain one to another machine
        than this, unless `transport` is an `UnsafeTransport` that lets it.
        """
        client = cast(Any, Redis).from_url(url, socket_timeout=seconds, socket_connect_timeout=seconds, retry=Retry(NoBackoff(), 1))
        hold(client, transport)
        return cls(client, clock=clock, names=Names(prefix), transport=transport)

    def take(self, key_id: KeyId, *, limit: int) -> Rate:
        """Take one request of `limit` a minute; raise StoreError if Redis does not answer."""
        item = RateLimitItemPerMinute(limit)
        try:
            if self._limiter.hit(item, key_id):
                return RateState(limit=limit)
            stats = self._limiter.get_window_stats(item, key_id)
        except (RedisError, OSError) as error:
            failure = StoreError(f"redis does not count the requests of keys ({type(error).__name__}); the process counts instead")
        else:
            # The library says when its window ends, by the wall clock of this machine.
            wait = timedelta(seconds=stats.reset_time - self._clock.now().timestamp())
            waits = min(max(wait, timedelta(seconds=1)), _MINUTE)
            return too_many(limit, retry_after=waits, reset=waits)
        raise failure

    def connections(self) -> tuple[ConnectionReport, ...]:
        """Connect to Redis, and return what the connection speaks."""
        return connections(self._client, what="rates of keys", transport=self._transport)

    def close(self) -> None:
        """Close the client."""
        self._client.close()
