"""The data keys of an organization: rotated, and destroyed with all that they sealed (async source)."""

from __future__ import annotations

from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.event import EventName, Target
from ctsec.encryption._async import AsyncKeyRing
from ctsec.encryption._async_ports import (
    AsyncCustomerKeyRecords,
    AsyncDekRecords,
    AsyncEpochRecords,
    AsyncKeyRights,
    AsyncReencryptionRecords,
)
from ctsec.encryption.customer_key import ENCRYPTION_MANAGE, KEY_CHANGED, same_key
from ctsec.encryption.dek import DEFAULT_REGION, DekState, WrappedDek
from ctsec.encryption.holding import keys_of
from ctsec.encryption.reencryption import SealedPlace, Stored, is_clear, retired
from ctsec.errors import StoreBusy
from ctsec.ids import DekId, OrganizationId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Principal

STEP_UP: Final = Refusal(Reason.STEP_UP_REQUIRED, "prove your second factor again to change keys")


class AsyncDataKeys:
    """The data keys of organizations. Everything here takes a fresh second factor."""

    __slots__ = ("_ambient", "_audit", "_customer_keys", "_epochs", "_places", "_records", "_reencryptions", "_rights", "_ring")

    def __init__(
        self,
        ring: AsyncKeyRing,
        *,
        records: AsyncDekRecords,
        customer_keys: AsyncCustomerKeyRecords,
        rights: AsyncKeyRights,
        epochs: AsyncEpochRecords,
        reencryptions: AsyncReencryptionRecords,
        places: tuple[SealedPlace, ...],
        audit: AsyncRecorder,
        ambient: Ambient,
    ) -> None:
        self._ring = ring
        self._records = records
        self._customer_keys = customer_keys
        self._rights = rights
        self._epochs = epochs
        self._reencryptions = reencryptions
        self._places = places
        self._audit = audit
        self._ambient = ambient

    async def of_organization(self, *, organization: OrganizationId) -> tuple[WrappedDek, ...]:
        """Return the records of every data key of an organization, in the order of their ids; they show nothing of the keys."""
        return await self._records.of_scope(organization)

    async def rotate(self, actor: Principal, *, organization: OrganizationId, region: str = DEFAULT_REGION) -> Outcome[WrappedDek]:
        """Give new data another data key; what the old one sealed still opens. Needs `encryption:manage` and a fresh second factor."""
        refusal = await self._judge(actor, organization, lock=False)
        if refusal is None:
            own = await self._customer_keys.get(organization, region)
            made = await self._ring.make_dek(organization, region=region, kek=own.ref if own is not None else None)
            refusal = await self._judge(actor, organization, lock=True)
            if refusal is None:
                if not same_key(own, await self._customer_keys.get(organization, region, fresh=True)):
                    raise StoreBusy(KEY_CHANGED)
                return await self._replaced(actor, organization, made)
        return await refuse(self._audit, actor, organization, refusal, attempted="data_key.rotate")

    async def destroy(self, actor: Principal, *, organization: OrganizationId) -> Outcome[int]:
        """Destroy every data key of an organization; return how many. Nothing that was sealed under them can ever be read again.

        Needs an owner with a fresh second factor. Copies of the records in backups end with the key that wrapped them: where that is the
        organization's own, its owner destroys it at its key service.
        """
        refusal = await self._judge_destroying(actor, organization)
        if refusal is not None:
            return await refuse(self._audit, actor, organization, refusal, attempted="data_keys.destroy")
        count = 0
        for record in await self._records.of_scope(organization):
            if record.state is not DekState.DESTROYED:
                await self._destroy(record)
                count += 1
        for key in await self._customer_keys.of_organization(organization):
            await self._customer_keys.remove(organization, key.region)
        await self._epochs.bump(keys_of(organization))
        await self._audit.note(
            EventName.DATA_KEYS_DESTROYED,
            actor=actor,
            targets=(Target("organization", organization),),
            organization=organization,
            details={"count": count},
        )
        return count

    async def destroy_retired(self, actor: Principal, *, organization: OrganizationId) -> Outcome[int]:
        """Destroy the data keys that were replaced and that nothing needs any more; return how many.

        Refused with CONFLICT while a table that is known needs each of them, or was not counted since they ceased to seal, which is two
        hours after the rotation. What a host has sealed and handed to nobody is not known, and neither are backups: it can never be read
        again. Needs an owner with a fresh second factor.
        """
        refusal = await self._judge_destroying(actor, organization)
        keys = await self._records.of_scope(organization) if refusal is None else ()
        unneeded, needing = await self._unneeded(keys, organization)
        if refusal is None and needing and not unneeded:
            refusal = Refusal(Reason.CONFLICT, f"the keys are needed, or may be, by {', '.join(needing)}; the worker seals that anew first")
        if refusal is not None:
            return await refuse(self._audit, actor, organization, refusal, attempted="data_keys.destroy_retired")
        count = 0
        for record in keys:
            if record.id in unneeded:
                await self._destroy(record)
                count += 1
        if count:
            await self._epochs.bump(keys_of(organization))
            await self._audit.note(
                EventName.RETIRED_DATA_KEYS_DESTROYED,
                actor=actor,
                targets=(Target("organization", organization), *(Target("data_key", each) for each in sorted(unneeded))),
                organization=organization,
                details={"count": count},
            )
        return count

    async def _destroy(self, record: WrappedDek) -> None:
        # Passed over, a key that the worker wraps anew at this moment would live on while the log says that it is gone.
        if not await self._records.change(record.destroyed()):
            raise StoreBusy("a data key was changed meanwhile; nothing was destroyed, try again")

    async def _unneeded(self, keys: tuple[WrappedDek, ...], organization: OrganizationId) -> tuple[frozenset[DekId], tuple[str, ...]]:
        """Return which replaced keys nothing needs, and the names of the tables that need others."""
        found = {each.place: each for each in await self._reencryptions.of_scopes((organization,))}
        own = {each.value: each for each in Stored}
        unneeded, needing = set(retired(keys)), set[str]()
        for place in (each for each in self._places if each.holds(organization)):
            for key, moment in retired(keys, region=place.region).items():
                clear = is_clear(found.get(place.name), moment)
                if clear and place.name in own:
                    clear = not await self._reencryptions.count(own[place.name], organization, keys=(key,))
                if not clear:
                    unneeded.discard(key)
                    needing.add(place.name)
        return frozenset(unneeded), tuple(sorted(needing))

    async def _judge_destroying(self, actor: Principal, organization: OrganizationId) -> Refusal | None:
        refusal = await self._rights.may_destroy(actor, organization=organization)
        fresh = actor.credential.second_factor_fresh(now=self._ambient.now())
        return refusal if refusal is not None or fresh else STEP_UP

    async def _replaced(self, actor: Principal, organization: OrganizationId, made: WrappedDek) -> WrappedDek:
        for earlier in await self._records.of_scope(organization):
            if earlier.region == made.region and earlier.state is DekState.ACTIVE:
                await self._records.change(earlier.retired())
        await self._records.add(made)
        await self._epochs.bump(keys_of(organization))
        await self._audit.note(
            EventName.DATA_KEY_ROTATED,
            actor=actor,
            targets=(Target("data_key", made.id),),
            organization=organization,
            details={"region": made.region, "key": made.kek},
        )
        return made

    async def _judge(self, actor: Principal, organization: OrganizationId, *, lock: bool) -> Refusal | None:
        refusal = await self._rights.may(actor, organization=organization, permission=ENCRYPTION_MANAGE, lock=lock)
        fresh = actor.credential.second_factor_fresh(now=self._ambient.now())
        return refusal if refusal is not None or fresh else STEP_UP


async def refuse(audit: AsyncRecorder, actor: Principal, organization: OrganizationId, refusal: Refusal, *, attempted: str) -> Refusal:
    """Write the refusal of a change of keys aside, so that a rollback of the host does not erase it, and return it."""
    await audit.note_aside(
        EventName.ACCESS_DENIED,
        actor=actor,
        targets=(Target("organization", organization),),
        refused=refusal.reason,
        organization=organization,
        details={"attempted": attempted},
    )
    return refusal
