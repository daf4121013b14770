"""Requests, responses and the one JSON parser, without a framework."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctsec.outcome import Reason, Refusal
from ctsec.web.http import MAX_BODY, MAX_DEPTH, OverLimit, WebRequest, WebResponse, over_limit, parse_json, too_deep

texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=8
)


@given(st.dictionaries(texts, values))
def test_what_is_an_object_comes_back(value: dict[str, object]) -> None:
    """Every JSON object of moderate depth is read as it was written."""
    text = json.dumps(value)
    assert too_deep(text) or parse_json(text.encode()) == value


@given(st.binary(max_size=200))
def test_no_bytes_break_the_parser(body: bytes) -> None:
    """Any bytes give an object or a refusal, never an exception."""
    assert isinstance(parse_json(body), dict | Refusal)


@pytest.mark.parametrize(
    "body",
    [b"null", b"1", b'"x"', b"[{}]", b"{} {}", b'{"a":1,"a":1}', b'{"a":{"b":1,"b":2}}', b'{"a":NaN}', b'{"a":-Infinity}', b'{"a":1e400}',
     b"\xff\xfe{\x00}\x00", b'{"a":' + b"9" * 5000 + b"}", b'{"a":' * 17 + b"1" + b"}" * 17],
)  # fmt: skip
def test_what_is_refused(body: bytes) -> None:
    """No object, duplicate keys at any level, numbers that are none, other encodings, over-long numbers and deep nesting are refused."""
    refused = parse_json(body)
    assert isinstance(refused, Refusal)
    assert refused.reason is Reason.INVALID_INPUT


@pytest.mark.parametrize("body", [{"a": "\x00"}, {"a": ["b", {"c": "d\x00"}]}, {"\x00": 1}])
def test_no_text_holds_nul(body: dict[str, object]) -> None:
    """PostgreSQL fails on NUL where it should refuse: no body and no query holds it; what only looks like it is taken."""
    assert isinstance(parse_json(json.dumps(body).encode()), Refusal)
    assert isinstance(WebRequest(method="GET", path="/", query="a=b%00").arguments(), Refusal)
    assert parse_json(b'{"a":"\\\\u0000"}') == {"a": "\\u0000"}


def test_depth_counts_brackets_outside_of_strings() -> None:
    """Sixteen levels pass and seventeen do not; brackets and quotes inside strings count for nothing."""
    assert not too_deep("[" * MAX_DEPTH)
    assert too_deep("[" * (MAX_DEPTH + 1))
    assert not too_deep(json.dumps({"a": '\\"' + "[" * 50, "b": "\\"}))


def test_an_empty_body_is_an_empty_object() -> None:
    """Nothing, or only space, counts as `{}`, so that routes whose fields are optional need no body."""
    assert parse_json(b"") == parse_json(b" \n") == {}


def test_limits_are_at_their_number() -> None:
    """What is as long as its limit passes, and one more does not; the status says which limit it was."""

    def limit(**fields: object) -> OverLimit | None:
        return over_limit(WebRequest(method="GET", path="/", **fields))  # type: ignore[arg-type]

    assert limit(body=b"x" * MAX_BODY, query="q" * 2048) is None
    assert limit(headers=(("cookie", "c" * 4096), ("x", "x" * 8192), ("authorization", "a" * 256))) is None
    for fields, status in (
        ({"body": b"x" * (MAX_BODY + 1)}, 413),
        ({"query": "q" * 2049}, 400),
        ({"headers": (("cookie", "c" * 4097),)}, 431),
        ({"headers": (("x", "x" * 8193),)}, 431),
        ({"headers": (("authorization", "a" * 257),)}, 400),
    ):
        found = limit(**fields)
        assert found is not None
        assert found.status == status


def test_a_cookie_that_stands_twice_is_none() -> None:
    """A second cookie of the same name was planted by somebody: neither is taken."""

    def cookie(*lines: str) -> str | None:
        return WebRequest(method="GET", path="/", headers=tuple(("cookie", line) for line in lines)).cookie("s")

    assert cookie("a=1; s=2; ss=3") == "2"
    assert cookie("s=a=b") == "a=b"
    assert cookie("s=1; s=2") is None
    assert cookie("s=1", "s=2") is None
    assert cookie("xs=1") is None


@pytest.mark.parametrize("space", ["\x85", "\xa0", "\x1c", "\x1d", "\x1e", "\x1f", "\x0b", "\x0c"])
def test_a_cookie_of_a_sibling_host_has_no_prefix(space: str) -> None:
    """A name that browsers take for one without `__Host-` is not the name with it, whichever characters Python calls space."""

    def cookie(line: str) -> str | None:
        return WebRequest(method="GET", path="/", headers=(("cookie", line),)).cookie("__Host-s")

    assert cookie(f"{space}__Host-s=planted") is None
    assert cookie(f"a=1; {space}__Host-s=planted; __Host-s=own") == "own"
    assert cookie(" \t__Host-s=own\t ") == "own"


def test_query_parameters_stand_once() -> None:
    """A parameter that is given twice, too many of them, or other than UTF-8 is refused."""

    def arguments(query: str) -> object:
        return WebRequest(method="GET", path="/", query=query).arguments()

    assert arguments("a=1&b=%C3%A9") == {"a": "1", "b": "é"}
    for query in ("a=1&a=2", "a=%FF", "&".join(f"p{n}=1" for n in range(33))):
        assert isinstance(arguments(query), Refusal)


def test_head_has_the_headers_of_get() -> None:
    """HEAD gets the length of GET's body and no body; 204 has neither body nor length; nothing may be cached."""
    response = WebResponse(json={"a": "é"})
    got, head = response.wire("GET"), response.wire("HEAD")
    assert got[2] == b'{"a":"\xc3\xa9"}'
    assert (head[:2], head[2]) == (got[:2], b"")
    assert ("cache-control", "no-store") in got[1]
    assert "content-length" not in dict(WebResponse(status=204).wire("GET")[1])
