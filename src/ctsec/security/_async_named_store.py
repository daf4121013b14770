"""The logs in the store of a region, which has to be the one that the configuration says (async source).

Two names of a configuration that lead to one database would be two logs over the same events, each signed under its own origin.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from ctsec.audit._async_ports import AsyncSealedStore
from ctsec.residency._async_ports import AsyncRegionStorage, AsyncRegionStore
from ctsec.residency.judging import check_store


class AsyncNamedStorage:
    """Opens `storage` as the `store` of a region; every call raises ResidencyError until it was seen once to be that one."""

    __slots__ = ("_known", "_region", "_storage", "_store")

    def __init__(self, storage: AsyncRegionStorage, *, region: str, store: str) -> None:
        self._storage = storage
        self._region = region
        self._store = store
        self._known = False

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncSealedStore, None]:
        """Open a short READ COMMITTED read; nothing is written."""
        async with self._storage.reading() as store:
            await self._check(store)
            yield store

    @asynccontextmanager
    async def sequencing(self) -> AsyncGenerator[AsyncSealedStore, None]:
        """Open a READ COMMITTED transaction of our own."""
        async with self._storage.sequencing() as store:
            await self._check(store)
            yield store

    async def _check(self, store: AsyncRegionStore) -> None:
        if not self._known:
            check_store(await store.meta.all(), region=self._region, store=self._store)
            self._known = True
