"""The store of a region in SQL (async source): content, what each workspace is there, and what the store says of itself."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

from sqlalchemy import URL, delete, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from ctsec.ids import DekId, OrganizationId, WorkspaceId
from ctsec.lazy import made as part
from ctsec.residency.record import Content, Occupant, Position, Residence
from ctsec.storage.sql._async_audit import AsyncSqlInbox, AsyncSqlLog
from ctsec.storage.sql._async_connections import reported
from ctsec.storage.sql._async_executor import AsyncExecutor, AsyncJoinedSource
from ctsec.storage.sql._async_retention import AsyncSqlPurges
from ctsec.storage.sql._async_transactions import AsyncTransactions
from ctsec.storage.sql._async_tree import AsyncSqlCheckpoints, AsyncSqlTree
from ctsec.storage.sql.engines import MAIN_SETTINGS, EngineSettings, coloured_url, engine_options, prepare, shown
from ctsec.storage.sql.gate import REGION_VERSION, Gate
from ctsec.storage.sql.joined import JoinedProgress, unwrap
from ctsec.storage.sql.progress import Progress
from ctsec.storage.sql.statements import regions
from ctsec.storage.sql.statements.rows import added, all_made, made, put, values
from ctsec.storage.sql.tables import Tables, default_tables
from ctsec.transport.report import ConnectionReport
from ctsec.transport.tls import TRANSPORT, Transport


def _nothing(scopes: frozenset[str]) -> None:
    del scopes


class AsyncSqlContent:
    """See `ctsec.residency.ports.AsyncContentRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    async def get(self, workspace_id: WorkspaceId, kind: str, key: str) -> Content | None:
        """Return a piece of content."""
        return made(Content, await self._run.row(select(self._tables.content).where(regions.one(self._tables, workspace_id, kind, key))))

    async def put(self, content: Content) -> None:
        """Insert a piece, or write over the one with its workspace, kind and key."""
        row = put(self._tables.content, values(content), key=("workspace_id", "kind", "key"), dialect=self._run.dialect)
        await self._run.change(row)

    async def remove(self, workspace_id: WorkspaceId, kind: str, key: str) -> bool:
        """Delete a piece; False if there was none."""
        return await self._run.change(delete(self._tables.content).where(regions.one(self._tables, workspace_id, kind, key))) == 1

    async def page(self, *, after: Position, limit: int, workspace_id: WorkspaceId | None = None) -> tuple[Content, ...]:
        """Return content behind a position, of one workspace if it is named, in the order of positions."""
        return all_made(Content, await self._run.rows(regions.page(self._tables, after=after, limit=limit, workspace_id=workspace_id)))

    async def last(self, workspace_id: WorkspaceId) -> Position | None:
        """Return the position of a workspace's last piece."""
        return made(Position, await self._run.row(regions.last(self._tables, workspace_id)))

    async def shred(self, workspace_id: WorkspaceId, *, through: Position) -> int:
        """Delete a workspace's content up to and including a position; return how many rows."""
        return await self._run.change(regions.shred(self._tables, workspace_id, through=through))

    async def under(self, organization_id: OrganizationId, *, keys: tuple[DekId, ...], after: Position, limit: int) -> tuple[Content, ...]:
        """Return content of an organization under one of `keys`, behind a position, in the order of positions."""
        return all_made(Content, await self._run.rows(regions.under(self._tables, organization_id, keys=keys, after=after, limit=limit)))

    async def count_under(self, organization_id: OrganizationId, *, keys: tuple[DekId, ...]) -> int:
        """Return how many pieces of an organization are under one of `keys`."""
        row = await self._run.row(regions.count_under(self._tables, organization_id, keys=keys))
        return 0 if row is None else int(row["rows"])

    async def reseal(self, position: Position, *, before: bytes, after: bytes) -> bool:
        """Write the same piece under another seal if `before` is stored there."""
        return await self._run.change(regions.reseal(self._tables, position, before=before, after=after)) == 1

    async def occupants(self, organization_id: OrganizationId) -> tuple[Occupant, ...]:
        """Return how much there is of each workspace of an organization, in the order of their ids."""
        found = await self._run.rows(regions.occupants(self._tables, organization_id))
        return tuple(
            Occupant(workspace_id=r["workspace_id"], organization_id=r["organization_id"], rows=int(r["rows"]), size=int(r["size"]))
            for r in found
        )


class AsyncSqlResidences:
    """See `ctsec.residency.ports.AsyncResidenceRecords`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    async def get(self, workspace_id: WorkspaceId) -> Residence | None:
        """Return what a workspace is here."""
        return made(Residence, await self._run.row(regions.residence(self._tables, workspace_id, hold=False)))

    async def hold(self, workspace_id: WorkspaceId) -> Residence | None:
        """Return it by a locking read."""
        return made(Residence, await self._run.row(regions.residence(self._tables, workspace_id, hold=True)))

    async def change(self, old: Residence | None, new: Residence) -> bool:
        """Write `new` if the stored record still equals `old`."""
        if old is None:
            return await self._run.change_unless_taken(added(self._tables.residence, new)) is not None
        return await self._run.change(regions.change_residence(self._tables, old, new)) == 1

    async def page(self, *, after: str, limit: int) -> tuple[Residence, ...]:
        """Return records of workspaces with an id above `after`, in the order of ids."""
        return all_made(Residence, await self._run.rows(regions.residences(self._tables, after=after, limit=limit)))


class AsyncSqlRegionMeta:
    """See `ctsec.residency.ports.AsyncRegionMeta`."""

    __slots__ = ("_run", "_tables")

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self._run = run
        self._tables = tables

    async def all(self) -> Mapping[str, str]:
        """Return every name and value."""
        return {row["name"]: row["value"] for row in await self._run.rows(select(self._tables.region_meta))}

    async def put(self, name: str, value: str) -> None:
        """Write a value; the names `region` and `store` are refused."""
        if name in {"region", "store"}:
            raise ValueError("a store is given its name once, when it is made")
        row = {"name": name, "value": value}
        await self._run.change(put(self._tables.region_meta, row, key=("name",), dialect=self._run.dialect))


class AsyncSqlRegionStore:
    """See `ctsec.residency.ports.AsyncRegionStore`."""

    content = part(AsyncSqlContent)
    residences = part(AsyncSqlResidences)
    meta = part(AsyncSqlRegionMeta)
    inbox = part(AsyncSqlInbox)
    log = part(AsyncSqlLog)
    tree = part(AsyncSqlTree)
    checkpoints = part(AsyncSqlCheckpoints)
    purges = part(AsyncSqlPurges)

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self.made_of = (run, tables.regional)


class AsyncSqlRegionStorage:
    """The store of a region on `engine`; see `ctsec.residency.ports.AsyncRegionStorage`. `schema.create_region` makes its tables."""

    __slots__ = ("_engine", "_gate", "_own", "_transactions", "_transport", "place", "tables")

    def __init__(self, engine: AsyncEngine, *, tables: Tables) -> None:
        self.tables = tables
        self.place = shown(engine.url)
        self._engine = engine
        self._own: AsyncEngine | None = None
        self._transport = TRANSPORT
        self._gate = Gate(tables.region_version, wanted=REGION_VERSION)
        self._transactions = AsyncTransactions(engine, gate=self._gate)

    @classmethod
    def from_url(
        cls,
        url: str | URL,
        *,
        tables: Tables | None = None,
        settings: EngineSettings = MAIN_SETTINGS,
        transport: Transport = TRANSPORT,
    ) -> AsyncSqlRegionStorage:
        """Return a storage with an engine of its own, which `aclose()` closes; a driver that `url` does not name is chosen.

        A server that is not on this machine is reached over `transport`; raises ConfigurationError for a driver that can not be held to it.
        """
        main = coloured_url(url, asynchronous=True)  # sync: main = coloured_url(url, asynchronous=False)
        engine = create_async_engine(main, **engine_options(main, settings))
        prepare(engine, settings, transport)
        storage = cls(engine, tables=tables or default_tables())
        storage._own = engine
        storage._transport = transport
        return storage

    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[AsyncSqlRegionStore, None]:
        """Open a transaction: committed when the block ends, rolled back when it raises."""
        async with self._transactions.writing(Progress(_nothing)) as run:
            yield AsyncSqlRegionStore(run, self.tables)

    @asynccontextmanager
    async def sequencing(self) -> AsyncGenerator[AsyncSqlRegionStore, None]:
        """Open a READ COMMITTED transaction of our own, for the sequencer and the signer of the logs in this store."""
        async with self._transactions.writing(Progress(_nothing), read_committed=True) as run:
            yield AsyncSqlRegionStore(run, self.tables)

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncSqlRegionStore, None]:
        """Open a short READ COMMITTED read; a write in it raises StoreReadOnly."""
        async with self._transactions.reading() as run:
            yield AsyncSqlRegionStore(run, self.tables)

    def join(self, session: object) -> AsyncSqlRegionStore:
        """Ride in the host's session on the region's database."""
        theirs: AsyncSession = unwrap(session, AsyncSession)
        source = AsyncJoinedSource(theirs, dialect=self._transactions.dialect)
        progress = JoinedProgress(theirs, _nothing)
        return AsyncSqlRegionStore(
            AsyncExecutor(source, dialect=self._transactions.dialect, gate=self._gate, progress=progress), self.tables
        )

    async def connections(self) -> tuple[ConnectionReport, ...]:
        """Connect to the database of the region, and return what the connection speaks."""
        return (await reported("region store", self._engine, transport=self._transport),)

    async def aclose(self) -> None:
        """Close the engine that this storage made."""
        if self._own is not None:
            await self._own.dispose()
