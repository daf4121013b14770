# Generated from src/ctsec/storage/memory/_async.py by tools/twin.py; edit that file.
"""The memory storage (async source): the reference model of `ctsec.storage.ports`, for tests and for reading.

What its transactions promise is said in `ctsec.storage.memory.state`. It waits for nothing: where a database would block on a lock, the
transaction that commits later gets StoreBusy.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass

from ctsec.storage._sync_ports import AfterCommit
from ctsec.storage.memory._sync_access import MemoryAssignments, MemoryStandings
from ctsec.storage.memory._sync_alerts import MemoryAlerts
from ctsec.storage.memory._sync_apps import MemoryApps
from ctsec.storage.memory._sync_audit import MemoryInbox, MemoryLog
from ctsec.storage.memory._sync_credentials import (
    MemoryAuthenticators,
    MemoryBackupCodes,
    MemoryDevices,
    MemoryPasswords,
    MemorySessions,
)
from ctsec.storage.memory._sync_custom import MemoryCustomRoles
from ctsec.storage.memory._sync_deks import MemoryCustomerKeys, MemoryDeks
from ctsec.storage.memory._sync_directory import (
    MemoryInvitations,
    MemoryMemberships,
    MemoryOrganizations,
    MemoryRoster,
    MemoryUsers,
    MemoryWorkspaces,
)
from ctsec.storage.memory._sync_domain_claims import MemoryDomainClaims
from ctsec.storage.memory._sync_elevations import MemoryBreakGlass, MemoryElevations, MemoryLists
from ctsec.storage.memory._sync_entrances import MemoryEntrances, MemoryGlassCodes
from ctsec.storage.memory._sync_erasures import MemoryErasures
from ctsec.storage.memory._sync_grants import MemoryGrants
from ctsec.storage.memory._sync_guard import MemoryGuard
from ctsec.storage.memory._sync_index_keys import MemoryIndexKeys
from ctsec.storage.memory._sync_key_days import MemoryKeyDays
from ctsec.storage.memory._sync_key_owners import (
    MemoryKeyLists,
    MemoryKeyPolicies,
    MemoryServiceAccounts,
    sync_key_owners,
)
from ctsec.storage.memory._sync_keys import MemoryKeys
from ctsec.storage.memory._sync_lifecycle import MemoryLifecycle, MemoryParked
from ctsec.storage.memory._sync_moves import MemoryMoves, MemoryPrimaries
from ctsec.storage.memory._sync_passkeys import MemoryPasskeys
from ctsec.storage.memory._sync_recovery import (
    MemoryDomains,
    MemoryRecoveries,
    MemoryTerms,
    MemoryTrails,
)
from ctsec.storage.memory._sync_retention import MemoryPurges, MemoryRetention
from ctsec.storage.memory._sync_scim import MemoryScimConnections, MemoryScimGroups, MemoryScimMembers, MemoryScimUsers
from ctsec.storage.memory._sync_sealed import MemoryReencryptions
from ctsec.storage.memory._sync_single_sign_on import sync_single_sign_on
from ctsec.storage.memory._sync_sso import MemoryConnections, MemoryIdentities
from ctsec.storage.memory._sync_streams import MemoryPositions
from ctsec.storage.memory._sync_tree import MemoryCheckpoints, MemoryTree
from ctsec.storage.memory._sync_vault import MemoryCredentials
from ctsec.storage.memory._sync_work import MemoryEpochs, MemoryJobs, MemoryOutbox
from ctsec.storage.memory._sync_workload import MemoryWorkloadRules
from ctsec.storage.memory.state import MemoryState, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryStore:
    """Every record family over one transaction."""

    transaction: Transaction
    users: MemoryUsers
    organizations: MemoryOrganizations
    workspaces: MemoryWorkspaces
    memberships: MemoryMemberships
    roster: MemoryRoster
    invitations: MemoryInvitations
    standings: MemoryStandings
    assignments: MemoryAssignments
    custom_roles: MemoryCustomRoles
    lists: MemoryLists
    elevations: MemoryElevations
    break_glass: MemoryBreakGlass
    passwords: MemoryPasswords
    sessions: MemorySessions
    devices: MemoryDevices
    authenticators: MemoryAuthenticators
    backup_codes: MemoryBackupCodes
    passkeys: MemoryPasskeys
    recoveries: MemoryRecoveries
    trails: MemoryTrails
    recovery_terms: MemoryTerms
    lifecycle: MemoryLifecycle
    parked: MemoryParked
    domains: MemoryDomains
    domain_claims: MemoryDomainClaims
    connections: MemoryConnections
    identities: MemoryIdentities
    entrances: MemoryEntrances
    glass_codes: MemoryGlassCodes
    grants: MemoryGrants
    apps: MemoryApps
    scim_connections: MemoryScimConnections
    scim_users: MemoryScimUsers
    scim_groups: MemoryScimGroups
    scim_members: MemoryScimMembers
    api_keys: MemoryKeys
    key_days: MemoryKeyDays
    service_accounts: MemoryServiceAccounts
    key_lists: MemoryKeyLists
    key_policies: MemoryKeyPolicies
    workload_rules: MemoryWorkloadRules
    deks: MemoryDeks
    customer_keys: MemoryCustomerKeys
    index_keys: MemoryIndexKeys
    reencryptions: MemoryReencryptions
    credentials: MemoryCredentials
    moves: MemoryMoves
    primaries: MemoryPrimaries
    inbox: MemoryInbox
    log: MemoryLog
    tree: MemoryTree
    checkpoints: MemoryCheckpoints
    retention: MemoryRetention
    purges: MemoryPurges
    erasures: MemoryErasures
    positions: MemoryPositions
    alerts: MemoryAlerts
    outbox: MemoryOutbox
    jobs: MemoryJobs
    epochs: MemoryEpochs

    @property
    def wrote(self) -> bool:
        """Whether this transaction has written anything."""
        return self.transaction.wrote

    @classmethod
    def over(cls, tx: Transaction) -> MemoryStore:
        """Return the store over a transaction."""
        return cls(
            transaction=tx, users=MemoryUsers(tx),
            organizations=MemoryOrganizations(tx),
            workspaces=MemoryWorkspaces(tx),
            memberships=MemoryMemberships(tx),
            roster=MemoryRoster(tx),
            invitations=MemoryInvitations(tx),
            standings=MemoryStandings(tx),
            assignments=MemoryAssignments(tx),
            custom_roles=MemoryCustomRoles(tx),
            lists=MemoryLists(tx),
            elevations=MemoryElevations(tx),
            break_glass=MemoryBreakGlass(tx),
            passwords=MemoryPasswords(tx),
            sessions=MemorySessions(tx),
            devices=MemoryDevices(tx),
            authenticators=MemoryAuthenticators(tx),
            backup_codes=MemoryBackupCodes(tx),
            passkeys=MemoryPasskeys(tx),
            recoveries=MemoryRecoveries(tx),
            trails=MemoryTrails(tx),
            recovery_terms=MemoryTerms(tx),
            lifecycle=MemoryLifecycle(tx), parked=MemoryParked(tx),
            domains=MemoryDomains(tx),
            **sync_single_sign_on(tx),
            apps=MemoryApps(tx), api_keys=MemoryKeys(tx), key_days=MemoryKeyDays(tx),
            **sync_key_owners(tx),
            deks=MemoryDeks(tx),
            customer_keys=MemoryCustomerKeys(tx),
            index_keys=MemoryIndexKeys(tx),
            reencryptions=MemoryReencryptions(tx),
            credentials=MemoryCredentials(tx),
            moves=MemoryMoves(tx),
            primaries=MemoryPrimaries(tx),
            inbox=MemoryInbox(tx),
            log=MemoryLog(tx),
            tree=MemoryTree(tx),
            checkpoints=MemoryCheckpoints(tx),
            retention=MemoryRetention(tx),
            purges=MemoryPurges(tx),
            erasures=MemoryErasures(tx),
            positions=MemoryPositions(tx),
            alerts=MemoryAlerts(tx),
            outbox=MemoryOutbox(tx),
            jobs=MemoryJobs(tx),
            epochs=MemoryEpochs(tx),
        )  # fmt: skip


class MemorySession:
    """What stands for a host's database session: `join` rides in it, the host commits it or rolls it back."""

    __slots__ = ("transaction",)

    def __init__(self, state: MemoryState) -> None:
        self.transaction = Transaction(state)

    def commit(self) -> None:
        """Commit what was written through the stores that joined; raise StoreBusy if another transaction came first."""
        self.transaction.commit()

    def rollback(self) -> None:
        """Drop what was written through the stores that joined."""
        self.transaction.rollback()

    def close(self) -> None:
        """Roll back and end."""
        self.transaction.rollback()
        self.transaction.end()


class MemoryStorage:
    """Opens transactions over a `MemoryState`, which several storages of both colours may share."""

    __slots__ = ("guard", "state")

    def __init__(self, state: MemoryState | None = None) -> None:
        self.state = MemoryState() if state is None else state
        self.guard = MemoryGuard.over(self.state.guard)

    @contextmanager
    def begin(self, *, after_commit: AfterCommit) -> Generator[MemoryStore, None, None]:
        """Open a transaction: committed when the block ends, rolled back when it raises."""
        with self.sequencing() as store:
            store.transaction.after_commit(after_commit)
            yield store

    @contextmanager
    def sequencing(self) -> Generator[MemoryStore, None, None]:
        """Open a transaction of the sequencer or the signer: one that tells no cache."""
        transaction = Transaction(self.state)
        try:
            yield MemoryStore.over(transaction)
            transaction.commit()
        finally:
            transaction.rollback()
            transaction.end()

    @contextmanager
    def reading(self) -> Generator[MemoryStore, None, None]:
        """Open a short read; a write in it raises StoreReadOnly."""
        transaction = Transaction(self.state, writable=False)
        try:
            yield MemoryStore.over(transaction)
        finally:
            transaction.end()

    def join(self, session: object, *, after_commit: AfterCommit) -> MemoryStore:
        """Ride in a session of this state; raise TypeError for anything else."""
        if not isinstance(session, MemorySession):
            raise TypeError("expected an MemorySession; a database session belongs to the SQL storage")
        session.transaction.after_commit(after_commit)
        return MemoryStore.over(session.transaction)

    def session(self) -> MemorySession:
        """Return a session for `join`, as a host would have one."""
        return MemorySession(self.state)

    def close(self) -> None:
        """Nothing to close."""
