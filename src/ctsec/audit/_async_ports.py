"""What the audit log needs of a store, and what the other features need of the audit log (async source)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol, Unpack

from ctsec.audit.event import LogId, Telling
from ctsec.audit.export.raw import RawEvent
from ctsec.audit.query import AuditQuery, Tally
from ctsec.audit.record import SealedEvent, StoredEvent
from ctsec.audit.retention._async_ports import AsyncPurgeRecords
from ctsec.audit.rows import LogRow
from ctsec.audit.sealing import CheckpointRecord, Head
from ctsec.audit.tree.tiles import Tile
from ctsec.ids import OrganizationId
from ctsec.outcome import Refusal
from ctsec.principal import Principal


class AsyncRecorder(Protocol):
    """Where a feature writes events: with the change, or aside. Time, id and request are the unit's."""

    async def note(self, name: str, **told: Unpack[Telling]) -> None:
        """Write an event in the transaction of the change: neither can exist without the other."""
        ...

    async def note_aside(self, name: str, **told: Unpack[Telling]) -> None:
        """Write an event through the guard store, committed before this returns: a host's rollback must not erase it."""
        ...


class AsyncLogRights(Protocol):
    """Who may do what in an organization, answered by the roles feature with locking reads."""

    async def may(self, actor: Principal, *, organization: OrganizationId, permission: str, lock: bool = True) -> Refusal | None:
        """Return why `actor` may not use an organization permission, or None."""
        ...


class AsyncInboxRecords(Protocol):
    """The inbox: rows of open transactions, then committed rows that wait for an index."""

    async def append(self, event: StoredEvent) -> None:
        """Insert one row."""
        ...

    async def append_all(self, events: Sequence[StoredEvent]) -> None:
        """Insert rows in one go, all or none: where one is refused, the transaction goes on as if none had been tried."""
        ...

    async def append_new(self, events: tuple[StoredEvent, ...]) -> None:
        """Insert those rows whose id is neither in the inbox nor in the log already: moving events twice adds them once."""
        ...

    async def pending(self, *, limit: int, log: LogId | None = None) -> tuple[StoredEvent, ...]:
        """Return committed rows in the order of their times, then ids, of one log if it is named."""
        ...

    async def count(self) -> int:
        """Return how many rows wait."""
        ...


class AsyncLogRecords(Protocol):
    """The log: events with gapless indexes, never updated."""

    async def place(self, *, limit: int) -> int:
        """Give the next indexes to at most `limit` inbox rows, move them into the log and grow its tree; return how many moved.

        Run it in a transaction of `AsyncStorage.sequencing`, before anything else there: it takes the lock of the one leader first.
        """
        ...

    async def search(self, query: AuditQuery, *, before: int | None, limit: int) -> tuple[SealedEvent, ...]:
        """Return matching events with an index below `before`, newest first."""
        ...

    async def size(self, log: LogId) -> int:
        """Return how many events the log has: its next index."""
        ...

    async def page(self, log: LogId, *, first: int, limit: int) -> tuple[SealedEvent, ...]:
        """Return the events with an index from `first` on, in the order of indexes."""
        ...

    async def rows(self, log: LogId, *, first: int, limit: int) -> tuple[LogRow, ...]:
        """Return what `page` does as rows, with the cells as they are stored: what verifies a whole log compares them many at a time."""
        ...

    async def raw(self, query: AuditQuery, *, first: int, end: int, limit: int, personal: bool = False) -> tuple[RawEvent, ...]:
        """Return what an export writes of matching events with an index in [`first`, `end`), in the order of indexes.

        The sealed personal part is None unless `personal`.
        """
        ...

    async def matching(self, query: AuditQuery, *, first: int, end: int) -> int:
        """Return how many events with an index in [`first`, `end`) match."""
        ...

    async def tally(self, query: AuditQuery, *, by: Tally, most: int) -> tuple[tuple[str, int], ...]:
        """Return how many of the newest `most` matching events have which name, or are of which day (UTC), in that order."""
        ...


class AsyncTreeRecords(Protocol):
    """The trees over the logs, the log of logs too: heads that grow, leaves, and full tiles that are never changed."""

    async def head(self, log: LogId) -> Head | None:
        """Return where a log stands, None for one that never had an event."""
        ...

    async def heads(self, *, after: str, limit: int) -> tuple[Head, ...]:
        """Return heads of logs with an id above `after`, in the order of ids."""
        ...

    async def leaves(self, log: LogId, *, first: int, end: int) -> tuple[bytes, ...]:
        """Return the leaf hashes of the indexes [first, end) that are there, in their order."""
        ...

    async def roots(self, log: LogId, *, level: int, first: int, end: int) -> tuple[bytes, ...]:
        """Return the roots of the full tiles with the numbers [first, end) of a level that are there, in their order."""
        ...

    async def tiles(self, log: LogId, *, level: int, first: int, end: int) -> tuple[Tile, ...]:
        """Return the full tiles with the numbers [first, end) of a level that are there, in their order."""
        ...


class AsyncCheckpointRecords(Protocol):
    """The signed checkpoints, never changed."""

    async def due(self, *, before: datetime | None, limit: int) -> tuple[Head, ...]:
        """Return heads of logs that grew since their last checkpoint, if that is not newer than `before` (None: however new it is).

        The log of logs is none of them.
        """
        ...

    async def last(self, log: LogId) -> CheckpointRecord | None:
        """Return the checkpoint of the largest size."""
        ...

    async def page(self, log: LogId, *, after: int, limit: int) -> tuple[CheckpointRecord, ...]:
        """Return the checkpoints of a log with a size above `after`, in the order of sizes."""
        ...

    async def stores(self) -> tuple[str, ...]:
        """Return the stores of regions whose logs of logs have checkpoints here (`<store>/logs`), in the order of names."""
        ...

    async def add(self, made: tuple[CheckpointRecord, ...]) -> int:
        """Store checkpoints whose size has none yet, each with the next number in the log of logs, as a leaf there; return how many.

        One of the log of logs itself gets no number. Run it in a transaction of `AsyncStorage.sequencing`, before anything else there.
        """
        ...

    async def numbered(self, *, first: int, limit: int) -> tuple[CheckpointRecord, ...]:
        """Return the checkpoints with a number from `first` on, in the order of numbers: the log of logs."""
        ...


class AsyncLogSigner(Protocol):
    """The key of the logs, outside of the database: a local key file, a key service, a hardware token."""

    @property
    def public(self) -> bytes:
        """The public key, Ed25519, 32 bytes."""
        ...

    async def sign(self, message: bytes) -> bytes:
        """Return the signature of a checkpoint's text, 64 bytes."""
        ...


class AsyncSealedStore(Protocol):
    """The records of sealed logs over one transaction: those of the home store, or those in the store of a region."""

    @property
    def inbox(self) -> AsyncInboxRecords:
        """Audit events on their way into the log."""
        ...

    @property
    def log(self) -> AsyncLogRecords:
        """The audit log."""
        ...

    @property
    def tree(self) -> AsyncTreeRecords:
        """The trees over the logs."""
        ...

    @property
    def checkpoints(self) -> AsyncCheckpointRecords:
        """The signed checkpoints of the logs."""
        ...

    @property
    def purges(self) -> AsyncPurgeRecords:
        """The events of the logs, to be purged, and what is left of them."""
        ...
