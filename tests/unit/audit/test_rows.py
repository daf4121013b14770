"""Rows that are judged many at a time agree only if each of them does by itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.ambient import Ambient, Request
from ctsec.audit import record, rows
from ctsec.audit.canonical import leaf_hash
from ctsec.audit.change import Change, FieldClass
from ctsec.audit.event import EventName, Target, build
from ctsec.audit.record import SealedEvent, StoredEvent, departures, microseconds, store_form
from ctsec.audit.retention.selection import EVIDENCE
from ctsec.audit.rows import LogRow, agreeing, row_of
from ctsec.errors import CorruptRecord
from ctsec.ids import OrganizationId, WorkspaceId
from ctsec.outcome import Reason
from ctsec.principal import system
from ctsec.storage.sql.statements.log_cells import sealed_events
from ctsec.testing import FixedClock, UnsafeSeededRandom

FIRST = 512
TIMES = (2, 4, 3)


def events(*, region: str = "") -> Iterator[StoredEvent]:
    """Yield events that say all that one can say, and one that says as little as it can; times in another order than indexes."""
    clock = FixedClock()
    ambient = Ambient(clock=clock, random=UnsafeSeededRandom(), request=Request(id="req_1", address="192.0.2.7"))
    begun = clock.now()
    for number, later in enumerate(TIMES):
        clock.set(begun + timedelta(seconds=later))
        made = build(
            (EventName.ROLE_ASSIGNED, EventName.USER_SIGNED_IN, EventName.USER_SIGNED_IN)[number],
            ambient=ambient,
            actor=system("job"),
            targets=((Target("workspace", "wsp_1"), Target("role", "ädmin")), (), (Target("user", "usr_1"),))[number],
            subject=("usr_1", None, None)[number],
            refused=(Reason.STEP_UP_REQUIRED, None, None)[number],
            organization=OrganizationId("org_1"),
            workspace=(WorkspaceId("wsp_1"), None, None)[number],
            details={"after": 'ad"min', "count": number},
            changes=(Change(path="name", before="a", after="b", kept=FieldClass.PUBLIC),) if number == 0 else (),
        )
        yield store_form(replace(made, region=region) if region else made, personal=(b"sealed", b"", b"\xff")[number])


def sound(*, region: str = "") -> list[LogRow]:
    """Return the rows of those events."""
    return [row_of(SealedEvent(FIRST + at, each)) for at, each in enumerate(events(region=region))]


def at_once(made: list[LogRow], *, region: str = "") -> tuple[list[bytes], int] | None:
    """Return what is judged of rows at once by a reader of bodies that has them agree; None where no reader does."""
    answers: list[tuple[list[bytes], int] | None] = []
    for loads in {record.load, record.readers()[-1]}:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(rows, "load", loads)
            answers.append(agreeing(made, first=FIRST, end=FIRST + len(TIMES), region=region, apart=EVIDENCE))
    return next((each for each in answers if each is not None), None)


def one_by_one(made: list[LogRow], *, region: str = "") -> bool:
    """Say whether each row agrees by itself, as its cells are read from a table."""
    try:
        return all(
            leaf_hash(each.event.body) == each.event.leaf and departures(each.event, region=region) == ()
            for each in sealed_events(made, dialect="sqlite")
        )
    except CorruptRecord:
        return False


def test_sound_rows_agree() -> None:
    """Their leaves are those of the bodies, and the latest time is that of all; of a region's store too, and of no other store."""
    for region in ("", "eu"):
        made = sound(region=region)
        stored = [*events(region=region)]
        assert at_once(made, region=region) == ([each.leaf for each in stored], max(microseconds(each.time) for each in stored))
        assert at_once(made, region="us") is None
        assert one_by_one(made, region=region)


def test_other_rows_than_were_asked_for_do_not_agree() -> None:
    """One that is missing, doubled, moved or too many, and one that retention is judged by."""
    made = sound()
    for wrong in (made[:-1], [*made, made[-1]], [made[0], made[0], made[2]], made[::-1], [(FIRST + 9, *made[0][1:]), *made[1:]], []):
        assert at_once(wrong) is None
    plan = replace(next(events()), name="retention.changed")
    plan = replace(plan, body=plan.body.replace(b'"role.assigned"', b'"retention.changed"'))
    row = row_of(SealedEvent(FIRST, replace(plan, leaf=leaf_hash(plan.body))))
    assert one_by_one([row, *made[1:]])
    assert at_once([row, *made[1:]]) is None


MEMBERS: list[str] = [*json.loads(next(events()).body)]
ODD: list[Any] = [
    None, True, False, 0, 1, -1, 1.0, 2**53, 2**63, 2**64, 1.5, "", "x", "org_1", "\ud800", [], [[]], ["x"], [None], [{}], {},
    {"id": "job"}, {"id": "job", "kind": "system"}, [{"id": "wsp_1", "kind": "workspace"}], {"0": {"id": "wsp_1"}}, "eu",
]  # fmt: skip
CELLS: list[Any] = [None, 0, 1, 1.0, -1, 1.5, 2**63 - 1, "", "x", "org_1", b"", b"x", b"org_1", "\ud800"]


def with_body(row: LogRow, body: bytes) -> LogRow:
    """Return a row with another body, and its leaf."""
    return (*row[:15], body, leaf_hash(body), row[17])


@st.composite
def hostile(draw: st.DrawFn) -> list[LogRow]:
    """Return rows of which somebody changed one or two: members and bytes of a body, with its leaf or without, and cells."""
    made = sound()
    for at in draw(st.sets(st.integers(0, len(made) - 1), min_size=1, max_size=2)):
        row = made[at]
        match draw(st.integers(0, 4)):
            case 0:
                said = json.loads(row[15])
                for name in draw(st.sets(st.sampled_from([*MEMBERS, "region"]), min_size=1, max_size=2)):
                    said[name] = draw(st.sampled_from(ODD))
                row = with_body(row, json.dumps(said, sort_keys=True, separators=(",", ":")).encode())
            case 1:
                put = draw(st.sampled_from([b"", b" ", b'"', b"}", b"{", b",", b"\\", b"1"]))
                start = draw(st.integers(0, len(row[15]) - 1))
                row = with_body(row, row[15][:start] + put + row[15][start + draw(st.integers(0, 1)) :])
            case 2:
                # A member once more, in front of the others or behind them: readers take the last one.
                name, value = draw(st.sampled_from([*MEMBERS, "region"])), json.dumps(draw(st.sampled_from(ODD))).encode()
                more = b'"%b":%b' % (name.encode(), value)
                inside = row[15][1:-1]
                row = with_body(row, b"{" + (more + b"," + inside if draw(st.booleans()) else inside + b"," + more) + b"}")
            case 3:
                column = draw(st.integers(1, 17))
                row = (*row[:column], draw(st.sampled_from(CELLS)), *row[column + 1 :])
            case _:
                # A cell and what the body says of it, as a number, a text or nothing at all.
                place, told = draw(st.sampled_from([(11, "reason"), (14, "request"), (2, "log"), (3, "time")]))
                odd = draw(st.sampled_from(ODD))
                body = json.dumps(json.loads(row[15]) | {told: odd}, sort_keys=True, separators=(",", ":")).encode()
                row = with_body((*row[:place], odd, *row[place + 1 :]), body)
        made[at] = row
    return made


@given(hostile())
def test_rows_that_agree_at_once_agree_one_by_one(made: list[LogRow]) -> None:
    """Whatever is done to a body or a cell: nothing is taken at once that would be told by itself."""
    if at_once(made) is not None:
        assert one_by_one(made)


BROKEN: list[Callable[[bytes], bytes]] = [
    lambda body: b" " + body,
    lambda body: body + b"\n",
    lambda body: body + b"{}",
    lambda body: b"",
    lambda body: body[:-1] + b',"more":}',
    lambda body: body.replace(b'"v":1', b'"v":2'),
    lambda body: body.replace(b'"v":1', b'"v":"1"'),
    lambda body: body.replace(b'"v":1,', b""),
    lambda body: body.replace(b'"details"', b'"region":"eu","details"'),
    lambda body: body.replace(b'"count":', b'"count":' + b"[" * 3000),
]


@pytest.mark.parametrize("change", BROKEN)
def test_a_body_that_is_none_of_ours_is_left_to_be_judged_by_itself(change: Callable[[bytes], bytes]) -> None:
    """Blanks around it, something behind it, nothing at all, a broken end, other versions and regions, a deep nest; its leaf fits."""
    made = sound()
    for at in range(len(made)):
        wrong = [*made[:at], with_body(made[at], change(made[at][15])), *made[at + 1 :]]
        assert at_once(wrong) is None
        assert not one_by_one(wrong)


@pytest.mark.parametrize(("cell", "said"), [(1, b"1.0"), (0, b"-0.0"), (-1, b"-1"), (1 << 53, b"9007199254740992")])
def test_a_time_that_is_none_does_not_agree(cell: int, said: bytes) -> None:
    """A number with a fraction, before 1970 and beyond what an event can say, in the column and in the body."""
    made = sound()
    body = made[1][15].replace(str(made[1][3]).encode(), said)
    wrong = [made[0], with_body((*made[1][:3], cell, *made[1][4:]), body), made[2]]
    assert at_once(wrong) is None
    assert not one_by_one(wrong)


def _cell(column: int, value: Any) -> Callable[[LogRow], LogRow]:
    return lambda row: (*row[:column], value, *row[column + 1 :])


def test_each_column_counts() -> None:
    """Another value in any of the cells, or the same one in another type, and the rows do not agree."""
    made = sound()
    for column in range(1, 18):
        for at, row in enumerate(made):
            was = row[column]
            others: list[Any] = [None if was is not None else "", b"x" if isinstance(was, bytes) else "x"]
            others += (
                [was.encode()] if isinstance(was, str) else [was + 1, float(was)] if isinstance(was, int) else [memoryview(was or b"")]
            )
            for other in others:
                assert at_once([*made[:at], _cell(column, other)(row), *made[at + 1 :]]) is None, (column, other)
