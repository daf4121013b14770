"""The exact bytes of an event, and their leaf hash.

Rules that this module keeps:

- keys are ASCII, there are no floats, integers stay below 2^53 and strings hold no lone surrogates; then sorted keys and the shortest
  separators give the bytes of RFC 8785 (JSON Canonicalization Scheme), whatever encoder makes them;
- anything else is refused when the event is written, never repaired;
- a leaf is SHA-256(0x00 || bytes), as in RFC 9162, 2.1.1;
- a body has at most 64 KiB less one byte, the limit of an entry in C2SP tlog-tiles.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence, Sized
from importlib import import_module
from json.encoder import encode_basestring
from typing import Any, Final, cast

MAX_BODY: Final = (1 << 16) - 1
MAX_DEPTH: Final = 16
MAX_INT: Final = 1 << 53
# SHA-256 of the prefix of a leaf, to be copied: that takes less time than to put the prefix before the body.
LEAF: Final = hashlib.sha256(b"\x00")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
# What is nested in itself is deeper than MAX_DEPTH and never comes to an encoder.
_JSON: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False).encode


def _encoder() -> Any:
    """Return orjson, None where it is not installed."""
    try:
        return import_module("orjson")
    except ImportError:
        return None


_ORJSON: Final = _encoder()
# A text in quotes, to be asked how long it is: where every character is ASCII and needs no escape, that is two more.
quoted: Final[Callable[[str], Sized]] = encode_basestring if _ORJSON is None else _ORJSON.dumps


def _json_bytes(value: object) -> bytes:
    return _JSON(value).encode("utf-8")


def _json_encoded(value: Mapping[str, object]) -> bytes:
    """Return the canonical bytes of a tree of exact JSON types without floats, at most MAX_DEPTH deep; the other rules are judged here."""
    try:
        body = _json_bytes(value)
    except (TypeError, ValueError):  # what it refuses is told with its path
        return _careful(value)
    return body if _is_exact(value) else _careful(value)


def _ways() -> tuple[Callable[[Mapping[str, object]], bytes], ...]:
    """Return what encodes with each encoder that is installed, the fastest first; they give the same bytes and refuse the same."""
    if _ORJSON is None:
        return (_json_encoded,)
    dumps: Callable[[object, None, int], bytes] = _ORJSON.dumps
    exact = _ORJSON.OPT_PASSTHROUGH_SUBCLASS | _ORJSON.OPT_PASSTHROUGH_DATETIME | _ORJSON.OPT_PASSTHROUGH_DATACLASS
    option = _ORJSON.OPT_SORT_KEYS | _ORJSON.OPT_STRICT_INTEGER | exact

    def encoded(value: Mapping[str, object]) -> bytes:
        try:
            body = dumps(value, None, option)
        except (TypeError, ValueError):
            return _careful(value)
        # It refuses large integers and keys that are no texts, and bytes that are ASCII have keys that are.
        return body if body.isascii() or _is_exact(value) else _careful(value)

    return encoded, _json_encoded


def is_plain(value: Any, depth: int = 0) -> bool:
    """Say whether a dict, list or tuple holds nothing but exact JSON types, so that an encoder can judge all the rest of it.

    Every event goes through here, so it looks only for what an encoder would write and the profile refuses: floats, enums, UUIDs.
    """
    items: Any = value.values() if type(value) is dict else value  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    for item in items:  # pyright: ignore[reportUnknownVariableType]
        kind = type(item)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
        if kind is str or kind is int or item is None:
            continue
        if kind is dict or kind is list or kind is tuple:
            if depth == MAX_DEPTH or not is_plain(item, depth + 1):
                return False
        elif kind is not bool:
            return False
    return True


def _is_exact(value: Any) -> bool:
    """Say whether the keys of a tree of exact JSON types are ASCII texts, and its integers are small enough."""
    if type(value) is dict:
        for key in value:  # pyright: ignore[reportUnknownVariableType]
            if type(key) is not str or not key.isascii():  # pyright: ignore[reportUnknownArgumentType]
                return False
        value = value.values()  # pyright: ignore[reportUnknownVariableType]
    for item in value:
        kind = type(item)  # pyright: ignore[reportUnknownVariableType]
        if kind is int:
            if not -MAX_INT < item < MAX_INT:
                return False
        elif (kind is dict or kind is list or kind is tuple) and not _is_exact(item):
            return False
    return True


def _careful(value: Mapping[str, object]) -> bytes:
    """Return the canonical bytes, or raise ValueError with the path: what every faster way has to equal."""
    return _json_bytes(plain(value, path="$"))


def plain(value: object, *, path: str, depth: int = 0) -> object:
    """Return `value` in plain dicts and lists; raise ValueError that names the path of what has no canonical form."""
    match value:
        case None | bool():
            return value
        case str():
            text = str.__str__(value)  # of a subclass too the text itself, whatever it shows of itself
            if not text.isascii() and _SURROGATE.search(text):
                raise ValueError(f"{path}: a lone surrogate has no canonical form")
            return text
        case int():
            number = int.__int__(value)
            if not -MAX_INT < number < MAX_INT:
                raise ValueError(f"{path}: an integer must be smaller than 2^53")
            return number
        case list() | tuple() | Mapping() if depth > MAX_DEPTH:
            raise ValueError(f"{path}: nested deeper than {MAX_DEPTH} levels")
        case list() | tuple():
            items = cast(Sequence[object], value)
            return [plain(item, path=f"{path}[{index}]", depth=depth + 1) for index, item in enumerate(items)]
        case Mapping():
            return _members(cast(Mapping[object, object], value), path=path, depth=depth)
        case _:
            raise ValueError(f"{path}: a {type(value).__name__} has no canonical form")


def _members(value: Mapping[object, object], *, path: str, depth: int) -> dict[str, object]:
    found: dict[str, object] = {}
    for given, item in value.items():
        if not isinstance(given, str) or not (key := str.__str__(given)).isascii():
            raise ValueError(f"{path}: a key must be an ASCII string")
        if key in found:
            raise ValueError(f"{path}: a key must be there once")
        found[key] = plain(item, path=f"{path}.{key}", depth=depth + 1)
    return found


_WAYS: Final = _ways()
encoded: Final = _WAYS[0]


def canonical(value: Mapping[str, object]) -> bytes:
    """Return the canonical JSON bytes of `value`; raise ValueError that names the path of what has no canonical form."""
    exact = type(value) is dict and is_plain(value)  # pyright: ignore[reportUnknownArgumentType]
    return bounded(encoded(value) if exact else _careful(value))  # pyright: ignore[reportUnknownArgumentType]


def bounded(body: bytes) -> bytes:
    """Return `body`; raise ValueError if it is longer than an entry of a log may be."""
    if len(body) > MAX_BODY:
        raise ValueError(f"an event has at most {MAX_BODY} bytes, this one has {len(body)}")
    return body


def leaf_hash(body: bytes) -> bytes:
    """Return SHA-256(0x00 || body), the hash of a leaf in RFC 9162."""
    state = LEAF.copy()
    state.update(body)
    return state.digest()
