"""Carrying erasures out, and again after a restore (async source)."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._async import AsyncAuditLog
from ctsec.audit.erasure._async_ports import AsyncErasureBatches, AsyncErasureList
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

    Rules that it keeps, for all that are due at once as for one:

    - the list has the entries before the first key goes: a store that is restored from an earlier backup finds them and erases again;
    - keys, events and states are one transaction, or the keys go first (`AsyncStorage.erasing`): what a crash leaves is due, and is done
      again, with one event in the end;
    - a hold that is placed after the holds were looked at comes too late.
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
        count, after, more = 0, "", True
        while more:
            async with self._storage.reading() as store:
                waiting = await store.erasures.unfinished(after=after, limit=_PAGE)
                holds = await self._in_force(store) if waiting else ()
            if waiting and self._erased is None:
                raise ConfigurationError("expected a list of erasures outside of the backups (`erasures`): nothing is erased without one")
            free = await self._not_held(waiting) if holds else waiting
            if free and self._erased is not None:
                count += await self._carry_out(free, erased=self._erased)
            more, after = len(waiting) == _PAGE, waiting[-1].id if waiting else ""
        return count

    async def replay(self) -> int:
        """Destroy again what the list names and a restored store still has; return how many persons that were. Run at each start."""
        named: dict[str, datetime] = {}
        for entry in await self._erased.all() if self._erased is not None else ():
            named[entry.user_id] = max(entry.at, named.get(entry.user_id, entry.at))
        users, count = tuple(named), 0
        for first in range(0, len(users), _PAGE):
            alive = await self._subjects.alive({each: named[each] for each in users[first : first + _PAGE]})
            if alive:
                keys = {UserId(user): gone for user, gone in (await self._subjects.destroy(alive)).items() if gone}
                async with self._storage.begin(after_commit=self._committed) as store:
                    for user, gone in keys.items():
                        await self._note(store, EventName.PERSON_ERASURE_REPLAYED, user, keys=gone)
                count += len(keys)
        return count

    async def _in_force(self, store: AsyncStore) -> tuple[LegalHold, ...]:
        return await store.retention.in_force(since=self._ambient.now() - GRACE)

    async def _not_held(self, waiting: tuple[Erasure, ...]) -> tuple[Erasure, ...]:
        """Return those that no hold keeps waiting; the first time that one is kept, that is recorded."""
        # What is committed gets its index first: a hold covers what the log has.
        await self._logs.place()
        async with self._storage.begin(after_commit=self._committed) as store:
            found = await self._in_force(store)
            counts = [sum([await self._covers(hold, each.user_id, store) for hold in found]) for each in waiting]
            for erasure, holds in zip(waiting, counts, strict=True):
                if holds and erasure.state is ErasureState.REQUESTED and await store.erasures.replace(erasure.deferred()):
                    await self._note(store, EventName.PERSON_ERASURE_DEFERRED, erasure.user_id, erasure=erasure, holds=holds)
        return tuple(erasure for erasure, holds in zip(waiting, counts, strict=True) if not holds)

    async def _carry_out(self, due: tuple[Erasure, ...], *, erased: AsyncErasureList) -> int:
        now = self._ambient.now()
        await _list(tuple(Erased(each.user_id, now) for each in due), erased)
        until: dict[str, datetime] = {each.user_id: now for each in due}
        count = 0
        try:
            async with self._storage.erasing(until, now=now, after_commit=self._committed) as (store, keys):
                for each in due:
                    # None went: there were none, or they went before a crash.
                    gone = keys[each.user_id] or await self._subjects.destroyed(each.user_id, since=min(now, each.requested_at))
                    if await store.erasures.replace(each.done(now=now, keys=gone)):
                        await self._note(store, EventName.PERSON_ERASED, each.user_id, keys=gone, erasure=each)
                        count += 1
        finally:
            self._subjects.forget(until)
        return count

    async def _covers(self, hold: LegalHold, user: UserId, store: AsyncStore) -> bool:
        """Say whether a hold needs what is known of a person: it names them, or covers an event of theirs, in a region too.

        Raises what keeps the store of a region from answering, and ConfigurationError for one that left the configuration: then the
        erasure waits.
        """
        if hold.person is not None:
            return hold.person == user
        query = AuditQuery(log=hold.log, person=user, name=hold.name, since=hold.since, until=hold.until)
        if await store.log.search(query, before=None, limit=1):
            return True
        for each in self._logs.regions.stores.values():
            await each.logs.place()
            async with each.storage.reading() as opened:
                if await opened.log.search(query, before=None, limit=1):
                    return True
        missing = await self._logs.regions.missing(store)
        if missing:
            raise ConfigurationError(
                f"a hold may cover events in the store {missing[0]}, which is not configured: configure it, or name it in Regions(left=…)"
            )
        return False

    async def _note(self, store: AsyncStore, name: EventName, user: UserId, *, erasure: Erasure | None = None, **counts: int) -> None:
        log = AsyncAuditLog(inbox=store.inbox, log=store.log, aside=self._storage.guard.events, sealer=self._ring, ambient=self._ambient)
        targets = (Target("user", user), *((Target("erasure", erasure.id),) if erasure is not None else ()))
        await log.note(name, actor=system("erasures"), targets=targets, subject=user, details={**counts})


async def _list(entries: tuple[Erased, ...], erased: AsyncErasureList) -> None:
    if isinstance(erased, AsyncErasureBatches):
        await erased.add_all(entries)
    else:
        for each in entries:
            await erased.add(each)
