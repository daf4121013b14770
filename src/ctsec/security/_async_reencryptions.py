"""The job that seals anew what is under data keys that seal no more (async source).

Rules that this module keeps:

- nothing has to be started: a scope with such a key is found by its records, and what is left of it by its rows;
- a page is read, sealed anew while no transaction is open, and written by compare-and-set in one short transaction; then the position is
  kept in another. Killed anywhere, every value opens, under one key or the other, and the next run goes on;
- what stops one table (a key service that does not answer, a store that is away) is noted there and stops no other;
- a run reads a bounded number of pages, so that the worker's other jobs have their turn.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from ctsec.ambient import Ambient
from ctsec.encryption._async import AsyncKeyRing
from ctsec.encryption._async_ports import AsyncDekSource, AsyncSealedTable
from ctsec.encryption._async_reencryption import AsyncPageSealer
from ctsec.encryption.dek import WrappedDek
from ctsec.encryption.reencryption import Reencryption, SealedPlace, begun, is_due, retired
from ctsec.errors import CtsecError
from ctsec.ids import DekId, OrganizationId
from ctsec.security._async_sealed_tables import Placed
from ctsec.security.parts import Memory
from ctsec.storage._async_ports import AsyncStorage

_SCOPES: Final = 100
_PAGES: Final = 50
_ROWS: Final = 100
_LOG: Final = logging.getLogger("ctsec.worker")


class _Turn:
    """What is left of a run, and what it wrote."""

    __slots__ = ("pages", "rows", "written")

    def __init__(self, pages: int, rows: int) -> None:
        self.pages = pages
        self.rows = rows
        self.written = 0


class AsyncReencryptions:
    """Carries re-encryption out; `places` are the tables that are known."""

    __slots__ = ("_ambient", "_memory", "_places", "_storage", "_work")

    def __init__(
        self,
        storage: AsyncStorage,
        *,
        ring: AsyncKeyRing,
        source: AsyncDekSource,
        places: tuple[Placed, ...],
        memory: Memory,
        ambient: Ambient,
    ) -> None:
        self._storage = storage
        self._work = AsyncPageSealer(ring, source=source)
        self._places = places
        self._memory = memory
        self._ambient = ambient

    async def run_due(self, *, pages: int = _PAGES, rows: int = _ROWS) -> int:
        """Go on with what is due for at most `pages` pages of `rows` rows; return how many rows were written."""
        turn, after = _Turn(pages, rows), ""
        while turn.pages:
            async with self._storage.reading() as store:
                scopes = await store.deks.retired_scopes(after=after, limit=_SCOPES)
                keys = await store.deks.of_scopes(scopes)
                progress = {(each.scope, each.place): each for each in await store.reencryptions.of_scopes(scopes)}
            for scope in scopes:
                own = tuple(each for each in keys if each.scope == scope)
                for place, table in self._places:
                    if turn.pages and place.holds(scope):
                        await self._table(turn, place, table, own, progress.get((scope, place.name)), scope=scope)
            if len(scopes) < _SCOPES:
                break
            after = scopes[-1]
        return turn.written

    async def of_organization(self, organization: OrganizationId) -> tuple[Reencryption, ...]:
        """Return how far each table of an organization is; one that is not named had nothing to do yet."""
        async with self._storage.reading() as store:
            return await store.reencryptions.of_scopes((organization,))

    async def unfinished(self, *, limit: int = 100) -> tuple[Reencryption, ...]:
        """Return what is under way, or left rows behind, of every organization and of the deployment."""
        async with self._storage.reading() as store:
            return await store.reencryptions.unfinished(limit=limit)

    async def _table(
        self,
        turn: _Turn,
        place: SealedPlace,
        table: AsyncSealedTable,
        keys: tuple[WrappedDek, ...],
        before: Reencryption | None,
        *,
        scope: str,
    ) -> None:
        moments = retired(keys, region=place.region)
        now = self._ambient.now()
        if not is_due(before, moments, now=now):
            return
        progress = before
        if progress is None or progress.ended_at is not None or not progress.remaining:
            progress = begun(before, scope=scope, place=place.name, keys=moments, now=now)
            try:
                progress = progress.counted(await table.count(scope, keys=tuple(moments)))
            except Exception as error:  # noqa: BLE001 - see `_code`
                progress = progress.stopped(_code(error, place.name))
            if not await self._put(progress) or not progress.remaining:
                return
        await self._pages(turn, progress, table, {each.id: each.region for each in keys if each.id in moments})

    async def _pages(self, turn: _Turn, progress: Reencryption, table: AsyncSealedTable, keys: Mapping[DekId, str]) -> None:
        left, stopped = dict(keys), False
        while progress.ended_at is None and turn.pages:
            turn.pages -= 1
            try:
                done = await self._work.page(table, progress.scope, keys=left, after=progress.reached, limit=turn.rows)
                left = {key: region for key, region in left.items() if key not in done.refused}
                turn.written += done.written
                progress = progress.went_on(reached=done.after, written=done.written, problem=done.problem)
                if done.after is None or not left:
                    now = self._ambient.now()
                    progress = progress.ended(at=now, remaining=await table.count(progress.scope, keys=tuple(keys)))
            except Exception as error:  # noqa: BLE001 - see `_code`
                progress = progress.stopped(_code(error, progress.place))
                stopped = True
            progress = replace(progress, version=progress.version + 1)
            # Where it was not written another process goes on with it.
            if not await self._put(progress) or stopped:
                break

    async def _put(self, progress: Reencryption) -> bool:
        async with self._storage.begin(after_commit=self._memory.evict) as store:
            return await store.reencryptions.put(progress)


def _code(error: Exception, place: str) -> str:
    """Return the code of an error, a host's own included: what stops one table must not stop the others."""
    if isinstance(error, CtsecError):
        return error.code
    _LOG.error("re-encryption of %s failed", place, exc_info=error)
    return "internal"
