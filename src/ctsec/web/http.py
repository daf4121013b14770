"""Requests and responses without a framework, and what is refused before anything reads them.

Rules that this module keeps:

- over-long input is refused by its size alone: a body over 64 KiB (a form of SAML over 512 KiB) with 413, a header or
  cookie with 431, a query, path or bearer with 400;
- header names fold case;
- around a cookie stand spaces and tabs, as RFC 6265 says, and no other character is taken off: a browser lets a sibling host set a cookie
  whose name is a character that Python calls space and then `__Host-`;
- a JSON body is UTF-8, an object, at most 16 levels deep, without duplicate keys, NaN, infinity and lone surrogates;
- no text holds the character NUL, in a query or a body: PostgreSQL stores none, and would fail where it should refuse;
- every response says `no-store`, and its bytes are made here, so that two hosts send the same ones.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import isinf
from types import MappingProxyType
from typing import Any, Final, NoReturn, TypeAlias, cast
from urllib.parse import parse_qsl

from ctsec.outcome import Outcome, Reason, Refusal

MAX_BODY: Final = 65_536
MAX_FORM: Final = 524_288
MAX_HEADER: Final = 8_192
MAX_COOKIE: Final = 4_096
MAX_BEARER: Final = 256
MAX_QUERY: Final = 2_048
MAX_DEPTH: Final = 16
_SPACE: Final = " \t"
_NUL: Final = "\x00"
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})

Json: TypeAlias = Mapping[str, Any]
_NO_PARAMS: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class WebRequest:
    """A request as both hosts hand it over.

    `path` is below the mount, `params` are the path's parameters, `query` the raw query string, `headers` pairs with lower-case names,
    `body` the bytes (one more than the route takes stands for "too long"), `address` the client's as the trusted proxies say, `id` the
    request's.
    """

    method: str
    path: str
    params: Mapping[str, str] = field(default_factory=lambda: _NO_PARAMS)
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    address: str = ""
    id: str = ""

    def header(self, name: str) -> str | None:
        """Return the first value of a header, or None."""
        return next((value for key, value in self.headers if key == name), None)

    def all(self, name: str) -> tuple[str, ...]:
        """Return every value of a header."""
        return tuple(value for key, value in self.headers if key == name)

    def arguments(self) -> Outcome[dict[str, str]]:
        """Return the query's parameters; one that is given twice or does not decode is refused."""
        try:
            pairs = parse_qsl(self.query, keep_blank_values=True, encoding="utf-8", errors="strict", max_num_fields=32)
        except ValueError:
            return Refusal(Reason.INVALID_INPUT, "expected a query of at most 32 parameters in UTF-8")
        if len({key for key, _ in pairs}) != len(pairs):
            return Refusal(Reason.INVALID_INPUT, "expected each query parameter once")
        if any(_NUL in value for _, value in pairs):
            return Refusal(Reason.INVALID_INPUT, "expected a query without the character NUL")
        return dict(pairs)

    def cookie(self, name: str) -> str | None:
        """Return a cookie's value; None if it is missing or stands more than once, which only an attacker's would."""
        found = [
            value
            for line in self.all("cookie")
            for key, _, value in (part.strip(_SPACE).partition("=") for part in line.split(";"))
            if key == name
        ]
        return found[0].strip(_SPACE) if len(found) == 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebResponse:
    """A response: `json` (an object), `text` or a `stream`, `media_type` of it, further `headers`, `cookies` as whole Set-Cookie values.

    A stream yields the bytes of a file that is not held in memory, in the host's own colour; it is read once, and not at all for HEAD.
    """

    status: int = 200
    json: Json | None = None
    text: str | None = None
    stream: Iterator[bytes] | AsyncIterator[bytes] | None = None
    media_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    cookies: tuple[str, ...] = ()

    def payload(self) -> bytes:
        """Return the bytes of the body, none for 204."""
        if self.text is not None:
            return self.text.encode()
        return b"" if self.json is None else json.dumps(self.json, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()

    def header_list(self, payload: bytes) -> tuple[tuple[str, str], ...]:
        """Return every header of the response, lower-case names; `payload` is what its length is taken from."""
        kind = (("content-type", self.media_type),) if payload or self.stream is not None else ()
        length = (("content-length", str(len(payload))),) if self.status != 204 and self.stream is None else ()
        always = (("cache-control", "no-store"), ("x-content-type-options", "nosniff"))
        return (*kind, *length, *always, *self.headers, *(("set-cookie", cookie) for cookie in self.cookies))

    def wire(self, method: str) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
        """Return status, headers and body as they are sent for `method`: HEAD gets the headers of GET and no body."""
        payload = self.payload()
        return self.status, self.header_list(payload), b"" if method == "HEAD" else payload


@dataclass(frozen=True, slots=True)
class OverLimit:
    """What is too long, and the status that says so."""

    status: int
    detail: str


def over_limit(request: WebRequest, *, longest: int = MAX_BODY) -> OverLimit | None:
    """Return the first limit that a request breaks, or None; `longest` is how many bytes of body its route takes."""
    if len(request.query) > MAX_QUERY or len(request.path) > MAX_QUERY:
        return OverLimit(400, f"expected a path and a query of at most {MAX_QUERY} characters")
    for name, value in request.headers:
        most = MAX_COOKIE if name == "cookie" else MAX_HEADER
        if len(value) > most:
            return OverLimit(431, f"expected a {'cookie' if name == 'cookie' else 'header'} of at most {most} characters")
        if name == "authorization" and len(value) > MAX_BEARER:
            return OverLimit(400, f"expected an Authorization header of at most {MAX_BEARER} characters")
    if len(request.body) > longest:
        return OverLimit(413, f"expected a body of at most {longest} bytes")
    return None


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("duplicate")
    return made


def _constant(text: str) -> NoReturn:
    raise ValueError(text)


def _number(text: str) -> float:
    value = float(text)
    if isinf(value):
        raise ValueError(text)
    return value


def too_deep(text: str) -> bool:
    """Say whether brackets outside of strings nest deeper than MAX_DEPTH, before a parser recurses into them."""
    depth, quoted, escaped = 0, False, False
    for character in text:
        if quoted:
            quoted = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            quoted = True
        elif character in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif character in "]}":
            depth -= 1
    return False


def _holds_nul(value: object) -> bool:
    if isinstance(value, dict):
        return any(_holds_nul(each) for pair in cast(dict[str, object], value).items() for each in pair)
    if isinstance(value, list):
        return any(map(_holds_nul, cast(list[object], value)))
    return isinstance(value, str) and _NUL in value


def parse_json(body: bytes) -> Outcome[dict[str, Any]]:
    """Return the object that a JSON body holds, an empty body counting as `{}`, or INVALID_INPUT."""
    if not body.strip():
        return {}
    refused = Refusal(Reason.INVALID_INPUT, "expected a JSON object in UTF-8, without duplicate keys")
    load: Callable[..., object] = json.loads
    try:
        text = body.decode("utf-8")
        if too_deep(text):
            return Refusal(Reason.INVALID_INPUT, f"expected JSON of at most {MAX_DEPTH} levels")
        value = load(text, object_pairs_hook=_pairs, parse_constant=_constant, parse_float=_number)
    except (ValueError, RecursionError):
        return refused
    if "\\u0000" in text and _holds_nul(value):
        return Refusal(Reason.INVALID_INPUT, "expected JSON without the character NUL")
    return cast(dict[str, Any], value) if isinstance(value, dict) else refused
