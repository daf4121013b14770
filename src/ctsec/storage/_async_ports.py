"""The store as a whole: every record family over one transaction, and the storage that opens transactions (async source)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol, TypeAlias

from ctsec.audit._async_ports import AsyncSealedStore
from ctsec.authn._async_ports import AsyncDeviceRecords, AsyncPasswordRecords, AsyncSessionRecords
from ctsec.changes import Epochs, News
from ctsec.directory._async_ports import (
    AsyncDomainRecords,
    AsyncEpochRecords,
    AsyncInvitationRecords,
    AsyncMembershipRecords,
    AsyncOrganizationRecords,
    AsyncRosterRecords,
    AsyncUserRecords,
    AsyncWorkspaceRecords,
)
from ctsec.encryption._async_ports import (
    AsyncCustomerKeyRecords,
    AsyncDekRecords,
    AsyncIndexKeyRecords,
    AsyncReencryptionRecords,
)
from ctsec.guard._async_ports import AsyncGuardStore
from ctsec.keys._async_ports import AsyncKeyRecords
from ctsec.keys._async_usage_ports import AsyncKeyDayRecords
from ctsec.mail._async_ports import AsyncOutboxRecords
from ctsec.mfa._async_ports import AsyncAuthenticatorRecords, AsyncBackupCodeRecords, AsyncPasskeyRecords
from ctsec.rbac._async_ports import (
    AsyncAssignmentRecords,
    AsyncBreakGlassRecords,
    AsyncCustomRoleRecords,
    AsyncElevationRecords,
    AsyncListRecords,
    AsyncStandingRecords,
)
from ctsec.recovery._async_ports import AsyncRecoveryRecords, AsyncTermsRecords, AsyncTrailRecords
from ctsec.residency._async_ports import AsyncMoveRecords, AsyncPrimaryRecords
from ctsec.storage._async_families import AsyncAppFamilies, AsyncKeyFamilies, AsyncLogFamilies, AsyncPeopleFamilies, AsyncSsoFamilies
from ctsec.vault._async_ports import AsyncCredentialRecords
from ctsec.worker._async_ports import AsyncJobRecords

AfterCommit: TypeAlias = Callable[[frozenset[str]], None]


class AsyncEpochStore(AsyncEpochRecords, Protocol):
    """Epochs as the whole store has them: written by the features, read by whoever keeps records in memory."""

    async def recent(self) -> Epochs:
        """Return the epochs that changed in the last `ctsec.changes.WINDOW_SECONDS` of the store's clock, or more of them."""
        ...

    async def trim(self) -> int:
        """Delete epochs that are too old for anybody to ask for; return how many."""
        ...


class AsyncChangeFeed(Protocol):
    """How processes tell each other what changed; see `ctsec.storage.feed` and `ctsec.storage.redis`."""

    async def since(self, position: object) -> News:
        """Return what changed since `position`, which an earlier answer gave (None: never asked); raise StoreError without an answer."""
        ...

    def announce(self, scopes: frozenset[str]) -> None:
        """Tell the others after a commit; returns at once and never raises, since the commit stands whoever hears of it."""
        ...

    async def aclose(self) -> None:
        """Tell what is still to be told, and close."""
        ...


class AsyncStore(AsyncAppFamilies, AsyncSsoFamilies, AsyncPeopleFamilies, AsyncKeyFamilies, AsyncLogFamilies, AsyncSealedStore, Protocol):
    """Every record family over one transaction; what they write is committed or rolled back together."""

    @property
    def users(self) -> AsyncUserRecords:
        """Accounts."""
        ...

    @property
    def organizations(self) -> AsyncOrganizationRecords:
        """Organizations."""
        ...

    @property
    def workspaces(self) -> AsyncWorkspaceRecords:
        """Workspaces."""
        ...

    @property
    def memberships(self) -> AsyncMembershipRecords:
        """Memberships."""
        ...

    @property
    def roster(self) -> AsyncRosterRecords:
        """Lists of memberships."""
        ...

    @property
    def invitations(self) -> AsyncInvitationRecords:
        """Invitations."""
        ...

    @property
    def standings(self) -> AsyncStandingRecords:
        """What people are in organizations."""
        ...

    @property
    def assignments(self) -> AsyncAssignmentRecords:
        """Workspace roles."""
        ...

    @property
    def custom_roles(self) -> AsyncCustomRoleRecords:
        """The roles that organizations make for themselves."""
        ...

    @property
    def lists(self) -> AsyncListRecords:
        """Which workspaces somebody has a permission in."""
        ...

    @property
    def elevations(self) -> AsyncElevationRecords:
        """Requests for a role for a time."""
        ...

    @property
    def break_glass(self) -> AsyncBreakGlassRecords:
        """Permits to break the glass."""
        ...

    @property
    def passwords(self) -> AsyncPasswordRecords:
        """Sealed password hashes."""
        ...

    @property
    def sessions(self) -> AsyncSessionRecords:
        """Sessions."""
        ...

    @property
    def devices(self) -> AsyncDeviceRecords:
        """Devices that people have used before."""
        ...

    @property
    def authenticators(self) -> AsyncAuthenticatorRecords:
        """TOTP authenticators."""
        ...

    @property
    def backup_codes(self) -> AsyncBackupCodeRecords:
        """Backup-code sets."""
        ...

    @property
    def passkeys(self) -> AsyncPasskeyRecords:
        """Passkeys."""
        ...

    @property
    def recoveries(self) -> AsyncRecoveryRecords:
        """Resets of second factors."""
        ...

    @property
    def trails(self) -> AsyncTrailRecords:
        """What of accounts was replaced, and proved since."""
        ...

    @property
    def recovery_terms(self) -> AsyncTermsRecords:
        """What organizations ask of a reset."""
        ...

    @property
    def domains(self) -> AsyncDomainRecords:
        """Domains that organizations have verified."""
        ...

    @property
    def api_keys(self) -> AsyncKeyRecords:
        """API keys."""
        ...

    @property
    def key_days(self) -> AsyncKeyDayRecords:
        """How often API keys were used."""
        ...

    @property
    def deks(self) -> AsyncDekRecords:
        """Wrapped data keys."""
        ...

    @property
    def customer_keys(self) -> AsyncCustomerKeyRecords:
        """The keys of organizations' own."""
        ...

    @property
    def index_keys(self) -> AsyncIndexKeyRecords:
        """The keys of blind indexes."""
        ...

    @property
    def reencryptions(self) -> AsyncReencryptionRecords:
        """What the store keeps sealed under data keys, and how far it is sealed anew."""
        ...

    @property
    def credentials(self) -> AsyncCredentialRecords:
        """Credentials of the vault."""
        ...

    @property
    def moves(self) -> AsyncMoveRecords:
        """Moves of workspaces between regions."""
        ...

    @property
    def primaries(self) -> AsyncPrimaryRecords:
        """Which replicas serve a region since they were promoted."""
        ...

    @property
    def outbox(self) -> AsyncOutboxRecords:
        """Mail that waits."""
        ...

    @property
    def jobs(self) -> AsyncJobRecords:
        """Leases of jobs."""
        ...

    @property
    def epochs(self) -> AsyncEpochStore:
        """What caches must forget after commit."""
        ...

    @property
    def wrote(self) -> bool:
        """Whether this transaction has written anything: then caches must not answer for it."""
        ...


class AsyncStorage(Protocol):
    """Opens transactions; `guard` is the store for what leaves the host's transaction.

    `after_commit` is called once after a commit that wrote, with the scopes whose epoch was bumped; never after a rollback.
    """

    @property
    def guard(self) -> AsyncGuardStore:
        """The guard store."""
        ...

    def begin(self, *, after_commit: AfterCommit) -> AbstractAsyncContextManager[AsyncStore]:
        """Open a transaction of our own: committed when the block ends, rolled back when it raises."""
        ...

    def reading(self) -> AbstractAsyncContextManager[AsyncStore]:
        """Open a short READ COMMITTED read, for caches; nothing is written."""
        ...

    def sequencing(self) -> AbstractAsyncContextManager[AsyncStore]:
        """Open a READ COMMITTED transaction of our own, for the sequencer and the signer of the audit log; no cache hears of it."""
        ...

    def erasing(
        self, until: Mapping[str, datetime], *, now: datetime, after_commit: AfterCommit
    ) -> AbstractAsyncContextManager[tuple[AsyncStore, Mapping[str, int]]]:
        """Destroy the keys of persons as `guard.subjects.destroy` does, and open the transaction that says so; yield how many went too.

        What the block writes is never there without the keys being gone, after a crash neither: keys that lie in the same database go in
        the same transaction, others are committed first. Of those the commit of the block need not be on the disk when this ends: a loss
        of power may take it back, so whoever calls this does it again then.
        """
        ...

    def join(self, session: object, *, after_commit: AfterCommit) -> AsyncStore:
        """Ride in the host's session: never begin, commit, roll back or close it; flush it before each statement."""
        ...

    async def aclose(self) -> None:
        """Close the engines that this storage made."""
        ...
