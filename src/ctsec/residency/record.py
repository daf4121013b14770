"""What is kept in the store of a region, and how far a move from one region to another has come.

Rules that this module keeps:

- a store of a region says of each workspace in which state it is there; only `home` takes writes;
- `epoch` is the number of the workspace's last move that touched this store: a step of an earlier move finds a higher one and changes
  nothing, however late it comes;
- a place that a workspace has left keeps that it has left: whoever still thinks it is there is refused, and writes nothing;
- what is counted is compared as numbers of rows and digests of what they say, never of how they are sealed: each sealing is another.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from ctsec.encryption.context import Context
from ctsec.ids import MoveId, OrganizationId, WorkspaceId

MAX_KIND: Final = 64
MAX_KEY: Final = 256


class ResidenceState(StrEnum):
    """What a workspace is in a store: at home, about to leave (read only), about to arrive, or gone."""

    HOME = "home"
    LEAVING = "leaving"
    ARRIVING = "arriving"
    LEFT = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Residence:
    """A workspace in the store of one region."""

    workspace_id: WorkspaceId
    organization_id: OrganizationId
    state: ResidenceState
    epoch: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A piece of a workspace's content: sealed, found by its kind and key."""

    workspace_id: WorkspaceId
    kind: str
    key: str
    organization_id: OrganizationId
    sealed: bytes = field(repr=False)
    changed_at: datetime

    @property
    def position(self) -> Position:
        """Where it stands in the order of a store."""
        return Position(self.workspace_id, self.kind, self.key)


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in the order of a store's content: by workspace, kind and key."""

    workspace_id: str = ""
    kind: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occupant:
    """How much of a workspace is in a store, in rows and in bytes as they are sealed."""

    workspace_id: WorkspaceId
    organization_id: OrganizationId
    rows: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionalPlace:
    """A workspace in its region; `store` is the one that answers, which is `region` or one of its replicas."""

    organization: OrganizationId
    workspace: WorkspaceId
    region: str
    store: str

    @property
    def from_replica(self) -> bool:
        """Whether a replica answers: it has what was there when it was last made equal, and takes no writes."""
        return self.store != self.region


class MoveState(StrEnum):
    """How far a move has come. Up to `verifying` it can be aborted; from `switched` on the workspace is where it was to go."""

    COPYING = "copying"
    VERIFYING = "verifying"
    SWITCHED = "switched"
    SHREDDING = "shredding"
    DONE = "done"
    ABORTING = "aborting"
    ABORTED = "aborted"


ENDED: Final = frozenset({MoveState.DONE, MoveState.ABORTED})
ABORTABLE: Final = frozenset({MoveState.COPYING, MoveState.VERIFYING})


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A move of a workspace from `source` to `target`; `number` counts the moves of the workspace, from 1.

    `rows` and `digest` are what was verified; `problem` is the code of what went wrong last, empty while all is well.
    """

    id: MoveId
    organization_id: OrganizationId
    workspace_id: WorkspaceId
    source: str
    target: str
    number: int
    state: MoveState
    started_by: str
    started_at: datetime
    changed_at: datetime
    rows: int = 0
    digest: str = ""
    problem: str = ""
    version: int = 0

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to do."""
        return self.state in ENDED


@dataclass(frozen=True, slots=True, kw_only=True)
class Primary:
    """The store that serves a region since somebody promoted a replica: `store` is the replica's name."""

    region: str
    store: str
    promoted_by: str
    promoted_at: datetime
    version: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Replicated:
    """What a run of the replication did, and what was found equal on both sides at its end: rows, and the SHA-256 of what is sealed."""

    store: str
    written: int
    removed: int
    rows: int
    digest: str
    verified_at: datetime


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rows there are, and the SHA-256 of what they say, in hexadecimal."""

    rows: int
    digest: str


class Tallying:
    """Counts rows in the order of their positions; each part goes in behind its length, so that no two contents share a digest."""

    __slots__ = ("_hash", "_rows")

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._rows = 0

    def add(self, *parts: bytes) -> None:
        """Count a row."""
        self._rows += 1
        for part in (len(parts).to_bytes(2, "big"), *parts):
            self._hash.update(len(part).to_bytes(8, "big"))
            self._hash.update(part)

    @property
    def tally(self) -> Tally:
        """What was counted up to now."""
        return Tally(self._rows, self._hash.hexdigest())


def content_context(region: str, *, organization: OrganizationId, workspace: WorkspaceId, kind: str, key: str) -> Context:
    """Return what a piece of content is bound to: the region too, so that a copy that was carried elsewhere opens nowhere."""
    return Context(organization=organization, purpose=f"content/{region}", table=workspace, row=key, field=kind)


def parse_place(kind: str, key: str) -> None:
    """Raise ValueError unless a kind has 1 to 64 and a key 1 to 256 bytes."""
    if not 1 <= len(kind.encode()) <= MAX_KIND or not 1 <= len(key.encode()) <= MAX_KEY:
        raise ValueError(f"expected a kind of 1 to {MAX_KIND} bytes and a key of 1 to {MAX_KEY}")
