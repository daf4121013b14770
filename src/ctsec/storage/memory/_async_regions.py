"""The store of a region in memory (async source)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace

from ctsec.ids import DekId, OrganizationId, WorkspaceId
from ctsec.lazy import made
from ctsec.residency.record import Content, Occupant, Position, Residence
from ctsec.storage.memory._async_audit import AsyncMemoryInbox, AsyncMemoryLog
from ctsec.storage.memory._async_retention import AsyncMemoryPurges
from ctsec.storage.memory._async_tree import AsyncMemoryCheckpoints, AsyncMemoryTree
from ctsec.storage.memory.sealed import under_keys
from ctsec.storage.memory.state import MemoryState, Transaction
from ctsec.storage.memory.tables import CONTENT, REGION_META, RESIDENCES


class AsyncMemoryContent:
    """See `ctsec.residency.ports.AsyncContentRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def get(self, workspace_id: WorkspaceId, kind: str, key: str) -> Content | None:
        """Return a piece of content."""
        return self._tx.get(CONTENT, Position(workspace_id, kind, key))

    async def put(self, content: Content) -> None:
        """Insert a piece, or write over the one with its workspace, kind and key."""
        self._tx.put(CONTENT, content.position, content)

    async def remove(self, workspace_id: WorkspaceId, kind: str, key: str) -> bool:
        """Delete a piece; False if there was none."""
        place = Position(workspace_id, kind, key)
        if self._tx.current(CONTENT, place) is None:
            return False
        self._tx.put(CONTENT, place, None)
        return True

    async def page(self, *, after: Position, limit: int, workspace_id: WorkspaceId | None = None) -> tuple[Content, ...]:
        """Return content behind a position, of one workspace if it is named, in the order of positions."""
        found = (c for c in self._tx.scan(CONTENT) if c.position > after and workspace_id in {None, c.workspace_id})
        return tuple(sorted(found, key=lambda c: c.position)[:limit])

    async def last(self, workspace_id: WorkspaceId) -> Position | None:
        """Return the position of a workspace's last piece."""
        return max((c.position for c in self._tx.scan(CONTENT) if c.workspace_id == workspace_id), default=None)

    async def shred(self, workspace_id: WorkspaceId, *, through: Position) -> int:
        """Delete a workspace's content up to and including a position; return how many rows."""
        until = (through.kind, through.key)
        gone = [c for c in self._tx.scan(CONTENT) if c.workspace_id == workspace_id and (c.kind, c.key) <= until]
        for each in gone:
            self._tx.put(CONTENT, each.position, None)
        return len(gone)

    async def under(self, organization_id: OrganizationId, *, keys: tuple[DekId, ...], after: Position, limit: int) -> tuple[Content, ...]:
        """Return content of an organization under one of `keys`, behind a position, in the order of positions."""
        found = [c for c in self._tx.scan(CONTENT) if c.organization_id == organization_id and under_keys(c.sealed, keys)]
        return tuple(sorted((c for c in found if c.position > after), key=lambda c: c.position)[:limit])

    async def count_under(self, organization_id: OrganizationId, *, keys: tuple[DekId, ...]) -> int:
        """Return how many pieces of an organization are under one of `keys`."""
        return sum(c.organization_id == organization_id and under_keys(c.sealed, keys) for c in self._tx.scan(CONTENT))

    async def reseal(self, position: Position, *, before: bytes, after: bytes) -> bool:
        """Write the same piece under another seal if `before` is stored there."""
        found = self._tx.current(CONTENT, position)
        if found is None or found.sealed != before:
            return False
        self._tx.put(CONTENT, position, replace(found, sealed=after))
        return True

    async def occupants(self, organization_id: OrganizationId) -> tuple[Occupant, ...]:
        """Return how much there is of each workspace of an organization, in the order of their ids."""
        found: dict[WorkspaceId, list[int]] = {}
        for each in self._tx.scan(CONTENT):
            if each.organization_id == organization_id:
                found.setdefault(each.workspace_id, []).append(len(each.sealed))
        return tuple(
            Occupant(workspace_id=workspace, organization_id=organization_id, rows=len(sizes), size=sum(sizes))
            for workspace, sizes in sorted(found.items())
        )


class AsyncMemoryResidences:
    """See `ctsec.residency.ports.AsyncResidenceRecords`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def get(self, workspace_id: WorkspaceId) -> Residence | None:
        """Return what a workspace is here."""
        return self._tx.get(RESIDENCES, workspace_id)

    async def hold(self, workspace_id: WorkspaceId) -> Residence | None:
        """Return it by a locking read."""
        return self._tx.current(RESIDENCES, workspace_id)

    async def change(self, old: Residence | None, new: Residence) -> bool:
        """Write `new` if the stored record still equals `old`."""
        if self._tx.current(RESIDENCES, new.workspace_id) != old:
            return False
        self._tx.put(RESIDENCES, new.workspace_id, new)
        return True

    async def page(self, *, after: str, limit: int) -> tuple[Residence, ...]:
        """Return records of workspaces with an id above `after`, in the order of ids."""
        found = (r for r in self._tx.scan(RESIDENCES) if r.workspace_id > after)
        return tuple(sorted(found, key=lambda r: r.workspace_id)[:limit])


class AsyncMemoryRegionMeta:
    """See `ctsec.residency.ports.AsyncRegionMeta`."""

    __slots__ = ("_tx",)

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    async def all(self) -> Mapping[str, str]:
        """Return every name and value."""
        return dict(self._tx.scan(REGION_META))

    async def put(self, name: str, value: str) -> None:
        """Write a value; the names `region` and `store` are refused."""
        if name in {"region", "store"}:
            raise ValueError("a store is given its name once, when it is made")
        self._tx.put(REGION_META, name, (name, value))


class AsyncMemoryRegionStore:
    """See `ctsec.residency.ports.AsyncRegionStore`."""

    content = made(AsyncMemoryContent)
    residences = made(AsyncMemoryResidences)
    meta = made(AsyncMemoryRegionMeta)
    inbox = made(AsyncMemoryInbox)
    log = made(AsyncMemoryLog)
    tree = made(AsyncMemoryTree)
    checkpoints = made(AsyncMemoryCheckpoints)
    purges = made(AsyncMemoryPurges)

    def __init__(self, tx: Transaction) -> None:
        self.made_of = (tx,)


class AsyncMemoryRegionStorage:
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

    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[AsyncMemoryRegionStore, None]:
        """Open a transaction: committed when the block ends, rolled back when it raises."""
        transaction = Transaction(self.state)
        try:
            yield AsyncMemoryRegionStore(transaction)
            transaction.commit()
        finally:
            transaction.rollback()
            transaction.end()

    @asynccontextmanager
    async def sequencing(self) -> AsyncGenerator[AsyncMemoryRegionStore, None]:
        """Open a transaction of the sequencer or the signer."""
        async with self.begin() as store:
            yield store

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncMemoryRegionStore, None]:
        """Open a short read; a write in it raises StoreReadOnly."""
        transaction = Transaction(self.state, writable=False)
        try:
            yield AsyncMemoryRegionStore(transaction)
        finally:
            transaction.end()

    def join(self, session: object) -> AsyncMemoryRegionStore:
        """Ride in a session of `ctsec.storage.memory` on this state; raise TypeError for anything else."""
        transaction = getattr(session, "transaction", None)
        if not isinstance(transaction, Transaction):
            raise TypeError("expected an AsyncMemorySession; a database session belongs to the SQL storage")
        return AsyncMemoryRegionStore(transaction)

    async def aclose(self) -> None:
        """Nothing to close."""
