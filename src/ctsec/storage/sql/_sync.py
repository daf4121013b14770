# Generated from src/ctsec/storage/sql/_async.py by tools/twin.py; edit that file.
"""The SQL storage (async source): every record family over a transaction of our own, or in the host's session."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import datetime

from sqlalchemy import URL, Engine, create_engine
from sqlalchemy.orm import Session

from ctsec.errors import ConfigurationError
from ctsec.lazy import made
from ctsec.storage._sync_ports import AfterCommit
from ctsec.storage.sql._sync_access import SqlAssignments, SqlStandings
from ctsec.storage.sql._sync_alerts import SqlAlerts
from ctsec.storage.sql._sync_apps import SqlApps
from ctsec.storage.sql._sync_audit import SqlInbox, SqlLog
from ctsec.storage.sql._sync_connections import reported
from ctsec.storage.sql._sync_credentials import (
    SqlAuthenticators,
    SqlBackupCodes,
    SqlDevices,
    SqlPasswords,
    SqlSessions,
)
from ctsec.storage.sql._sync_custom import SqlCustomRoles
from ctsec.storage.sql._sync_deks import SqlCustomerKeys, SqlDeks
from ctsec.storage.sql._sync_directory import (
    SqlInvitations,
    SqlMemberships,
    SqlOrganizations,
    SqlRoster,
    SqlUsers,
    SqlWorkspaces,
)
from ctsec.storage.sql._sync_domain_claims import SqlDomainClaims
from ctsec.storage.sql._sync_elevations import SqlBreakGlass, SqlElevations, SqlLists
from ctsec.storage.sql._sync_entrances import SqlEntrances, SqlGlassCodes
from ctsec.storage.sql._sync_erasures import SqlErasures
from ctsec.storage.sql._sync_executor import Executor, JoinedSource
from ctsec.storage.sql._sync_grants import SqlGrants
from ctsec.storage.sql._sync_guard import SqlGuard
from ctsec.storage.sql._sync_index_keys import SqlIndexKeys
from ctsec.storage.sql._sync_key_days import SqlKeyDays
from ctsec.storage.sql._sync_key_owners import SqlKeyLists, SqlKeyPolicies, SqlServiceAccounts
from ctsec.storage.sql._sync_keys import SqlKeys
from ctsec.storage.sql._sync_lifecycle import SqlLifecycle, SqlParked
from ctsec.storage.sql._sync_moves import SqlMoves, SqlPrimaries
from ctsec.storage.sql._sync_passkeys import SqlPasskeys
from ctsec.storage.sql._sync_recovery import SqlDomains, SqlRecoveries, SqlTerms, SqlTrails
from ctsec.storage.sql._sync_retention import SqlPurges, SqlRetention
from ctsec.storage.sql._sync_scim import SqlScimConnections, SqlScimGroups, SqlScimMembers, SqlScimUsers
from ctsec.storage.sql._sync_sealed import SqlReencryptions
from ctsec.storage.sql._sync_sso import SqlConnections, SqlIdentities
from ctsec.storage.sql._sync_streams import SqlPositions
from ctsec.storage.sql._sync_transactions import Transactions
from ctsec.storage.sql._sync_tree import SqlCheckpoints, SqlTree
from ctsec.storage.sql._sync_vault import SqlCredentials
from ctsec.storage.sql._sync_work import SqlEpochs, SqlJobs, SqlOutbox
from ctsec.storage.sql._sync_workload import SqlWorkloadRules
from ctsec.storage.sql.engines import GUARD_SETTINGS, MAIN_SETTINGS, EngineSettings, coloured_url, engine_options, guard_url, prepare
from ctsec.storage.sql.gate import MAIN_VERSION, Gate
from ctsec.storage.sql.joined import JoinedProgress, hear, unwrap
from ctsec.storage.sql.progress import Progress
from ctsec.storage.sql.tables import Tables, default_tables
from ctsec.transport.report import ConnectionReport
from ctsec.transport.tls import TRANSPORT, Transport


def _unheard(scopes: frozenset[str]) -> None:
    """The log's own writes change nothing that a cache holds."""


class SqlStore:
    """Every record family over one transaction."""

    users = made(SqlUsers)
    organizations = made(SqlOrganizations)
    workspaces = made(SqlWorkspaces)
    memberships = made(SqlMemberships)
    roster = made(SqlRoster)
    invitations = made(SqlInvitations)
    standings = made(SqlStandings)
    assignments = made(SqlAssignments)
    custom_roles = made(SqlCustomRoles)
    lists = made(SqlLists)
    elevations = made(SqlElevations)
    break_glass = made(SqlBreakGlass)
    passwords = made(SqlPasswords)
    sessions = made(SqlSessions)
    devices = made(SqlDevices)
    authenticators = made(SqlAuthenticators)
    backup_codes = made(SqlBackupCodes)
    passkeys = made(SqlPasskeys)
    recoveries = made(SqlRecoveries)
    trails = made(SqlTrails)
    recovery_terms = made(SqlTerms)
    lifecycle = made(SqlLifecycle)
    parked = made(SqlParked)
    domains = made(SqlDomains)
    domain_claims = made(SqlDomainClaims)
    connections = made(SqlConnections)
    identities = made(SqlIdentities)
    entrances = made(SqlEntrances)
    glass_codes = made(SqlGlassCodes)
    grants = made(SqlGrants)
    apps = made(SqlApps)
    scim_connections = made(SqlScimConnections)
    scim_users = made(SqlScimUsers)
    scim_groups = made(SqlScimGroups)
    scim_members = made(SqlScimMembers)
    api_keys = made(SqlKeys)
    key_days = made(SqlKeyDays)
    service_accounts = made(SqlServiceAccounts)
    key_lists = made(SqlKeyLists)
    key_policies = made(SqlKeyPolicies)
    workload_rules = made(SqlWorkloadRules)
    deks = made(SqlDeks)
    customer_keys = made(SqlCustomerKeys)
    index_keys = made(SqlIndexKeys)
    reencryptions = made(SqlReencryptions)
    credentials = made(SqlCredentials)
    moves = made(SqlMoves)
    primaries = made(SqlPrimaries)
    inbox = made(SqlInbox)
    log = made(SqlLog)
    tree = made(SqlTree)
    checkpoints = made(SqlCheckpoints)
    retention = made(SqlRetention)
    purges = made(SqlPurges)
    erasures = made(SqlErasures)
    positions = made(SqlPositions)
    alerts = made(SqlAlerts)
    outbox = made(SqlOutbox)
    jobs = made(SqlJobs)
    epochs = made(SqlEpochs)

    def __init__(self, run: Executor, tables: Tables) -> None:
        self.progress = run.progress
        self.made_of = (run, tables)

    @property
    def wrote(self) -> bool:
        """Whether this transaction has written anything."""
        return self.progress.wrote


class SqlStorage:
    """Opens transactions on `engine`; the guard store has an engine and a pool of its own, `guard_engine`.

    Raises ConfigurationError for one engine in both roles, and for SQLite in memory or one SQLite file in both roles.
    """

    __slots__ = ("_engines", "_gate", "_one_database", "_places", "_transactions", "_transport", "guard", "tables")

    def __init__(self, engine: Engine, *, guard_engine: Engine, tables: Tables) -> None:
        if engine is guard_engine or engine.pool is guard_engine.pool:
            raise ConfigurationError("expected a guard engine of its own: a second connection from the same pool can starve")
        if engine.dialect.name == "sqlite" and engine.url.database == guard_engine.url.database:
            raise ConfigurationError("expected a guard store in a second SQLite file: one file has one writer, which may be the host")
        hear()
        self.tables = tables
        self.guard = SqlGuard.over(guard_engine, tables=tables)
        self._engines: tuple[Engine, ...] = ()
        self._one_database = False  # a host's engines may look alike and see other tables
        self._places = (("database", engine), ("guard store", guard_engine))
        self._transport = TRANSPORT
        self._gate = Gate(tables.main_version, wanted=MAIN_VERSION)
        self._transactions = Transactions(engine, gate=self._gate)

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
    ) -> SqlStorage:
        """Return a storage with engines of its own, which `aclose()` closes; drivers that `url` does not name are chosen.

        `guard` is the guard store's URL: by default the same server, or the file `<database>-guard` beside a SQLite file.
        A server that is not on this machine is reached over `transport`: TLS 1.3, unless that is an `UnsafeTransport`.
        Raises ConfigurationError for a driver that can not be held to it.
        """
        main = coloured_url(url, asynchronous=False)
        beside = guard_url(main, guard)
        engine = create_engine(main, **engine_options(main, settings))
        guard_engine = create_engine(beside, **engine_options(beside, guard_settings))
        prepare(engine, settings, transport)
        prepare(guard_engine, guard_settings, transport)
        storage = cls(engine, guard_engine=guard_engine, tables=tables or default_tables())
        storage._engines = (engine, guard_engine)
        storage._one_database = beside == main and main.get_backend_name() != "sqlite"
        storage._transport = transport
        return storage

    @contextmanager
    def begin(self, *, after_commit: AfterCommit) -> Generator[SqlStore, None, None]:
        """Open a transaction of our own: committed when the block ends, rolled back when it raises."""
        progress = Progress(after_commit)
        with self._transactions.writing(progress) as run:
            yield SqlStore(run, self.tables)
        progress.committed()

    @contextmanager
    def reading(self) -> Generator[SqlStore, None, None]:
        """Open a short READ COMMITTED read; a write in it raises StoreReadOnly."""
        with self._transactions.reading() as run:
            yield SqlStore(run, self.tables)

    @contextmanager
    def sequencing(self) -> Generator[SqlStore, None, None]:
        """Open a READ COMMITTED transaction of our own, for the sequencer and the signer of the audit log."""
        with self._transactions.writing(Progress(_unheard), read_committed=True) as run:
            yield SqlStore(run, self.tables)

    @contextmanager
    def erasing(
        self, until: Mapping[str, datetime], *, now: datetime, after_commit: AfterCommit
    ) -> Generator[tuple[SqlStore, Mapping[str, int]], None, None]:
        """Destroy keys of persons in the transaction that says so; where they are in another database, committed before it begins."""
        progress, subjects = Progress(after_commit), self.guard.subjects
        counts: Mapping[str, int] = {} if self._one_database else subjects.destroy(until, now=now)
        with self._transactions.writing(progress, waits=self._one_database) as run:
            if self._one_database:
                counts = subjects.destroy_within(run, until, now=now)
            yield SqlStore(run, self.tables), counts
        progress.committed()

    def join(self, session: object, *, after_commit: AfterCommit) -> SqlStore:
        """Ride in the host's session (or scoped session): never begin, commit, roll back or close it; flush it before each statement."""
        theirs: Session = unwrap(session, Session)
        source = JoinedSource(theirs, dialect=self._transactions.dialect)
        progress = JoinedProgress(theirs, after_commit)
        return SqlStore(Executor(source, dialect=self._transactions.dialect, gate=self._gate, progress=progress), self.tables)

    def connections(self) -> tuple[ConnectionReport, ...]:
        """Connect to the database and to the guard store, and return what the connections speak."""
        return tuple([reported(what, engine, transport=self._transport) for what, engine in self._places])

    def close(self) -> None:
        """Close the engines that this storage made."""
        for engine in self._engines:
            engine.dispose()
