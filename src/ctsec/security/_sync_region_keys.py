# Generated from src/ctsec/security/_async_region_keys.py by tools/twin.py; edit that file.
"""Sealing and opening of regional content: under data keys of its own region only (async source)."""

from __future__ import annotations

from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync import AuditLog
from ctsec.encryption._sync import KeyRing
from ctsec.encryption._sync_secrets import Secrets
from ctsec.encryption.context import Context
from ctsec.encryption.data_key import DataKeyExhausted, NoDataKey
from ctsec.encryption.dek import DekState, WrappedDek
from ctsec.encryption.envelope import dek_id_of
from ctsec.errors import ResidencyError
from ctsec.ids import DekId
from ctsec.storage._sync_ports import AfterCommit, Storage

_REMEMBERED: Final = 10_000


class HomeKeys:
    """The data keys of the home store, held to their regions; see `ctsec.residency.ports.RegionalKeys`.

    An organization's first key of a region is made and committed in the home store before anything is written in the region's.
    """

    __slots__ = ("_ambient", "_committed", "_home", "_regions", "_ring")

    def __init__(self, home: Storage, *, ring: KeyRing, committed: AfterCommit, ambient: Ambient) -> None:
        self._home = home
        self._ring = ring
        self._committed = committed
        self._ambient = ambient
        self._regions: dict[DekId, str] = {}

    def seal(self, plaintext: bytes, *, context: Context, region: str) -> bytes:
        """Return a blob under the organization's data key of the region.

        The key's record is read again for every message: one that a move has destroyed may still be held by this process.
        """
        blob = self._sealed(plaintext, context, region)
        record = self._record(dek_id_of(blob))
        if record is None or record.state is DekState.DESTROYED:
            self._ring.forget(context.scope)
            blob = self._sealed(plaintext, context, region)
            record = self._record(dek_id_of(blob))
        _check(record, region)
        return blob

    def open(self, blob: bytes, *, context: Context, region: str) -> bytes:
        """Return the plaintext; raise ResidencyError if the blob is under a data key of another region."""
        dek_id = dek_id_of(blob)
        # The region of a data key never changes, so it may be remembered.
        if dek_id not in self._regions:
            record = self._record(dek_id)
            if record is None:
                raise NoDataKey("the data key of this content is not in the home store; restore it together with its data")
            if len(self._regions) >= _REMEMBERED:
                self._regions.clear()
            self._regions[dek_id] = record.region
        if self._regions[dek_id] != region:
            raise ResidencyError(f"content of region {region} is sealed under a data key of region {self._regions[dek_id]}")
        return self._ring.open(blob, context=context)

    def _sealed(self, plaintext: bytes, context: Context, region: str) -> bytes:
        try:
            return self._ring.seal(plaintext, context=context, region=region)
        except (NoDataKey, DataKeyExhausted):
            pass
        with self._home.begin(after_commit=self._committed) as store:
            secrets = Secrets(
                self._ring,
                records=store.deks,
                customer_keys=store.customer_keys,
                organizations=store.organizations,
                epochs=store.epochs,
                made={},
                audit=AuditLog(inbox=store.inbox, log=store.log, aside=self._home.guard.events, sealer=self._ring, ambient=self._ambient),
                ambient=self._ambient,
            )
            return secrets.seal(plaintext, context=context, region=region)

    def _record(self, dek_id: DekId) -> WrappedDek | None:
        with self._home.reading() as store:
            return store.deks.get(dek_id)


def _check(record: WrappedDek | None, region: str) -> None:
    if record is None or record.state is DekState.DESTROYED:
        raise ResidencyError("the data key of this region was destroyed while it was used; try again")
    if record.region != region:
        raise ResidencyError(f"content of region {region} was about to be sealed under a data key of region {record.region}")
