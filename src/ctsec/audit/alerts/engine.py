"""The rules over a log, one event after the other: a state and an event in, a state and alerts out.

Rules that this module keeps:

- the same history fires the same alerts, however it is cut into batches; times come from the events alone;
- a rule that fired for a key is quiet for it until its time has passed;
- the state is bounded: 1,000 keys a rule, those go first that were not heard of for longest, and 64 marks a key; what can not count any
  more is forgotten, and what concerns a person who is erased;
- events of alerts are not looked at, whatever the rules say.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from ctsec.audit.alerts.rule import MAX_COUNT, OWN, FirstTime, Occurrence, Rule, Sequence, Signal, Threshold, Travel
from ctsec.audit.alerts.seen import Seen, distance
from ctsec.audit.event import EventName
from ctsec.errors import CorruptRecord

MAX_KEYS: Final = 1000
_HOUR: Final = 3_600_000_000
_FIRST: Final = "first"
_JOURNEY: Final = timedelta(days=2)  # nobody needs longer to any place


@dataclass(frozen=True, slots=True)
class Entry:
    """What is remembered for a rule and a key: `marks` (a time and a value each), and until when the rule is `quiet`."""

    marks: tuple[tuple[int, str], ...] = ()
    quiet: int = 0


Entries: TypeAlias = Mapping[str, Entry]
_FRESH: Final = Entry()
_NOTHING: Final[Mapping[str, Entries]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class EngineState:
    """What the engine remembers, by rule and by key; keys are in the order in which they were last heard of.

    `salt` keys the digests of address blocks, so that nobody else can make them.
    """

    rules: Mapping[str, Entries] = field(default_factory=lambda: _NOTHING)
    salt: bytes = b""

    def to_bytes(self) -> bytes:
        """Return the form that is stored, sealed."""
        told = {name: [[key, list(entry.marks), entry.quiet] for key, entry in entries.items()] for name, entries in self.rules.items()}
        return json.dumps({"rules": told, "salt": self.salt.hex()}, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> EngineState:
        """Return the state that `to_bytes` wrote; raise CorruptRecord for anything else."""
        try:
            said: Any = json.loads(data)
            told: dict[str, list[Any]] = said["rules"]
            rules = {name: {key: _entry(marks, quiet) for key, marks, quiet in entries} for name, entries in told.items()}
            return cls(rules, bytes.fromhex(said["salt"]))
        except (ValueError, TypeError, AttributeError, KeyError):
            raise CorruptRecord("the state of the alert rules does not decode") from None


@dataclass(frozen=True, slots=True)
class Fired:
    """A rule that fired for a key, at an event."""

    rule: Rule
    key: str
    seen: Seen


def step(rules: Iterable[Rule], state: EngineState, seen: Seen) -> tuple[EngineState, tuple[Fired, ...]]:
    """Return the state after an event, and what fired."""
    if seen.name.startswith(OWN):
        return state, ()
    if seen.name == EventName.PERSON_ERASED:
        state = _without(state, seen.person)
    changed: dict[str, Entries] = {}
    fired: list[Fired] = []
    for rule in rules:
        key = rule.by.of(seen)
        if not key or not rule.takes(seen):
            continue
        entries = state.rules.get(rule.name, {})
        before = entries.get(key, _FRESH)
        after, fires = _judged(rule, before, seen)
        if fires:
            fired.append(Fired(rule, key, seen))
        if after is not before:
            changed[rule.name] = _put(entries, key, after, since=seen.time - _micros(_life(rule)))
    return (replace(state, rules={**state.rules, **changed}) if changed else state), tuple(fired)


def run(rules: Iterable[Rule], state: EngineState, history: Iterable[Seen]) -> tuple[EngineState, tuple[Fired, ...]]:
    """Return the state after a history, and all that fired."""
    known, found = tuple(rules), list[Fired]()
    for seen in history:
        state, fired = step(known, state, seen)
        found += fired
    return state, tuple(found)


def _judged(rule: Rule, before: Entry, seen: Seen) -> tuple[Entry, bool]:
    match rule.kind:
        case Occurrence():
            return before, True
        case Signal():
            return before, False
        case Threshold() as kind:
            value = (kind.distinct.of(seen) or seen.id) if kind.distinct is not None else ""
            others = tuple(mark for mark in before.marks if kind.distinct is None or mark[1] != value)
            marks = _recent((*others, (seen.time, value)), kind.within)
            return _settled(before, marks, seen, kind.within, fires=len(marks) >= kind.count)
        case Sequence() as kind:
            return _joined(rule, kind, before, seen)
        case FirstTime() as kind:
            return _compared(kind, before, seen)
        case Travel() as kind:
            return _traveled(kind, before, seen)


def _joined(rule: Rule, kind: Sequence, before: Entry, seen: Seen) -> tuple[Entry, bool]:
    """Judge a sequence: both sides are kept, so that it does not matter which of two logs was read first."""
    new = tuple((seen.time, side) for side, match in ((_FIRST, kind.first), ("then", rule.looks_at)) if match.takes(seen))
    marks = _recent((*before.marks, *new), kind.within)
    starts = [at for at, side in marks if side == _FIRST]
    ends = [at for at, side in marks if side != _FIRST]
    fires = any(sum(start < end for start in starts) >= kind.count for end in ends)
    return _settled(before, marks, seen, kind.within, fires=fires)


def _settled(before: Entry, marks: tuple[tuple[int, str], ...], seen: Seen, within: timedelta, *, fires: bool) -> tuple[Entry, bool]:
    if not fires:
        return Entry(marks, before.quiet), False
    if seen.time < before.quiet:
        return Entry((), before.quiet), False
    return Entry((), seen.time + _micros(within)), True


def _compared(kind: FirstTime, before: Entry, seen: Seen) -> tuple[Entry, bool]:
    value = kind.value.of(seen)
    if not value:
        return before, False
    known = tuple(mark for mark in before.marks if mark[0] > seen.time - _micros(kind.within))
    fires = bool(known) and all(each != value for _, each in known)
    return Entry(_recent((*(mark for mark in known if mark[1] != value), (seen.time, value)), kind.within)), fires


def _traveled(kind: Travel, before: Entry, seen: Seen) -> tuple[Entry, bool]:
    if seen.place is None:
        return before, False
    here = (int(seen.place.latitude), int(seen.place.longitude))
    after = Entry(((seen.time, f"{here[0]},{here[1]}"),))
    if not before.marks:
        return after, False
    at, text = before.marks[0]
    lat, _, lon = text.partition(",")
    far = distance((int(lat), int(lon)), here)
    return after, far >= kind.kilometers and far * _HOUR > kind.speed * abs(seen.time - at)


def _recent(marks: tuple[tuple[int, str], ...], within: timedelta) -> tuple[tuple[int, str], ...]:
    """Return the marks that are less than `within` older than the newest, the last 64 of them."""
    since = max(at for at, _ in marks) - _micros(within)
    return tuple(mark for mark in marks if mark[0] > since)[-MAX_COUNT:]


def _put(entries: Entries, key: str, entry: Entry, *, since: int) -> Entries:
    """Return the entries with one that was heard of last, without those that nothing new was heard of `since` a time."""
    kept = {name: each for name, each in entries.items() if name != key}
    while kept:
        oldest = next(iter(kept))
        if len(kept) < MAX_KEYS and max(kept[oldest].quiet, *(at for at, _ in kept[oldest].marks), since) > since:
            break
        del kept[oldest]
    return {**kept, key: entry}


def _without(state: EngineState, person: str) -> EngineState:
    kept = {name: {key: each for key, each in entries.items() if key != person} for name, entries in state.rules.items()}
    return replace(state, rules=kept)


def _life(rule: Rule) -> timedelta:
    return rule.kind.within if isinstance(rule.kind, Threshold | Sequence | FirstTime) else _JOURNEY


def _entry(marks: list[tuple[int, str]], quiet: int) -> Entry:
    return Entry(tuple((int(at), str(value)) for at, value in marks), int(quiet))


def _micros(time: timedelta) -> int:
    return time // timedelta(microseconds=1)
