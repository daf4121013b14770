"""Carrying erasures out, and again after a restore (async source)."""

from __future__ import annotations

from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._async import AsyncAuditLog
from ctsec.audit.erasure._async_ports import AsyncErasureList
from ctsec.audit.erasure.record import Erased, Erasure, ErasureState
from ctsec.audit.event import EventName, Target
from ctsec.audit.query import AuditQuery
from ctsec.audit.retention.hold import GRACE, LegalHold
from ctsec.encryption._async import AsyncKeyRing
from ctsec.encryption._async_subject_keys import AsyncSubjectKeys
from ctsec.errors import ConfigurationError
from ctsec.ids import UserId
from ctsec.principal import system
from ctsec.security._async_logs import AsyncLogs
from ctsec.storage._async_ports import AfterCommit, AsyncStorage, AsyncStore

ERASURE_JOB: Final = "erasures"
_PAGE: Final = 100


class AsyncErasureJobs:
    """Destroys the keys of persons. `erased` is the list outside of the backups; without one nothing is destroyed.

    The list has the entry before the first key goes: a store that is restored from an earlier backup finds it and erases again.
    """

    __slots__ = ("_ambient", "_committed", "_erased", "_logs", "_ring", "_storage", "_subjects")

    def __init__(
        self,
        storage: AsyncStorage,
        *,
        subjects: AsyncSubjectKeys,
        ring: AsyncKeyRing,
        logs: AsyncLogs,
        erased: AsyncErasureList | None,
        committed: AfterCommit,
        ambient: Ambient,
    ) -> None:
        self._storage = storage
        self._subjects = subjects
        self._ring = ring
        self._logs = logs
        self._erased = erased
        self._committed = committed
        self._ambient = ambient

    async def run_due(self) -> int:
        """Carry out what waits and no hold covers; return how many persons were erased.

        Raises ConfigurationError if something waits and there is no list outside of the backups.
        """
        # What is committed gets its index first: a hold covers what the log has.
        await self._logs.place()
        async with self._storage.reading() as store:
            waiting = await store.erasures.unfinished(limit=_PAGE)
        return sum([await self._carry_out(each) for each in waiting])

    async def replay(self) -> int:
        """Destroy again what the list names and a restored store still has; return how many persons that were. Run at each start."""
        count = 0
        for entry in await self._erased.all() if self._erased is not None else ():
            keys = await self._subjects.destroy(entry.user_id, until=entry.at)
            if keys:
                count += 1
                async with self._storage.begin(after_commit=self._committed) as store:
                    await self._note(store, EventName.PERSON_ERASURE_REPLAYED, entry.user_id, keys=keys)
        return count

    async def _carry_out(self, erasure: Erasure) -> bool:
        if self._erased is None:
            raise ConfigurationError("expected a list of erasures outside of the backups (`erasures`): nothing is erased without one")
        if await self._is_held(erasure):
            return False
        now = self._ambient.now()
        await self._erased.add(Erased(erasure.user_id, now))
        keys = await self._subjects.destroy(erasure.user_id, until=now)
        async with self._storage.begin(after_commit=self._committed) as store:
            if not await store.erasures.replace(erasure.done(now=now, keys=keys)):
                return False
            await self._note(store, EventName.PERSON_ERASED, erasure.user_id, keys=keys, erasure=erasure)
        return True

    async def _is_held(self, erasure: Erasure) -> bool:
        """Say whether a hold keeps an erasure waiting; the first time that is recorded."""
        async with self._storage.begin(after_commit=self._committed) as store:
            found = await store.retention.in_force(since=self._ambient.now() - GRACE)
            holds = [hold for hold in found if await _covers(hold, erasure.user_id, store)]
            if holds and erasure.state is ErasureState.REQUESTED and await store.erasures.replace(erasure.deferred()):
                await self._note(store, EventName.PERSON_ERASURE_DEFERRED, erasure.user_id, erasure=erasure, holds=len(holds))
        return bool(holds)

    async def _note(self, store: AsyncStore, name: EventName, user: UserId, *, erasure: Erasure | None = None, **counts: int) -> None:
        log = AsyncAuditLog(inbox=store.inbox, log=store.log, aside=self._storage.guard.events, sealer=self._ring, ambient=self._ambient)
        targets = (Target("user", user), *((Target("erasure", erasure.id),) if erasure is not None else ()))
        await log.note(name, actor=system("erasures"), targets=targets, subject=user, details={**counts})


async def _covers(hold: LegalHold, user: UserId, store: AsyncStore) -> bool:
    """Say whether a hold needs what is known of a person: it names them, or covers an event of theirs."""
    if hold.person is not None:
        return hold.person == user
    query = AuditQuery(log=hold.log, person=user, name=hold.name, since=hold.since, until=hold.until)
    return bool(await store.log.search(query, before=None, limit=1))
