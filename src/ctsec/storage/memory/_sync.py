# Generated from src/ctsec/storage/memory/_async.py by tools/twin.py; edit that file.
"""The memory storage (async source): the reference model of `ctsec.storage.ports`, for tests and for reading.

What its transactions promise is said in `ctsec.storage.memory.state`. It waits for nothing: where a database would block on a lock, the
transaction that commits later gets StoreBusy.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import datetime

from ctsec.lazy import made
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
from ctsec.storage.memory._sync_key_owners import MemoryKeyLists, MemoryKeyPolicies, MemoryServiceAccounts
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
from ctsec.storage.memory._sync_sso import MemoryConnections, MemoryIdentities
from ctsec.storage.memory._sync_streams import MemoryPositions
from ctsec.storage.memory._sync_tree import MemoryCheckpoints, MemoryTree
from ctsec.storage.memory._sync_vault import MemoryCredentials
from ctsec.storage.memory._sync_work import MemoryEpochs, MemoryJobs, MemoryOutbox
from ctsec.storage.memory._sync_workload import MemoryWorkloadRules
from ctsec.storage.memory.state import MemoryState, Transaction


class MemoryStore:
    """Every record family over one transaction."""

    users = made(MemoryUsers)
    organizations = made(MemoryOrganizations)
    workspaces = made(MemoryWorkspaces)
    memberships = made(MemoryMemberships)
    roster = made(MemoryRoster)
    invitations = made(MemoryInvitations)
    standings = made(MemoryStandings)
    assignments = made(MemoryAssignments)
    custom_roles = made(MemoryCustomRoles)
    lists = made(MemoryLists)
    elevations = made(MemoryElevations)
    break_glass = made(MemoryBreakGlass)
    passwords = made(MemoryPasswords)
    sessions = made(MemorySessions)
    devices = made(MemoryDevices)
    authenticators = made(MemoryAuthenticators)
    backup_codes = made(MemoryBackupCodes)
    passkeys = made(MemoryPasskeys)
    recoveries = made(MemoryRecoveries)
    trails = made(MemoryTrails)
    recovery_terms = made(MemoryTerms)
    lifecycle = made(MemoryLifecycle)
    parked = made(MemoryParked)
    domains = made(MemoryDomains)
    domain_claims = made(MemoryDomainClaims)
    connections = made(MemoryConnections)
    identities = made(MemoryIdentities)
    entrances = made(MemoryEntrances)
    glass_codes = made(MemoryGlassCodes)
    grants = made(MemoryGrants)
    apps = made(MemoryApps)
    scim_connections = made(MemoryScimConnections)
    scim_users = made(MemoryScimUsers)
    scim_groups = made(MemoryScimGroups)
    scim_members = made(MemoryScimMembers)
    api_keys = made(MemoryKeys)
    key_days = made(MemoryKeyDays)
    service_accounts = made(MemoryServiceAccounts)
    key_lists = made(MemoryKeyLists)
    key_policies = made(MemoryKeyPolicies)
    workload_rules = made(MemoryWorkloadRules)
    deks = made(MemoryDeks)
    customer_keys = made(MemoryCustomerKeys)
    index_keys = made(MemoryIndexKeys)
    reencryptions = made(MemoryReencryptions)
    credentials = made(MemoryCredentials)
    moves = made(MemoryMoves)
    primaries = made(MemoryPrimaries)
    inbox = made(MemoryInbox)
    log = made(MemoryLog)
    tree = made(MemoryTree)
    checkpoints = made(MemoryCheckpoints)
    retention = made(MemoryRetention)
    purges = made(MemoryPurges)
    erasures = made(MemoryErasures)
    positions = made(MemoryPositions)
    alerts = made(MemoryAlerts)
    outbox = made(MemoryOutbox)
    jobs = made(MemoryJobs)
    epochs = made(MemoryEpochs)

    def __init__(self, transaction: Transaction) -> None:
        self.transaction = transaction
        self.made_of = (transaction,)

    @property
    def wrote(self) -> bool:
        """Whether this transaction has written anything."""
        return self.transaction.wrote


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
            yield MemoryStore(transaction)
            transaction.commit()
        finally:
            transaction.rollback()
            transaction.end()

    @contextmanager
    def erasing(
        self, until: Mapping[str, datetime], *, now: datetime, after_commit: AfterCommit
    ) -> Generator[tuple[MemoryStore, Mapping[str, int]], None, None]:
        """Destroy keys of persons, and open the transaction that says so."""
        counts = self.guard.subjects.destroy(until, now=now)
        with self.begin(after_commit=after_commit) as store:
            yield store, counts

    @contextmanager
    def reading(self) -> Generator[MemoryStore, None, None]:
        """Open a short read; a write in it raises StoreReadOnly."""
        transaction = Transaction(self.state, writable=False)
        try:
            yield MemoryStore(transaction)
        finally:
            transaction.end()

    def join(self, session: object, *, after_commit: AfterCommit) -> MemoryStore:
        """Ride in a session of this state; raise TypeError for anything else."""
        if not isinstance(session, MemorySession):
            raise TypeError("expected an MemorySession; a database session belongs to the SQL storage")
        session.transaction.after_commit(after_commit)
        return MemoryStore(session.transaction)

    def session(self) -> MemorySession:
        """Return a session for `join`, as a host would have one."""
        return MemorySession(self.state)

    def close(self) -> None:
        """Nothing to close."""
