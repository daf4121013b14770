"""The secrets of a workspace that moves: they stay in the home store, under a data key of the region where the workspace is (async source).

Rules that this module keeps:

- they are carried after the switch, when new ones are sealed for the target already, and before a data key of the source is destroyed;
- each is opened and sealed outside of transactions and written by compare-and-set, so any part of it may be done again.
"""

from __future__ import annotations

from typing import Final

from ctsec.encryption._async_ports import AsyncSealedTable
from ctsec.encryption.dek import DekState
from ctsec.encryption.reencryption import Stored, StoredValue
from ctsec.ids import CredentialId, DekId
from ctsec.residency.record import Move
from ctsec.security._async_regions import AsyncRouter
from ctsec.storage._async_ports import AfterCommit, AsyncStore
from ctsec.vault.record import secret_context

_PAGE: Final = 100


class AsyncMoveSecrets:
    """Seals the credentials of a workspace under the data key of the region that it has moved to."""

    __slots__ = ("_committed", "_hosts", "_router")

    def __init__(self, router: AsyncRouter, *, hosts: tuple[AsyncSealedTable, ...], committed: AfterCommit) -> None:
        self._router = router
        self._hosts = hosts
        self._committed = committed

    async def carry(self, move: Move) -> None:
        """Seal for the target what is sealed for the source; nothing is done where that was done before."""
        after: tuple[str | int, ...] = ()
        while True:
            async with self._router.home.reading() as store:
                keys = await self._keys(store, move)
                found = await store.reencryptions.under(Stored.VAULT, move.organization_id, keys=keys, after=after, limit=_PAGE)
                records = [await store.credentials.get(move.organization_id, _id_of(each)) for each in found]
            own = [each for each, record in zip(found, records, strict=True) if record and record.workspace_id == move.workspace_id]
            carried = [(each, await self._carried(move, each)) for each in own]
            if carried:
                async with self._router.home.begin(after_commit=self._committed) as store:
                    for each, blob in carried:
                        await store.reencryptions.replace(Stored.VAULT, move.organization_id, key=each.key, before=each.blob, after=blob)
            if len(found) < _PAGE:
                return
            after = found[-1].key

    async def needs_source(self, store: AsyncStore, move: Move) -> bool:
        """Say whether a credential of the organization is under a data key of the source; call it under the organization's lock."""
        return await store.reencryptions.count(Stored.VAULT, move.organization_id, keys=await self._keys(store, move)) > 0

    async def hosts_need_source(self, move: Move) -> bool:
        """Say whether a row of a host's sealed table is under a data key of the source: the host has not sealed it for the target."""
        async with self._router.home.reading() as store:
            keys = await self._keys(store, move)
        return any([await table.count(move.organization_id, keys=keys) for table in self._hosts])

    async def _carried(self, move: Move, value: StoredValue) -> bytes:
        context = secret_context(move.organization_id, _id_of(value))
        plaintext = await self._router.keys.open(value.blob, context=context, region=move.source)
        return await self._router.keys.seal(plaintext, context=context, region=move.target)

    @staticmethod
    async def _keys(store: AsyncStore, move: Move) -> tuple[DekId, ...]:
        found = await store.deks.of_scope(move.organization_id)
        return tuple(each.id for each in found if each.region == move.source and each.state is not DekState.DESTROYED)


def _id_of(value: StoredValue) -> CredentialId:
    return CredentialId(str(value.key[0]))
