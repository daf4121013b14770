"""What a store keeps of the trees of its logs, beside events and tiles.

Rules that this module keeps:

- one log for each organization and the deployment's own; the log of logs has the checkpoints of the others as its leaves, so that one
  anchor covers all of them and an organization's proofs name no other;
- whoever changes a head locks the head of the log of logs first: one sequencer or signer at a time, in every store.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ctsec.audit.canonical import leaf_hash
from ctsec.audit.event import LogId
from ctsec.audit.tree.frontier import Frontier

LOG_OF_LOGS: Final = LogId("logs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where a log stands: its `size`, the stored frontier, and how many of its events the last checkpoint covers, since when."""

    log: LogId
    size: int = 0
    frontier: bytes | None = b""
    signed: int = 0
    signed_at: datetime | None = None

    def edge(self) -> Frontier:
        """Return the frontier; raise CorruptRecord if it does not fit the size."""
        return Frontier.read(self.frontier or b"", size=self.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointRecord:
    """A signed checkpoint: its `note`, and its `number` in the log of logs (None until it is stored, and for that log's own)."""

    log: LogId
    size: int
    number: int | None = None
    root: bytes
    note: bytes
    signed_at: datetime

    def leaf(self) -> bytes:
        """Return the hash of the note as a leaf of the log of logs."""
        return leaf_hash(self.note)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogStatus:
    """How far the sequencer and the signer are: what `waiting` events have no index yet, the oldest since when, and how many logs have
    events that no checkpoint covers; who leads until when, when that process last did its work, and what went wrong.
    """

    waiting: int
    oldest: datetime | None
    unsigned: int
    leader: str = ""
    leased_until: datetime | None = None
    last_run_at: datetime | None = None
    problem: str = ""
