"""Where the rates of API keys are counted for several processes together (async source)."""

from __future__ import annotations

from typing import Protocol

from ctsec.ids import KeyId
from ctsec.keys.rate import Rate


class AsyncSharedRates(Protocol):
    """Requests of keys, counted for all processes."""

    async def take(self, key_id: KeyId, *, limit: int) -> Rate:
        """Take one request of `limit` a minute; raise StoreError where nobody counts, StoreBusy where too many count at once."""
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...
