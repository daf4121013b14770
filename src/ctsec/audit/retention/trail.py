"""What a log itself says of plans, holds and purges, judged in the order of its indexes.

Rules that this module keeps:

- a purge counts only if its record is signed by the retention key for the place where it stands, was decided at a checkpoint that the
  log still leads to, took nothing younger than the plan that was in force by the log let go, and nothing that a hold in force covered;
- a hold is in force from its event on until a release that one person asked for and another approved; of a hold that is not on the
  whole log, what its own event says that it covers can be compared, since the events that are gone tell nothing any more;
- a prune counts only if its record is signed as a purge's is, leads from its frontier to the roots that the log has, and passed no hold
  in force; where the hashes of events are gone, the same records of purges account for the events;
- in the store of a region what the log was told of plans and holds counts in their place (`ctsec.audit.retention.told`), and a purge says
  up to where the home log was heard; that this is what the home log says is judged where both are verified;
- a missing event is accounted for by a record that counts and names its index; and events that stand before it, and were there at the
  verification, must be older than the shortest period of that record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast

from ctsec.audit.event import EventName
from ctsec.audit.record import StoredEvent, microseconds
from ctsec.audit.retention.plan import Plans, RetentionPlan
from ctsec.audit.retention.pruning import PruneRecord, is_signed_prune
from ctsec.audit.retention.ranges import Ranges
from ctsec.audit.retention.record import PurgeRecord, is_authentic
from ctsec.audit.retention.selection import EVIDENCE, SLACK
from ctsec.audit.retention.told import SAID, Decision, Listened, Told, moment_of
from ctsec.errors import CorruptRecord


@dataclass(frozen=True, slots=True)
class Missing:
    """Events that are gone, [first, end), and the latest time of an event before them that is there (microseconds)."""

    first: int
    end: int
    before: int


@dataclass(frozen=True, slots=True)
class _Counted:
    record: PurgeRecord
    youngest: int


@dataclass(frozen=True, slots=True)
class _Release:
    index: int
    asked_by: str
    by: str


class RetentionTrail:
    """Follows one log: `see` each event that is there, in the order of indexes, and `miss` each that is not; then `judge`.

    `decisions` are those that it saw in a log of the home store; of a `regional` one, `told` is what that was told of them, and `listened`
    how far its purges heard the home log.
    """

    def __init__(self, *, origin: str, keys: tuple[bytes, ...], regional: bool = False) -> None:
        self._origin = origin
        self._regional = regional
        self._keys = keys
        self._plans = Plans()
        self._version = 0
        self._holds: dict[str, Ranges | None] = {}
        self._asked: dict[str, set[str]] = {}
        self._releases: dict[str, _Release] = {}
        self._counted: list[_Counted] = []
        self._pruned: list[PruneRecord] = []
        self._missing: list[Missing] = []
        self._latest = 0
        self._problems: list[tuple[int, str]] = []
        self.decisions: list[Decision] = []
        self.told: list[Told] = []
        self.listened: list[Listened] = []

    def see(self, index: int, event: StoredEvent) -> None:
        """Take note of an event."""
        self._latest = max(self._latest, microseconds(event.time))
        if event.name in EVIDENCE:
            try:
                body = event.details()
                details = cast(Mapping[str, Any], body["details"])
                self._take(index, EventName(str(body["name"])), body, details)
            except (CorruptRecord, ValueError, KeyError, TypeError, AttributeError):
                self._problems.append((index, f"{event.name} does not say what it is to say"))

    def pass_by(self, latest: int) -> None:
        """Take note of events that follow one another and are no evidence, the latest of them of a time in microseconds since 1970."""
        self._latest = max(self._latest, latest)

    def miss(self, first: int, end: int) -> None:
        """Take note of events [first, end) that are gone, of which leaves or the roots above them are left."""
        last = self._missing[-1] if self._missing else None
        if last is not None and last.end == first and last.before == self._latest:
            self._missing[-1] = Missing(last.first, end, last.before)
        else:
            self._missing.append(Missing(first, end, self._latest))

    def judge(self, roots: Mapping[int, bytes]) -> Iterator[tuple[int, str]]:
        """Return what does not fit, as indexes and sentences; `roots` are those that the log leads to at the sizes of its checkpoints."""
        yield from self._problems
        for hold, release in self._releases.items():
            if not self._released(hold):
                yield release.index, "a hold was released by one person alone"
        sound: list[_Counted] = []
        for each in self._counted:
            if roots.get(each.record.size) == each.record.root:
                sound.append(each)
            else:
                yield each.record.index, "the purge was decided at a root that no checkpoint of this log has"
        for pruned in self._pruned:
            if roots.get(pruned.size) != pruned.root or roots.get(pruned.minimum) != pruned.frontier.root:
                yield pruned.index, "the prune was decided at a root, or has a frontier, that this log does not lead to"
        # Later records name other indexes: each index is looked for in the one list of all that was purged.
        parts = sorted((first, end, each.youngest) for each in sound for first, end in each.record.ranges.parts)
        at = 0
        for gap in self._missing:
            first = gap.first
            while first < gap.end:
                while at < len(parts) and parts[at][1] <= first:
                    at += 1
                if at == len(parts) or parts[at][0] > first:
                    stop = gap.end if at == len(parts) else min(gap.end, parts[at][0])
                    yield first, f"{stop - first} events are gone that no purge accounts for"
                    first = stop
                    continue
                if gap.before >= parts[at][2]:
                    yield first, "what is gone was not old enough: an event before it is younger than the plan let go"
                first = parts[at][1]

    def _take(self, index: int, name: EventName, body: Mapping[str, Any], details: Mapping[str, Any]) -> None:
        """Take note of an event that a purge is judged by; here nothing counts that is of the other kind of store."""
        if name is EventName.RETENTION_RELAYED and self._regional:
            told = Told.read(index, body)
            self.told.append(told)
            self._decided(index, EventName(told.decision.name), told.decision.by, body, {**details, "whole": told.whole})
        elif name in SAID and not self._regional:
            self.decisions.append(Decision.read(index, body))
            self._decided(index, name, str(body["actor"]["id"]), body, details)
        elif name is EventName.AUDIT_PRUNED:
            self._prune(index, body, details)
        elif name is EventName.AUDIT_PURGED:
            self._purge(index, body, details)

    def _decided(self, index: int, name: EventName, who: str, body: Mapping[str, Any], details: Mapping[str, Any]) -> None:
        match name:
            case EventName.RETENTION_CHANGED:
                self._plan(index, details, time=moment_of(int(body["time"])))
            case EventName.LEGAL_HOLD_PLACED:
                self._holds[str(details["hold"])] = None if details["whole"] else Ranges.read(str(details["extent"]))
            case EventName.LEGAL_HOLD_RELEASE_REQUESTED:
                self._asked.setdefault(str(details["hold"]), set()).add(who)
            case _:
                self._releases[str(details["hold"])] = _Release(index, asked_by=str(details["asked_by"]), by=who)

    def _released(self, hold: str) -> bool:
        """Say whether two people released a hold; events of one moment may stand in either order."""
        found = self._releases.get(hold)
        return found is not None and found.by != found.asked_by and found.asked_by in self._asked.get(hold, ())

    def _plan(self, index: int, details: Mapping[str, Any], *, time: datetime) -> None:
        version = int(details["version"])
        if version <= self._version:
            return
        self._version = version
        chosen, starts = RetentionPlan.read(str(details["plan"])), moment_of(int(details["starts"]))
        present = self._plans.at(time)
        if starts > time:
            self._plans = replace(present, following=chosen, starts=starts)
            return
        if present.plan is None or chosen.is_shorter(present.plan):
            self._problems.append((index, "a plan that keeps less took effect at once"))
            return
        self._plans = Plans(plan=chosen)

    def _purge(self, index: int, body: Mapping[str, Any], details: Mapping[str, Any]) -> None:
        if not is_authentic(details, origin=self._origin, event=str(body["id"]), time=int(body["time"]), keys=self._keys):
            self._problems.append((index, "the purge record is not signed by the retention key for this place"))
            return
        record, time = PurgeRecord.read(details), moment_of(int(body["time"]))
        problem = self._problem(index, record, time=time)
        if problem:
            self._problems.append((index, problem))
        else:
            self.listened += [] if record.heard is None else [Listened(index=index, time=microseconds(time), heard=record.heard)]
            self._counted.append(_Counted(record, microseconds(time - timedelta(days=record.plan.shortest) + SLACK)))

    def _prune(self, index: int, body: Mapping[str, Any], details: Mapping[str, Any]) -> None:
        if not is_signed_prune(details, origin=self._origin, event=str(body["id"]), time=int(body["time"]), keys=self._keys):
            self._problems.append((index, "the prune record is not signed by the retention key for this place"))
            return
        record = PruneRecord.read(details)
        struck = self._struck(Ranges(((0, record.minimum),)))
        if record.index != index or not record.fits:
            self._problems.append((index, f"the prune record was made for the index {record.index}, or for no whole tiles before it"))
        elif struck is not None:
            self._problems.append((index, f"the prune passed the event {struck[1]}, which the hold {struck[0]} covered"))
        else:
            self._pruned.append(record)

    def _struck(self, ranges: Ranges) -> tuple[str, int] | None:
        """Return a hold in force that covers one of some indexes, and the first of them; None if there is none."""
        for hold, extent in self._holds.items():
            struck = None if self._released(hold) else ranges.parts[0][0] if extent is None else extent.overlap(ranges)
            if struck is not None:
                return hold, struck
        return None

    def _problem(self, index: int, record: PurgeRecord, *, time: datetime) -> str:
        """Return why a signed record does not count, empty if it does."""
        plan = self._plans.at(time).plan
        if (record.heard is not None) is not self._regional:
            return "the purge record is of another kind of store"
        if record.index != index or not record.ranges.parts:
            return f"the purge record was made for the index {record.index}"
        if not record.ranges.parts[-1][1] <= record.size <= index:
            return "the purge record names events that its checkpoint does not cover"
        if plan is None or record.plan.is_shorter(plan):
            return "the purge record has a plan that keeps less than the one in force"
        if record.newest >= microseconds(time - timedelta(days=record.plan.shortest)):
            return "the purge took what its plan does not let go"
        struck = self._struck(record.ranges)
        if struck is not None:
            return f"the purge took the event {struck[1]}, which the hold {struck[0]} covered"
        # What came after a hold is in no extent: that a purge kept to it shows in its record alone.
        unheard = next((hold for hold in self._holds if hold not in record.holds and not self._released(hold)), None)
        return "" if unheard is None else f"the purge was done without the hold {unheard}"
