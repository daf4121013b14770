"""Anchors: where checkpoints of the log of logs are kept, out of reach of who can write to the database.

Rules that this module keeps:

- an anchor is worth what it gives back: a checkpoint counts as held only if it was read from there, and as locked only if the service that
  keeps it says that nobody can delete it before a time that is still to come;
- one that gives nothing back (mail, syslog, a webhook) counts for nothing here: somebody else has what it sent, and can bring it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, TypeVar

from ctsec.audit.tree.checkpoint import SignedCheckpoint

K = TypeVar("K")
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
FOLLOWER: Final = "anchor:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor(Generic[K]):
    """An anchor: `keeper` keeps checkpoints; under `name` it is told how far it is. Raises ValueError for another name.

    `name` is 1 to 40 lower-case letters, digits and `-`, and must never change.
    """

    name: str
    keeper: K

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError("expected a name of an anchor of 1 to 40 lower-case letters, digits and -, beginning with a letter")

    @property
    def follower(self) -> str:
        """The name of its position."""
        return f"{FOLLOWER}{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A checkpoint as an anchor gave it back; `locked_until` is until when its keeper says that nobody can delete it (None: it may be)."""

    checkpoint: SignedCheckpoint
    locked_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnchorStatus:
    """How far an anchor is: the `anchored` size of the log of logs, the size of its last checkpoint, and what went wrong last."""

    name: str
    anchored: int
    size: int
    at: datetime | None = None
    failures: int = 0
    problem: str = ""

    @property
    def sound(self) -> bool:
        """Whether the last attempt, if there was one, did not fail."""
        return not self.failures
