# Generated from src/ctsec/storage/_async_ports.py by tools/twin.py; edit that file.
"""The store as a whole: every record family over one transaction, and the storage that opens transactions (async source)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol, TypeAlias

from ctsec.audit._sync_ports import SealedStore
from ctsec.authn._sync_ports import DeviceRecords, PasswordRecords, SessionRecords
from ctsec.changes import Epochs, News
from ctsec.directory._sync_ports import (
    DomainRecords,
    EpochRecords,
    InvitationRecords,
    MembershipRecords,
    OrganizationRecords,
    RosterRecords,
    UserRecords,
    WorkspaceRecords,
)
from ctsec.encryption._sync_ports import (
    CustomerKeyRecords,
    DekRecords,
    IndexKeyRecords,
    ReencryptionRecords,
)
from ctsec.guard._sync_ports import GuardStore
from ctsec.keys._sync_ports import KeyRecords
from ctsec.keys._sync_usage_ports import KeyDayRecords
from ctsec.mail._sync_ports import OutboxRecords
from ctsec.mfa._sync_ports import AuthenticatorRecords, BackupCodeRecords, PasskeyRecords
from ctsec.rbac._sync_ports import (
    AssignmentRecords,
    BreakGlassRecords,
    CustomRoleRecords,
    ElevationRecords,
    ListRecords,
    StandingRecords,
)
from ctsec.recovery._sync_ports import RecoveryRecords, TermsRecords, TrailRecords
from ctsec.residency._sync_ports import MoveRecords, PrimaryRecords
from ctsec.storage._sync_families import AppFamilies, KeyFamilies, LogFamilies, PeopleFamilies, SsoFamilies
from ctsec.vault._sync_ports import CredentialRecords
from ctsec.worker._sync_ports import JobRecords

AfterCommit: TypeAlias = Callable[[frozenset[str]], None]


class EpochStore(EpochRecords, Protocol):
    """Epochs as the whole store has them: written by the features, read by whoever keeps records in memory."""

    def recent(self) -> Epochs:
        """Return the epochs that changed in the last `ctsec.changes.WINDOW_SECONDS` of the store's clock, or more of them."""
        ...

    def trim(self) -> int:
        """Delete epochs that are too old for anybody to ask for; return how many."""
        ...


class ChangeFeed(Protocol):
    """How processes tell each other what changed; see `ctsec.storage.feed` and `ctsec.storage.redis`."""

    def since(self, position: object) -> News:
        """Return what changed since `position`, which an earlier answer gave (None: never asked); raise StoreError without an answer."""
        ...

    def announce(self, scopes: frozenset[str]) -> None:
        """Tell the others after a commit; returns at once and never raises, since the commit stands whoever hears of it."""
        ...

    def close(self) -> None:
        """Tell what is still to be told, and close."""
        ...


class Store(AppFamilies, SsoFamilies, PeopleFamilies, KeyFamilies, LogFamilies, SealedStore, Protocol):
    """Every record family over one transaction; what they write is committed or rolled back together."""

    @property
    def users(self) -> UserRecords:
        """Accounts."""
        ...

    @property
    def organizations(self) -> OrganizationRecords:
        """Organizations."""
        ...

    @property
    def workspaces(self) -> WorkspaceRecords:
        """Workspaces."""
        ...

    @property
    def memberships(self) -> MembershipRecords:
        """Memberships."""
        ...

    @property
    def roster(self) -> RosterRecords:
        """Lists of memberships."""
        ...

    @property
    def invitations(self) -> InvitationRecords:
        """Invitations."""
        ...

    @property
    def standings(self) -> StandingRecords:
        """What people are in organizations."""
        ...

    @property
    def assignments(self) -> AssignmentRecords:
        """Workspace roles."""
        ...

    @property
    def custom_roles(self) -> CustomRoleRecords:
        """The roles that organizations make for themselves."""
        ...

    @property
    def lists(self) -> ListRecords:
        """Which workspaces somebody has a permission in."""
        ...

    @property
    def elevations(self) -> ElevationRecords:
        """Requests for a role for a time."""
        ...

    @property
    def break_glass(self) -> BreakGlassRecords:
        """Permits to break the glass."""
        ...

    @property
    def passwords(self) -> PasswordRecords:
        """Sealed password hashes."""
        ...

    @property
    def sessions(self) -> SessionRecords:
        """Sessions."""
        ...

    @property
    def devices(self) -> DeviceRecords:
        """Devices that people have used before."""
        ...

    @property
    def authenticators(self) -> AuthenticatorRecords:
        """TOTP authenticators."""
        ...

    @property
    def backup_codes(self) -> BackupCodeRecords:
        """Backup-code sets."""
        ...

    @property
    def passkeys(self) -> PasskeyRecords:
        """Passkeys."""
        ...

    @property
    def recoveries(self) -> RecoveryRecords:
        """Resets of second factors."""
        ...

    @property
    def trails(self) -> TrailRecords:
        """What of accounts was replaced, and proved since."""
        ...

    @property
    def recovery_terms(self) -> TermsRecords:
        """What organizations ask of a reset."""
        ...

    @property
    def domains(self) -> DomainRecords:
        """Domains that organizations have verified."""
        ...

    @property
    def api_keys(self) -> KeyRecords:
        """API keys."""
        ...

    @property
    def key_days(self) -> KeyDayRecords:
        """How often API keys were used."""
        ...

    @property
    def deks(self) -> DekRecords:
        """Wrapped data keys."""
        ...

    @property
    def customer_keys(self) -> CustomerKeyRecords:
        """The keys of organizations' own."""
        ...

    @property
    def index_keys(self) -> IndexKeyRecords:
        """The keys of blind indexes."""
        ...

    @property
    def reencryptions(self) -> ReencryptionRecords:
        """What the store keeps sealed under data keys, and how far it is sealed anew."""
        ...

    @property
    def credentials(self) -> CredentialRecords:
        """Credentials of the vault."""
        ...

    @property
    def moves(self) -> MoveRecords:
        """Moves of workspaces between regions."""
        ...

    @property
    def primaries(self) -> PrimaryRecords:
        """Which replicas serve a region since they were promoted."""
        ...

    @property
    def outbox(self) -> OutboxRecords:
        """Mail that waits."""
        ...

    @property
    def jobs(self) -> JobRecords:
        """Leases of jobs."""
        ...

    @property
    def epochs(self) -> EpochStore:
        """What caches must forget after commit."""
        ...

    @property
    def wrote(self) -> bool:
        """Whether this transaction has written anything: then caches must not answer for it."""
        ...


class Storage(Protocol):
    """Opens transactions; `guard` is the store for what leaves the host's transaction.

    `after_commit` is called once after a commit that wrote, with the scopes whose epoch was bumped; never after a rollback.
    """

    @property
    def guard(self) -> GuardStore:
        """The guard store."""
        ...

    def begin(self, *, after_commit: AfterCommit) -> AbstractContextManager[Store]:
        """Open a transaction of our own: committed when the block ends, rolled back when it raises."""
        ...

    def reading(self) -> AbstractContextManager[Store]:
        """Open a short READ COMMITTED read, for caches; nothing is written."""
        ...

    def sequencing(self) -> AbstractContextManager[Store]:
        """Open a READ COMMITTED transaction of our own, for the sequencer and the signer of the audit log; no cache hears of it."""
        ...

    def erasing(
        self, until: Mapping[str, datetime], *, now: datetime, after_commit: AfterCommit
    ) -> AbstractContextManager[tuple[Store, Mapping[str, int]]]:
        """Destroy the keys of persons as `guard.subjects.destroy` does, and open the transaction that says so; yield how many went too.

        What the block writes is never there without the keys being gone, after a crash neither: keys that lie in the same database go in
        the same transaction, others are committed first. Of those the commit of the block need not be on the disk when this ends: a loss
        of power may take it back, so whoever calls this does it again then.
        """
        ...

    def join(self, session: object, *, after_commit: AfterCommit) -> Store:
        """Ride in the host's session: never begin, commit, roll back or close it; flush it before each statement."""
        ...

    def close(self) -> None:
        """Close the engines that this storage made."""
        ...
