# Generated from src/ctsec/security/_async_erasures.py by tools/twin.py; edit that file.
"""Carrying erasures out, and again after a restore (async source)."""

from __future__ import annotations

from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync import AuditLog
from ctsec.audit.erasure._sync_ports import ErasureList
from ctsec.audit.erasure.record import Erased, Erasure, ErasureState
from ctsec.audit.event import EventName, Target
from ctsec.audit.query import AuditQuery
from ctsec.audit.retention.hold import GRACE, LegalHold
from ctsec.encryption._sync import KeyRing
from ctsec.encryption._sync_subject_keys import SubjectKeys
from ctsec.errors import ConfigurationError
from ctsec.ids import UserId
from ctsec.principal import system
from ctsec.security._sync_logs import Logs
from ctsec.storage._sync_ports import AfterCommit, Storage, Store

ERASURE_JOB: Final = "erasures"
_PAGE: Final = 100


class ErasureJobs:
    """Destroys the keys of persons. `erased` is the list outside of the backups; without one nothing is destroyed.

    The list has the entry before the first key goes: a store that is restored from an earlier backup finds it and erases again.
    """

    __slots__ = ("_ambient", "_committed", "_erased", "_logs", "_ring", "_storage", "_subjects")

    def __init__(
        self,
        storage: Storage,
        *,
        subjects: SubjectKeys,
        ring: KeyRing,
        logs: Logs,
        erased: ErasureList | None,
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

    def run_due(self) -> int:
        """Carry out what waits and no hold covers; return how many persons were erased.

        Raises ConfigurationError if something waits and there is no list outside of the backups.
        """
        # What is committed gets its index first: a hold covers what the log has.
        self._logs.place()
        with self._storage.reading() as store:
            waiting = store.erasures.unfinished(limit=_PAGE)
        return sum([self._carry_out(each) for each in waiting])

    def replay(self) -> int:
        """Destroy again what the list names and a restored store still has; return how many persons that were. Run at each start."""
        count = 0
        for entry in self._erased.all() if self._erased is not None else ():
            keys = self._subjects.destroy(entry.user_id, until=entry.at)
            if keys:
                count += 1
                with self._storage.begin(after_commit=self._committed) as store:
                    self._note(store, EventName.PERSON_ERASURE_REPLAYED, entry.user_id, keys=keys)
        return count

    def _carry_out(self, erasure: Erasure) -> bool:
        if self._erased is None:
            raise ConfigurationError("expected a list of erasures outside of the backups (`erasures`): nothing is erased without one")
        if self._is_held(erasure):
            return False
        now = self._ambient.now()
        self._erased.add(Erased(erasure.user_id, now))
        keys = self._subjects.destroy(erasure.user_id, until=now)
        with self._storage.begin(after_commit=self._committed) as store:
            if not store.erasures.replace(erasure.done(now=now, keys=keys)):
                return False
            self._note(store, EventName.PERSON_ERASED, erasure.user_id, keys=keys, erasure=erasure)
        return True

    def _is_held(self, erasure: Erasure) -> bool:
        """Say whether a hold keeps an erasure waiting; the first time that is recorded."""
        with self._storage.begin(after_commit=self._committed) as store:
            found = store.retention.in_force(since=self._ambient.now() - GRACE)
            holds = [hold for hold in found if _covers(hold, erasure.user_id, store)]
            if holds and erasure.state is ErasureState.REQUESTED and store.erasures.replace(erasure.deferred()):
                self._note(store, EventName.PERSON_ERASURE_DEFERRED, erasure.user_id, erasure=erasure, holds=len(holds))
        return bool(holds)

    def _note(self, store: Store, name: EventName, user: UserId, *, erasure: Erasure | None = None, **counts: int) -> None:
        log = AuditLog(inbox=store.inbox, log=store.log, aside=self._storage.guard.events, sealer=self._ring, ambient=self._ambient)
        targets = (Target("user", user), *((Target("erasure", erasure.id),) if erasure is not None else ()))
        log.note(name, actor=system("erasures"), targets=targets, subject=user, details={**counts})


def _covers(hold: LegalHold, user: UserId, store: Store) -> bool:
    """Say whether a hold needs what is known of a person: it names them, or covers an event of theirs."""
    if hold.person is not None:
        return hold.person == user
    query = AuditQuery(log=hold.log, person=user, name=hold.name, since=hold.since, until=hold.until)
    return bool(store.log.search(query, before=None, limit=1))
