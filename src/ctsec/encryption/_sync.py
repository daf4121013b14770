# Generated from src/ctsec/encryption/_async.py by tools/twin.py; edit that file.
"""The key ring: data keys unwrapped once, held for a bounded time, and used to seal and open (async source)."""

from __future__ import annotations

from collections.abc import Mapping
from hmac import compare_digest
from types import MappingProxyType
from typing import Final

from ctsec.ambient import Ambient
from ctsec.encryption._sync_ports import DekSource, KeyServices, Kms
from ctsec.encryption.context import DEPLOYMENT, Context, wrap_context
from ctsec.encryption.data_key import DataKey, DataKeyExhausted, NoDataKey, counted
from ctsec.encryption.dek import DEFAULT_REGION, DekState, WrappedDek
from ctsec.encryption.envelope import dek_id_of, open_blob, seal
from ctsec.encryption.holding import HeldKeys, RingPolicy, Started, serving
from ctsec.encryption.suites import Suite
from ctsec.encryption.turns import Turns
from ctsec.errors import CorruptRecord, DecryptionFailed, KeyNotFound, KmsError
from ctsec.ids import DekId, new_id

LARGEST_BLOCK: Final = 1 << 20
_BLOCKS: Final = 3


class KeyRing:
    """Seals and opens under the data keys of the deployment and of organizations.

    A data key is used only after its record is committed. What it seals is counted in the guard store, in blocks that are reserved before
    they are used, so that its bound on messages holds over all processes. How long an unwrapped key is held is `policy.holding`.
    """

    __slots__ = ("_ambient", "_blocks", "_held", "_kms", "_policy", "_region_keys", "_services", "_source", "_turns")

    def __init__(
        self,
        *,
        kms: Kms,
        source: DekSource,
        ambient: Ambient,
        services: KeyServices | None = None,
        policy: RingPolicy | None = None,
        held: HeldKeys | None = None,
        region_keys: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """`kms` is the deployment's own key; `services` opens every other that wrapped a data key, such as customers' own.

        `held` is where unwrapped keys are, if somebody else tells it what changed. `region_keys` are the keys of regions that have
        others: there they take the place of the deployment's own for what belongs to an organization.
        """
        self._kms = kms
        self._region_keys = region_keys
        self._services = services
        self._source = source
        self._ambient = ambient
        self._policy = policy or RingPolicy()
        self._held = serving(held if held is not None else HeldKeys(self._policy.holding, clock=ambient.clock), self._policy)
        self._turns = Turns()
        self._blocks: dict[DekId, int] = {}

    @property
    def policy(self) -> RingPolicy:
        """The bounds of this ring."""
        return self._policy

    def make_dek(self, scope: str, *, region: str, kek: str | None = None) -> WrappedDek:
        """Return the record of a fresh data key under `kek` (None: its region's own); the ring uses it once its record is committed."""
        now = self._ambient.now()
        kms = self.open_kek(self._or_regions(kek, scope, region))
        material, wrapped = kms.generate_data_key(wrap_context(scope, region))
        dek_id = new_id(DekId, now=now, random=self._ambient.random)
        return WrappedDek(
            id=dek_id,
            scope=scope,
            region=region,
            kek=kms.ref,
            wrapped=wrapped,
            commitment=DataKey(dek_id, material=material).commitment,
            state=DekState.ACTIVE,
            created_at=now,
        )

    def rewrap(self, record: WrappedDek, *, kek: str | None = None) -> WrappedDek:
        """Return the record of the same data key under `kek` (None: its region's own), to be stored over the one of the version before.

        The answer of the service is tried before it is returned: what can not be unwrapped again is never stored. Raises as `open` does.
        """
        context = wrap_context(record.scope, record.region)
        target = self.open_kek(self._or_regions(kek, record.scope, record.region))
        if record.kek == target.ref:
            wrapped = target.rewrap(record.wrapped, context, context)
        else:
            source = self.open_kek(record.kek)
            wrapped = target.wrap(source.unwrap(record.wrapped, context), context)
        renewed = record.rewrapped(wrapped, kek=target.ref)
        self._key_of(renewed)
        return renewed

    def seal(self, plaintext: bytes, *, context: Context, region: str = DEFAULT_REGION) -> bytes:
        """Return the managed blob of `plaintext` under the active key of the context's scope; raise NoDataKey if it has none."""
        now = self._ambient.now()
        dek_id = self._held.active(context.scope, region)
        key = self._held.fresh(context.scope, dek_id) if dek_id is not None else None
        if key is None or not key.may_seal(now=now):
            key = self._sealing_key(context.scope, region)
        for _ in range(_BLOCKS):
            try:
                return seal(plaintext, key=key, context=context, random=self._ambient.random, now=now)
            except DataKeyExhausted:
                key = self._sealing_key(context.scope, region, spent=key, messages=counted(len(plaintext)))
        return seal(plaintext, key=key, context=context, random=self._ambient.random, now=now)

    def open(self, blob: bytes, *, context: Context) -> bytes:
        """Return the plaintext; raise DecryptionFailed, CorruptRecord, NoDataKey or a `KmsError`."""
        dek_id = dek_id_of(blob)
        key = self._held.fresh(context.scope, dek_id) or self._opening_key(context.scope, dek_id)
        return open_blob(blob, key=key, context=context)

    def committed(self, dek_id: DekId) -> bool:
        """Say whether the record of a key is committed."""
        return self._source.get(dek_id) is not None

    def unheld(self, record: WrappedDek) -> DataKey:
        """Return the key of a record that is written in this transaction and not committed: it is not held, and goes with a rollback."""
        key = self._key_of(record)
        if not key.may_seal(now=self._ambient.now()) and record.state is DekState.ACTIVE:
            self.extend(record, key)
        return key

    def extend(self, record: WrappedDek, key: DataKey, *, messages: int = 0) -> None:
        """Let a key seal another block, of at least `messages`; raise DataKeyExhausted if it may seal no more.

        `messages` is what a refused plaintext counts as: then the block is twice as large as the one that it used up, so that busy
        processes ask seldom, and idle ones waste few. What was refused counts as sealed, so it takes twice its count.
        """
        first = self._policy.first_block
        wanted = min(self._blocks[record.id] << 1, LARGEST_BLOCK) if messages and record.id in self._blocks else first
        if record.state is DekState.ACTIVE and self._ambient.now() < record.created_at + self._policy.seals_for:
            for block in dict.fromkeys((max(wanted, 2 * messages), max(first, 2 * messages))):
                if self._source.reserve(record.id, messages=block, most=self._policy.max_messages):
                    self._blocks[record.id] = min(block, LARGEST_BLOCK)
                    key.allow(block)
                    return
        raise DataKeyExhausted("the data key is too old or has sealed too much to seal more; rotate it")

    def forget(self, scope: str | None = None) -> None:
        """Drop the unwrapped keys of `scope`, or (None) of everybody, so that the next use asks the key service again."""
        self._held.forget(scope)

    def is_deployments(self, ref: str) -> bool:
        """Say whether `ref` is the deployment's own key, or that of one of its regions."""
        return ref == self._kms.ref or ref in self._region_keys.values()

    def own_kek(self, region: str) -> str:
        """Return the reference of the key that wraps the data keys of organizations in a region, where they have none of their own."""
        return self._region_keys.get(region, self._kms.ref)

    def open_kek(self, ref: str | None) -> Kms:
        """Return the key service with the key `ref` (None: the deployment's); raise KeyNotFound or ConfigurationError if none has it."""
        if ref is None or ref == self._kms.ref:
            return self._kms
        if self._services is None:
            raise KeyNotFound(
                f"a data key was wrapped under {ref}, and the deployment's key is {self._kms.ref}: "
                "give back the key file, or the key service, that the store was made with"
            )
        return self._services.open(ref)

    def _or_regions(self, kek: str | None, scope: str, region: str) -> str | None:
        return kek if kek is not None or scope == DEPLOYMENT else self._region_keys.get(region)

    def _opening_key(self, scope: str, dek_id: DekId) -> DataKey:
        with self._turns.of((scope, dek_id)):
            key = self._held.fresh(scope, dek_id)
            if key is not None:
                return key
            # Before the record is read: what is destroyed from here on is not held, though the record that was read knew nothing of it.
            started = self._held.begin()
            record = self._source.get(dek_id)
            if record is None:
                raise NoDataKey("the data key of this record is not in the store; restore it together with its data")
            if record.scope != scope:
                raise DecryptionFailed("the ciphertext does not open under this key and context")
            return self._unwrap(record, started=started)

    def _sealing_key(self, scope: str, region: str, *, spent: DataKey | None = None, messages: int = 0) -> DataKey:
        """Return the key that seals, with room: more of it if it is the one that is `spent`."""
        with self._turns.of((scope, region, "seal")):
            started = self._held.begin()
            record = self._source.active(scope, region)
            if record is None:
                raise NoDataKey(f"{scope} has no active data key in {region}; run the preparation step (ctsec db upgrade) first")
            key = self._held.fresh(scope, record.id) or self._unwrap(record, started=started)
            if key is spent or not key.may_seal(now=self._ambient.now()):
                self.extend(record, key, messages=messages)
            self._held.point(record, started=started)
            return key

    def _unwrap(self, record: WrappedDek, *, started: Started) -> DataKey:
        if record.state is DekState.DESTROYED:
            raise KeyNotFound("the data key of this record was destroyed; what it sealed can not be read any more")
        refused = self._held.refused(record)
        if refused is not None:
            raise refused
        try:
            key = self._key_of(record)
        except KmsError as error:
            if error.definite:
                self._held.refuse(record, error)
                raise
            late = self._held.late(record.scope, record.id)
            if late is None:
                raise
            return late
        self._held.keep(record, key, started=started)
        return key

    def _key_of(self, record: WrappedDek) -> DataKey:
        material = self.open_kek(record.kek).unwrap(record.wrapped, wrap_context(record.scope, record.region))
        suite = self._policy.suite
        key = DataKey(
            record.id,
            material=material,
            suite=suite,
            also_opens=tuple(Suite),
            max_messages=0 if suite is Suite.DEFAULT else None,
            not_after=record.created_at + self._policy.seals_for,
            decrypt_only=record.state is not DekState.ACTIVE,
        )
        if not compare_digest(key.commitment, record.commitment):
            raise CorruptRecord("the key service returned another key than the one that this record was made with")
        return key
