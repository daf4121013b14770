"""The memory storage (async source): the reference model of `ctsec.storage.ports`, for tests and for reading.

What its transactions promise is said in `ctsec.storage.memory.state`. It waits for nothing: where a database would block on a lock, the
transaction that commits later gets StoreBusy.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

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
from ctsec.storage.memory._async_key_owners import (
    AsyncMemoryKeyLists,
    AsyncMemoryKeyPolicies,
    AsyncMemoryServiceAccounts,
    async_key_owners,
)
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
from ctsec.storage.memory._async_single_sign_on import async_single_sign_on
from ctsec.storage.memory._async_sso import AsyncMemoryConnections, AsyncMemoryIdentities
from ctsec.storage.memory._async_streams import AsyncMemoryPositions
from ctsec.storage.memory._async_tree import AsyncMemoryCheckpoints, AsyncMemoryTree
from ctsec.storage.memory._async_vault import AsyncMemoryCredentials
from ctsec.storage.memory._async_work import AsyncMemoryEpochs, AsyncMemoryJobs, AsyncMemoryOutbox
from ctsec.storage.memory._async_workload import AsyncMemoryWorkloadRules
from ctsec.storage.memory.state import MemoryState, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncMemoryStore:
    """Every record family over one transaction."""

    transaction: Transaction
    users: AsyncMemoryUsers
    organizations: AsyncMemoryOrganizations
    workspaces: AsyncMemoryWorkspaces
    memberships: AsyncMemoryMemberships
    roster: AsyncMemoryRoster
    invitations: AsyncMemoryInvitations
    standings: AsyncMemoryStandings
    assignments: AsyncMemoryAssignments
    custom_roles: AsyncMemoryCustomRoles
    lists: AsyncMemoryLists
    elevations: AsyncMemoryElevations
    break_glass: AsyncMemoryBreakGlass
    passwords: AsyncMemoryPasswords
    sessions: AsyncMemorySessions
    devices: AsyncMemoryDevices
    authenticators: AsyncMemoryAuthenticators
    backup_codes: AsyncMemoryBackupCodes
    passkeys: AsyncMemoryPasskeys
    recoveries: AsyncMemoryRecoveries
    trails: AsyncMemoryTrails
    recovery_terms: AsyncMemoryTerms
    lifecycle: AsyncMemoryLifecycle
    parked: AsyncMemoryParked
    domains: AsyncMemoryDomains
    domain_claims: AsyncMemoryDomainClaims
    connections: AsyncMemoryConnections
    identities: AsyncMemoryIdentities
    entrances: AsyncMemoryEntrances
    glass_codes: AsyncMemoryGlassCodes
    grants: AsyncMemoryGrants
    apps: AsyncMemoryApps
    scim_connections: AsyncMemoryScimConnections
    scim_users: AsyncMemoryScimUsers
    scim_groups: AsyncMemoryScimGroups
    scim_members: AsyncMemoryScimMembers
    api_keys: AsyncMemoryKeys
    key_days: AsyncMemoryKeyDays
    service_accounts: AsyncMemoryServiceAccounts
    key_lists: AsyncMemoryKeyLists
    key_policies: AsyncMemoryKeyPolicies
    workload_rules: AsyncMemoryWorkloadRules
    deks: AsyncMemoryDeks
    customer_keys: AsyncMemoryCustomerKeys
    index_keys: AsyncMemoryIndexKeys
    reencryptions: AsyncMemoryReencryptions
    credentials: AsyncMemoryCredentials
    moves: AsyncMemoryMoves
    primaries: AsyncMemoryPrimaries
    inbox: AsyncMemoryInbox
    log: AsyncMemoryLog
    tree: AsyncMemoryTree
    checkpoints: AsyncMemoryCheckpoints
    retention: AsyncMemoryRetention
    purges: AsyncMemoryPurges
    erasures: AsyncMemoryErasures
    positions: AsyncMemoryPositions
    alerts: AsyncMemoryAlerts
    outbox: AsyncMemoryOutbox
    jobs: AsyncMemoryJobs
    epochs: AsyncMemoryEpochs

    @property
    def wrote(self) -> bool:
        """Whether this transaction has written anything."""
        return self.transaction.wrote

    @classmethod
    def over(cls, tx: Transaction) -> AsyncMemoryStore:
        """Return the store over a transaction."""
        return cls(
            transaction=tx, users=AsyncMemoryUsers(tx),
            organizations=AsyncMemoryOrganizations(tx),
            workspaces=AsyncMemoryWorkspaces(tx),
            memberships=AsyncMemoryMemberships(tx),
            roster=AsyncMemoryRoster(tx),
            invitations=AsyncMemoryInvitations(tx),
            standings=AsyncMemoryStandings(tx),
            assignments=AsyncMemoryAssignments(tx),
            custom_roles=AsyncMemoryCustomRoles(tx),
            lists=AsyncMemoryLists(tx),
            elevations=AsyncMemoryElevations(tx),
            break_glass=AsyncMemoryBreakGlass(tx),
            passwords=AsyncMemoryPasswords(tx),
            sessions=AsyncMemorySessions(tx),
            devices=AsyncMemoryDevices(tx),
            authenticators=AsyncMemoryAuthenticators(tx),
            backup_codes=AsyncMemoryBackupCodes(tx),
            passkeys=AsyncMemoryPasskeys(tx),
            recoveries=AsyncMemoryRecoveries(tx),
            trails=AsyncMemoryTrails(tx),
            recovery_terms=AsyncMemoryTerms(tx),
            lifecycle=AsyncMemoryLifecycle(tx), parked=AsyncMemoryParked(tx),
            domains=AsyncMemoryDomains(tx),
            **async_single_sign_on(tx),
            apps=AsyncMemoryApps(tx), api_keys=AsyncMemoryKeys(tx), key_days=AsyncMemoryKeyDays(tx),
            **async_key_owners(tx),
            deks=AsyncMemoryDeks(tx),
            customer_keys=AsyncMemoryCustomerKeys(tx),
            index_keys=AsyncMemoryIndexKeys(tx),
            reencryptions=AsyncMemoryReencryptions(tx),
            credentials=AsyncMemoryCredentials(tx),
            moves=AsyncMemoryMoves(tx),
            primaries=AsyncMemoryPrimaries(tx),
            inbox=AsyncMemoryInbox(tx),
            log=AsyncMemoryLog(tx),
            tree=AsyncMemoryTree(tx),
            checkpoints=AsyncMemoryCheckpoints(tx),
            retention=AsyncMemoryRetention(tx),
            purges=AsyncMemoryPurges(tx),
            erasures=AsyncMemoryErasures(tx),
            positions=AsyncMemoryPositions(tx),
            alerts=AsyncMemoryAlerts(tx),
            outbox=AsyncMemoryOutbox(tx),
            jobs=AsyncMemoryJobs(tx),
            epochs=AsyncMemoryEpochs(tx),
        )  # fmt: skip


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
            yield AsyncMemoryStore.over(transaction)
            transaction.commit()
        finally:
            transaction.rollback()
            transaction.end()

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncMemoryStore, None]:
        """Open a short read; a write in it raises StoreReadOnly."""
        transaction = Transaction(self.state, writable=False)
        try:
            yield AsyncMemoryStore.over(transaction)
        finally:
            transaction.end()

    def join(self, session: object, *, after_commit: AfterCommit) -> AsyncMemoryStore:
        """Ride in a session of this state; raise TypeError for anything else."""
        if not isinstance(session, AsyncMemorySession):
            raise TypeError("expected an AsyncMemorySession; a database session belongs to the SQL storage")
        session.transaction.after_commit(after_commit)
        return AsyncMemoryStore.over(session.transaction)

    def session(self) -> AsyncMemorySession:
        """Return a session for `join`, as a host would have one."""
        return AsyncMemorySession(self.state)

    async def aclose(self) -> None:
        """Nothing to close."""
