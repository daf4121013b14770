# Generated from tests/storage/redis/test_async_feed.py by tools/twin.py; edit that file.
"""What a process learns of another one's changes through Redis (async source of the twin)."""

from __future__ import annotations

from collections.abc import Callable, Generator

import pytest
import pytest_asyncio
from redis import Redis as Server

from ctsec.changes import News
from ctsec.errors import StoreError
from ctsec.storage.redis import RedisFeed, announcer
from ctsec.storage.redis.announcer import announcer_for
from ctsec.storage.redis.stream import KEPT, MOST, Names
from tests.storage.redis.support import OwnRedis, own_redis


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let whoever closes wait for what is still to be told: on a busy machine the usual second is short."""
    monkeypatch.setattr(announcer, "_LAST_CALL", 60.0)


@pytest.fixture
def feed(redis_url: str) -> Generator[RedisFeed, None, None]:
    made = RedisFeed.from_url(redis_url)
    yield made
    made.close()


def tell(url: str, *scopes: str) -> None:
    """Announce scopes as another process does, and return when they were told."""
    other = announcer_for(url, names=Names())
    other.announce(frozenset(scopes))
    other.close()


def test_a_look_names_what_was_told_since(feed: RedisFeed, redis_url: str) -> None:
    """The first look means anything; each later one names exactly the scopes that were told since the one before."""
    tell(redis_url, "usr_0")
    first = feed.since(None)
    assert first.scopes is None
    assert (feed.since(first.position)).scopes == frozenset()
    tell(redis_url, "usr_1", "org_1")
    second = feed.since(first.position)
    assert second.scopes == {"usr_1", "org_1"}
    tell(redis_url, "usr_2")
    assert (feed.since(second.position)).scopes == {"usr_2"}
    assert (feed.since(first.position)).scopes == {"usr_1", "org_1", "usr_2"}


def test_what_this_process_tells_the_others_hear(redis_url: str) -> None:
    """An announced change is in the stream once the feed is closed; nothing announced is nothing told."""
    other = RedisFeed.from_url(redis_url)
    tell(redis_url, "usr_0")
    position = (other.since(None)).position
    speaking = RedisFeed.from_url(redis_url)
    speaking.announce(frozenset())
    speaking.announce(frozenset({"usr_1"}))
    speaking.close()
    assert (other.since(position)).scopes == {"usr_1"}
    other.close()


def _flush(server: Server) -> None:
    server.flushdb()


def _trim(server: Server) -> None:
    for n in range(3):
        server.xadd(Names().changes, {"scopes": f"usr_{n}"})
    server.xtrim(Names().changes, maxlen=1, approximate=False)


def _foreign(server: Server) -> None:
    server.xadd(Names().changes, {"words": "usr_1"})


def _too_long(server: Server) -> None:
    server.xadd(Names().changes, {"scopes": "u" * 70_000})


def _too_many(server: Server) -> None:
    with server.pipeline() as pipe:
        for n in range(MOST):
            pipe.xadd(Names().changes, {"scopes": f"usr_{n}"})
        pipe.execute()


@pytest.mark.parametrize("mishap", [_flush, _trim, _foreign, _too_long, _too_many])
def test_a_gap_means_anything(feed: RedisFeed, redis_url: str, mishap: Callable[[Server], None]) -> None:
    """A flushed or trimmed stream, a foreign or oversized entry, and more than one answer carries: anything may have changed."""
    tell(redis_url, "usr_0")
    position = (feed.since(None)).position
    with Server.from_url(redis_url) as server:
        mishap(server)
    after = feed.since(position)
    assert after.scopes is None
    assert (feed.since(after.position)).scopes == frozenset()


def test_a_stream_that_began_later_misses_nothing(feed: RedisFeed, redis_url: str) -> None:
    """From an empty Redis on, the first change is seen as itself or as anything, never as nothing."""
    empty = feed.since(None)
    tell(redis_url, "usr_1")
    news = feed.since(empty.position)
    assert news.scopes is None or news.scopes == {"usr_1"}
    tell(redis_url, "usr_2")
    assert (feed.since(news.position)).scopes == {"usr_2"}
    assert KEPT > MOST


@pytest.fixture
def own() -> OwnRedis:
    return own_redis()


@pytest.mark.server("redis")
def test_a_restored_redis_looks_neither_older_nor_newer(own: OwnRedis) -> None:
    """A Redis that came back from its backup, without the changes since, means anything; one that is away is a StoreError."""
    with own:
        feed = RedisFeed.from_url(own.url)
        tell(own.url, "usr_0")
        own.save()
        position = (feed.since(None)).position
        tell(own.url, "usr_1")
        told = feed.since(position)
        own.kill()
        with pytest.raises(StoreError):
            feed.since(told.position)
        own.start()
        back: News = feed.since(told.position)
        assert back.scopes is None
        feed.close()


@pytest.mark.parametrize("prefix", ["", "a b", "x" * 65, "a:b", "a}"])
def test_a_prefix_is_a_word(prefix: str) -> None:
    """What would break the keys apart is refused."""
    with pytest.raises(ValueError, match="prefix"):
        Names(prefix)
