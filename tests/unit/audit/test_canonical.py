"""The exact bytes of an event: RFC 8785 within a restricted profile."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import IntEnum
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.audit.canonical import _WAYS, MAX_BODY, canonical, leaf_hash
from ctsec.audit.event import EventName

KEYS = st.text(st.characters(max_codepoint=127), max_size=6)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
LEAVES = st.none() | st.booleans() | st.integers(1 - 2**53, 2**53 - 1) | TEXTS
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=12)
BODIES = st.dictionaries(KEYS, VALUES, max_size=5)
SHORT = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def rfc8785(value: Any) -> str:
    """Return the canonical form as RFC 8785, 3.2, describes it, written without a JSON library."""
    match value:
        case None | True | False:
            return {None: "null", True: "true", False: "false"}[value]
        case int():
            return str(value)
        case str():
            return '"' + "".join(SHORT.get(c, f"\\u{ord(c):04x}" if ord(c) < 32 else c) for c in value) + '"'
        case list():
            return "[" + ",".join(map(rfc8785, value)) + "]"
        case _:
            ordered = sorted(value.items(), key=lambda item: item[0].encode("utf-16-be"))
            return "{" + ",".join(f"{rfc8785(key)}:{rfc8785(item)}" for key, item in ordered) + "}"


@pytest.mark.proves("ASVS-16.4.1")
@given(BODIES)
def test_the_bytes_are_those_of_rfc_8785(body: dict[str, Any]) -> None:
    """Within the profile, the bytes are what the RFC says, parse back to the same value, and are one line whatever they hold."""
    assert canonical(body) == rfc8785(body).encode()
    assert len(canonical(body).splitlines()) == 1
    assert json.loads(canonical(body)) == body


@given(BODIES)
def test_every_encoder_gives_the_same_bytes(body: dict[str, Any]) -> None:
    """Whichever encoder is installed, the bytes of a log are the same, so that one log can be written with any."""
    assert [way(body) for way in _WAYS] == [rfc8785(body).encode()] * len(_WAYS)


def test_what_the_profile_takes() -> None:
    """Texts, numbers and tuples of a class of their own are written as what they are."""

    class Number(IntEnum):
        ONE = 1

    class Pair(NamedTuple):
        one: str
        two: int

    class Shown(str):
        __slots__ = ()

        def __str__(self) -> str:
            return "shown"

    value = {EventName.ALERT_FIRED: EventName.ALERT_MUTED, "a": Pair("x", Number.ONE), "b": (True, None), "c": {"d": Shown("\x7fé")}}
    assert canonical(value) == '{"a":["x",1],"alert.fired":"alert.muted","b":[true,null],"c":{"d":"\x7fé"}}'.encode()


@given(BODIES)
def test_the_order_of_insertion_does_not_matter(body: dict[str, Any]) -> None:
    """The same members in another order give the same bytes."""
    assert canonical(dict(reversed(body.items()))) == canonical(body)


def within(value: Any) -> Any:
    """Return the part of a vector that is within the profile: ASCII keys and no floats, in the vector's own order."""
    if isinstance(value, Mapping):
        kept = {key: item for key, item in value.items() if key.isascii()}
        return {key: within(item) for key, item in kept.items() if not isinstance(item, float)}
    return [within(item) for item in value if not isinstance(item, float)] if isinstance(value, list) else value


@pytest.mark.vectors
@pytest.mark.parametrize("name", ["arrays", "french", "structures", "unicode", "values", "weird"])
def test_published_vectors(vectors: Path, name: str) -> None:
    """The published pairs hold: as they are where they fit the profile, else in the part of them that does, in the published order."""
    given_value = json.loads((vectors / "jcs/input" / f"{name}.json").read_text("utf-8"))
    published = (vectors / "jcs/output" / f"{name}.json").read_bytes().strip()
    if name in {"arrays", "unicode"}:
        assert canonical({"v": given_value}) == b'{"v":' + published + b"}"
        return
    with pytest.raises(ValueError, match=r"^\$\.v"):
        canonical({"v": given_value})
    expected = json.dumps(within(json.loads(published)), separators=(",", ":"), ensure_ascii=False).encode()
    part = within(given_value)
    if name == "structures":  # the float 56.0 is the integer 56 in the published output
        part["1"]["\n"] = 56
    assert canonical({"v": part}) == b'{"v":' + expected + b"}"
    assert len(expected) > 10


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"a": {"b": [1, 2.0]}}, "$.a.b[1]"),
        ({"a": float("nan")}, "$.a"),
        ({"a": 2**53}, "$.a"),
        ({"a": -(2**53)}, "$.a"),
        ({"a": 10**5000}, "$.a"),
        ({"a": "x\ud800"}, "$.a"),
        ({"a": {"b": ["y", "x\ud800"]}}, "$.a.b[1]"),
        ({"a": {"b": {"c": [1.5]}}}, "$.a.b.c[0]"),
        ({"a": datetime(2026, 1, 1, tzinfo=UTC)}, "$.a"),
        ({"a": UUID(int=1)}, "$.a"),
        ({"a": {"é": 1}}, "$.a"),
        ({"a": {1: 1}}, "$.a"),
        ({"a": {None: 1}}, "$.a"),
        ({"a": b"x"}, "$.a"),
        ({"a": {1, 2}}, "$.a"),
        ({"a": [object()]}, "$.a[0]"),
    ],
)
def test_what_has_no_canonical_form_is_refused_by_its_path(value: Mapping[str, object], path: str) -> None:
    """Floats, large integers, lone surrogates, other keys and other types are refused when written, never repaired."""
    with pytest.raises(ValueError, match=r"canonical form|integer must be|key must be") as refusal:
        canonical(value)
    assert str(refusal.value).startswith(f"{path}:")


def test_the_largest_body() -> None:
    """A body has at most 64 KiB less one byte, counted in bytes."""
    frame = len(canonical({"a": ""}))
    assert len(canonical({"a": "x" * (MAX_BODY - frame)})) == MAX_BODY == 65_535
    for text in ("x" * (MAX_BODY - frame + 1), "é" * (MAX_BODY // 2)):
        with pytest.raises(ValueError, match="at most 65535 bytes"):
            canonical({"a": text})


def test_a_leaf_is_hashed_as_in_rfc_9162() -> None:
    """A leaf hash has the prefix 0x00; the leaf of nothing is the value that RFC 6962 logs know."""
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert leaf_hash(b"x") == hashlib.sha256(b"\x00x").digest() != hashlib.sha256(b"x").digest()
