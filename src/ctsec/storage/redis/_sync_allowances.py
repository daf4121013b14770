# Generated from src/ctsec/storage/redis/_async_allowances.py by tools/twin.py; edit that file.
"""Allowances in Redis (async source): what address blocks and mailboxes took, shared by all processes at the cost of two round trips.

Rules that this module keeps:

- a record is one number, the microseconds since 1970 at which it is full again; it is changed by one script that compares and sets;
- Redis forgets a record a day after its last change, when it is full: no allowance takes longer than a day to fill up;
- what Redis does not answer, or answers with something else than a record, is StoreError: who asks turns to the guard store.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from ctsec.errors import StoreError
from ctsec.guard.allowance import LONGEST, Allowance
from ctsec.storage.redis._sync_connections import connections
from ctsec.storage.redis.stream import Names
from ctsec.storage.redis.transport import hold
from ctsec.transport.report import ConnectionReport
from ctsec.transport.tls import TRANSPORT, Transport

SECONDS_TO_ANSWER: Final = 0.25
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_SECONDS: Final = int(LONGEST.total_seconds())
_SCRIPT: Final = """
if (redis.call('GET', KEYS[1]) or '') ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
return 1
"""


class RedisAllowances:
    """See `ctsec.guard.ports.AllowanceRecords`; `Security` takes it as `allowances`, and counts in SQL while Redis is away."""

    __slots__ = ("_client", "_names", "_transport")

    def __init__(self, client: Redis, *, names: Names, transport: Transport = TRANSPORT) -> None:
        self._client: Any = client  # its own annotations are incomplete
        self._names = names
        self._transport = transport

    @classmethod
    def from_url(
        cls, url: str, *, prefix: str = "ctsec", transport: Transport = TRANSPORT, seconds: float = SECONDS_TO_ANSWER
    ) -> RedisAllowances:
        """Return allowances with a client of their own, which `aclose()` closes; an answer is awaited for so many `seconds`.

        `url` is a redis, rediss or unix URL. Raises ValueError for another one, and ConfigurationError for a plain one to another machine
        than this, unless `transport` is an `UnsafeTransport` that lets it.
        """
        client = cast(Any, Redis).from_url(url, socket_timeout=seconds, socket_connect_timeout=seconds, retry=Retry(NoBackoff(), 1))
        hold(client, transport)
        return cls(client, names=Names(prefix), transport=transport)

    def get(self, key: str) -> Allowance | None:
        """Return the record of `key`; raise StoreError if Redis does not answer."""
        try:
            found = self._client.get(self._names.allowance(key))
        except (RedisError, OSError) as error:
            failure = _unanswered(error)
        else:
            return None if found is None else _read(key, found)
        raise failure

    def replace(self, old: Allowance | None, new: Allowance) -> bool:
        """Write `new` if the stored record still equals `old` (None: none); raise StoreError if Redis does not answer."""
        expected = _written(old) if old is not None else ""
        try:
            answer = self._client.eval(_SCRIPT, 1, self._names.allowance(new.key), expected, _written(new), _SECONDS)
        except (RedisError, OSError) as error:
            failure = _unanswered(error)
        else:
            return bool(answer == 1)
        raise failure

    def trim(self, *, before: datetime) -> int:
        """Delete nothing: Redis forgets by itself."""
        del before
        return 0

    def connections(self) -> tuple[ConnectionReport, ...]:
        """Connect to Redis, and return what the connection speaks."""
        return connections(self._client, what="allowances", transport=self._transport)

    def close(self) -> None:
        """Close the client."""
        self._client.close()


def _written(record: Allowance) -> str:
    return str((record.full_at - _EPOCH) // _MICROSECOND)


def _read(key: str, found: bytes) -> Allowance:
    try:
        return Allowance(key=key, full_at=_EPOCH + int(found.decode("ascii")) * _MICROSECOND)
    except (ValueError, OverflowError):
        raise StoreError("redis holds something else than an allowance under its key") from None


def _unanswered(error: Exception) -> StoreError:
    return StoreError(f"redis does not answer for allowances ({type(error).__name__}); the guard store counts instead")
