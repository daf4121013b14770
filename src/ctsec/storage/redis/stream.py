"""The stream of changes in Redis: its keys, what is written, and what an answer means.

Rules that this module keeps:

- the incarnation is the server's run id with a name written beside the stream: a restarted, restored, flushed or promoted Redis is another
  one, and then anything may have changed;
- a position is the id of the newest entry that was read; if that entry was trimmed, or more came than one answer carries, anything may have
  changed;
- an entry that does not read as one of ours means that anything may have changed: what stands in Redis can cost a process its cache and
  give it nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ctsec.changes import News

KEPT: Final = 10_000
MOST: Final = 1_000
FIELD: Final = b"scopes"
_LONGEST: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Names:
    """The keys, in one slot of a cluster; `prefix` keeps deployments apart that share a Redis."""

    prefix: str = "ctsec"

    def __post_init__(self) -> None:
        if not self.prefix.isidentifier() or len(self.prefix) > 64:
            raise ValueError("expected a prefix of letters, digits and underscores, at most 64")

    @property
    def changes(self) -> str:
        """The stream of changes."""
        return f"{{{self.prefix}}}:changes"

    def allowance(self, key: str) -> str:
        """Return the key of the allowance `key`."""
        return f"{{{self.prefix}}}:allowance:{key}"

    @property
    def rates(self) -> str:
        """The beginning of the keys under which requests of API keys are counted."""
        return f"{{{self.prefix}}}:rates"

    @property
    def incarnation(self) -> str:
        """The name that is written once beside the stream."""
        return f"{{{self.prefix}}}:incarnation"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a process has read to: the entry `last` of the stream, of that incarnation."""

    incarnation: str
    last: str


def written(scopes: frozenset[str]) -> bytes:
    """Return what the entry that announces `scopes` holds."""
    return " ".join(sorted(scopes)).encode()


def after(position: object) -> str:
    """Return the id to read from, the entry itself included."""
    return position.last if isinstance(position, Position) else "0-0"


def news(
    position: object,
    *,
    server: Mapping[str, Any],
    name: bytes | None,
    newest: Sequence[Any],
    entries: Sequence[Any],
) -> News:
    """Return what an answer means: the server's information, the incarnation's name, the newest entry, and those from the position on."""
    here = Position(f"{server.get('run_id')}/{(name or b'').decode('ascii', 'replace')}", newest[0][0].decode() if newest else "0-0")
    if not isinstance(position, Position) or position.incarnation != here.incarnation:
        return News(here, None)
    if position.last != "0-0":
        if not entries or entries[0][0].decode() != position.last:
            return News(here, None)
        entries = entries[1:]
    # From an empty stream on nothing can be missing: it keeps more than one answer carries.
    if len(entries) >= MOST - 1:
        return News(here, None)
    scopes: set[str] = set()
    for _, fields in entries:
        text = fields.get(FIELD)
        if text is None or len(text) > _LONGEST:
            return News(here, None)
        scopes.update(text.decode("utf-8", "replace").split(" "))
    return News(here, frozenset(scopes))
