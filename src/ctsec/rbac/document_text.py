"""The text of a policy document, as TOML or JSON: read into plain tables, lists and values, or refused.

Rules that this module keeps:

- a text has at most 64 KiB, whatever it holds; nesting and dotted keys are bounded, since a parser spends stack on the one and quadratic
  time on the other (64 KiB of dots keep `tomllib` busy for 18 seconds);
- a key that stands twice in one table is an error in both languages: JSON parsers would take the last one and forget the first;
- an error of the language names the line and the column.
"""

from __future__ import annotations

import json
import re
import tomllib
from typing import Any, Final

from ctsec.rbac.errors import PolicyError
from ctsec.rbac.matrix import MAX_TEXT
from ctsec.rbac.permission import shown

MAX_DOTS: Final = 32
_DIGITS: Final = re.compile(r"[0-9_]{1000}")
_PLACE: Final = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


class Repeated(dict[str, Any]):
    """A JSON object in which `key` stands twice; whoever knows its place says so."""

    __slots__ = ("key",)

    def __init__(self, pairs: list[tuple[str, Any]], *, key: str) -> None:
        super().__init__(pairs)
        self.key = key


def parse_toml(text: str) -> dict[str, Any]:
    """Return the table that a TOML text holds; raise PolicyError that names line and column otherwise."""
    _require_size(text)
    # By line feeds only: other breaks may stand inside of a quoted key.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.count(".") > MAX_DOTS:
            raise PolicyError(f"expected at most {MAX_DOTS} dots in a line", place=f"line {number}")
    try:
        # With a last line that ends: the parser names a line only before the end of the text.
        return tomllib.loads(text + "\n")
    except tomllib.TOMLDecodeError as error:
        problem, place = _split(str(error))
        raise PolicyError(f"expected TOML: {problem}", place=place) from None
    except RecursionError:
        raise _too_deep(text) from None
    except ValueError as error:
        raise _too_long(text, error) from None


def parse_json(text: str) -> object:
    """Return what a JSON text holds; raise PolicyError that names line and column otherwise. A table may be a `Repeated`."""
    _require_size(text)
    try:
        return json.loads(text, object_pairs_hook=_table)
    except json.JSONDecodeError as error:
        raise PolicyError(f"expected JSON: {_short(error.msg)}", place=f"line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise _too_deep(text) from None
    except ValueError as error:
        raise _too_long(text, error) from None


def _require_size(text: str) -> None:
    if len(text) > MAX_TEXT or len(text.encode("utf-8", "surrogatepass")) > MAX_TEXT:
        raise PolicyError(f"expected at most {MAX_TEXT} bytes")


def _table(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) == len(pairs):
        return table
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            return Repeated(pairs, key=key)
        seen.add(key)
    return table


def _too_deep(text: str) -> PolicyError:
    depth, deepest, at = 0, 0, 0
    for position, each in enumerate(text):
        depth += (each in "[{") - (each in "]}")
        if depth > deepest:
            deepest, at = depth, position
    return PolicyError("expected lists and tables that are not nested so deeply", place=_line(text, at))


def _too_long(text: str, error: ValueError) -> PolicyError:
    """Return what the parsers say of a number with more digits than Python converts, with the line that they do not know."""
    digits = _DIGITS.search(text)
    return PolicyError(f"expected a shorter number: {_short(str(error))}", place=_line(text, digits.start()) if digits else "")


def _line(text: str, position: int) -> str:
    return f"line {text.count(chr(10), 0, position) + 1}"


def _split(message: str) -> tuple[str, str]:
    """Return what the TOML parser found, and where."""
    found = _PLACE.search(message)
    if found is None:
        return _short(message), ""
    return _short(message[: found.start()]), f"line {found[1]}, column {found[2]}" if found[1] else "end of document"


def _short(message: str) -> str:
    text = message[:1].lower() + message[1:]
    return text if len(text) <= 120 else shown(text)
