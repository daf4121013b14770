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
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, Final, cast

MAX_BODY: Final = (1 << 16) - 1
MAX_DEPTH: Final = 16
_MAX_INT: Final = 1 << 53
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
# What is nested in itself is deeper than MAX_DEPTH and never comes to an encoder.
_JSON: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False).encode


def _json_bytes(value: object) -> bytes:
    return _JSON(value).encode("utf-8")


def _encoders() -> tuple[Callable[[object], bytes], ...]:
    """Return the encoders that are installed, the fastest first; they give the same bytes, and refuse lone surrogates."""
    try:
        orjson = import_module("orjson")
    except ImportError:
        return (_json_bytes,)
    dumps, option = orjson.dumps, orjson.OPT_SORT_KEYS

    def orjson_bytes(value: object) -> bytes:
        try:
            return cast(bytes, dumps(value, option=option))
        except TypeError:  # a lone surrogate, or what it does not take: a subclass of tuple, one of str as a key
            return _json_bytes(value)

    return orjson_bytes, _json_bytes


_ENCODERS: Final = _encoders()
_ENCODE: Final = _ENCODERS[0]


def _is_plain(value: Any, depth: int = 0) -> bool:
    """Say whether the encoder can take `value`, but for lone surrogates, which it finds itself; what it can not take is looked at again.

    Every event goes through here, so what most members are is asked first, and costs no call.
    """
    kind: type[Any] = type(value)  # pyright: ignore[reportUnknownVariableType]
    if kind is dict and depth <= MAX_DEPTH:
        for key in value:
            if type(key) is not str or not key.isascii():
                return False
        items = value.values()
    elif (kind is list or kind is tuple) and depth <= MAX_DEPTH:
        items = value
    else:
        return value is None or isinstance(value, str) or (isinstance(value, int) and -_MAX_INT < value < _MAX_INT)
    for item in items:  # noqa: SIM110 - a generator costs more
        if type(item) is not str and item is not None and not _is_plain(item, depth + 1):
            return False
    return True


def plain(value: object, *, path: str, depth: int = 0) -> object:
    """Return `value` in plain dicts and lists; raise ValueError that names the path of what has no canonical form."""
    if depth > MAX_DEPTH:
        raise ValueError(f"{path}: nested deeper than {MAX_DEPTH} levels")
    match value:
        case None | bool():
            return value
        case str():
            if not value.isascii() and _SURROGATE.search(value):
                raise ValueError(f"{path}: a lone surrogate has no canonical form")
            return str(value)
        case int():
            if abs(value) >= _MAX_INT:
                raise ValueError(f"{path}: an integer must be smaller than 2^53")
            return value
        case list() | tuple():
            items = cast(Sequence[object], value)
            return [plain(item, path=f"{path}[{index}]", depth=depth + 1) for index, item in enumerate(items)]
        case Mapping():
            members = cast(Mapping[object, object], value)
            return {_key(key, path=path): plain(item, path=f"{path}.{key}", depth=depth + 1) for key, item in members.items()}
        case _:
            raise ValueError(f"{path}: a {type(value).__name__} has no canonical form")


def _key(key: object, *, path: str) -> str:
    if not isinstance(key, str) or not key.isascii():
        raise ValueError(f"{path}: a key must be an ASCII string")
    return key


def canonical(value: Mapping[str, object]) -> bytes:
    """Return the canonical JSON bytes of `value`; raise ValueError that names the path of what has no canonical form."""
    try:
        body = _ENCODE(value if _is_plain(value) else plain(value, path="$"))
    except UnicodeEncodeError:  # a lone surrogate, which is told with its path
        body = _ENCODE(plain(value, path="$"))
    if len(body) > MAX_BODY:
        raise ValueError(f"an event has at most {MAX_BODY} bytes, this one has {len(body)}")
    return body


def leaf_hash(body: bytes) -> bytes:
    """Return SHA-256(0x00 || body), the hash of a leaf in RFC 9162."""
    return hashlib.sha256(b"\x00" + body).digest()
