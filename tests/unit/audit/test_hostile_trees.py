"""The fast ways to canonical bytes on hostile trees: the bytes of the careful way, or its refusal."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum, IntEnum
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any, NamedTuple, Self
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.audit.canonical import _WAYS, _careful, canonical, is_plain
from ctsec.audit.event import EventName

KEYS = st.text(st.characters(max_codepoint=127), max_size=6)
LEAVES = st.none() | st.booleans() | st.integers(1 - 2**53, 2**53 - 1) | st.text(max_size=8)


class Shown(str):
    """A text that shows itself as another."""

    __slots__ = ()

    def __str__(self) -> str:
        return "shown"


class Mixed(str, Enum):  # noqa: UP042 - what is tested is that its value is not its text
    ONE = "one", "two"

    def __new__(cls, text: str, other: str) -> Self:
        made = str.__new__(cls, text)
        made._value_ = other
        return made


class Number(IntEnum):
    ONE = 1


class Large(int):
    """An integer that says it is a small one."""

    def __abs__(self) -> int:
        return 0

    def __lt__(self, other: object) -> bool:
        return True

    __gt__ = __lt__


class Pair(NamedTuple):
    one: object
    two: object


@dataclass(frozen=True, slots=True)
class Record:
    a: int = 1


class Kind(Enum):
    ONE = 1


FRAGMENTS = [import_module("orjson").Fragment(b"[1.5]")] if find_spec("orjson") else []
EDGES = (1 - 2**53, 2**53 - 1, 2**53, -(2**53), 2**63, 2**64, 10**30, Large(2**60), Large(7), Number.ONE)
ODD: list[Any] = [
    1.0, -0.0, float("nan"), float("inf"), 1e300, "x\ud800", "\udfff", "\U0001f600", "\x7f\x00\u2028", Shown("é"), Mixed.ONE,
    EventName.ALERT_FIRED, Kind.ONE, UUID(int=1), datetime(2026, 1, 1, tzinfo=UTC), date(2026, 1, 1), Decimal("1.5"), b"x", bytearray(b"x"),
    {1}, Record(), Pair("x", 1.5), Pair(1, None), OrderedDict(b=1, a=2), MappingProxyType({"b": 1}), object(), int, *EDGES, *FRAGMENTS,
]  # fmt: skip
ODD_KEYS: list[Any] = [
    "", "é", "\U0001f600", "\uffff", "x\ud800", Shown("a"), Shown("é"), Mixed.ONE, EventName.ALERT_FIRED, 1, True, None, 1.5, b"a",
    UUID(int=1),
]  # fmt: skip


class Unequal(str):
    """A text that is another key than an equal one."""

    __slots__ = ()
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


def deep(levels: int, *, of: object) -> object:
    """Return lists and dicts inside of each other, so many levels of them."""
    return of if levels == 0 else [deep(levels - 1, of=of)] if levels % 2 else {"a": deep(levels - 1, of=of)}


HOSTILE_KEYS = KEYS | st.sampled_from(ODD_KEYS)
HOSTILE_LEAVES = LEAVES | st.sampled_from(ODD) | st.builds(deep, st.integers(13, 18), of=st.sampled_from([None, 1, "x", True, 1.5]))
HOSTILE = st.recursive(
    HOSTILE_LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(HOSTILE_KEYS, inner, max_size=3)
        | st.dictionaries(KEYS, inner, max_size=3)
    ),
    max_leaves=6,
)


def ended(work: Callable[[], bytes]) -> bytes | str:
    """Return the bytes, or the words of the refusal."""
    try:
        return work()
    except ValueError as refusal:
        return str(refusal)


@given(st.dictionaries(KEYS, LEAVES | HOSTILE, max_size=4) | st.dictionaries(HOSTILE_KEYS, HOSTILE, max_size=2))
def test_the_fast_ways_are_the_careful_one(body: dict[Any, Any]) -> None:
    """Whatever is given, with every encoder that is installed: the bytes of the careful way, or its refusal, word for word."""
    expected = ended(lambda: _careful(body))
    assert ended(lambda: canonical(body)) == expected
    if is_plain(body):
        assert {ended(partial(way, body)) for way in _WAYS} == {expected}


@pytest.mark.parametrize("odd", ODD, ids=lambda each: type(each).__name__)
@pytest.mark.parametrize("inside", [lambda odd: {"a": odd}, lambda odd: {"a": [{"b": (None, odd)}], "c": 1}], ids=["top", "deeper"])
def test_no_odd_value_passes_a_fast_way(inside: Callable[[object], dict[str, object]], odd: object) -> None:
    """Each of the types that an encoder would write by itself is written as the careful way does, or refused with its words."""
    body = inside(odd)
    expected = ended(lambda: _careful(body))
    assert [ended(lambda: canonical(body)), *(ended(partial(way, body)) for way in _WAYS if is_plain(body))] == [expected] * (
        1 + len(_WAYS) * is_plain(body)
    )


def test_a_number_is_as_large_as_it_is() -> None:
    """An integer that says it is small is judged by its value."""
    assert canonical({"a": Large(7)}) == b'{"a":7}'
    with pytest.raises(ValueError, match="smaller than 2"):
        canonical({"a": Large(2**60)})


def test_two_keys_of_one_text_are_refused() -> None:
    """Keys that are told apart by a class of their own, and would be written alike, are refused."""
    with pytest.raises(ValueError, match="a key must be there once"):
        canonical({"a": 1, Unequal("a"): 2})


def test_what_is_nested_too_deeply() -> None:
    """Sixteen levels below the first are taken, with what they hold, and no level more, whatever way it goes."""
    for of in (1, "x", 1.5, EventName.ALERT_FIRED):
        fits = ended(lambda of=of: canonical({"a": deep(16, of=of)}))  # type: ignore[misc]
        assert isinstance(fits, bytes) == (of != 1.5)
        assert "nested deeper than 16 levels" in str(ended(lambda of=of: canonical({"a": deep(17, of=of)})))  # type: ignore[misc]
