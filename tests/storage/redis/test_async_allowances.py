"""Allowances in a real Redis pass the suite of every store, and the guard store takes over while it is away (async source of the twin)."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest
import pytest_asyncio
from redis import Redis as Server

from ctsec.ambient import Ambient
from ctsec.errors import ConfigurationError, StoreError
from ctsec.guard._async_allowances import SECONDS_AWAY, AsyncAllowances, AsyncFallingBack
from ctsec.guard.allowance import Allowance, AllowancePolicy
from ctsec.outcome import Refusal
from ctsec.storage.memory import AsyncMemoryStorage
from ctsec.storage.redis import AsyncRedisAllowances
from ctsec.testing import FixedClock, conformance
from tests.storage.redis.support import own_redis

PATIENCE = 30.0  # a busy machine is not a Redis that is away
POLICY = AllowancePolicy(burst=3, every=timedelta(seconds=10))


@pytest_asyncio.fixture  # sync: @pytest.fixture
async def allowances(redis_url: str) -> AsyncGenerator[AsyncRedisAllowances, None]:
    made = AsyncRedisAllowances.from_url(redis_url, seconds=PATIENCE)
    yield made
    await made.aclose()


class TestAllowances(conformance.AsyncAllowanceConformance):
    pass


async def taken(records: AsyncRedisAllowances | AsyncFallingBack, clock: FixedClock, times: int) -> list[bool]:
    """Say of each of so many attempts from one block whether it was let through."""
    allowed = AsyncAllowances(records, policy=POLICY, ambient=Ambient(clock=clock))
    return [not isinstance(await allowed.take("net:192.0.2.1/32"), Refusal) for _ in range(times)]


async def test_processes_share_an_allowance_and_deployments_do_not(redis_url: str) -> None:
    """Two clients take from the same allowance; another prefix has its own."""
    clock = FixedClock()
    first, second, other = [
        AsyncRedisAllowances.from_url(redis_url, prefix=prefix, seconds=PATIENCE) for prefix in ("ctsec", "ctsec", "acme")
    ]
    assert await taken(first, clock, 2) == [True, True]
    assert await taken(second, clock, 2) == [True, False]
    assert await taken(other, clock, 3) == [True, True, True]
    for each in (first, second, other):
        await each.aclose()


async def test_redis_forgets_a_day_after_the_last_change(allowances: AsyncRedisAllowances, redis_url: str) -> None:
    """What nobody asks for any more takes no room: each change lets the record live for another day."""
    await taken(allowances, FixedClock(), 1)
    with Server.from_url(redis_url) as server:
        assert 86_000 < server.ttl("{ctsec}:allowance:net:192.0.2.1/32") <= 86_400


@pytest.mark.parametrize("stands", [b"", b"soon", b"9" * 30, b"\xff"])
async def test_what_is_no_allowance_is_not_believed(allowances: AsyncRedisAllowances, redis_url: str, stands: bytes) -> None:
    """A value that another program wrote is an error, never an allowance that is full."""
    with Server.from_url(redis_url) as server:
        server.set("{ctsec}:allowance:k", stands)
    with pytest.raises(StoreError, match="something else"):
        await allowances.get("k")


@pytest.mark.server("redis")
@pytest.mark.proves("ASVS-16.5.3")
async def test_the_guard_store_counts_while_redis_is_away() -> None:
    """Killed, Redis opens no door: the guard store counts with the same policy, and after five seconds Redis is asked again."""
    clock, beside = FixedClock(), AsyncMemoryStorage().guard.allowances
    with own_redis() as server:
        shared = AsyncFallingBack(AsyncRedisAllowances.from_url(server.url, seconds=PATIENCE), beside, clock=clock)
        assert await taken(shared, clock, 2) == [True, True]
        assert await beside.get("net:192.0.2.1/32") is None
        server.kill()
        assert await taken(shared, clock, 5) == [True, True, True, False, False]
        clock.advance(timedelta(seconds=SECONDS_AWAY))
        assert await taken(shared, clock, 1) == [False]
        server.start()
        clock.advance(timedelta(seconds=SECONDS_AWAY))
        assert await taken(shared, clock, 1) == [True]
        await shared.aclose()


class _Gone:
    """A server that goes away between reading and writing."""

    async def get(self, key: str) -> Allowance | None:
        del key
        return None

    async def replace(self, old: Allowance | None, new: Allowance) -> bool:
        raise StoreError("gone")

    trim = aclose = get


async def test_a_server_that_goes_away_in_between_lets_nobody_through_twice() -> None:
    """What was read from Redis is not written to the guard store: the attempt is read again there, and counted once."""
    clock, beside = FixedClock(), AsyncMemoryStorage().guard.allowances
    assert await taken(AsyncFallingBack(_Gone(), beside, clock=clock), clock, 4) == [True, True, True, False]  # type: ignore[arg-type]


def test_plain_redis_elsewhere_is_refused() -> None:
    """A plain connection leaves this machine with an excuse only."""
    with pytest.raises(ConfigurationError, match="rediss"):
        AsyncRedisAllowances.from_url("redis://redis.example.com/0")


@pytest.mark.server("redis")
async def test_connections_tell_what_is_spoken() -> None:
    """A look at the connections says where Redis is and what for, and what is wrong once it is gone."""
    with own_redis() as server:
        made = AsyncRedisAllowances.from_url(server.url, seconds=PATIENCE)
        (seen,) = await made.connections()
        assert (seen.what, seen.problem, seen.local) == ("allowances", "", True)
        server.kill()
        (gone,) = await made.connections()
        assert gone.what == "allowances"
        assert gone.problem
        await made.aclose()
