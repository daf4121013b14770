# Generated from src/ctsec/audit/retention/_async_telling.py by tools/twin.py; edit that file.
"""Telling the log in a region's store what was decided at home, and what a purge there is judged by (async source).

Rules that this module keeps:

- telling and purging are serialized by the lock of the one leader of the region's store; no lock spans two stores;
- what a region's log was told has to be the beginning of what stands in the home log; what is missing is told before anything goes;
- a hold that is in force by the rows at home and was not told keeps everything: its event waits for its index, or is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import LogRecords
from ctsec.audit.event import EventName, LogId, Target, build
from ctsec.audit.query import AuditQuery
from ctsec.audit.record import SealedEvent, microseconds, store_form
from ctsec.audit.retention._sync import extent_of
from ctsec.audit.retention._sync_ports import PurgeRecords
from ctsec.audit.retention.hold import LegalHold
from ctsec.audit.retention.plan import RetentionPlan, RetentionPolicy
from ctsec.audit.retention.record import StoredPlans
from ctsec.audit.retention.told import (
    Decision,
    Following,
    Heard,
    Told,
    hold_of,
    overtaken,
    read_decisions,
    read_told,
    told_plan,
)
from ctsec.errors import LogInconsistent
from ctsec.ids import OrganizationId
from ctsec.principal import system

_PAGE: Final = 500
_NAMES: Final = (EventName.RETENTION_CHANGED.value, "legal_hold.*")


class TellingRecords(Protocol):
    """The records of a region's store, in one transaction, that telling and purging there read and write."""

    @property
    def log(self) -> LogRecords:
        """The logs."""
        ...

    @property
    def purges(self) -> PurgeRecords:
        """Their events, to be purged."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What the home log says among its first `size` events, and the holds that are in force there by its rows."""

    size: int
    decisions: tuple[Decision, ...]
    holds: tuple[LegalHold, ...]


class HeardTerms:
    """What a region's log was told, as `ctsec.audit.retention.ports.PurgeTerms`: it is read once, under the leader's lock."""

    __slots__ = ("_heard", "_log")

    def __init__(self, log: LogId, heard: Heard) -> None:
        self._log = log
        self._heard = heard

    def get(self, log: LogId) -> StoredPlans | None:
        """Return the plans."""
        plans = self._heard.plans
        if log != self._log or (plans.plan is None and plans.following is None):
            return None
        return StoredPlans(log=log, version=0).with_plans(plans, chosen_by="")

    def lock(self, log: LogId) -> StoredPlans | None:
        """Return them; the leader's lock keeps everybody else waiting."""
        return self.get(log)

    def put(self, stored: StoredPlans) -> bool:
        """Store nothing: the log is what counts, and its records say when it was purged."""
        return stored.log == self._log

    def holds(self, log: LogId) -> tuple[LegalHold, ...]:
        """Return the holds, those that were released too."""
        return self._heard.holds if log == self._log else ()


class Teller:
    """Tells the logs in the store of one region."""

    __slots__ = ("_ambient", "_policy", "_region")

    def __init__(self, *, region: str, policy: RetentionPolicy, ambient: Ambient) -> None:
        self._region = region
        self._policy = policy
        self._ambient = ambient

    def tell(self, log: LogId, decided: Decided, *, there: TellingRecords) -> Heard | None:
        """Tell a log what it was not told yet; return what it was told by then, None where a hold at home still waits for its index.

        Run it under the leader's lock of the region's store. Raises LogInconsistent if the log was told what does not stand at home, or
        released a hold that is in force there.
        """
        told = list(told_in(log, there.log))
        missing = untold(log, told, decided.decisions)
        following = Following(log, told)
        for each, late in overtaken(missing):
            told.append(self._tell(log, self._meant(each, following, overtaken=late), there))
            following.add(told[-1])
        heard = Heard.of(log, told)
        return heard if is_complete(log, heard, decided.holds) else None

    def expected(self, log: LogId, told: Sequence[Told], decided: Decided) -> Heard:
        """Return what a log would have been told if it were told now; of holds without their extents. Raises as `tell` does."""
        after = list(told)
        following = Following(log, told)
        for each, late in overtaken(untold(log, told, decided.decisions)):
            after.append(self._meant(each, following, overtaken=late))
            following.add(after[-1])
        heard = Heard.of(log, after)
        waiting = tuple(each for each in decided.holds if heard.hold(each.id) is None)
        return heard if is_complete(log, heard, decided.holds) else replace(heard, holds=(*heard.holds, *map(_nowhere, waiting)))

    def _meant(self, decision: Decision, following: Following, *, overtaken: bool) -> Told:
        """Return what a decision means to a log that is told of it now, but for the extent of a hold."""
        now = self._ambient.now()
        meant = Told(decision=decision, index=0, time=microseconds(now))
        if decision.name != EventName.RETENTION_CHANGED:
            return meant
        plan = RetentionPlan.read(str(decision.said["plan"]))
        starts = told_plan(following.plans, plan, now=now, delay=self._policy.delay, starts=decision.starts, overtaken=overtaken)
        return replace(meant, starts=starts)

    def _tell(self, log: LogId, meant: Told, there: TellingRecords) -> Told:
        head, decision = there.purges.lead(log), meant.decision
        meant = replace(meant, index=head.size, size=head.size)
        if decision.name == EventName.LEGAL_HOLD_PLACED:
            meant = replace(meant, extent=(extent_of(hold_of(log, decision), there.purges)).text())
        event = build(
            EventName.RETENTION_RELAYED,
            ambient=self._ambient,
            actor=system("retention"),
            targets=(Target("hold", str(decision.said["hold"])) if "hold" in decision.said else Target("log", log),),
            organization=OrganizationId(log),
            details=meant.details(),
        )
        there.purges.append(store_form(replace(event, region=self._region), personal=b""), head=head)
        return replace(meant, time=microseconds(event.time))


def told_in(log: LogId, records: LogRecords) -> tuple[Told, ...]:
    """Return what a region's log was told, in the order of indexes; raise CorruptRecord for an event that tells nothing."""
    return read_told(_found(log, EventName.RETENTION_RELAYED.value, records, size=None))


def decisions_in(log: LogId, records: LogRecords, *, first: int = 0) -> tuple[int, tuple[Decision, ...]]:
    """Return the size of a home log, and the decisions in it from an index on; raise CorruptRecord for an event that says none."""
    size = records.size(log)
    found = [each for name in _NAMES for each in _found(log, name, records, size=size) if each.index >= first]
    return size, read_decisions(found)


def untold(log: LogId, told: Sequence[Told], decisions: Sequence[Decision]) -> tuple[Decision, ...]:
    """Return the decisions that a log was not told of. Raises LogInconsistent if what it was told is not the beginning of them."""
    if [each.decision for each in told] != list(decisions[: len(told)]):
        raise LogInconsistent(f"the log {log} in a region's store was told what the home log does not say; run `ctsec audit verify`")
    return tuple(decisions[len(told) :])


def is_complete(log: LogId, heard: Heard, holds: Sequence[LegalHold]) -> bool:
    """Say whether a log was told of each of some holds that are in force at home. Raises LogInconsistent if it released one."""
    found = [heard.hold(each.id) for each in holds]
    if any(each is not None and each.released_at is not None for each in found):
        raise LogInconsistent(f"the log {log} in a region's store was told of a release that was not given; run `ctsec audit verify`")
    return None not in found


def _nowhere(hold: LegalHold) -> LegalHold:
    return replace(hold, extent="", size=0)


def _found(log: LogId, name: str, records: LogRecords, *, size: int | None) -> list[SealedEvent]:
    query, found = AuditQuery(log=log, name=name), list[SealedEvent]()
    while page := records.search(query, before=found[-1].index if found else size, limit=_PAGE):
        found += page
    return found
