"""base64url and JSON that are read in one way only.

Rules that this module keeps:

- base64url has no padding, no other character, and exactly one spelling of the same bytes (RFC 7515, 2; RFC 4648, 3.5);
- an object names no member twice (RFC 8725, 2.4), numbers are finite, texts are Unicode without lone surrogates;
- a text of more than the given size is not looked at.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Final, NoReturn, cast

_WORD: Final = re.compile(r"[A-Za-z0-9_-]*")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_ESCAPED: Final = re.compile(r"\\u[dD][89a-fA-F]")


class DuplicateMember(ValueError):
    """An object names a member twice."""


def decode_base64url(text: str) -> bytes:
    """Return the bytes; raise ValueError if `text` is not their one spelling."""
    if not _WORD.fullmatch(text):
        raise ValueError("expected base64url without padding")
    data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encode_base64url(data) != text:
        raise ValueError("expected the one spelling of these bytes")
    return data


def encode_base64url(data: bytes) -> str:
    """Return the one spelling of some bytes."""
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def parse_object(text: str | bytes, *, limit: int) -> dict[str, object]:
    """Return the JSON object in a text, as `parse_json` reads it; raise ValueError for anything else."""
    found = parse_json(text, limit=limit)
    if not isinstance(found, dict):
        raise ValueError("expected a JSON object")  # noqa: TRY004 - what is wrong is the text
    return cast("dict[str, object]", found)


def parse_json(text: str | bytes, *, limit: int) -> object:
    """Return the JSON value in a text (bytes: UTF-8) of at most `limit` characters or bytes.

    Raises ValueError for anything else, DuplicateMember if an object inside it names a member twice.
    """
    if len(text) > limit:
        raise ValueError(f"expected at most {limit} characters")
    words = text if isinstance(text, str) else text.decode("utf-8")
    try:
        found: object = json.loads(words, object_pairs_hook=_once, parse_constant=_no_number, parse_float=_finite)
        # Only what is escaped, or was a text before, can be half of a character.
        halves = (_ESCAPED.search(words) or isinstance(text, str)) and _SURROGATE.search(json.dumps(found, ensure_ascii=False))
    except RecursionError:
        raise ValueError("expected JSON that is less deep") from None
    if halves:
        raise ValueError("expected whole characters")
    return found


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise DuplicateMember("expected each member once")
    return found


def _no_number(_name: str) -> NoReturn:
    raise ValueError("expected finite numbers")


def _finite(text: str) -> float:
    number = float(text)
    if number in {float("inf"), float("-inf")}:
        raise ValueError("expected finite numbers")
    return number
