"""The forwarding headers: `X-Forwarded-For`, and `Forwarded` (RFC 7239).

Rules that this module keeps:

- a header is read from its end, element by element, because each proxy appends: what a client wrote to the left can not swallow or
  change what a proxy wrote, whatever quotes and commas it holds;
- an element is what the grammar of RFC 7239, section 4, says, with each parameter once; anything else is no element, and ends the walk;
- at most 8,192 characters of a header and 16 elements are looked at; a longer header counts as one that was not sent;
- a node is an address, an IPv6 one in brackets or bare, with or without a port; `unknown` and obfuscated names are no address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from ctsec.network import Address, parse_address

MAX_FORWARDED: Final = 8_192
MAX_ELEMENTS: Final = 16
_MOST_COMMAS: Final = 16  # in the quotes of one element
_TOKEN: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED: Final = r'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*"'
_PAIR: Final = re.compile(rf"({_TOKEN})=({_TOKEN}|{_QUOTED})")
_ESCAPED: Final = re.compile(r"\\(.)")
_BRACKETS: Final = re.compile(r"\[([^\]]*)\](?::[0-9A-Za-z._-]+)?")
_PORT: Final = re.compile(r"([0-9.]+):[0-9]{1,5}")


class ForwardingHeader(StrEnum):
    """The one header that the proxies of a deployment write; the other one is the client's own and is never read."""

    X_FORWARDED_FOR = "x-forwarded-for"
    FORWARDED = "forwarded"


def nodes(lines: tuple[str, ...], *, header: ForwardingHeader) -> Iterator[Address | None]:
    """Yield who each element says that the request came from, the last element first; None for one that names no address."""
    text = ",".join(lines)
    if len(text) > MAX_FORWARDED:
        return
    given = _elements(text) if header is ForwardingHeader.FORWARDED else _plain(text)
    for _, node in zip(range(MAX_ELEMENTS), given, strict=False):
        yield parse_node(node) if node is not None else None


def parse_node(text: str) -> Address | None:
    """Return the address of a node, without its port."""
    if match := _BRACKETS.fullmatch(text):
        inside = parse_address(match[1])
        return inside if ":" in match[1] else None
    match = _PORT.fullmatch(text)
    return parse_address(match[1] if match else text)


def _plain(text: str) -> Iterator[str | None]:
    for part in reversed(text.split(",")):
        yield part.strip(" \t")


def _elements(text: str) -> Iterator[str | None]:
    """Yield the `for` of each element from the end, None for what is no element or has no `for`; after the first that is none, stop."""
    end = len(text)
    while end >= 0:
        start, found = end, None
        for _ in range(_MOST_COMMAS):
            # An element is the shortest end of the text that is one: a comma inside of quotes leaves a quote open, which none has.
            start = text.rfind(",", 0, start)
            found = _pairs(text[start + 1 : end].strip(" \t"))
            if found is not None or start < 0:
                break
        if found is None:
            yield None
            return
        yield found.get("for")
        end = start


def _pairs(element: str) -> dict[str, str] | None:
    """Return the parameters of an element, by lower-case names, or None if it is none; an empty element has none."""
    made: dict[str, str] = {}
    at = 0
    while at < len(element):
        match = _PAIR.match(element, at)
        if match is None or match[1].lower() in made:
            return None
        value = match[2]
        made[match[1].lower()] = _ESCAPED.sub(r"\1", value[1:-1]) if value.startswith('"') else value
        at = match.end()
        if at < len(element):
            if element[at] != ";" or at + 1 == len(element):
                return None
            at += 1
    return made
