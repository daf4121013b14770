# Generated from src/ctsec/storage/memory/_async_regions.py by tools/twin.py; edit that file.
"""The store of a region in memory (async source)."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from ctsec.ids import DekId, OrganizationId, WorkspaceId
from ctsec.lazy import made
from ctsec.residency.record import Content, Occupant, Position, Residence
from ctsec.storage.memory._sync_audit import MemoryInbox, MemoryLog
from ctsec.storage.memory._sync_retention import MemoryPurges
from ctsec.storage.memory._sync_tree import MemoryCheckpoints, MemoryTree
from ctsec.storage.memory.sealed import under_keys
from ctsec.storage.memory.state import MemoryState, Transaction
from ctsec.storage.memory.tables import CONTENT, REGION_META, RESIDENCES


class MemoryContent:
    """See `ctsec.residency.ports.ContentRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def get(self, workspace_id: WorkspaceId, kind: str, key: str) -> Content | None:
        """Return a piece of content."""
        return self._tx.get(CONTENT, Position(workspace_id, kind, key))

    def put(self, content: Content) -> None:
        """Insert a piece, or write over the one with its workspace, kind and key."""
        self._tx.put(CONTENT, content.position, content)

    def remove(self, workspace_id: WorkspaceId, kind: str, key: str) -> bool:
        """Delete a piece; False if there was none."""
        place = Position(workspace_id, kind, key)
        if self._tx.current(CONTENT, place) is None:
            return False
        self._tx.put(CONTENT, place, None)
        return True

    def page(self, *, after: Position, limit: int, workspace_id: WorkspaceId | None = None) -> tuple[Content, ...]:
        """Return content behind a position, of one workspace if it is named, in the order of positions."""
        found = (c for c in self._tx.scan(CONTENT) if c.position > after and workspace_id in {None, c.workspace_id})
        return tuple(sorted(found, key=lambda c: c.position)[:limit])

    def last(self, workspace_id: WorkspaceId) -> Position | None:
        """Return the position of a workspace's last piece."""
        return max((c.position for c in self._tx.scan(CONTENT) if c.workspace_id == workspace_id), default=None)

    def shred(self, workspace_id: WorkspaceId, *, through: Position) -> int:
        """Delete a workspace's content up to and including a position; return how many rows."""
        until = (through.kind, through.key)
        gone = [c for c in self._tx.scan(CONTENT) if c.workspace_id == workspace_id and (c.kind, c.key) <= until]
        for each in gone:
            self._tx.put(CONTENT, each.position, None)
        return len(gone)

    def under(self, organization_id: OrganizationId, *, keys: tuple[DekId, ...], after: Position, limit: int) -> tuple[Content, ...]:
        """Return content of an organization under one of `keys`, behind a position, in the order of positions."""
        found = [c for c in self._tx.scan(CONTENT) if c.organization_id == organization_id and under_keys(c.sealed, keys)]
        return tuple(sorted((c for c in found if c.position > after), key=lambda c: c.position)[:limit])

    def count_under(self, organization_id: OrganizationId, *, keys: tuple[DekId, ...]) -> int:
        """Return how many pieces of an organization are under one of `keys`."""
        return sum(c.organization_id == organization_id and under_keys(c.sealed, keys) for c in self._tx.scan(CONTENT))

    def reseal(self, position: Position, *, before: bytes, after: bytes) -> bool:
        """Write the same piece under another seal if `before` is stored there."""
        found = self._tx.current(CONTENT, position)
        if found is None or found.sealed != before:
            return False
        self._tx.put(CONTENT, position, replace(found, sealed=after))
        return True

    def occupants(self, organization_id: OrganizationId) -> tuple[Occupant, ...]:
        """Return how much there is of each workspace of an organization, in the order of their ids."""
        found: dict[WorkspaceId, list[int]] = {}
        for each in self._tx.scan(CONTENT):
            if each.organization_id == organization_id:
                found.setdefault(each.workspace_id, []).append(len(each.sealed))
        return tuple(
            Occupant(workspace_id=workspace, organization_id=organization_id, rows=len(sizes), size=sum(sizes))
            for workspace, sizes in sorted(found.items())
        )


class MemoryResidences:
    """See `ctsec.residency.ports.ResidenceRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def get(self, workspace_id: WorkspaceId) -> Residence | None:
        """Return what a workspace is here."""
        return self._tx.get(RESIDENCES, workspace_id)

    def hold(self, workspace_id: WorkspaceId) -> Residence | None:
        """Return it by a locking read."""
        return self._tx.current(RESIDENCES, workspace_id)

    def change(self, old: Residence | None, new: Residence) -> bool:
        """Write `new` if the stored record still equals `old`."""
        if self._tx.current(RESIDENCES, new.workspace_id) != old:
            return False
        self._tx.put(RESIDENCES, new.workspace_id, new)
        return True

    def page(self, *, after: str, limit: int) -> tuple[Residence, ...]:
        """Return records of workspaces with an id above `after`, in the order of ids."""
        found = (r for r in self._tx.scan(RESIDENCES) if r.workspace_id > after)
        return tuple(sorted(found, key=lambda r: r.workspace_id)[:limit])


class MemoryRegionMeta:
    """See `ctsec.residency.ports.RegionMeta`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    def all(self) -> Mapping[str, str]:
        """Return every name and value."""
        return dict(self._tx.scan(REGION_META))

    def put(self, name: str, value: str) -> None:
        """Write a value; the names `region` and `store` are refused."""
        if name in {"region", "store"}:
            raise ValueError("a store is given its name once, when it is made")
        self._tx.put(REGION_META, name, (name, value))


class MemoryRegionStore:
    """See `ctsec.residency.ports.RegionStore`."""

    content = made(MemoryContent)
    residences = made(MemoryResidences)
    meta = made(MemoryRegionMeta)
    inbox = made(MemoryInbox)
    log = made(MemoryLog)
    tree = made(MemoryTree)
    checkpoints = made(MemoryCheckpoints)
    purges = made(MemoryPurges)

    def __init__(self, tx: Transaction) -> None:
        self.made_of = (tx,)


class MemoryRegionStorage:
    """The store of a region in memory; storages of both colours may share a `MemoryState`, which keeps its name."""

    __slots__ = ("place", "state")

    def __init__(self, *, region: str, store: str | None = None, state: MemoryState | None = None) -> None:
        self.state = MemoryState() if state is None else state
        self.place = f"memory://{store or region}"
        naming = Transaction(self.state)
        for name, value in (("region", region), ("store", store or region)):
            if naming.current(REGION_META, name) is None:
                naming.put(REGION_META, name, (name, value))
        naming.commit()

    @contextmanager
    def begin(self) -> Generator[MemoryRegionStore, None, None]:
        """Open a transaction: committed when the block ends, rolled back when it raises."""
        transaction = Transaction(self.state)
        try:
            yield MemoryRegionStore(transaction)
            transaction.commit()
        finally:
            transaction.rollback()
            transaction.end()

    @contextmanager
    def sequencing(self) -> Generator[MemoryRegionStore, None, None]:
        """Open a transaction of the sequencer or the signer."""
        with self.begin() as store:
            yield store

    @contextmanager
    def reading(self) -> Generator[MemoryRegionStore, None, None]:
        """Open a short read; a write in it raises StoreReadOnly."""
        transaction = Transaction(self.state, writable=False)
        try:
            yield MemoryRegionStore(transaction)
        finally:
            transaction.end()

    def join(self, session: object) -> MemoryRegionStore:
        """Ride in a session of `ctsec.storage.memory` on this state; raise TypeError for anything else."""
        transaction = getattr(session, "transaction", None)
        if not isinstance(transaction, Transaction):
            raise TypeError("expected an MemorySession; a database session belongs to the SQL storage")
        return MemoryRegionStore(transaction)

    def close(self) -> None:
        """Nothing to close."""
