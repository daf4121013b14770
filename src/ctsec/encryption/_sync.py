# Generated from src/ctsec/encryption/_async.py by tools/twin.py; edit that file.
"""The key ring: data keys unwrapped once, cached for a bounded time, and used to seal and open (async source)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from ctsec.ambient import Ambient
from ctsec.encryption._sync_ports import DekSource, Kms
from ctsec.encryption.context import DEPLOYMENT, Context
from ctsec.encryption.dek import DekState, WrappedDek
from ctsec.encryption.envelope import DataKey, dek_id_of, open_blob, seal
from ctsec.errors import CorruptRecord, KeyNotFound
from ctsec.ids import DekId, OrganizationId, new_id
from ctsec.secret import Secret

CACHE_LIFE: Final = timedelta(minutes=5)


def wrap_context(scope: str, region: str) -> bytes:
    """Return the context that the wrapped key of `scope` in `region` is bound to at the key service."""
    organization = None if scope == DEPLOYMENT else OrganizationId(scope)
    return Context(organization=organization, purpose="dek", field=region).encoded


@dataclass(frozen=True, slots=True)
class _Held:
    key: DataKey
    until: float


class KeyRing:
    """Seals and opens under the data keys of the deployment (and, later, of organizations).

    A data key is used only after its record is committed. An unwrapped key is kept for five minutes from the start of its last
    unwrapping, which is the bound on how long a key that was disabled at its service still works.
    """

    __slots__ = ("_active", "_ambient", "_held", "_kms", "_source")

    def __init__(self, *, kms: Kms, source: DekSource, ambient: Ambient) -> None:
        self._kms = kms
        self._source = source
        self._ambient = ambient
        self._held: dict[DekId, _Held] = {}
        self._active: dict[str, tuple[DekId, float]] = {}

    def make_dek(self, scope: str, *, region: str) -> WrappedDek:
        """Return the record of a fresh data key; the caller stores it, and the ring uses it once it is committed."""
        now = self._ambient.now()
        material, wrapped = self._kms.generate_data_key(wrap_context(scope, region))
        dek_id = new_id(DekId, now=now, random=self._ambient.random)
        commitment = DataKey(dek_id, material=material).commitment
        kek = (self._kms.describe()).ref
        return WrappedDek(
            id=dek_id, scope=scope, region=region, kek=kek, wrapped=wrapped, commitment=commitment, state=DekState.ACTIVE, created_at=now
        )

    def seal(self, plaintext: bytes, *, context: Context) -> bytes:
        """Return the managed blob of `plaintext` under the active key of the context's scope; raise KeyNotFound if it has none."""
        key = self._sealing_key(context.scope)
        return seal(plaintext, key=key, context=context, random=self._ambient.random)

    def open(self, blob: bytes, *, context: Context) -> bytes:
        """Return the plaintext; raise DecryptionFailed, CorruptRecord, KeyNotFound or another `KmsError`."""
        dek_id = dek_id_of(blob)
        held = self._fresh(dek_id)
        if held is None:
            record = self._source.get(dek_id)
            if record is None:
                raise KeyNotFound("the data key of this record is not in the store; restore it together with its data")
            held = self._unwrap(record)
        return open_blob(blob, key=held, context=context)

    def forget(self) -> None:
        """Drop every unwrapped key, so that the next use asks the key service again."""
        self._held.clear()
        self._active.clear()

    def _sealing_key(self, scope: str) -> DataKey:
        known = self._active.get(scope)
        if known is not None and known[1] > self._ambient.clock.monotonic() and (key := self._fresh(known[0])) is not None:
            return key
        started = self._ambient.clock.monotonic()
        record = self._source.active(scope)
        if record is None:
            raise KeyNotFound(f"{scope} has no active data key; run the preparation step (ctsec db upgrade) first")
        key = self._fresh(record.id) or self._unwrap(record)
        self._active[scope] = (record.id, started + CACHE_LIFE.total_seconds())
        return key

    def _fresh(self, dek_id: DekId) -> DataKey | None:
        held = self._held.get(dek_id)
        if held is None or held.until <= self._ambient.clock.monotonic():
            return None
        return held.key

    def _unwrap(self, record: WrappedDek) -> DataKey:
        if record.state is DekState.DESTROYED:
            raise KeyNotFound("the data key of this record was destroyed; what it sealed can not be read any more")
        started = self._ambient.clock.monotonic()
        material: Secret = self._kms.unwrap(record.wrapped, wrap_context(record.scope, record.region))
        key = DataKey(record.id, material=material, decrypt_only=record.state is DekState.DECRYPT_ONLY)
        if key.commitment != record.commitment:
            raise CorruptRecord("the key service returned another key than the one that this record was made with")
        self._held[record.id] = _Held(key, started + CACHE_LIFE.total_seconds())
        return key
