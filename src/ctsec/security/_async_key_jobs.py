"""The jobs that keep data keys young, and know whether customers' keys still serve (async source).

Each asks the key service outside of any transaction and writes what came of it in a short one, compared and set: killed in between, it
has changed nothing, and starts again where it was.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._async import AsyncAuditLog
from ctsec.audit.event import EventName, Target
from ctsec.encryption._async import AsyncKeyRing
from ctsec.encryption.context import DEPLOYMENT
from ctsec.encryption.customer_key import CustomerKey
from ctsec.encryption.dek import WrappedDek
from ctsec.encryption.holding import keys_of
from ctsec.errors import CtsecError, KmsError
from ctsec.ids import DekId, OrganizationId
from ctsec.principal import system
from ctsec.security.parts import Memory
from ctsec.storage._async_ports import AsyncStorage, AsyncStore

_PAGE: Final = 100


@dataclass(frozen=True, slots=True)
class Rewrapped:
    """How far a re-wrapping came: how many records were written, which could not be, and the id to go on after (None: the end)."""

    written: int = 0
    failed: tuple[DekId, ...] = field(default=())
    after: str | None = None


class AsyncKeyJobs:
    """Rotation of data keys, re-wrapping under another deployment's key, and checks of customers' keys."""

    __slots__ = ("_ambient", "_memory", "_ring", "_storage")

    def __init__(self, storage: AsyncStorage, *, ring: AsyncKeyRing, memory: Memory, ambient: Ambient) -> None:
        self._storage = storage
        self._ring = ring
        self._memory = memory
        self._ambient = ambient

    async def rewrap(self, kek: str, *, after: str = "", limit: int = _PAGE) -> Rewrapped:
        """Wrap the next `limit` data keys that `kek` wrapped under the deployment's key; data is not touched.

        A record that does not open is passed over and named; what others changed meanwhile is left to the next run.
        """
        async with self._storage.reading() as store:
            found = await store.deks.under(kek, after=after, limit=limit)
        renewed: list[WrappedDek] = []
        failed: list[DekId] = []
        for record in found:
            try:
                renewed.append(await self._ring.rewrap(record))
            except CtsecError as error:
                if error.retryable:
                    raise
                failed.append(record.id)
        async with self._storage.begin(after_commit=self._memory.evict) as store:
            # The data keys stay what they are, so nobody has to forget them: one write for each, and no more.
            written = [await store.deks.change(each) for each in renewed]
        return Rewrapped(sum(written), tuple(failed), found[-1].id if len(found) == limit else None)

    async def rotate_due(self) -> int:
        """Give every scope another data key whose present one is old or has sealed half of what it may; return how many."""
        count, after = 0, ""
        while True:
            async with self._storage.reading() as store:
                found = await store.deks.active_page(after=after, limit=_PAGE)
            for record in found:
                count += await self.rotate_if_due(record)
            if len(found) < _PAGE:
                return count
            after = found[-1].id

    async def rotate_if_due(self, record: WrappedDek) -> bool:
        """Give the scope of an active key another one if it is due; say whether it was."""
        return await self._is_due(record) and await self._rotate(record)

    async def check_customer_keys(self) -> int:
        """Ask each key service whether the customer's key still serves; what changed is an event, and a refusal is heard everywhere."""
        count = 0
        place = ("", "")
        while True:
            async with self._storage.reading() as store:
                found = await store.customer_keys.page(after=place, limit=_PAGE)
            for key in found:
                count += await self._check(key)
            if len(found) < _PAGE:
                return count
            place = (found[-1].organization_id, found[-1].region)

    async def _is_due(self, record: WrappedDek) -> bool:
        policy = self._ring.policy
        if self._ambient.now() >= record.created_at + policy.rotate_after:
            return True
        return 2 * await self._storage.guard.seals.reserved(record.id) >= policy.max_messages

    async def _rotate(self, record: WrappedDek) -> bool:
        organization = None if record.scope == DEPLOYMENT else OrganizationId(record.scope)
        async with self._storage.reading() as store:
            newest = await store.deks.active(record.scope, record.region)
            own = await store.customer_keys.get(organization, record.region) if organization is not None else None
        made: WrappedDek | None = None
        if newest is None or newest.id == record.id:
            try:
                made = await self._ring.make_dek(record.scope, region=record.region, kek=own.ref if own is not None else None)
            except KmsError:
                # A customer's key that does not serve must not keep the others' from being rotated; it is told by its own check.
                return False
        async with self._storage.begin(after_commit=self._memory.evict) as store:
            if not await store.deks.change(record.retired()):
                return False
            await store.epochs.bump(keys_of(record.scope))
            if made is None:
                return True
            await store.deks.add(made)
            await self._log(store).note(
                EventName.DATA_KEY_ROTATED,
                actor=system("encryption"),
                targets=(Target("data_key", made.id),),
                organization=organization,
                details={"region": made.region, "key": made.kek},
            )
        return True

    async def _check(self, key: CustomerKey) -> bool:
        problem = ""
        try:
            await self._ring.open_kek(key.ref).describe()
        except CtsecError as error:
            if error.retryable:
                return False
            problem = error.code
        checked = replace(key, problem=problem, checked_at=self._ambient.now(), version=key.version + 1)
        async with self._storage.begin(after_commit=self._memory.evict) as store:
            if not await store.customer_keys.change(checked):
                return False
            if problem != key.problem:
                await store.epochs.bump(keys_of(key.organization_id))
                await self._log(store).note(
                    EventName.CUSTOMER_KEY_FAILED if problem else EventName.CUSTOMER_KEY_RECOVERED,
                    actor=system("encryption"),
                    targets=(Target("customer_key", key.ref[:256]),),
                    organization=key.organization_id,
                    details={"region": key.region, "problem": problem or key.problem},
                )
        return True

    def _log(self, store: AsyncStore) -> AsyncAuditLog:
        return AsyncAuditLog(inbox=store.inbox, log=store.log, aside=self._storage.guard.events, sealer=self._ring, ambient=self._ambient)
