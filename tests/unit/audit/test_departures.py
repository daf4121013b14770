"""What a row says is compared with what its body says, and every reader of bodies finds the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.ambient import Ambient, Request
from ctsec.audit import record
from ctsec.audit.event import EventName, Target, build
from ctsec.audit.record import StoredEvent, departures, readers, store_form
from ctsec.errors import CorruptRecord
from ctsec.ids import OrganizationId
from ctsec.principal import system
from ctsec.testing import FixedClock, UnsafeSeededRandom

ROW = store_form(
    build(
        EventName.ROLE_ASSIGNED,
        ambient=Ambient(clock=FixedClock(), random=UnsafeSeededRandom(), request=Request(id="req_1", address="192.0.2.7")),
        actor=system("job"),
        targets=(Target("workspace", "wsp_1"), Target("role", "admin")),
        organization=OrganizationId("org_1"),
        details={"after": "admin", "count": 2},
    ),
    personal=b"sealed",
)
MEMBERS: dict[str, Any] = json.loads(ROW.body)
ODD: list[Any] = [
    None, True, 0, -1, 2**53, 2**64, 1.5, "", "x", "\ud800", [], [[]], ["x"], [None], [{}], {}, {"id": "job"}, {"kind": 1, "id": []},
    {"id": "job", "kind": "system", "credential": None}, [{"id": "wsp_1"}], [{"kind": "workspace", "id": "wsp_1"}], MEMBERS["targets"][1:],
]  # fmt: skip
COUNT = b'"count":2'
HOSTILE: list[tuple[bytes, object]] = [
    *((body, "corrupt") for body in (b"", b"[]", b"null", b"1", ROW.body[:-1], b"{" + ROW.body + b"}", ROW.body + b"}")),
    *((body, "corrupt") for body in (b" " + ROW.body, ROW.body + b"\n", b"\xef\xbb\xbf" + ROW.body)),
    *((ROW.body.replace(COUNT, b'"count":' + odd), "corrupt") for odd in (b'"\xff"', b"x", b"[" * 2000 + b"]" * 2000)),
    *((ROW.body.replace(COUNT, b'"count":' + odd), ()) for odd in (b"NaN", b"2.0", b'"\\ud800"', b"123456789012345678901234567890")),
    (b"{}", ("body",)),
    (ROW.body.replace(b'"v":1', b'"v":1,"v":2'), ("body",)),
    (ROW.body.replace(b'"v":1', b'"v":2,"v":1'), ()),
    (ROW.body.replace(b'"v":1,', b""), ("body",)),
]


def found(event: StoredEvent) -> object:
    """Return what departs, or that the body can not be read."""
    try:
        return departures(event)
    except CorruptRecord:
        return "corrupt"


def by_each(body: bytes) -> list[object]:
    """Return what each reader finds."""
    answers: list[object] = []
    with pytest.MonkeyPatch.context() as patch:
        for each in readers():
            patch.setattr(record, "_READ", each)
            answers.append(found(replace(ROW, body=body)))
    return answers


@pytest.mark.parametrize(("body", "wanted"), HOSTILE, ids=range(len(HOSTILE)))
def test_readers_agree_on_bodies_that_nobody_here_wrote(body: bytes, wanted: object) -> None:
    """Blanks around, two objects, numbers that are none, deep nests, doubled members: every reader finds the same."""
    assert [*by_each(body)] == [wanted] * len(readers())


@given(
    st.dictionaries(st.sampled_from([*MEMBERS, "more"]), st.sampled_from(ODD), min_size=1, max_size=3), st.sets(st.sampled_from([*MEMBERS]))
)
def test_a_column_that_departs_is_told_whatever_the_body_has(put: dict[str, Any], gone: set[str]) -> None:
    """Members of any kind, or missing: the readers agree, and a naive comparison says the same."""
    said = {name: value for name, value in {**MEMBERS, **put}.items() if name not in gone}
    body = json.dumps(said, sort_keys=True, separators=(",", ":")).encode()
    first, *others = by_each(body)
    assert all(each == first for each in others)
    same: Callable[[str], bool] = lambda name: said.get(name) == MEMBERS[name]  # noqa: E731 - a word for what is asked often
    if all(map(same, ("id", "log", "time", "name", "actor", "targets", "subject", "outcome", "reason", "organization"))) and all(
        map(same, ("workspace", "request", "personal", "v"))
    ):
        assert first == ()
    if said.get("v") != 1:
        assert first == ("body",)
    elif not all(map(same, ("id", "name", "outcome", "request", "personal", "log"))):
        assert first not in ((), "corrupt")
