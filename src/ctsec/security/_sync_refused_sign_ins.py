# Generated from src/ctsec/security/_async_refused_sign_ins.py by tools/twin.py; edit that file.
"""Refused sign-ins, told to the organizations that manage the person (async source).

Rules that this module keeps:

- an organization manages a person who is its active member if its own provider made the membership, or if it has verified the domain of the
  person's address; any other organization of the person is told nothing;
- refusals are added up: one event a run for each person and organization, however many there were, with their reasons and nothing of where
  they came from, which stays in the deployment's log;
- each refusal is counted once: what is told and how far the deployment's log was read are one transaction;
- what is older than a day when it is read is passed over: the first run over an old log fills no organization's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync import AuditLog
from ctsec.audit.event import DEPLOYMENT_LOG, EventName, Target
from ctsec.audit.record import StoredEvent
from ctsec.audit.streams.position import Position
from ctsec.directory.record import MembershipStatus
from ctsec.encryption._sync import KeyRing
from ctsec.errors import StoreBusy
from ctsec.ids import OrganizationId, UserId
from ctsec.principal import system
from ctsec.storage._sync_ports import Storage, Store

REFUSED_SIGN_INS_JOB: Final = "refused-sign-ins"
# A colon is in the name of no stream.
FOLLOWER: Final = "log:refused-sign-ins"
_PAGE: Final = 500
_TURNS: Final = 40
_OLDEST: Final = timedelta(days=1)


def _nothing(scopes: frozenset[str]) -> None:
    """What is told changes nothing that a cache holds."""


@dataclass(frozen=True, slots=True)
class _Tally:
    """How often a person was refused, when first and last, and why."""

    first: datetime
    last: datetime
    times: int = 0
    reasons: frozenset[str] = frozenset()

    def with_one(self, event: StoredEvent) -> _Tally:
        """Return it with one more."""
        first, last = min(self.first, event.time), max(self.last, event.time)
        return _Tally(first, last, self.times + 1, self.reasons | {event.reason})


class RefusedSignIns:
    """Reads the deployment's log on, and tells what it found to organizations."""

    __slots__ = ("_ambient", "_secrets", "_storage")

    def __init__(self, storage: Storage, *, secrets: KeyRing, ambient: Ambient) -> None:
        self._storage = storage
        self._secrets = secrets
        self._ambient = ambient

    def run_due(self) -> int:
        """Tell of what is new; return how many events that made. Raises StoreBusy if another worker was faster, with nothing told."""
        position, until, tallies = self._read()
        if until == position.next:
            return 0
        with self._storage.begin(after_commit=_nothing) as store:
            if not store.positions.put(position.moved(until, purged=0, now=self._ambient.now())):
                raise StoreBusy("another worker has told of these refusals; nothing was told twice, try again")
            return sum([self._tell(store, UserId(person), tally) for person, tally in tallies.items()])

    def _read(self) -> tuple[Position, int, dict[str, _Tally]]:
        tallies: dict[str, _Tally] = {}
        since = self._ambient.now() - _OLDEST
        with self._storage.reading() as store:
            position = store.positions.get(FOLLOWER, DEPLOYMENT_LOG) or Position(follower=FOLLOWER, log=DEPLOYMENT_LOG)
            # A log that was restored from a backup may be shorter than it was.
            until = min(position.next, store.log.size(DEPLOYMENT_LOG))
            for _ in range(_TURNS):
                page = store.log.page(DEPLOYMENT_LOG, first=until, limit=_PAGE)
                if not page:
                    break
                for event in (each.event for each in page):
                    if event.name == EventName.USER_SIGN_IN_REFUSED and event.subject_id and event.time > since:
                        before = tallies.get(event.subject_id, _Tally(event.time, event.time))
                        tallies[event.subject_id] = before.with_one(event)
                until = page[-1].index + 1
        return position, until, tallies

    def _tell(self, store: Store, person: UserId, tally: _Tally) -> int:
        aside = self._storage.guard.events
        log = AuditLog(inbox=store.inbox, log=store.log, aside=aside, sealer=self._secrets, ambient=self._ambient)
        managing = self._managing(store, person)
        for organization in managing:
            log.note(
                EventName.MEMBER_SIGN_INS_REFUSED,
                actor=system("sign-ins"),
                targets=(Target("user", person),),
                subject=person,
                organization=organization,
                details={
                    "times": tally.times,
                    "reasons": tuple(sorted(tally.reasons)),
                    "first_at": tally.first.isoformat(),
                    "last_at": tally.last.isoformat(),
                },
            )
        return len(managing)

    def _managing(self, store: Store, person: UserId) -> list[OrganizationId]:
        user = store.users.get(person)
        domain = None if user is None else store.domains.get(user.email_key.rpartition("@")[2])
        owner = None if domain is None else domain.organization_id
        return [
            each.organization_id
            for each in store.roster.of_user(person)
            if each.status is MembershipStatus.ACTIVE and (each.provisioned_by is not None or each.organization_id == owner)
        ]
