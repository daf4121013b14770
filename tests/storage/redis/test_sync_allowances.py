# Generated from tests/storage/redis/test_async_allowances.py by tools/twin.py; edit that file.
"""Allowances in a real Redis pass the suite of every store, and the guard store takes over while it is away (async source of the twin)."""

from __future__ import annotations

from collections.abc import Generator
from datetime import timedelta

import pytest
import pytest_asyncio
from redis import Redis as Server

from ctsec.ambient import Ambient
from ctsec.errors import ConfigurationError, StoreError
from ctsec.guard._sync_allowances import SECONDS_AWAY, Allowances, FallingBack
from ctsec.guard.allowance import Allowance, AllowancePolicy
from ctsec.outcome import Refusal
from ctsec.storage.memory import MemoryStorage
from ctsec.storage.redis import RedisAllowances
from ctsec.testing import FixedClock, conformance
from tests.storage.redis.support import own_redis

PATIENCE = 30.0  # a busy machine is not a Redis that is away
POLICY = AllowancePolicy(burst=3, every=timedelta(seconds=10))


@pytest.fixture
def allowances(redis_url: str) -> Generator[RedisAllowances, None, None]:
    made = RedisAllowances.from_url(redis_url, seconds=PATIENCE)
    yield made
    made.close()


class TestAllowances(conformance.AllowanceConformance):
    pass


def taken(records: RedisAllowances | FallingBack, clock: FixedClock, times: int) -> list[bool]:
    """Say of each of so many attempts from one block whether it was let through."""
    allowed = Allowances(records, policy=POLICY, ambient=Ambient(clock=clock))
    return [not isinstance(allowed.take("net:192.0.2.1/32"), Refusal) for _ in range(times)]


def test_processes_share_an_allowance_and_deployments_do_not(redis_url: str) -> None:
    """Two clients take from the same allowance; another prefix has its own."""
    clock = FixedClock()
    first, second, other = [RedisAllowances.from_url(redis_url, prefix=prefix, seconds=PATIENCE) for prefix in ("ctsec", "ctsec", "acme")]
    assert taken(first, clock, 2) == [True, True]
    assert taken(second, clock, 2) == [True, False]
    assert taken(other, clock, 3) == [True, True, True]
    for each in (first, second, other):
        each.close()


def test_redis_forgets_a_day_after_the_last_change(allowances: RedisAllowances, redis_url: str) -> None:
    """What nobody asks for any more takes no room: each change lets the record live for another day."""
    taken(allowances, FixedClock(), 1)
    with Server.from_url(redis_url) as server:
        assert 86_000 < server.ttl("{ctsec}:allowance:net:192.0.2.1/32") <= 86_400


@pytest.mark.parametrize("stands", [b"", b"soon", b"9" * 30, b"\xff"])
def test_what_is_no_allowance_is_not_believed(allowances: RedisAllowances, redis_url: str, stands: bytes) -> None:
    """A value that another program wrote is an error, never an allowance that is full."""
    with Server.from_url(redis_url) as server:
        server.set("{ctsec}:allowance:k", stands)
    with pytest.raises(StoreError, match="something else"):
        allowances.get("k")


@pytest.mark.server("redis")
@pytest.mark.proves("ASVS-16.5.3")
def test_the_guard_store_counts_while_redis_is_away() -> None:
    """Killed, Redis opens no door: the guard store counts with the same policy, and after five seconds Redis is asked again."""
    clock, beside = FixedClock(), MemoryStorage().guard.allowances
    with own_redis() as server:
        shared = FallingBack(RedisAllowances.from_url(server.url, seconds=PATIENCE), beside, clock=clock)
        assert taken(shared, clock, 2) == [True, True]
        assert beside.get("net:192.0.2.1/32") is None
        server.kill()
        assert taken(shared, clock, 5) == [True, True, True, False, False]
        clock.advance(timedelta(seconds=SECONDS_AWAY))
        assert taken(shared, clock, 1) == [False]
        server.start()
        clock.advance(timedelta(seconds=SECONDS_AWAY))
        assert taken(shared, clock, 1) == [True]
        shared.close()


class _Gone:
    """A server that goes away between reading and writing."""

    def get(self, key: str) -> Allowance | None:
        del key
        return None

    def replace(self, old: Allowance | None, new: Allowance) -> bool:
        raise StoreError("gone")

    trim = close = get


def test_a_server_that_goes_away_in_between_lets_nobody_through_twice() -> None:
    """What was read from Redis is not written to the guard store: the attempt is read again there, and counted once."""
    clock, beside = FixedClock(), MemoryStorage().guard.allowances
    assert taken(FallingBack(_Gone(), beside, clock=clock), clock, 4) == [True, True, True, False]  # type: ignore[arg-type]


def test_plain_redis_elsewhere_is_refused() -> None:
    """A plain connection leaves this machine with an excuse only."""
    with pytest.raises(ConfigurationError, match="rediss"):
        RedisAllowances.from_url("redis://redis.example.com/0")


@pytest.mark.server("redis")
def test_connections_tell_what_is_spoken() -> None:
    """A look at the connections says where Redis is and what for, and what is wrong once it is gone."""
    with own_redis() as server:
        made = RedisAllowances.from_url(server.url, seconds=PATIENCE)
        (seen,) = made.connections()
        assert (seen.what, seen.problem, seen.local) == ("allowances", "", True)
        server.kill()
        (gone,) = made.connections()
        assert gone.what == "allowances"
        assert gone.problem
        made.close()
