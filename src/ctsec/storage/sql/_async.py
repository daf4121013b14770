"""The SQL storage (async source): every record family over a transaction of our own, or in the host's session."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

from sqlalchemy import URL
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from ctsec.errors import ConfigurationError
from ctsec.lazy import made
from ctsec.storage._async_ports import AfterCommit
from ctsec.storage.sql._async_access import AsyncSqlAssignments, AsyncSqlStandings
from ctsec.storage.sql._async_alerts import AsyncSqlAlerts
from ctsec.storage.sql._async_apps import AsyncSqlApps
from ctsec.storage.sql._async_audit import AsyncSqlInbox, AsyncSqlLog
from ctsec.storage.sql._async_connections import reported
from ctsec.storage.sql._async_credentials import (
    AsyncSqlAuthenticators,
    AsyncSqlBackupCodes,
    AsyncSqlDevices,
    AsyncSqlPasswords,
    AsyncSqlSessions,
)
from ctsec.storage.sql._async_custom import AsyncSqlCustomRoles
from ctsec.storage.sql._async_deks import AsyncSqlCustomerKeys, AsyncSqlDeks
from ctsec.storage.sql._async_directory import (
    AsyncSqlInvitations,
    AsyncSqlMemberships,
    AsyncSqlOrganizations,
    AsyncSqlRoster,
    AsyncSqlUsers,
    AsyncSqlWorkspaces,
)
from ctsec.storage.sql._async_domain_claims import AsyncSqlDomainClaims
from ctsec.storage.sql._async_elevations import AsyncSqlBreakGlass, AsyncSqlElevations, AsyncSqlLists
from ctsec.storage.sql._async_entrances import AsyncSqlEntrances, AsyncSqlGlassCodes
from ctsec.storage.sql._async_erasures import AsyncSqlErasures
from ctsec.storage.sql._async_executor import AsyncExecutor, AsyncJoinedSource
from ctsec.storage.sql._async_grants import AsyncSqlGrants
from ctsec.storage.sql._async_guard import AsyncSqlGuard
from ctsec.storage.sql._async_index_keys import AsyncSqlIndexKeys
from ctsec.storage.sql._async_key_days import AsyncSqlKeyDays
from ctsec.storage.sql._async_key_owners import AsyncSqlKeyLists, AsyncSqlKeyPolicies, AsyncSqlServiceAccounts
from ctsec.storage.sql._async_keys import AsyncSqlKeys
from ctsec.storage.sql._async_lifecycle import AsyncSqlLifecycle, AsyncSqlParked
from ctsec.storage.sql._async_moves import AsyncSqlMoves, AsyncSqlPrimaries
from ctsec.storage.sql._async_passkeys import AsyncSqlPasskeys
from ctsec.storage.sql._async_recovery import AsyncSqlDomains, AsyncSqlRecoveries, AsyncSqlTerms, AsyncSqlTrails
from ctsec.storage.sql._async_retention import AsyncSqlPurges, AsyncSqlRetention
from ctsec.storage.sql._async_scim import AsyncSqlScimConnections, AsyncSqlScimGroups, AsyncSqlScimMembers, AsyncSqlScimUsers
from ctsec.storage.sql._async_sealed import AsyncSqlReencryptions
from ctsec.storage.sql._async_sso import AsyncSqlConnections, AsyncSqlIdentities
from ctsec.storage.sql._async_streams import AsyncSqlPositions
from ctsec.storage.sql._async_transactions import AsyncTransactions
from ctsec.storage.sql._async_tree import AsyncSqlCheckpoints, AsyncSqlTree
from ctsec.storage.sql._async_vault import AsyncSqlCredentials
from ctsec.storage.sql._async_work import AsyncSqlEpochs, AsyncSqlJobs, AsyncSqlOutbox
from ctsec.storage.sql._async_workload import AsyncSqlWorkloadRules
from ctsec.storage.sql.engines import GUARD_SETTINGS, MAIN_SETTINGS, EngineSettings, coloured_url, engine_options, guard_url, prepare
from ctsec.storage.sql.gate import MAIN_VERSION, Gate
from ctsec.storage.sql.joined import JoinedProgress, hear, unwrap
from ctsec.storage.sql.progress import Progress
from ctsec.storage.sql.tables import Tables, default_tables
from ctsec.transport.report import ConnectionReport
from ctsec.transport.tls import TRANSPORT, Transport


def _unheard(scopes: frozenset[str]) -> None:
    """The log's own writes change nothing that a cache holds."""


class AsyncSqlStore:
    """Every record family over one transaction."""

    users = made(AsyncSqlUsers)
    organizations = made(AsyncSqlOrganizations)
    workspaces = made(AsyncSqlWorkspaces)
    memberships = made(AsyncSqlMemberships)
    roster = made(AsyncSqlRoster)
    invitations = made(AsyncSqlInvitations)
    standings = made(AsyncSqlStandings)
    assignments = made(AsyncSqlAssignments)
    custom_roles = made(AsyncSqlCustomRoles)
    lists = made(AsyncSqlLists)
    elevations = made(AsyncSqlElevations)
    break_glass = made(AsyncSqlBreakGlass)
    passwords = made(AsyncSqlPasswords)
    sessions = made(AsyncSqlSessions)
    devices = made(AsyncSqlDevices)
    authenticators = made(AsyncSqlAuthenticators)
    backup_codes = made(AsyncSqlBackupCodes)
    passkeys = made(AsyncSqlPasskeys)
    recoveries = made(AsyncSqlRecoveries)
    trails = made(AsyncSqlTrails)
    recovery_terms = made(AsyncSqlTerms)
    lifecycle = made(AsyncSqlLifecycle)
    parked = made(AsyncSqlParked)
    domains = made(AsyncSqlDomains)
    domain_claims = made(AsyncSqlDomainClaims)
    connections = made(AsyncSqlConnections)
    identities = made(AsyncSqlIdentities)
    entrances = made(AsyncSqlEntrances)
    glass_codes = made(AsyncSqlGlassCodes)
    grants = made(AsyncSqlGrants)
    apps = made(AsyncSqlApps)
    scim_connections = made(AsyncSqlScimConnections)
    scim_users = made(AsyncSqlScimUsers)
    scim_groups = made(AsyncSqlScimGroups)
    scim_members = made(AsyncSqlScimMembers)
    api_keys = made(AsyncSqlKeys)
    key_days = made(AsyncSqlKeyDays)
    service_accounts = made(AsyncSqlServiceAccounts)
    key_lists = made(AsyncSqlKeyLists)
    key_policies = made(AsyncSqlKeyPolicies)
    workload_rules = made(AsyncSqlWorkloadRules)
    deks = made(AsyncSqlDeks)
    customer_keys = made(AsyncSqlCustomerKeys)
    index_keys = made(AsyncSqlIndexKeys)
    reencryptions = made(AsyncSqlReencryptions)
    credentials = made(AsyncSqlCredentials)
    moves = made(AsyncSqlMoves)
    primaries = made(AsyncSqlPrimaries)
    inbox = made(AsyncSqlInbox)
    log = made(AsyncSqlLog)
    tree = made(AsyncSqlTree)
    checkpoints = made(AsyncSqlCheckpoints)
    retention = made(AsyncSqlRetention)
    purges = made(AsyncSqlPurges)
    erasures = made(AsyncSqlErasures)
    positions = made(AsyncSqlPositions)
    alerts = made(AsyncSqlAlerts)
    outbox = made(AsyncSqlOutbox)
    jobs = made(AsyncSqlJobs)
    epochs = made(AsyncSqlEpochs)

    def __init__(self, run: AsyncExecutor, tables: Tables) -> None:
        self.progress = run.progress
        self.made_of = (run, tables)

    @property
    def wrote(self) -> bool:
        """Whether this transaction has written anything."""
        return self.progress.wrote


class AsyncSqlStorage:
    """Opens transactions on `engine`; the guard store has an engine and a pool of its own, `guard_engine`.

    Raises ConfigurationError for one engine in both roles, and for SQLite in memory or one SQLite file in both roles.
    """

    __slots__ = ("_engines", "_gate", "_one_database", "_places", "_transactions", "_transport", "guard", "tables")

    def __init__(self, engine: AsyncEngine, *, guard_engine: AsyncEngine, tables: Tables) -> None:
        if engine is guard_engine or engine.pool is guard_engine.pool:
            raise ConfigurationError("expected a guard engine of its own: a second connection from the same pool can starve")
        if engine.dialect.name == "sqlite" and engine.url.database == guard_engine.url.database:
            raise ConfigurationError("expected a guard store in a second SQLite file: one file has one writer, which may be the host")
        hear()
        self.tables = tables
        self.guard = AsyncSqlGuard.over(guard_engine, tables=tables)
        self._engines: tuple[AsyncEngine, ...] = ()
        self._one_database = False  # a host's engines may look alike and see other tables
        self._places = (("database", engine), ("guard store", guard_engine))
        self._transport = TRANSPORT
        self._gate = Gate(tables.main_version, wanted=MAIN_VERSION)
        self._transactions = AsyncTransactions(engine, gate=self._gate)

    @classmethod
    def from_url(
        cls,
        url: str | URL,
        *,
        guard: str | URL | None = None,
        tables: Tables | None = None,
        settings: EngineSettings = MAIN_SETTINGS,
        guard_settings: EngineSettings = GUARD_SETTINGS,
        transport: Transport = TRANSPORT,
    ) -> AsyncSqlStorage:
        """Return a storage with engines of its own, which `aclose()` closes; drivers that `url` does not name are chosen.

        `guard` is the guard store's URL: by default the same server, or the file `<database>-guard` beside a SQLite file.
        A server that is not on this machine is reached over `transport`: TLS 1.3, unless that is an `UnsafeTransport`.
        Raises ConfigurationError for a driver that can not be held to it.
        """
        main = coloured_url(url, asynchronous=True)  # sync: main = coloured_url(url, asynchronous=False)
        beside = guard_url(main, guard)
        engine = create_async_engine(main, **engine_options(main, settings))
        guard_engine = create_async_engine(beside, **engine_options(beside, guard_settings))
        prepare(engine, settings, transport)
        prepare(guard_engine, guard_settings, transport)
        storage = cls(engine, guard_engine=guard_engine, tables=tables or default_tables())
        storage._engines = (engine, guard_engine)
        storage._one_database = beside == main and main.get_backend_name() != "sqlite"
        storage._transport = transport
        return storage

    @asynccontextmanager
    async def begin(self, *, after_commit: AfterCommit) -> AsyncGenerator[AsyncSqlStore, None]:
        """Open a transaction of our own: committed when the block ends, rolled back when it raises."""
        progress = Progress(after_commit)
        async with self._transactions.writing(progress) as run:
            yield AsyncSqlStore(run, self.tables)
        progress.committed()

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncSqlStore, None]:
        """Open a short READ COMMITTED read; a write in it raises StoreReadOnly."""
        async with self._transactions.reading() as run:
            yield AsyncSqlStore(run, self.tables)

    @asynccontextmanager
    async def sequencing(self) -> AsyncGenerator[AsyncSqlStore, None]:
        """Open a READ COMMITTED transaction of our own, for the sequencer and the signer of the audit log."""
        async with self._transactions.writing(Progress(_unheard), read_committed=True) as run:
            yield AsyncSqlStore(run, self.tables)

    @asynccontextmanager
    async def erasing(
        self, until: Mapping[str, datetime], *, now: datetime, after_commit: AfterCommit
    ) -> AsyncGenerator[tuple[AsyncSqlStore, Mapping[str, int]], None]:
        """Destroy keys of persons in the transaction that says so; where they are in another database, committed before it begins."""
        progress, subjects = Progress(after_commit), self.guard.subjects
        counts: Mapping[str, int] = {} if self._one_database else await subjects.destroy(until, now=now)
        async with self._transactions.writing(progress, waits=self._one_database) as run:
            if self._one_database:
                counts = await subjects.destroy_within(run, until, now=now)
            yield AsyncSqlStore(run, self.tables), counts
        progress.committed()

    def join(self, session: object, *, after_commit: AfterCommit) -> AsyncSqlStore:
        """Ride in the host's session (or scoped session): never begin, commit, roll back or close it; flush it before each statement."""
        theirs: AsyncSession = unwrap(session, AsyncSession)
        source = AsyncJoinedSource(theirs, dialect=self._transactions.dialect)
        progress = JoinedProgress(theirs, after_commit)
        return AsyncSqlStore(AsyncExecutor(source, dialect=self._transactions.dialect, gate=self._gate, progress=progress), self.tables)

    async def connections(self) -> tuple[ConnectionReport, ...]:
        """Connect to the database and to the guard store, and return what the connections speak."""
        return tuple([await reported(what, engine, transport=self._transport) for what, engine in self._places])

    async def aclose(self) -> None:
        """Close the engines that this storage made."""
        for engine in self._engines:
            await engine.dispose()
