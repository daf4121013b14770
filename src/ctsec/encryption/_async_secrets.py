"""Secrets of organizations, sealed and opened inside a unit of work (async source)."""

from __future__ import annotations

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.event import EventName, Target
from ctsec.encryption._async import AsyncKeyRing
from ctsec.encryption._async_ports import AsyncCustomerKeyRecords, AsyncDekRecords, AsyncEpochRecords, AsyncOrganizationLock
from ctsec.encryption.context import Context
from ctsec.encryption.customer_key import KEY_CHANGED, same_key
from ctsec.encryption.data_key import DataKey, DataKeyExhausted, NoDataKey, counted
from ctsec.encryption.dek import DEFAULT_REGION, WrappedDek
from ctsec.encryption.envelope import dek_id_of, open_blob, seal
from ctsec.encryption.holding import keys_of
from ctsec.errors import DecryptionFailed, StoreBusy
from ctsec.ids import DekId, OrganizationId
from ctsec.principal import system


class AsyncSecrets:
    """Seals and opens what belongs to an organization, or (a context without one) to the deployment.

    An organization gets its data key with the first thing that is sealed for it, under its own key where it has registered one, and
    another when that has sealed as much as it may. A key that this unit made serves this unit only, until its record is committed.
    """

    __slots__ = ("_ambient", "_audit", "_customer_keys", "_epochs", "_made", "_organizations", "_records", "_ring")

    def __init__(
        self,
        ring: AsyncKeyRing,
        *,
        records: AsyncDekRecords,
        customer_keys: AsyncCustomerKeyRecords,
        organizations: AsyncOrganizationLock,
        epochs: AsyncEpochRecords,
        made: dict[DekId, DataKey],
        audit: AsyncRecorder,
        ambient: Ambient,
    ) -> None:
        """`made` holds the keys that this unit has made, for as long as it lasts."""
        self._ring = ring
        self._records = records
        self._customer_keys = customer_keys
        self._organizations = organizations
        self._epochs = epochs
        self._made = made
        self._audit = audit
        self._ambient = ambient

    async def seal(self, plaintext: bytes, *, context: Context, region: str = DEFAULT_REGION) -> bytes:
        """Return the managed blob of at most 64 MiB, bound to `context`, under the data key of its organization in `region`.

        Raises a `KmsError` that says why a key can not be used, ValueError for more bytes or an organization that is not there.
        """
        try:
            return await self._ring.seal(plaintext, context=context, region=region)
        except (NoDataKey, DataKeyExhausted):
            if context.organization is None:
                raise
        key = await self._own_key(context.organization, region)
        try:
            return seal(plaintext, key=key, context=context, random=self._ambient.random, now=self._ambient.now())
        except DataKeyExhausted:
            key = await self._own_key(context.organization, region, spent=key, messages=counted(len(plaintext)))
            return seal(plaintext, key=key, context=context, random=self._ambient.random, now=self._ambient.now())

    async def open(self, blob: bytes, *, context: Context) -> bytes:
        """Return the plaintext; raise DecryptionFailed, CorruptRecord, NoDataKey or a `KmsError` that says why a key can not be used."""
        try:
            return await self._ring.open(blob, context=context)
        except NoDataKey:
            record = await self._records.get(dek_id_of(blob))
            if record is None:
                raise
        if record.scope != context.scope:
            raise DecryptionFailed("the ciphertext does not open under this key and context")
        return open_blob(blob, key=await self._key(record), context=context)

    async def _own_key(self, organization: OrganizationId, region: str, *, spent: DataKey | None = None, messages: int = 0) -> DataKey:
        active = await self._records.active(organization, region)
        if active is not None and (written := await self._usable(active, spent=spent, messages=messages)) is not None:
            return written
        # Made before waiting: a key service that is slow must not hold the organization's lock.
        own = await self._customer_keys.get(organization, region)
        record = await self._ring.make_dek(organization, region=region, kek=own.ref if own is not None else None)
        if not await self._organizations.lock(organization):
            raise ValueError("expected a context of an organization that is there")
        if not same_key(own, await self._customer_keys.get(organization, region, fresh=True)):
            raise StoreBusy(KEY_CHANGED)
        if active is not None:
            await self._records.change(active.retired())
        # Two units may make a first key at once: the newest seals, and both open.
        await self._records.add(record)
        await self._epochs.bump(keys_of(organization))
        await self._audit.note(
            EventName.DATA_KEY_CREATED,
            actor=system("encryption"),
            targets=(Target("data_key", record.id),),
            organization=organization,
            details={"region": region, "key": record.kek},
        )
        return await self._key(record)

    async def _usable(self, record: WrappedDek, *, spent: DataKey | None, messages: int) -> DataKey | None:
        """Return the key of a record that this transaction has written and nobody else can see, if it may seal."""
        if record.id not in self._made and await self._ring.committed(record.id):
            return None
        key = await self._key(record)
        if key is spent or not key.may_seal(now=self._ambient.now()):
            try:
                await self._ring.extend(record, key, messages=messages)
            except DataKeyExhausted:
                return None
        return key

    async def _key(self, record: WrappedDek) -> DataKey:
        if record.id not in self._made:
            self._made[record.id] = await self._ring.unheld(record)
        return self._made[record.id]
