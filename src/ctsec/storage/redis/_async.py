"""The change feed over Redis (async source): one round trip tells a process what all the others changed."""

from __future__ import annotations

from typing import Any, Final, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from ctsec.changes import News
from ctsec.errors import StoreError
from ctsec.storage.redis._async_connections import connections
from ctsec.storage.redis.announcer import Announcer, announcer_for
from ctsec.storage.redis.stream import MOST, Names, after, news
from ctsec.storage.redis.transport import hold
from ctsec.transport.report import ConnectionReport
from ctsec.transport.tls import TRANSPORT, Transport

SECONDS_TO_ANSWER: Final = 0.25


class AsyncRedisFeed:
    """Reads the stream of changes; what this process changed is written by `announcer`, in a thread of its own after each commit."""

    __slots__ = ("_announcer", "_client", "_names", "_transport")

    def __init__(self, client: Redis, *, announcer: Announcer, names: Names, transport: Transport = TRANSPORT) -> None:
        self._client: Any = client  # its own annotations are incomplete
        self._announcer = announcer
        self._names = names
        self._transport = transport

    @classmethod
    def from_url(cls, url: str, *, prefix: str = "ctsec", transport: Transport = TRANSPORT) -> AsyncRedisFeed:
        """Return a feed with clients of its own, which `aclose()` closes; an answer is awaited for a quarter of a second.

        `url` is a redis, rediss or unix URL. Raises ValueError for another one, and ConfigurationError for a plain one to another machine
        than this, unless `transport` is an `UnsafeTransport` that lets it.
        """
        names = Names(prefix)
        client = cast(Any, Redis).from_url(
            url, socket_timeout=SECONDS_TO_ANSWER, socket_connect_timeout=SECONDS_TO_ANSWER, retry=Retry(NoBackoff(), 1)
        )
        hold(client, transport)
        return cls(client, announcer=announcer_for(url, names=names, transport=transport), names=names, transport=transport)

    async def since(self, position: object) -> News:
        """Return what changed since `position`; raise StoreError if Redis does not answer."""
        try:
            async with self._client.pipeline(transaction=True) as pipe:
                pipe.info("server")
                pipe.get(self._names.incarnation)
                pipe.xrevrange(self._names.changes, count=1)
                pipe.xrange(self._names.changes, min=after(position), count=MOST)
                server, name, newest, entries = await pipe.execute()
        except (RedisError, OSError) as error:
            failure = StoreError(f"redis does not say what changed ({type(error).__name__}); the store is read instead")
        else:
            return news(position, server=server, name=name, newest=newest, entries=entries)
        raise failure

    def announce(self, scopes: frozenset[str]) -> None:
        """Have the announcer tell the others."""
        self._announcer.announce(scopes)

    async def connections(self) -> tuple[ConnectionReport, ...]:
        """Connect to Redis, and return what the connection speaks."""
        return await connections(self._client, what="changes", transport=self._transport)

    async def aclose(self) -> None:
        """Tell what is still to be told, and close the clients."""
        self._announcer.close()
        await self._client.aclose()
