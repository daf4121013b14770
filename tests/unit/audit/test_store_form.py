"""The row of an event is what its fields say, whichever way its body was made, and a draft becomes a record like any other."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from copy import copy
from dataclasses import FrozenInstanceError, dataclass, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.ambient import Ambient, Request
from ctsec.audit.canonical import _careful, leaf_hash
from ctsec.audit.change import Change, form
from ctsec.audit.event import Event, EventName, Target, build
from ctsec.audit.record import StoredEvent, microseconds, store_form
from ctsec.draft import draft_of, drafted
from ctsec.ids import EventId, OrganizationId
from ctsec.principal import system
from ctsec.testing import FixedClock, UnsafeSeededRandom


class Own(StrEnum):
    """Names as a host writes them."""

    VIEWED = "report.viewed"


TOLD = build(
    EventName.ROLE_ASSIGNED,
    ambient=Ambient(clock=FixedClock(), random=UnsafeSeededRandom(), request=Request(id="req_1", address="192.0.2.7")),
    actor=system("job"),
    targets=(Target("workspace", "wsp_1"), Target("role", "admin")),
    organization=OrganizationId("org_1"),
    details={"after": "admin", "count": 2},
)
ODD: list[Any] = [
    "é",
    "x\ud800",
    "\U0001f600",
    '"',
    "\\",
    "\n",
    "",
    None,
    1,
    2**53,
    True,
    1.5,
    float("nan"),
    UUID(int=1),
    Own.VIEWED,
    b"x",
    ("a",),
    [1.5],
]
VALUES = st.sampled_from(ODD) | st.text(max_size=5)
TEXTS = (
    "id", "name", "actor_kind", "actor_id", "credential_kind", "credential_id", "subject", "reason", "organization", "workspace",
    "request_id", "schema",
)  # fmt: skip
EVENTS = st.builds(
    lambda put, more: replace(TOLD, **put, **more),
    st.dictionaries(st.sampled_from(TEXTS), VALUES, max_size=3),
    st.fixed_dictionaries(
        {},
        optional={
            "details": st.dictionaries(st.text(max_size=3) | VALUES.filter(lambda each: not isinstance(each, list)), VALUES, max_size=3),
            "targets": st.lists(st.builds(Target, VALUES, VALUES), max_size=3).map(tuple),
            "changes": st.lists(
                st.builds(Change, path=st.text(max_size=3), before=st.sampled_from(["é", "x\ud800", None, 2**53, 1.5]), after=st.just(1)),
                max_size=2,
            ).map(tuple),
            "more_changes": st.integers(0, 2),
            "time": st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
        },
    ),
)


def as_it_reads(event: Event, personal: bytes) -> bytes:
    """Return the body of an event as the record's description has it, made the careful way."""
    said: dict[str, object] = {
        "v": 1, "id": event.id, "log": event.log, "time": microseconds(event.time), "name": event.name, "schema": event.schema,
        "actor": {"credential": {"id": event.credential_id, "kind": event.credential_kind}, "id": event.actor_id, "kind": event.actor_kind},
        "targets": [{"id": target.id, "kind": target.kind} for target in event.targets],
        "subject": event.subject, "outcome": event.outcome.value, "reason": event.reason, "organization": event.organization,
        "workspace": event.workspace, "request": event.request_id, "details": dict(event.details),
        "personal": hashlib.sha256(personal).hexdigest() if personal else None,
    }  # fmt: skip
    changes: dict[str, object] = {"changes": [form(change) for change in event.changes]} if event.changes else {}
    more = {"more_changes": event.more_changes} if event.changes and event.more_changes else {}
    return _careful({**changes, **more, **dict(sorted(said.items()))})


def ended(work: Callable[[], bytes]) -> bytes | str:
    """Return the bytes, or the words of the refusal."""
    try:
        return work()
    except ValueError as refusal:
        return str(refusal)


def test_no_odd_value_passes_in_any_field() -> None:
    """One odd value, in any field, detail or target: the careful way's bytes, or its refusal."""
    for odd in ODD:
        every: list[dict[str, Any]] = [{name: odd} for name in TEXTS]
        every += [{"details": {"a": odd}}, {"targets": (Target(odd, "x"),)}, {"targets": (Target("x", "y"), Target("x", odd))}]
        for change in every:
            event = replace(TOLD, **change)
            assert ended(lambda event=event: store_form(event, personal=b"").body) == ended(lambda event=event: as_it_reads(event, b""))  # type: ignore[misc]


@given(EVENTS, st.sampled_from([b"", b"sealed"]))
def test_the_body_of_an_event_is_the_careful_one(event: Event, personal: bytes) -> None:
    """Whatever stands in an event, its body has the bytes of the careful way, or is refused where that refuses it."""
    expected = ended(lambda: as_it_reads(event, personal))
    assert ended(lambda: store_form(event, personal=personal).body) == expected
    if isinstance(expected, bytes):
        row = store_form(event, personal=personal)
        assert (row.leaf, row.personal) == (leaf_hash(expected), personal)


def test_a_row_has_every_field() -> None:
    """What is filled in as a draft has all the fields of the record and equals one that is made from them, as an event does."""
    row = store_form(TOLD, personal=b"x")
    again = StoredEvent(**{each.name: getattr(row, each.name) for each in fields(row)})
    assert (row, hash(row), repr(row)) == (again, hash(again), repr(again))
    assert Event(**{each.name: getattr(TOLD, each.name) for each in fields(TOLD)}) == TOLD
    assert {type(row), type(replace(row, id=EventId("evt_2")))} == {StoredEvent}
    assert {type(TOLD), type(replace(TOLD, id=EventId("evt_2")))} == {Event}


@pytest.mark.parametrize("how", [drafted, lambda kind: kind], ids=["drafted", "plain"])
def test_a_draft_becomes_a_record(how: Callable[[type[Any]], type[Any]]) -> None:
    """A draft takes the fields of its record and nothing else; once it is the record it takes none, and a field left out stays unset."""

    @how
    @dataclass(frozen=True, slots=True)
    class Pair:
        one: int
        two: int = 2

    draft = draft_of(Pair)()
    draft.one = 1
    with pytest.raises(AttributeError):
        draft.three = 3
    draft.two = 5
    draft.__class__ = Pair
    made: Any = draft
    assert draft == Pair(1, 5) == replace(Pair(1), two=5)
    assert (repr(draft), hash(draft)) == (repr(Pair(1, 5)), hash(Pair(1, 5)))
    assert type(draft) is type(copy(draft)) is Pair
    with pytest.raises(FrozenInstanceError):
        made.one = 2
