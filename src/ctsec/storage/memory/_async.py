"""The memory storage (async source): the reference model of `ctsec.storage.ports`, for tests and for reading.

What its transactions promise is said in `ctsec.storage.memory.state`. It waits for nothing: where a database would block on a lock, the
transaction that commits later gets StoreBusy.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

from ctsec.lazy import made
from ctsec.storage._async_ports import AfterCommit
from ctsec.storage.memory._async_access import AsyncMemoryAssignments, AsyncMemoryStandings
from ctsec.storage.memory._async_alerts import AsyncMemoryAlerts
from ctsec.storage.memory._async_apps import AsyncMemoryApps
from ctsec.storage.memory._async_audit import AsyncMemoryInbox, AsyncMemoryLog
from ctsec.storage.memory._async_credentials import (
    AsyncMemoryAuthenticators,
    AsyncMemoryBackupCodes,
    AsyncMemoryDevices,
    AsyncMemoryPasswords,
    AsyncMemorySessions,
)
from ctsec.storage.memory._async_custom import AsyncMemoryCustomRoles
from ctsec.storage.memory._async_deks import AsyncMemoryCustomerKeys, AsyncMemoryDeks
from ctsec.storage.memory._async_directory import (
    AsyncMemoryInvitations,
    AsyncMemoryMemberships,
    AsyncMemoryOrganizations,
    AsyncMemoryRoster,
    AsyncMemoryUsers,
    AsyncMemoryWorkspaces,
)
from ctsec.storage.memory._async_domain_claims import AsyncMemoryDomainClaims
from ctsec.storage.memory._async_elevations import AsyncMemoryBreakGlass, AsyncMemoryElevations, AsyncMemoryLists
from ctsec.storage.memory._async_entrances import AsyncMemoryEntrances, AsyncMemoryGlassCodes
from ctsec.storage.memory._async_erasures import AsyncMemoryErasures
from ctsec.storage.memory._async_grants import AsyncMemoryGrants
from ctsec.storage.memory._async_guard import AsyncMemoryGuard
from ctsec.storage.memory._async_index_keys import AsyncMemoryIndexKeys
from ctsec.storage.memory._async_key_days import AsyncMemoryKeyDays
from ctsec.storage.memory._async_key_owners import AsyncMemoryKeyLists, AsyncMemoryKeyPolicies, AsyncMemoryServiceAccounts
from ctsec.storage.memory._async_keys import AsyncMemoryKeys
from ctsec.storage.memory._async_lifecycle import AsyncMemoryLifecycle, AsyncMemoryParked
from ctsec.storage.memory._async_moves import AsyncMemoryMoves, AsyncMemoryPrimaries
from ctsec.storage.memory._async_passkeys import AsyncMemoryPasskeys
from ctsec.storage.memory._async_recovery import (
    AsyncMemoryDomains,
    AsyncMemoryRecoveries,
    AsyncMemoryTerms,
    AsyncMemoryTrails,
)
from ctsec.storage.memory._async_retention import AsyncMemoryPurges, AsyncMemoryRetention
from ctsec.storage.memory._async_scim import AsyncMemoryScimConnections, AsyncMemoryScimGroups, AsyncMemoryScimMembers, AsyncMemoryScimUsers
from ctsec.storage.memory._async_sealed import AsyncMemoryReencryptions
from ctsec.storage.memory._async_sso import AsyncMemoryConnections, AsyncMemoryIdentities
from ctsec.storage.memory._async_streams import AsyncMemoryPositions
from ctsec.storage.memory._async_tree import AsyncMemoryCheckpoints, AsyncMemoryTree
from ctsec.storage.memory._async_vault import AsyncMemoryCredentials
from ctsec.storage.memory._async_work import AsyncMemoryEpochs, AsyncMemoryJobs, AsyncMemoryOutbox
from ctsec.storage.memory._async_workload import AsyncMemoryWorkloadRules
from ctsec.storage.memory.state import MemoryState, Transaction


class AsyncMemoryStore:
    """Every record family over one transaction."""

    users = made(AsyncMemoryUsers)
    organizations = made(AsyncMemoryOrganizations)
    workspaces = made(AsyncMemoryWorkspaces)
    memberships = made(AsyncMemoryMemberships)
    roster = made(AsyncMemoryRoster)
    invitations = made(AsyncMemoryInvitations)
    standings = made(AsyncMemoryStandings)
    assignments = made(AsyncMemoryAssignments)
    custom_roles = made(AsyncMemoryCustomRoles)
    lists = made(AsyncMemoryLists)
    elevations = made(AsyncMemoryElevations)
    break_glass = made(AsyncMemoryBreakGlass)
    passwords = made(AsyncMemoryPasswords)
    sessions = made(AsyncMemorySessions)
    devices = made(AsyncMemoryDevices)
    authenticators = made(AsyncMemoryAuthenticators)
    backup_codes = made(AsyncMemoryBackupCodes)
    passkeys = made(AsyncMemoryPasskeys)
    recoveries = made(AsyncMemoryRecoveries)
    trails = made(AsyncMemoryTrails)
    recovery_terms = made(AsyncMemoryTerms)
    lifecycle = made(AsyncMemoryLifecycle)
    parked = made(AsyncMemoryParked)
    domains = made(AsyncMemoryDomains)
    domain_claims = made(AsyncMemoryDomainClaims)
    connections = made(AsyncMemoryConnections)
    identities = made(AsyncMemoryIdentities)
    entrances = made(AsyncMemoryEntrances)
    glass_codes = made(AsyncMemoryGlassCodes)
    grants = made(AsyncMemoryGrants)
    apps = made(AsyncMemoryApps)
    scim_connections = made(AsyncMemoryScimConnections)
    scim_users = made(AsyncMemoryScimUsers)
    scim_groups = made(AsyncMemoryScimGroups)
    scim_members = made(AsyncMemoryScimMembers)
    api_keys = made(AsyncMemoryKeys)
    key_days = made(AsyncMemoryKeyDays)
    service_accounts = made(AsyncMemoryServiceAccounts)
    key_lists = made(AsyncMemoryKeyLists)
    key_policies = made(AsyncMemoryKeyPolicies)
    workload_rules = made(AsyncMemoryWorkloadRules)
    deks = made(AsyncMemoryDeks)
    customer_keys = made(AsyncMemoryCustomerKeys)
    index_keys = made(AsyncMemoryIndexKeys)
    reencryptions = made(AsyncMemoryReencryptions)
    credentials = made(AsyncMemoryCredentials)
    moves = made(AsyncMemoryMoves)
    primaries = made(AsyncMemoryPrimaries)
    inbox = made(AsyncMemoryInbox)
    log = made(AsyncMemoryLog)
    tree = made(AsyncMemoryTree)
    checkpoints = made(AsyncMemoryCheckpoints)
    retention = made(AsyncMemoryRetention)
    purges = made(AsyncMemoryPurges)
    erasures = made(AsyncMemoryErasures)
    positions = made(AsyncMemoryPositions)
    alerts = made(AsyncMemoryAlerts)
    outbox = made(AsyncMemoryOutbox)
    jobs = made(AsyncMemoryJobs)
    epochs = made(AsyncMemoryEpochs)

    def __init__(self, transaction: Transaction) -> None:
        self.transaction = transaction
        self.made_of = (transaction,)

    @property
    def wrote(self) -> bool:
        """Whether this transaction has written anything."""
        return self.transaction.wrote


class AsyncMemorySession:
    """What stands for a host's database session: `join` rides in it, the host commits it or rolls it back."""

    __slots__ = ("transaction",)

    def __init__(self, state: MemoryState) -> None:
        self.transaction = Transaction(state)

    async def commit(self) -> None:
        """Commit what was written through the stores that joined; raise StoreBusy if another transaction came first."""
        self.transaction.commit()

    async def rollback(self) -> None:
        """Drop what was written through the stores that joined."""
        self.transaction.rollback()

    async def aclose(self) -> None:
        """Roll back and end."""
        self.transaction.rollback()
        self.transaction.end()


class AsyncMemoryStorage:
    """Opens transactions over a `MemoryState`, which several storages of both colours may share."""

    __slots__ = ("guard", "state")

    def __init__(self, state: MemoryState | None = None) -> None:
        self.state = MemoryState() if state is None else state
        self.guard = AsyncMemoryGuard.over(self.state.guard)

    @asynccontextmanager
    async def begin(self, *, after_commit: AfterCommit) -> AsyncGenerator[AsyncMemoryStore, None]:
        """Open a transaction: committed when the block ends, rolled back when it raises."""
        async with self.sequencing() as store:
            store.transaction.after_commit(after_commit)
            yield store

    @asynccontextmanager
    async def sequencing(self) -> AsyncGenerator[AsyncMemoryStore, None]:
        """Open a transaction of the sequencer or the signer: one that tells no cache."""
        transaction = Transaction(self.state)
        try:
            yield AsyncMemoryStore(transaction)
            transaction.commit()
        finally:
            transaction.rollback()
            transaction.end()

    @asynccontextmanager
    async def erasing(
        self, until: Mapping[str, datetime], *, now: datetime, after_commit: AfterCommit
    ) -> AsyncGenerator[tuple[AsyncMemoryStore, Mapping[str, int]], None]:
        """Destroy keys of persons, and open the transaction that says so."""
        counts = await self.guard.subjects.destroy(until, now=now)
        async with self.begin(after_commit=after_commit) as store:
            yield store, counts

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncMemoryStore, None]:
        """Open a short read; a write in it raises StoreReadOnly."""
        transaction = Transaction(self.state, writable=False)
        try:
            yield AsyncMemoryStore(transaction)
        finally:
            transaction.end()

    def join(self, session: object, *, after_commit: AfterCommit) -> AsyncMemoryStore:
        """Ride in a session of this state; raise TypeError for anything else."""
        if not isinstance(session, AsyncMemorySession):
            raise TypeError("expected an AsyncMemorySession; a database session belongs to the SQL storage")
        session.transaction.after_commit(after_commit)
        return AsyncMemoryStore(session.transaction)

    def session(self) -> AsyncMemorySession:
        """Return a session for `join`, as a host would have one."""
        return AsyncMemorySession(self.state)

    async def aclose(self) -> None:
        """Nothing to close."""
