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
from collections.abc import Mapping, Sequence
from typing import Final, cast

MAX_BODY: Final = (1 << 16) - 1
MAX_DEPTH: Final = 16
_MAX_INT: Final = 1 << 53
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
# What is nested in itself is deeper than MAX_DEPTH and never comes to the encoder.
_ENCODE: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False).encode


def _is_plain(value: object, depth: int = 0) -> bool:
    """Say whether the encoder can take `value` as it is; what it can not take is looked at again, for what is wrong and where.

    Every event goes through here, so what most members are is asked first, and costs no call.
    """
    if isinstance(value, dict) and depth <= MAX_DEPTH:
        for key, item in cast(dict[object, object], value).items():
            if not isinstance(key, str) or not key.isascii():
                return False
            if type(item) is str:
                if not item.isascii() and _SURROGATE.search(item):
                    return False
            elif item is not None and not _is_plain(item, depth + 1):
                return False
        return True
    if isinstance(value, str):
        return value.isascii() or _SURROGATE.search(value) is None
    if isinstance(value, int):
        return -_MAX_INT < value < _MAX_INT
    if isinstance(value, (list, tuple)) and depth <= MAX_DEPTH:
        return all(_is_plain(item, depth + 1) for item in cast(Sequence[object], value))
    return value is None


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
    body = _ENCODE(value if _is_plain(value) else plain(value, path="$")).encode("utf-8")
    if len(body) > MAX_BODY:
        raise ValueError(f"an event has at most {MAX_BODY} bytes, this one has {len(body)}")
    return body


def leaf_hash(body: bytes) -> bytes:
    """Return SHA-256(0x00 || body), the hash of a leaf in RFC 9162."""
    return hashlib.sha256(b"\x00" + body).digest()
