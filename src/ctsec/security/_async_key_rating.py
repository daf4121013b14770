"""Where the rate of an API key is counted: in Redis, in the records of allowances, or in this process (async source).

Rules that this module keeps:

- a key that has a rate of its own has that one, every other the policy's; a policy without a rate counts only keys of the first kind;
- while the shared place is away the process counts by itself: nothing is let through uncounted, and nobody is refused for it;
- after a failure the shared place is not asked for five seconds.
"""

from __future__ import annotations

import logging
from typing import Final

from ctsec.ambient import Ambient
from ctsec.errors import StoreBusy, StoreError
from ctsec.guard._async_key_rates import AsyncStoredTaking
from ctsec.guard._async_ports import AsyncAllowanceRecords
from ctsec.keys._async_rate_ports import AsyncSharedRates
from ctsec.keys.rate import Rate, RateState, too_many
from ctsec.keys.record import ApiKey
from ctsec.security.parts import Parts

SECONDS_AWAY: Final = 5.0
_LOG: Final = logging.getLogger("ctsec.throttle")


class AsyncKeyRating:
    """Takes a request of a key."""

    __slots__ = ("_back_at", "_parts", "_shared", "_stored")

    def __init__(self, parts: Parts, *, allowances: AsyncAllowanceRecords, shared: AsyncSharedRates | None) -> None:
        self._parts = parts
        self._shared = shared
        stored = shared is None and parts.settings.keys.stored_rates
        self._stored = AsyncStoredTaking(allowances, ambient=Ambient(clock=parts.clock)) if stored else None
        self._back_at = parts.clock.monotonic()

    async def take(self, key: ApiKey) -> Rate | None:
        """Take one request; None if nothing limits the key. Raises StoreBusy where too many requests of one key are counted at once."""
        limit = key.rate or self._parts.settings.keys.rate
        if limit is None:
            return None
        if self._shared is not None and self._parts.clock.monotonic() >= self._back_at:
            try:
                return await self._shared.take(key.id, limit=limit)
            except StoreBusy:
                raise
            except StoreError as error:
                self._back_at = self._parts.clock.monotonic() + SECONDS_AWAY
                _LOG.warning("the server of the rates of keys is away (%s); each process counts by itself meanwhile", error.code)
        if self._stored is not None:
            waits = await self._stored.take(key.id, limit=limit)
            return RateState(limit=limit) if waits is None else too_many(limit, retry_after=waits, reset=waits)
        return self._parts.memory.key_rates.take(key.id, limit=limit, at=self._parts.clock.monotonic())
