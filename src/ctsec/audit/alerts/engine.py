"""The rules over a log, one event after the other: a state and an event in, a state and alerts out.

Rules that this module keeps:

- the same history fires the same alerts, however it is cut into batches; times come from the events alone;
- a rule that fired for a key is quiet for it until its time has passed;
- a store that is read late loses nothing: what is remembered of each store gets old by the events of that store alone, and an event is
  judged by what happened around its own time, whatever was read before it;
- the state is bounded: 1,000 keys a rule and store, those go first that were not heard of for longest, and 64 marks a key and store; what
  can not count any more is forgotten, and what concerns a person who is erased;
- no store makes forget what is known of another one: its keys go alone, and that somebody was erased is said by the home store;
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


Mark: TypeAlias = tuple[int, str, str]
"""A time, a value, and the store of the event (empty: the home store)."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What is remembered for a rule and a key: `marks`, and until when the rule is `quiet` after an event of a store."""

    marks: tuple[Mark, ...] = ()
    quiet: Mapping[str, int] = field(default_factory=lambda: _NEVER)


_NEVER: Final[Mapping[str, int]] = MappingProxyType({})
Entries: TypeAlias = Mapping[str, Entry]
_FRESH: Final = Entry()
_NOTHING: Final[Mapping[str, Entries]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class EngineState:
    """What the engine remembers, by rule and by key; keys are in the order in which they were last heard of.

    `salt` keys the digests of address blocks, so that nobody else can make them. `times` has the time of the newest event that was
    remembered of each store.
    """

    rules: Mapping[str, Entries] = field(default_factory=lambda: _NOTHING)
    salt: bytes = b""
    times: Mapping[str, int] = field(default_factory=lambda: _NEVER)

    def to_bytes(self) -> bytes:
        """Return the form that is stored, sealed."""
        told = {name: [[key, *_told(entry)] for key, entry in entries.items()] for name, entries in self.rules.items()}
        said = {"rules": told, "salt": self.salt.hex(), "times": dict(self.times)}
        return json.dumps(said, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> EngineState:
        """Return the state that `to_bytes` wrote; raise CorruptRecord for anything else."""
        try:
            said: Any = json.loads(data)
            told: dict[str, list[Any]] = said["rules"]
            rules = {name: {key: _entry(*entry) for key, *entry in entries} for name, entries in told.items()}
            times = {str(store): int(at) for store, at in said.get("times", {}).items()}
            return cls(rules, bytes.fromhex(said["salt"]), times)
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
    if seen.name == EventName.PERSON_ERASED and not seen.store:
        state = _without(state, seen.person)
    changed: dict[str, Entries] = {}
    fired: list[Fired] = []
    times = {**state.times, seen.store: max(seen.time, state.times.get(seen.store, seen.time))}
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
            changed[rule.name] = _put(entries, key, after, times=times, life=_micros(_life(rule)), store=seen.store)
    return (replace(state, rules={**state.rules, **changed}, times=times) if changed else state), tuple(fired)


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
            return _counted(kind, before, seen)
        case Sequence() as kind:
            return _joined(rule, kind, before, seen)
        case FirstTime() as kind:
            return _compared(kind, before, seen)
        case Travel() as kind:
            return _traveled(kind, before, seen)


def _counted(kind: Threshold, before: Entry, seen: Seen) -> tuple[Entry, bool]:
    """Judge a threshold: it is met where a time of that length has so many events, this one among them."""
    value = (kind.distinct.of(seen) or seen.id) if kind.distinct is not None else ""
    others = tuple(mark for mark in before.marks if kind.distinct is None or mark[1:] != (value, seen.store))
    marks = _kept((*others, (seen.time, value, seen.store)), kind.within)
    within, fires = _micros(kind.within), False
    for end in {at for at, *_ in marks if seen.time <= at < seen.time + within}:
        values = [value for at, value, _ in marks if end - within < at <= end]
        fires = fires or len(values if kind.distinct is None else set(values)) >= kind.count
    return _settled(before, marks, seen, within, fires=fires)


def _joined(rule: Rule, kind: Sequence, before: Entry, seen: Seen) -> tuple[Entry, bool]:
    """Judge a sequence: both sides are kept, so that it does not matter which of two logs was read first."""
    sides = ((_FIRST, kind.first), ("then", rule.looks_at))
    new = tuple((seen.time, side, seen.store) for side, match in sides if match.takes(seen))
    marks, within = _kept((*before.marks, *new), kind.within), _micros(kind.within)
    starts = [at for at, side, _ in marks if side == _FIRST]
    ends = [at for at, side, _ in marks if side != _FIRST and seen.time <= at < seen.time + within]
    fires = any(sum(end - within < start < end for start in starts) >= kind.count for end in ends)
    return _settled(before, marks, seen, within, fires=fires)


def _settled(before: Entry, marks: tuple[Mark, ...], seen: Seen, within: int, *, fires: bool) -> tuple[Entry, bool]:
    """Return what is left: nothing of the time around an alert counts for another one."""
    if not fires:
        return Entry(marks, before.quiet), False
    earlier = next((until - within for until in before.quiet.values() if abs(seen.time + within - until) < within), None)
    around = seen.time if earlier is None else earlier
    left = tuple(mark for mark in marks if abs(mark[0] - around) >= within)
    if earlier is not None:
        return Entry(left, before.quiet), False
    return Entry(left, {**before.quiet, seen.store: seen.time + within}), True


def _compared(kind: FirstTime, before: Entry, seen: Seen) -> tuple[Entry, bool]:
    value = kind.value.of(seen)
    if not value:
        return before, False
    known = tuple(mark for mark in before.marks if mark[0] > seen.time - _micros(kind.within))
    same = [at for at, each, _ in known if each == value]
    others = tuple(mark for mark in before.marks if mark[1] != value)
    # A store that is read late says nothing of when a value was seen last.
    return Entry(_kept((*others, (max((seen.time, *same)), value, seen.store)), kind.within)), bool(known) and not same


def _traveled(kind: Travel, before: Entry, seen: Seen) -> tuple[Entry, bool]:
    if seen.place is None:
        return before, False
    here = (int(seen.place.latitude), int(seen.place.longitude))
    after = Entry(((seen.time, f"{here[0]},{here[1]}", seen.store),))
    if not before.marks:
        return after, False
    at, text, _ = before.marks[0]
    lat, _, lon = text.partition(",")
    far = distance((int(lat), int(lon)), here)
    return after, far >= kind.kilometers and far * _HOUR > kind.speed * abs(seen.time - at)


def _kept(marks: tuple[Mark, ...], within: timedelta) -> tuple[Mark, ...]:
    """Return of each store the marks that are less than `within` older than its newest, the last 64 of them, in their order."""
    newest: dict[str, int] = {}
    for at, _, store in marks:
        newest[store] = max(at, newest.get(store, at))
    left, counts = list[Mark](), dict.fromkeys(newest, 0)
    for mark in reversed(marks):
        at, _, store = mark
        if at > newest[store] - _micros(within) and counts[store] < MAX_COUNT:
            counts[store] += 1
            left.append(mark)
    return tuple(reversed(left))


def _put(entries: Entries, key: str, entry: Entry, *, times: Mapping[str, int], life: int, store: str) -> Entries:
    """Return the entries with one that was heard of last in `store`, without those of which nothing can count any more in their stores."""
    kept = {name: each for name, each in entries.items() if name != key}
    while kept:
        oldest = next(iter(kept))
        if _lives(kept[oldest], times, life):
            break
        del kept[oldest]
    if len(kept) >= MAX_KEYS:
        there = [name for name, each in kept.items() if _of_store(each, store)]
        for name in there[: max(0, len(there) - MAX_KEYS + 1)]:
            left = _beside(kept[name], store)
            if left == _FRESH:
                del kept[name]
            else:
                kept[name] = left
    return {**kept, key: entry}


def _of_store(entry: Entry, store: str) -> bool:
    return store in entry.quiet or any(where == store for _, _, where in entry.marks)


def _beside(entry: Entry, store: str) -> Entry:
    """Return what is known of a key from the other stores."""
    quiet = {where: until for where, until in entry.quiet.items() if where != store}
    return Entry(tuple(mark for mark in entry.marks if mark[2] != store), quiet)


def _lives(entry: Entry, times: Mapping[str, int], life: int) -> bool:
    said = (*((at, store) for at, _, store in entry.marks), *((until, store) for store, until in entry.quiet.items()))
    return any(at > times.get(store, at) - life for at, store in said)


def _without(state: EngineState, person: str) -> EngineState:
    kept = {name: {key: each for key, each in entries.items() if key != person} for name, entries in state.rules.items()}
    return replace(state, rules=kept)


def _life(rule: Rule) -> timedelta:
    return rule.kind.within if isinstance(rule.kind, Threshold | Sequence | FirstTime) else _JOURNEY


def _told(entry: Entry) -> list[Any]:
    """Return an entry as it is stored: of the home store as it has always been, and of others beside that."""
    marks = [[at, value, store] if store else [at, value] for at, value, store in entry.marks]
    others = {store: until for store, until in entry.quiet.items() if store}
    return [marks, entry.quiet.get("", 0), *([others] if others else [])]


def _entry(marks: list[Any], quiet: int, others: Mapping[str, int] = _NEVER) -> Entry:
    until = {**({"": int(quiet)} if quiet else {}), **{str(store): int(at) for store, at in others.items()}}
    return Entry(tuple(_mark(*mark) for mark in marks), until)


def _mark(at: int, value: str, store: str = "") -> Mark:
    return int(at), str(value), str(store)


def _micros(time: timedelta) -> int:
    return time // timedelta(microseconds=1)
