"""What the log in a region's store was told of decisions that stand in the home store's log: an event for each, and what they add up to.

Rules that this module keeps:

- decisions on how long the events of an organization are kept are made at home, and stand in its log there: plans, holds, requests of
  releases, releases. The log in a region's store is told of each of them, once, in their order (`retention.relayed`); nothing else counts
  there, and no row stands beside it: what a purge in the region is judged by is what its log says;
- what was told counts from where it stands in the region's log on: a plan that keeps anything shorter has its delay again, one that keeps
  longer is in force at once, a hold from its event on, and a release binds for a day more;
- a purge in the region says up to which size the home log was heard: what was decided below that was told before, and a decision that
  was a day old by then was not passed over;
- what was told has to be what stands in the home log, at the index that it names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast

from ctsec.audit.event import Detail, EventName, LogId
from ctsec.audit.record import SealedEvent, microseconds
from ctsec.audit.retention.hold import LegalHold
from ctsec.audit.retention.plan import Plans, RetentionPlan
from ctsec.audit.retention.ranges import Ranges
from ctsec.audit.retention.selection import SLACK
from ctsec.errors import CorruptRecord
from ctsec.ids import HoldId

# What each decision says, apart from where it stands, of whom and when.
SAID: Final[Mapping[str, tuple[str, ...]]] = {
    EventName.RETENTION_CHANGED.value: ("plan", "version"),
    EventName.LEGAL_HOLD_PLACED.value: ("hold", "matter", "person", "name", "since", "until"),
    EventName.LEGAL_HOLD_RELEASE_REQUESTED.value: ("hold",),
    EventName.LEGAL_HOLD_RELEASED.value: ("hold", "asked_by"),
}
_ORDER: Final = tuple(SAID)
_ASKED: Final = EventName.LEGAL_HOLD_RELEASE_REQUESTED.value
_SLACK: Final = SLACK // timedelta(microseconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def moment_of(micros: int) -> datetime:
    """Return the time of microseconds since 1970; raise ValueError for one that is in no calendar."""
    try:
        return _EPOCH + timedelta(microseconds=micros)
    except OverflowError:
        raise ValueError("expected a time of the years 1 to 9999") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A decision in the home log: its index there, its name, who made it and when (microseconds), and what it says.

    `starts` is from when on a plan is in force at home (microseconds), 0 for others.
    """

    index: int
    name: str
    by: str
    time: int
    said: Mapping[str, Detail]
    starts: int = field(default=0, compare=False)

    @classmethod
    def read(cls, index: int, body: Mapping[str, Any]) -> Decision:
        """Return the decision in the body of an event of the home log; raise ValueError for anything else."""
        try:
            details = cast(Mapping[str, Any], body["details"])
            starts = int(details["starts"]) if "plan" in SAID[str(body["name"])] else 0
            return _decision(
                details, name=str(body["name"]), index=index, by=str(body["actor"]["id"]), time=int(body["time"]), starts=starts
            )
        except (KeyError, TypeError, AttributeError):
            raise ValueError("expected a decision on plans or holds") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A decision as a region's log was told of it: where and when (microseconds), and what that means there.

    `starts` is from when on a plan is in force there (microseconds), `extent` which indexes of the region's log a hold covers, `size` how
    many events it had then.
    """

    decision: Decision
    index: int
    time: int
    starts: int = 0
    extent: str = ""
    size: int = 0

    def details(self) -> dict[str, Detail]:
        """Return the details of its event."""
        told = self.decision
        means: dict[str, Detail] = {}
        if told.name == EventName.RETENTION_CHANGED:
            means = {"starts": self.starts}
        elif told.name == EventName.LEGAL_HOLD_PLACED:
            means = {"extent": self.extent, "size": self.size}
        return {"decision": told.name, "decided": told.index, "decided_at": told.time, "by": told.by, **told.said, **means}

    @classmethod
    def read(cls, index: int, body: Mapping[str, Any]) -> Told:
        """Return what an event of a region's log tells; raise ValueError for anything else."""
        try:
            details = cast(Mapping[str, Any], body["details"])
            said = _decision(
                details,
                name=str(details["decision"]),
                index=int(details["decided"]),
                by=str(details["by"]),
                time=int(details["decided_at"]),
            )
            told = cls(decision=said, index=index, time=int(body["time"]))
            match said.name:
                case EventName.RETENTION_CHANGED:
                    RetentionPlan.read(str(said.said["plan"]))
                    int(str(said.said["version"]))
                    return replace(told, starts=int(details["starts"]))
                case EventName.LEGAL_HOLD_PLACED:
                    return replace(told, extent=Ranges.read(str(details["extent"])).text(), size=int(details["size"]))
                case _:
                    return told
        except (KeyError, TypeError, AttributeError):
            raise ValueError("expected what a log was told of a decision") from None

    @property
    def whole(self) -> bool:
        """Whether it is a hold on everything."""
        return all(self.decision.said.get(name) is None for name in ("person", "name", "since", "until"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a region's log was told, added up: the plans there, and the holds with their extents there."""

    plans: Plans = field(default_factory=Plans)
    holds: tuple[LegalHold, ...] = ()

    @classmethod
    def of(cls, log: LogId, told: Sequence[Told]) -> Heard:
        """Add up what was told. Raises CorruptRecord for a hold, or a time, that is none."""
        try:
            return cls._added(log, told)
        except ValueError as error:
            raise CorruptRecord(f"what the log {log} was told is not what it is to be: {error}") from None

    @classmethod
    def _added(cls, log: LogId, told: Sequence[Told]) -> Heard:
        plans, version, holds = Plans(), 0, dict[str, LegalHold]()
        # Decisions of one moment may stand in any order: a release is judged with every request, and with its hold wherever that stands;
        # plans follow one another by their versions.
        asked = {(each.decision.said["hold"], each.decision.by) for each in told if each.decision.name == _ASKED}
        for each in sorted(told, key=_sequence):
            said, by, at = each.decision.said, each.decision.by, moment_of(each.time)
            hold = holds.get(str(said.get("hold")))
            match each.decision.name:
                case EventName.RETENTION_CHANGED if (number := version_of(each.decision)) > version:
                    plans = _followed(plans, each)
                    version = number
                case EventName.LEGAL_HOLD_PLACED:
                    made = hold_of(log, each.decision)
                    holds[made.id] = replace(made, extent=each.extent, size=each.size, placed_at=at)
                case EventName.LEGAL_HOLD_RELEASE_REQUESTED if hold is not None:
                    holds[hold.id] = replace(hold, asked_by=by, asked_at=at)
                case EventName.LEGAL_HOLD_RELEASED if hold is not None and said["asked_by"] != by and (hold.id, said["asked_by"]) in asked:
                    # Who told of it may have had a slow clock: the day begins no earlier than at home.
                    holds[hold.id] = replace(hold, released_by=by, released_at=max(at, moment_of(each.decision.time)))
                case _:
                    pass
        return cls(plans=plans, holds=tuple(sorted(holds.values(), key=lambda each: each.id)))

    def at(self, now: datetime) -> Heard:
        """Return it with the plans as they are at a time."""
        return replace(self, plans=self.plans.at(now))

    def hold(self, hold: HoldId) -> LegalHold | None:
        """Return a hold that was told of."""
        return next((each for each in self.holds if each.id == hold), None)


def _sequence(each: Told) -> tuple[int, int]:
    """Return what told decisions are ordered by before they are added up."""
    return _ORDER.index(each.decision.name), version_of(each.decision)


def version_of(decision: Decision) -> int:
    """Return the version of a plan, 0 of another decision; raise ValueError for one that is no number."""
    return int(str(decision.said["version"])) if "version" in decision.said else 0


class Following:
    """The plans of a log while it is told of one decision after the other: what `Heard.of` adds up, in one pass."""

    __slots__ = ("_log", "_newest", "_told", "plans")

    def __init__(self, log: LogId, told: Sequence[Told]) -> None:
        self._log = log
        self._told = [each for each in told if each.decision.name == EventName.RETENTION_CHANGED]
        self._newest = max((version_of(each.decision) for each in self._told), default=0)
        self.plans = Heard.of(log, self._told).plans

    def add(self, each: Told) -> None:
        """Take on what was told next."""
        version = version_of(each.decision)
        if each.decision.name != EventName.RETENTION_CHANGED:
            return
        self._told.append(each)
        self.plans = _followed(self.plans, each) if version > self._newest else Heard.of(self._log, self._told).plans
        self._newest = max(self._newest, version)


def overtaken(decisions: Sequence[Decision]) -> list[tuple[Decision, bool]]:
    """Return decisions, and of each plan whether an older version of it stands behind it."""
    found: list[tuple[Decision, bool]] = []
    least: int | None = None
    for each in reversed(decisions):
        is_plan, version = each.name == EventName.RETENTION_CHANGED, version_of(each)
        found.append((each, is_plan and least is not None and least < version))
        least = min(version, least or version) if is_plan else least
    return found[::-1]


def hold_of(log: LogId, placed: Decision) -> LegalHold:
    """Return the hold that a decision placed, without an extent; raise ValueError for one that is none."""
    said = placed.said
    person, name = (None if said[each] is None else str(said[each]) for each in ("person", "name"))
    since, until = (None if said[each] is None else moment_of(int(str(said[each]))) for each in ("since", "until"))
    return LegalHold(
        id=HoldId(str(said["hold"])),
        log=log,
        matter=str(said["matter"]),
        person=person,
        name=name,
        since=since,
        until=until,
        extent="",
        size=0,
        placed_by=placed.by,
        placed_at=moment_of(placed.time),
    )


def read_decisions(found: Sequence[SealedEvent]) -> tuple[Decision, ...]:
    """Return the decisions of events of the home log, in the order of indexes; raise CorruptRecord for one that says none."""
    try:
        read = [Decision.read(each.index, each.event.details()) for each in found]
        for each in read:
            if each.name == EventName.RETENTION_CHANGED:
                RetentionPlan.read(str(each.said["plan"]))
                moment_of(each.starts)
            elif each.name == EventName.LEGAL_HOLD_PLACED:
                hold_of(LogId(""), each)
    except ValueError as error:
        raise CorruptRecord(f"an event of the log does not say what it is to say: {error}") from None
    return tuple(sorted(read, key=lambda each: each.index))


def read_told(found: Sequence[SealedEvent]) -> tuple[Told, ...]:
    """Return what events of a region's log tell, in the order of indexes; raise CorruptRecord for one that tells nothing."""
    try:
        read = [Told.read(each.index, each.event.details()) for each in found]
    except ValueError as error:
        raise CorruptRecord(f"an event of the log does not say what it is to say: {error}") from None
    return tuple(sorted(read, key=lambda each: each.index))


@dataclass(frozen=True, slots=True, kw_only=True)
class Listened:
    """Up to which size of the home log a purge in a region's log heard: the purge's index and time (microseconds)."""

    index: int
    time: int
    heard: int


def departures(
    told: Sequence[Told], listened: Sequence[Listened], *, decisions: Sequence[Decision], size: int
) -> Iterator[tuple[int, str]]:
    """Judge a region's log by the home log, which has `decisions` among `size` events: indexes of the region's log, and sentences."""
    count = 0
    for each in told:
        said = each.decision
        expected = decisions[count] if count < len(decisions) else None
        if expected is None or expected != said:
            yield each.index, f"this log was told of a decision at {said.index} of the home log that does not stand there, or not next"
            break
        # One that is in force at once keeps nothing shorter here, whatever it did at home: the log itself shows that.
        if each.time < each.starts < expected.starts - _SLACK:
            yield each.index, f"this log was told to let a plan begin before the home log does, at {said.index}"
        count += 1
    sound = told[:count]
    for purge in listened:
        before = sum(each.index < purge.index for each in sound)
        late = purge.time - _SLACK
        missed = next((each for each in decisions[before:] if each.index < purge.heard or each.time < late), None)
        if purge.heard > size:
            yield purge.index, f"the purge heard {purge.heard} events of the home log, and there are {size}"
        elif missed is not None:
            yield purge.index, f"the purge was done without the decision at {missed.index} of the home log"


def _decision(details: Mapping[str, Any], *, name: str, index: int, by: str, time: int, starts: int = 0) -> Decision:
    said: dict[str, Detail] = {}
    for each in SAID[name]:
        value = details.get(each)
        if not isinstance(value, (str, int, type(None))):
            raise ValueError("expected a text or a number")  # noqa: TRY004 - it was read, not passed
        said[each] = value
    return Decision(index=index, name=name, by=by, time=time, said=said, starts=starts)


def _followed(plans: Plans, each: Told) -> Plans:
    """Return the plans after one was told; one that would be in force at once is not taken on where it keeps less."""
    plan, starts, at = RetentionPlan.read(str(each.decision.said["plan"])), moment_of(each.starts), moment_of(each.time)
    present = plans.at(at)
    if starts > at:
        return replace(present, following=plan, starts=starts)
    if present.plan is None or plan.is_shorter(present.plan):
        return present
    return Plans(plan=plan)


def told_plan(plans: Plans, plan: RetentionPlan, *, now: datetime, delay: timedelta, starts: int = 0, overtaken: bool = False) -> int:
    """Return from when on a plan is in force that a region's log is told now (microseconds).

    One that is delayed begins no earlier than at home, where it does at `starts`. One that an older one is told after (`overtaken`) is
    delayed too: that may keep longer.
    """
    changed = plans.change(plan, now=now, delay=delay)
    if overtaken:
        return max(microseconds(now + delay), starts)
    if changed.starts is None or changed.following is None:
        return microseconds(now)
    return max(microseconds(changed.starts), starts)
