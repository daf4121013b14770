"""How much a SCIM request may ask for, judged before any parser reads it.

Rules that this module keeps:

- a filter has at most 1,000 characters, 20 terms, and brackets 8 deep; so has every path of a PATCH;
- a PATCH has at most 1,000 operations; a bulk request at most 100, which the service judges itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

MAX_FILTER: Final = 1_000
MAX_FILTER_DEPTH: Final = 8
MAX_FILTER_TERMS: Final = 20
MAX_OPERATIONS: Final = 1_000
MAX_BULK: Final = 100
MAX_PAGE: Final = 200
DEFAULT_PAGE: Final = 100
MAX_SCAN: Final = 10_000


def unfit_filter(text: str) -> str:
    """Return why a filter, or a path with one in it, is too much, empty if it is not."""
    if len(text) > MAX_FILTER:
        return f"expected a filter of at most {MAX_FILTER:,} characters"
    depth, deepest, quoted, escaped, outside = 0, 0, False, False, ""
    for character in text:
        if quoted:
            quoted = escaped or character != '"'
            escaped = character == "\\" and not escaped
            continue
        outside += " " if character in '()[]"' else character
        quoted = character == '"'
        depth += (character in "([") - (character in ")]")
        deepest = max(deepest, depth)
    words = outside.lower().split()
    if deepest + words.count("not") > MAX_FILTER_DEPTH:
        return f"expected a filter of at most {MAX_FILTER_DEPTH} levels"
    if words.count("and") + words.count("or") >= MAX_FILTER_TERMS:
        return f"expected a filter of at most {MAX_FILTER_TERMS} terms"
    return ""


def unfit_body(body: Mapping[str, Any]) -> str:
    """Return why a body is too much, empty if it is not: its filter, and the operations of a PATCH, in a bulk request too."""
    for each in (body, *_inner(body)):
        operations = _listed(each)
        if len(operations) > MAX_OPERATIONS:
            return f"expected at most {MAX_OPERATIONS:,} operations"
        texts = [each.get("filter"), *(operation.get("path") for operation in operations)]
        why = next((why for text in texts if isinstance(text, str) and (why := unfit_filter(text))), "")
        if why:
            return why
    return ""


def _inner(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for operation in _listed(body):
        data: object = operation.get("data")
        if isinstance(data, dict):
            yield cast(dict[str, Any], data)


def _listed(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    found: object = next((value for key, value in body.items() if key.lower() == "operations"), None)
    every = cast(list[object], found) if isinstance(found, list) else []
    return [cast(dict[str, Any], each) for each in every if isinstance(each, dict)]
