"""The tables of ctsec's own whose values are sealed anew after a rotation: of the home store, and the content of a region (async source).

Rules that this module keeps:

- a page is read in one short transaction and written in another; nothing in between holds a lock;
- content is written in the store that serves its region, and only while its workspace is at home there; what is on its way waits;
- every store of a region is counted, replicas too: what a replica still holds under a key needs that key.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ctsec.encryption._async_ports import AsyncSealedTable
from ctsec.encryption.columns import index_key_context
from ctsec.encryption.context import DEPLOYMENT, Context
from ctsec.encryption.reencryption import SealedPlace, SealedRow, Stored, StoredValue
from ctsec.errors import ConfigurationError
from ctsec.ids import AuthenticatorId, ConnectionId, CredentialId, DekId, OrganizationId, UserId, WorkspaceId
from ctsec.mfa.record import seed_context
from ctsec.residency.judging import check_store
from ctsec.residency.record import Content, Position, ResidenceState, content_context
from ctsec.security._async_app_sealing import AsyncAppTokenTable
from ctsec.security._async_regions import AsyncRouter
from ctsec.sso.record import client_secret_context
from ctsec.storage._async_ports import AfterCommit, AsyncStorage
from ctsec.vault.record import secret_context

Placed = tuple[SealedPlace, AsyncSealedTable]


class AsyncStoredTable:
    """A table of the home store; see `ctsec.encryption.ports.AsyncSealedTable`."""

    __slots__ = ("_committed", "_storage", "_table")

    def __init__(self, storage: AsyncStorage, table: Stored, *, committed: AfterCommit) -> None:
        self._storage = storage
        self._table = table
        self._committed = committed

    @property
    def name(self) -> str:
        """The table's name."""
        return self._table.value

    async def under(self, scope: str, *, keys: tuple[DekId, ...], after: str, limit: int) -> tuple[SealedRow, ...]:
        """Return rows under one of `keys` behind a position."""
        async with self._storage.reading() as store:
            found = await store.reencryptions.under(self._table, scope, keys=keys, after=_key(after), limit=limit)
        return tuple(
            SealedRow(position=json.dumps(each.key, ensure_ascii=False), blob=each.blob, context=self._context(scope, each))
            for each in found
        )

    async def count(self, scope: str, *, keys: tuple[DekId, ...]) -> int:
        """Return how many rows are under one of `keys`."""
        async with self._storage.reading() as store:
            return await store.reencryptions.count(self._table, scope, keys=keys)

    async def replace(self, changes: tuple[tuple[SealedRow, bytes], ...]) -> int:
        """Write the new blobs of rows that did not change meanwhile, in one transaction."""
        async with self._storage.begin(after_commit=self._committed) as store:
            records = store.reencryptions
            done = [
                await records.replace(self._table, row.context.scope, key=_key(row.position), before=row.blob, after=blob)
                for row, blob in changes
            ]
        return sum(done)

    def _context(self, scope: str, value: StoredValue) -> Context:
        key: tuple[Any, ...] = value.key
        if self._table is Stored.SEED:
            return seed_context(UserId(value.owner), AuthenticatorId(key[0]))
        if self._table is Stored.VAULT:
            return secret_context(OrganizationId(scope), CredentialId(key[0]))
        if self._table is Stored.CONNECTION:
            return client_secret_context(OrganizationId(scope), ConnectionId(key[0]))
        return index_key_context(OrganizationId(scope), key[0], generation=key[1])


class AsyncContentTable:
    """The content of a region; see `ctsec.encryption.ports.AsyncSealedTable`."""

    __slots__ = ("_region", "_router")

    def __init__(self, router: AsyncRouter, region: str) -> None:
        self._router = router
        self._region = region

    @property
    def name(self) -> str:
        """The table's name, with that of its region."""
        return f"content:{self._region}"

    async def under(self, scope: str, *, keys: tuple[DekId, ...], after: str, limit: int) -> tuple[SealedRow, ...]:
        """Return rows under one of `keys` behind a position, from the store that serves the region."""
        name = await self._router.serving(self._region)
        async with self._router.stores[name].reading() as store:
            check_store(await store.meta.all(), region=self._region, store=name)
            found = await store.content.under(OrganizationId(scope), keys=keys, after=_position(after), limit=limit)
        return tuple(SealedRow(position=_text(each.position), blob=each.sealed, context=self._context(each)) for each in found)

    async def count(self, scope: str, *, keys: tuple[DekId, ...]) -> int:
        """Return how many rows are under one of `keys`, in every store of the region."""
        rows = 0
        for name in self._router.names_of(self._region):
            async with self._router.stores[name].reading() as store:
                check_store(await store.meta.all(), region=self._region, store=name)
                rows += await store.content.count_under(OrganizationId(scope), keys=keys)
        return rows

    async def replace(self, changes: tuple[tuple[SealedRow, bytes], ...]) -> int:
        """Write the new blobs of rows that did not change meanwhile, of workspaces that are at home, in one transaction."""
        name = await self._router.serving(self._region)
        async with self._router.stores[name].begin() as store:
            check_store(await store.meta.all(), region=self._region, store=name)
            done = 0
            home: dict[str, bool] = {}
            for row, blob in changes:
                place = _position(row.position)
                if place.workspace_id not in home:
                    held = await store.residences.hold(WorkspaceId(place.workspace_id))
                    home[place.workspace_id] = held is not None and held.state is ResidenceState.HOME
                done += home[place.workspace_id] and await store.content.reseal(place, before=row.blob, after=blob)
        return done

    def _context(self, content: Content) -> Context:
        return content_context(
            self._region, organization=content.organization_id, workspace=content.workspace_id, kind=content.kind, key=content.key
        )


def sealed_places(
    storage: AsyncStorage, *, router: AsyncRouter, hosts: tuple[AsyncSealedTable, ...], committed: Callable[[frozenset[str]], None]
) -> tuple[Placed, ...]:
    """Return every table that is known; raise ConfigurationError where two have one name, or a name does not fit."""
    own = {stored: AsyncStoredTable(storage, stored, committed=committed) for stored in Stored}
    placed: list[Placed] = [(SealedPlace(name=each.name, deployment=stored is Stored.SEED), each) for stored, each in own.items()]
    for region in router.regions.names if router.regions is not None else ():
        content = AsyncContentTable(router, region)
        placed.append((SealedPlace(name=content.name, region=region), content))
    placed += [(SealedPlace(name=each.name), each) for each in (AsyncAppTokenTable(storage.guard.app_tokens), *hosts)]
    names = [place.name for place, _ in placed]
    if len(set(names)) != len(names) or not all(0 < len(name.encode()) <= 256 for name in names):
        raise ConfigurationError("expected sealed tables with different names of 1 to 256 bytes")
    return tuple(placed)


def holder_of(scope: str) -> OrganizationId | None:
    """Return the organization of a scope, None for the deployment."""
    return None if scope == DEPLOYMENT else OrganizationId(scope)


def _key(position: str) -> tuple[Any, ...]:
    return tuple(json.loads(position)) if position else ()


def _text(place: Position) -> str:
    return f"{place.workspace_id} {len(place.kind)} {place.kind}{place.key}"


def _position(text: str) -> Position:
    if not text:
        return Position()
    workspace, length, rest = text.split(" ", 2)
    return Position(workspace, rest[: int(length)], rest[int(length) :])
