"""Anchors: where checkpoints of the log of logs are kept, out of reach of who can write to the database.

Rules that this module keeps:

- an anchor is worth what it gives back: a checkpoint counts as held only if it was read from there, and as locked only if the service that
  keeps it says that nobody can delete it before a time that is still to come;
- one that gives nothing back (mail, syslog, a webhook) counts for nothing here: somebody else has what it sent, and can bring it;
- an anchor takes at most one checkpoint `every` so long, the newest: it covers those between.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from ctsec.audit.anchors.stamps import Stamp
from ctsec.audit.anchors.witness import Witnessed
from ctsec.audit.tree.checkpoint import SignedCheckpoint

K_co = TypeVar("K_co", covariant=True)
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
FOLLOWER: Final = "anchor:"
EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor(Generic[K_co]):
    """An anchor: `keeper` keeps a checkpoint `every` minute or longer; under `name` it is told how far it is. Raises ValueError for others.

    `name` is 1 to 40 lower-case letters, digits and `-`, and must never change.
    """

    name: str
    keeper: K_co
    every: timedelta = EVERY

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError("expected a name of an anchor of 1 to 40 lower-case letters, digits and -, beginning with a letter")
        if self.every < EVERY:
            raise ValueError("expected a minute or more between the checkpoints of an anchor")

    @property
    def follower(self) -> str:
        """The name of its position."""
        return f"{FOLLOWER}{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A checkpoint as an anchor gave it back; `locked_until` is until when its keeper says that nobody can delete it (None: it may be).

    `stamps` are all checkpoints that an authority stamped, this one too, where the keeper has such; `witnessed` is what witnesses cosigned.
    """

    checkpoint: SignedCheckpoint
    locked_until: datetime | None = None
    stamps: tuple[Stamp, ...] = ()
    witnessed: Witnessed | None = None


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
