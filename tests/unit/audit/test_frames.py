"""What is said of an event when it is built: the bytes of the careful way, whatever stands in any place that a host can fill."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from json.encoder import encode_basestring
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.ambient import Ambient, Request
from ctsec.audit import frame, record
from ctsec.audit.canonical import _WAYS, MAX_BODY, leaf_hash, quoted
from ctsec.audit.change import Change
from ctsec.audit.event import Event, EventName, Target, build
from ctsec.audit.record import store_form
from ctsec.principal import Credential, CredentialKind, Principal, PrincipalKind
from ctsec.testing import FixedClock, UnsafeSeededRandom
from tests.unit.audit.test_hostile_trees import HOSTILE, ODD, Mixed, Shown, Unequal, deep
from tests.unit.audit.test_store_form import as_it_reads, ended

AT = datetime(2026, 3, 1, 12, 30, 59, 999_999, tzinfo=UTC)


class Liar(str):
    """A text that equals every text."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return True

    def __len__(self) -> int:
        return 0


class Twice(Target):
    """A target that says something else each time that it is asked."""

    asked = 0

    def __getattribute__(self, name: str) -> Any:
        if name == "id":
            Twice.asked += 1
            return f"x{Twice.asked}"
        return super().__getattribute__(name)


class Named(StrEnum):
    VIEWED = "report.viewed"


PLAIN = ["", "usr_1", "a b", "~", "\x7f", "{}", "%s"]
TEXTS: list[Any] = [
    *ODD, *PLAIN, *('"', "\\", "é", "\n", "\x00", "\x1f", '","id":"x', '"personal":null'), Liar("x"), Unequal("x"), Named.VIEWED, None,
    True, 0, 1, 10**30, ["a"], {"a": 1},
]  # fmt: skip
# Every place that a host fills, with what goes through it.
PLACES = (
    "name", "actor", "actor_kind", "credential", "credential_kind", "target", "target_kind", "second", "subject", "refused", "organization",
    "workspace", "request",
)  # fmt: skip


@dataclass(frozen=True)
class Coded:
    """What stands for a member of an enum: its value is anything."""

    _value_: object


def told(put: dict[str, Any], *, at: datetime = AT, **more: Any) -> Event:
    """Return an event with the values of `put` in their places; an id of a request that can not be cut is another."""
    id_ = put.get("request", "req_1")
    request = Request(id=id_ if isinstance(id_, (str, bytes, list, tuple)) else "req_2")  # type: ignore[arg-type]
    ambient = Ambient(clock=FixedClock(at), random=UnsafeSeededRandom(), request=request)
    through: Any = Coded(put["credential_kind"]) if "credential_kind" in put else CredentialKind.SESSION
    kind: Any = Coded(put["actor_kind"]) if "actor_kind" in put else PrincipalKind.USER
    said: dict[str, Any] = {
        "targets": (Target(put.get("target_kind", "role"), put.get("target", "rol_1")), Target("user", put.get("second", "usr_2"))),
        "subject": put.get("subject"), "refused": Coded(put["refused"]) if "refused" in put else None,
        "organization": put.get("organization"), "workspace": put.get("workspace"), "details": {"a": 1}, **more,
    }  # fmt: skip
    actor = Principal(id=put.get("actor", "usr_1"), kind=kind, credential=Credential(kind=through, id=put.get("credential", "ses_1")))
    return build(put.get("name", EventName.ROLE_ASSIGNED), ambient=ambient, actor=actor, **said)


def ways() -> Iterator[tuple[Callable[[str], Any], Callable[[Any], bytes]]]:
    """Yield what asks for the length of a text and what encodes, with each encoder that is installed."""
    return zip((quoted, encode_basestring), (_WAYS[0], _WAYS[-1]), strict=True)


def judge(put: dict[str, Any], *, personal: bytes = b"", **more: Any) -> bytes | str:
    """Assert that an event's row has the body of the careful way, or its refusal, with every encoder; return which."""
    found: set[bytes | str] = set()
    for quote, encode in ways():
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(frame, "quoted", quote)
            patch.setattr(record, "encoded", encode)
            event = told(put, **more)
            expected = ended(lambda event=event: as_it_reads(event, personal))  # type: ignore[misc]
            assert ended(lambda event=event: store_form(event, personal=personal).body) == expected  # type: ignore[misc]
            found.add(expected)
    assert len(found) == 1
    return found.pop()


@pytest.mark.parametrize("place", PLACES)
def test_no_odd_value_passes_in_any_place(place: str) -> None:
    """Each odd value, in each place that a host fills: the careful way's bytes, or its refusal, with every encoder."""
    for odd in TEXTS:
        judge({place: odd})


@given(
    st.dictionaries(st.sampled_from(PLACES), st.sampled_from(TEXTS) | st.text(max_size=4), max_size=3),
    st.dictionaries(st.text(max_size=3) | st.sampled_from([Shown("a"), Mixed.ONE, 1, None]), st.sampled_from(TEXTS) | HOSTILE, max_size=2),
    st.sampled_from([b"", b"sealed"]),
    st.sampled_from([(), (Change(path="a", before="é", after=None),)]),
)
def test_the_body_of_a_built_event_is_the_careful_one(
    put: dict[str, Any], details: dict[Any, Any], personal: bytes, changes: tuple[Change, ...]
) -> None:
    """Whatever stands in whichever places of an event at once, details and changes with them: the careful way's bytes, or its refusal."""
    judge(put, personal=personal, details=details, changes=changes)


@pytest.mark.parametrize("put", [{}, {"organization": "org_1", "workspace": "wsp_1", "subject": "usr_3", "refused": "denied"}])
def test_what_is_plain_is_said_when_it_is_built(put: dict[str, Any]) -> None:
    """An event of plain texts has both parts of its frame, which its body begins and ends with; its personal part is told by its digest."""
    event = told(put)
    assert event.opening is not None
    assert event.closing is not None
    row = store_form(event, personal=b"")
    assert row.body == event.opening + b'{"a":1}' + event.closing == as_it_reads(event, b"")
    assert row.leaf == leaf_hash(row.body)
    assert store_form(event, personal=b"sealed").body == as_it_reads(event, b"sealed") != row.body


def test_an_actor_is_written_once() -> None:
    """What a principal's first event says of it stands beside its fields, is no part of it, and is not in a copy."""
    event = told({})
    actor = Principal(id="usr_1", kind=PrincipalKind.USER, credential=Credential(kind=CredentialKind.SESSION, id="ses_1"))
    first, second = (build("x.done", ambient=Ambient(), actor=actor) for _ in range(2))
    assert first.opening is second.opening
    assert first.opening == event.opening
    other = replace(actor, id="usr_2")
    assert not hasattr(other, "told")
    assert b"usr_2" in store_form(build("x.done", ambient=Ambient(), actor=other), personal=b"").body
    assert actor == Principal(id="usr_1", kind=PrincipalKind.USER, credential=Credential(kind=CredentialKind.SESSION, id="ses_1"))


def test_a_copy_says_what_it_holds() -> None:
    """An event that was copied, or copied with another field, has no frame: its body is made of its own fields."""
    event = told({})
    for other in (copy.copy(event), replace(event, subject="usr_9"), replace(event, schema=2), replace(event, targets=())):
        assert not hasattr(other, "closing")
        assert store_form(other, personal=b"").body == as_it_reads(other, b"")


def test_what_changes_after_an_event_was_built_is_not_told() -> None:
    """Targets in a list and details that change later are told as they were; a target of a class of its own has no frame."""
    targets, details = [Target("user", "usr_1")], {"a": 1}
    event = told({}, targets=targets, details=details)
    targets[0], details["b"] = Target("user", "usr_2"), 2
    row = store_form(event, personal=b"")
    assert row.body == as_it_reads(event, b"")
    assert row.target_id == "usr_1"
    assert b'"details":{"a":1}' in row.body
    assert told({}, targets=(Twice("user", "usr_1"),)).closing is None


@pytest.mark.parametrize("kind", [iter, list, tuple])
def test_columns_repeat_the_body_whatever_targets_are_in(kind: Callable[[Any], Any]) -> None:
    """Targets that can be read once only are told in the body and in the columns, of a built event and of one that was made by hand."""
    for event in (told({}, targets=kind([Target("user", "usr_1")])), replace(told({}), targets=kind([Target("user", "usr_1")]))):
        row = store_form(event, personal=b"")
        assert (row.target_kind, row.target_id) == ("user", "usr_1")
        assert row.details()["targets"] == [{"id": "usr_1", "kind": "user"}]


def test_a_target_is_asked_once_for_what_its_body_says() -> None:
    """What a target of a class of its own says is written as it was judged: a number, said the first time only, is none of a text's."""

    class Sly(Target):
        asked = 0

        def __getattribute__(self, name: str) -> Any:
            if name == "id":
                Sly.asked += 1
                return 1.5 if Sly.asked % 2 else "x"
            return super().__getattribute__(name)

    for _ in range(2):
        event = replace(told({}), targets=(Sly("user", "usr_1"),))
        said = ended(lambda event=event: store_form(event, personal=b"").body)  # type: ignore[misc]
        assert isinstance(said, str) or b"1.5" not in said


class Renamed(Principal):
    """A principal of a host's, whose id is asked for elsewhere."""

    who = "usr_1"

    def __getattribute__(self, name: str) -> Any:
        return Renamed.who if name == "id" else super().__getattribute__(name)


class Renewed(Credential):
    """A credential of a host's, whose id is asked for elsewhere."""

    which = "ses_1"

    def __getattribute__(self, name: str) -> Any:
        return Renewed.which if name == "id" else super().__getattribute__(name)


def test_who_can_become_another_is_asked_each_time() -> None:
    """What is told of a principal is kept with one of our own class and credential only: any other is asked for each event."""
    renewed = Renewed(kind=CredentialKind.SESSION, id="ses_1")
    actors: list[Any] = [
        Renamed(id="usr_1", kind=PrincipalKind.USER, credential=Credential(kind=CredentialKind.SESSION, id="ses_1")),
        Principal(id="usr_1", kind=PrincipalKind.USER, credential=renewed),
        SimpleNamespace(id="usr_1", kind=PrincipalKind.USER, credential=renewed),
    ]
    with pytest.MonkeyPatch.context() as patch:
        first = [build("x.done", ambient=Ambient(), actor=actor) for actor in actors]
        patch.setattr(Renamed, "who", "usr_2")
        patch.setattr(Renewed, "which", "ses_2")
        actors[2].id = "usr_2"
        then = [build("x.done", ambient=Ambient(), actor=actor) for actor in actors]
    assert [(each.actor_id, each.credential_id) for each in first] == [("usr_1", "ses_1")] * 3
    assert [(each.actor_id, each.credential_id) for each in then] == [("usr_2", "ses_1"), ("usr_1", "ses_2"), ("usr_2", "ses_2")]
    for each in then:
        assert store_form(each, personal=b"").body == as_it_reads(each, b"")


@pytest.mark.parametrize("levels", [13, 14, 15, 16, 17])
def test_how_deep_details_are(levels: int) -> None:
    """Details of a built event are as deep as the careful way takes them, and no level deeper."""
    assert isinstance(judge({}, details={"a": deep(levels, of=None)}), bytes) == (levels <= 15)


@pytest.mark.parametrize(("at", "fits"), [(timedelta(), True), (timedelta(microseconds=1), False)])
def test_the_last_moment_of_an_event(at: timedelta, fits: bool) -> None:
    """A time of 2^53 microseconds and more is refused, as an integer is anywhere."""
    last = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=2**53 - 1) + at
    assert isinstance(judge({}, at=last), bytes) == fits


def test_the_largest_event() -> None:
    """The body of a built event has at most 64 KiB less one byte as well."""
    around = len(store_form(told({}, details={"a": ""}), personal=b"").body)
    assert len(judge({}, details={"a": "x" * (MAX_BODY - around)})) == MAX_BODY
    with pytest.raises(ValueError, match="at most 65535 bytes, this one has 65536"):
        store_form(told({}, details={"a": "x" * (MAX_BODY - around + 1)}), personal=b"")
