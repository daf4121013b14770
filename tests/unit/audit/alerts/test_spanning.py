"""A log in several stores under the rules: the order of its events, what a late store still fires, and what is remembered where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.audit.alerts import By, EngineState, Fired, FirstTime, Match, Occurrence, Place, Rule, Seen, Severity, Threshold, run
from ctsec.audit.alerts import Sequence as Joined
from ctsec.audit.alerts.rule import Kind, Travel
from ctsec.audit.alerts.spanning import Memory, judged, ordered
from ctsec.audit.event import LogId
from ctsec.ids import EventId

LOG: Final = LogId("org_1")
WITHIN: Final = 10
STORES: Final = ("", "eu", "us")
Histories: TypeAlias = Mapping[str, Sequence[Seen]]


def rule(kind: Kind, *, by: By = By.ACTOR, across: bool = False) -> Rule:
    """Return a rule over notes."""
    return Rule(name="r", reason="a test", severity=Severity.LOW, looks_at=Match(names=("note.*",)), kind=kind, by=by, across=across)


COUNTED: Final = rule(Threshold(count=3, within=timedelta(seconds=WITHIN)))
DISTINCT: Final = rule(Threshold(count=3, within=timedelta(seconds=WITHIN), distinct=By.CREDENTIAL))
JOINED: Final = rule(Joined(first=Match(names=("note.opened",)), count=2, within=timedelta(seconds=WITHIN)))


def seen(n: int, *, at: int, store: str = "", **more: Any) -> Seen:
    """Return the n-th event of a store, `at` seconds after the start."""
    made = Seen(
        id=EventId(f"evt_{store}{n}"), log=LOG, index=n, time=at * 1_000_000, name="note.read", outcome="success", reason="", actor="ann",
        person="ann", credential_kind="session", credential="c1", target="salaries", details={}, network="net-1", store=store,
    )  # fmt: skip
    return replace(made, **more)


@st.composite
def histories(draw: st.DrawFn) -> Histories:
    """Return events of one actor in three stores, each in the order of its times."""
    found: dict[str, list[Seen]] = {}
    for store in STORES:
        times = sorted(draw(st.lists(st.integers(0, 40), max_size=10)))
        found[store] = [
            seen(
                n,
                at=at,
                store=store,
                name=draw(st.sampled_from(["note.read", "note.opened"])),
                credential=draw(st.sampled_from(["c1", "c2", "c3", "c4"])),
            )
            for n, at in enumerate(times)
        ]
    return found


def meets(rule: Rule, window: Sequence[Seen]) -> bool:
    """Say whether events that are less than the rule's time apart are what it looks for: the naive model of a rule."""
    match rule.kind:
        case Joined(count=count):
            ends = [each.time for each in window if rule.looks_at.takes(each)]
            starts = [each.time for each in window if each.name == "note.opened"]
            return any(sum(start < end for start in starts) >= count for end in ends)
        case Threshold(count=count, distinct=distinct):
            return len(window if distinct is None else {each.credential for each in window}) >= count
        case _:
            raise AssertionError(rule.kind)


def windows(events: Iterable[Seen]) -> list[list[Seen]]:
    """Return the events of each time of the length of the rules."""
    known = list(events)
    starts = {each.time for each in known}
    return [[each for each in known if start <= each.time < start + WITHIN * 1_000_000] for start in starts]


def near(fired: Iterable[Fired], window: Iterable[Seen]) -> bool:
    """Say whether an alert is less than a rule's time from an event of a window."""
    times = [each.time for each in window]
    return any(abs(each.seen.time - time) < WITHIN * 1_000_000 for each in fired for time in times)


def read(data: st.DataObject, found: Histories) -> list[Seen]:
    """Return the events in some order in which their stores may be read: each store in the order of its log."""
    left = {store: list(events) for store, events in found.items()}
    order: list[Seen] = []
    while waiting := sorted(store for store, events in left.items() if events):
        store: str = data.draw(st.sampled_from(waiting))
        count: int = data.draw(st.integers(1, 4))
        order += left[store][:count]
        left[store] = left[store][count:]
    return order


@given(histories(), st.sampled_from([COUNTED, DISTINCT, JOINED]), st.data())
def test_whenever_a_store_is_read_nothing_of_it_is_lost(found: Histories, rule: Rule, data: st.DataObject) -> None:
    """In any order of stores: what one store has that a rule looks for has an alert close to it, and each alert has a cause."""
    order = read(data, found)
    _, fired = run((rule,), EngineState(), order)
    for store in STORES:
        for window in windows(found[store]):
            assert near(fired, window) or not meets(rule, window), (store, window)
    for each in fired:
        so_far = order[: order.index(each.seen) + 1]
        assert any(meets(rule, window) for window in windows(so_far) if each.seen in window)


@given(histories(), st.sampled_from([COUNTED, DISTINCT, JOINED]), st.integers(1, 7))
def test_what_spans_stores_fires_where_they_answer(found: Histories, rule: Rule, page: int) -> None:
    """Read by pages and merged by time, what all stores have together counts as in one log; the size of the pages changes nothing."""
    waiting, left = {store: list[Seen]() for store in STORES}, {store: list(events) for store, events in found.items()}
    memory = Memory(EngineState(), EngineState(), {"eu": EngineState(), "us": EngineState()})
    order, fired = list[Seen](), list[Fired]()
    while any(waiting.values()) or any(left.values()):
        for store in STORES:
            if not waiting[store]:
                waiting[store], left[store] = left[store][:page], left[store][page:]
        events = ordered(waiting, more=[store for store in STORES if left[store]])
        waiting = {store: [each for each in waiting[store] if each not in events] for store in STORES}
        memory, some = judged((rule,), memory, events, log=LOG)
        order += events
        fired += some
    places = {store: n for n, store in enumerate(STORES)}
    assert order == sorted(order, key=lambda each: (each.time, places[each.store], each.index))
    for window in windows(order):
        assert near(fired, window) or not meets(rule, window)
    assert [each.seen for each in fired] == [each.seen for each in run((rule,), EngineState(), order)[1]]


def test_the_order_ends_where_a_store_may_have_more() -> None:
    """Behind the last event that was read of a store which has more, nothing is judged: what comes next there may be earlier."""
    home, eu = [seen(n, at=n) for n in range(4)], [seen(0, at=1, store="eu")]
    assert [each.id for each in ordered({"": home, "eu": eu}, more=("eu",))] == ["evt_0", "evt_1", "evt_eu0"]
    assert len(ordered({"": home, "eu": eu})) == 5
    assert ordered({"": home, "eu": []}, more=("eu",)) == ()
    late = [seen(0, at=9, store="eu"), seen(1, at=0, store="eu")]
    assert [each.id for each in ordered({"eu": late})] == ["evt_eu0", "evt_eu1"]


def test_a_late_store_is_not_judged_by_what_came_after_it() -> None:
    """A store that is read two days late fires what it would have fired, although the home store fired and went on meanwhile."""
    days = 2 * 86_400
    home = [seen(n, at=days + n) for n in range(3)]
    late = [seen(n, at=n, store="eu") for n in range(3)]
    state, fired = run((COUNTED,), EngineState(), [*home, *late[:1], seen(9, at=days + 60, actor="bob")])
    assert [each.seen.store for each in fired] == [""]
    state, fired = run((COUNTED,), EngineState.from_bytes(state.to_bytes()), late[1:])
    assert [(each.seen.store, each.seen.id) for each in fired] == [("eu", "evt_eu2")]
    _, fired = run((COUNTED,), EngineState(), [*late[:2], *home, late[2]])
    assert [each.seen.store for each in fired] == ["", "eu"]
    assert run((COUNTED,), state, [seen(3, at=3, store="us"), seen(4, at=4, store="us"), seen(5, at=5, store="us")])[1] == ()


def test_a_memory_of_before_is_read() -> None:
    """What was stored of the home store alone, without stores and times, is read as it was meant, and is written in that form."""
    old = b'{"rules":{"r":[["ann",[[0,""],[1000000,""]],0],["bob",[],5]]},"salt":"00"}'
    state, fired = run((COUNTED,), EngineState.from_bytes(old), [seen(2, at=2)])
    assert (len(fired), state.rules["r"]["bob"].quiet) == (1, {"": 5})
    assert b'["ann",[],12000000]' in state.to_bytes()


def test_what_names_no_id_is_remembered_under_the_regions_key_alone() -> None:
    """Rules by a target, a network, a country or a journey leave nothing of a region's events in what is remembered at home."""
    places = (Place("CH", 47.4, 8.5), Place("AU", -33.9, 151.2))
    kinds: list[tuple[Kind, By, bool]] = [
        (Occurrence(), By.TARGET, False), (Occurrence(), By.COUNTRY, True), (Travel(), By.PERSON, False),
        (FirstTime(value=By.NETWORK, within=timedelta(9)), By.CREDENTIAL, False),
        (Threshold(count=2, within=timedelta(9), distinct=By.TARGET), By.ACTOR, False), (Occurrence(), By.ACTOR, False),
        (Threshold(count=2, within=timedelta(9)), By.NETWORK, False), (FirstTime(value=By.ACTOR, within=timedelta(9)), By.LOG, True),
    ]  # fmt: skip
    rules = tuple(replace(rule(kind, by=by, across=across), name=f"r{n}") for n, (kind, by, across) in enumerate(kinds))
    events = [seen(n, at=n, store="eu", place=places[n], network=f"net-{n}", target=f"salaries-{n}", actor=f"a{n}") for n in range(2)]
    memory = Memory(EngineState(), EngineState(), {"eu": EngineState(salt=b"s")})
    memory, fired = judged(rules, memory, events, log=LOG)
    told = memory.own.to_bytes() + memory.across.to_bytes() + repr([each.key for each in fired]).encode()
    assert not any(word in told for word in (b"salaries", b"CH", b"AU", b"47,", b'"net-'))
    assert b"-34,151" in memory.regions["eu"].to_bytes()
    names = [each.rule.name for each in fired]
    assert sorted(names) == ["r0", "r0", "r1", "r1", "r2", "r3", "r5", "r5", "r7"]
    keys = {each.rule.name: each.key for each in fired}
    assert keys["r0"].startswith("ref-")
    assert keys["r1"].startswith("ref-")
    assert (keys["r2"], keys["r5"], keys["r3"]) == ("ann", "a1", "c1")
    other, again = (
        judged(rules, Memory(EngineState(), EngineState(), {"eu": EngineState(salt=salt)}), events, log=LOG)[1] for salt in (b"t", b"s")
    )
    assert [each.key for each in again] == [each.key for each in fired]
    assert {each.key for each in other if each.rule.name == "r0"}.isdisjoint({each.key for each in again})


@pytest.mark.parametrize(
    ("kind", "by", "ids"),
    [
        (Occurrence(), By.LOG, True), (Occurrence(), By.TARGET, False), (Travel(), By.PERSON, False),
        (Threshold(count=2, within=timedelta(1)), By.CREDENTIAL, True), (Threshold(count=2, within=timedelta(1)), By.NETWORK, False),
        (Threshold(count=2, within=timedelta(1), distinct=By.TARGET), By.ACTOR, False),
        (Threshold(count=2, within=timedelta(1), distinct=By.PERSON), By.ACTOR, True),
        (FirstTime(value=By.COUNTRY, within=timedelta(1)), By.PERSON, False),
        (FirstTime(value=By.ACTOR, within=timedelta(1)), By.LOG, True),
    ],
)  # fmt: skip
def test_rules_are_of_ids_or_of_more(kind: Kind, by: By, *, ids: bool) -> None:
    """A rule sees all stores as one where neither its key nor its values say where anybody was or what was worked on."""
    assert rule(kind, by=by).of_ids is ids
