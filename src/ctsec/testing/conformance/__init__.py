"""The suites that every store and every key service passes, in both colours.

A store's tests make classes of their own from these, for example `class TestUsers(AsyncUserConformance)`, beside one pytest fixture
`storage` that returns an empty storage for each test. The join tests need a second one, `host_session`, a session of the same database
as a host would hold it. `AllowanceConformance` asks for `allowances`, those of the guard store or of a server of their own.

A key service's tests do the same with the classes `…Kms…Conformance`, beside the fixtures `kms`, `foreign_kms` (another key of the same
provider), `kek_owner` (a `KekOwner` of the key of `kms`) and `blocking_kms`, as far as the classes ask for them.
"""

from __future__ import annotations

from ctsec.testing.conformance._async_alerts import AsyncAlertConformance
from ctsec.testing.conformance._async_apps import AsyncAppConformance
from ctsec.testing.conformance._async_audit import AsyncInboxConformance, AsyncLogConformance
from ctsec.testing.conformance._async_credentials import (
    AsyncAuthenticatorConformance,
    AsyncBackupCodeConformance,
    AsyncDeviceConformance,
    AsyncPasswordConformance,
    AsyncSessionConformance,
)
from ctsec.testing.conformance._async_deks import AsyncCustomerKeyConformance, AsyncDekConformance, AsyncSealConformance
from ctsec.testing.conformance._async_directory import AsyncOrganizationConformance, AsyncUserConformance, AsyncWorkspaceConformance
from ctsec.testing.conformance._async_elevations import (
    AsyncBreakGlassConformance,
    AsyncCustomRoleConformance,
    AsyncElevationConformance,
    AsyncListConformance,
    AsyncRolesVersionConformance,
)
from ctsec.testing.conformance._async_grants import AsyncGrantConformance
from ctsec.testing.conformance._async_guard import (
    AsyncAllowanceConformance,
    AsyncGuardConformance,
    AsyncProofConformance,
    AsyncSubjectConformance,
)
from ctsec.testing.conformance._async_invitations import AsyncInvitationConformance
from ctsec.testing.conformance._async_isolation import AsyncIsolationConformance
from ctsec.testing.conformance._async_key_owners import AsyncKeyOwnerConformance
from ctsec.testing.conformance._async_keys import AsyncKeyConformance
from ctsec.testing.conformance._async_kms import AsyncKmsConformance, AsyncKmsStateConformance, AsyncKmsTamperConformance
from ctsec.testing.conformance._async_lifecycle import AsyncLifecycleConformance
from ctsec.testing.conformance._async_members import (
    AsyncAssignmentConformance,
    AsyncMembershipConformance,
    AsyncRosterConformance,
    AsyncStandingConformance,
)
from ctsec.testing.conformance._async_passkeys import AsyncPasskeyConformance
from ctsec.testing.conformance._async_recovery import AsyncDomainConformance, AsyncRecoveryConformance, AsyncTrailConformance
from ctsec.testing.conformance._async_reencryption import AsyncReencryptionConformance
from ctsec.testing.conformance._async_region_logs import AsyncRegionLogConformance
from ctsec.testing.conformance._async_regions import AsyncMoveConformance, AsyncRegionContentConformance, AsyncResidenceConformance
from ctsec.testing.conformance._async_retention import AsyncErasureConformance, AsyncRetentionConformance
from ctsec.testing.conformance._async_scim import AsyncScimConformance
from ctsec.testing.conformance._async_sso import AsyncConnectionConformance, AsyncDomainClaimConformance
from ctsec.testing.conformance._async_streams import AsyncPositionConformance
from ctsec.testing.conformance._async_transactions import AsyncHostSession, AsyncJoinConformance, AsyncTransactionConformance
from ctsec.testing.conformance._async_tree import AsyncTreeConformance
from ctsec.testing.conformance._async_vault import AsyncCredentialConformance, AsyncIndexKeyConformance
from ctsec.testing.conformance._async_work import AsyncEpochConformance, AsyncJobConformance, AsyncOutboxConformance
from ctsec.testing.conformance._async_workload import AsyncWorkloadRuleConformance
from ctsec.testing.conformance._sync_alerts import AlertConformance
from ctsec.testing.conformance._sync_apps import AppConformance
from ctsec.testing.conformance._sync_audit import InboxConformance, LogConformance
from ctsec.testing.conformance._sync_credentials import (
    AuthenticatorConformance,
    BackupCodeConformance,
    DeviceConformance,
    PasswordConformance,
    SessionConformance,
)
from ctsec.testing.conformance._sync_deks import CustomerKeyConformance, DekConformance, SealConformance
from ctsec.testing.conformance._sync_directory import OrganizationConformance, UserConformance, WorkspaceConformance
from ctsec.testing.conformance._sync_elevations import (
    BreakGlassConformance,
    CustomRoleConformance,
    ElevationConformance,
    ListConformance,
    RolesVersionConformance,
)
from ctsec.testing.conformance._sync_grants import GrantConformance
from ctsec.testing.conformance._sync_guard import (
    AllowanceConformance,
    GuardConformance,
    ProofConformance,
    SubjectConformance,
)
from ctsec.testing.conformance._sync_invitations import InvitationConformance
from ctsec.testing.conformance._sync_isolation import IsolationConformance
from ctsec.testing.conformance._sync_key_owners import KeyOwnerConformance
from ctsec.testing.conformance._sync_keys import KeyConformance
from ctsec.testing.conformance._sync_kms import KmsConformance, KmsStateConformance, KmsTamperConformance
from ctsec.testing.conformance._sync_lifecycle import LifecycleConformance
from ctsec.testing.conformance._sync_members import AssignmentConformance, MembershipConformance, RosterConformance, StandingConformance
from ctsec.testing.conformance._sync_passkeys import PasskeyConformance
from ctsec.testing.conformance._sync_recovery import DomainConformance, RecoveryConformance, TrailConformance
from ctsec.testing.conformance._sync_reencryption import ReencryptionConformance
from ctsec.testing.conformance._sync_region_logs import RegionLogConformance
from ctsec.testing.conformance._sync_regions import MoveConformance, RegionContentConformance, ResidenceConformance
from ctsec.testing.conformance._sync_retention import ErasureConformance, RetentionConformance
from ctsec.testing.conformance._sync_scim import ScimConformance
from ctsec.testing.conformance._sync_sso import ConnectionConformance, DomainClaimConformance
from ctsec.testing.conformance._sync_streams import PositionConformance
from ctsec.testing.conformance._sync_transactions import HostSession, JoinConformance, TransactionConformance
from ctsec.testing.conformance._sync_tree import TreeConformance
from ctsec.testing.conformance._sync_vault import CredentialConformance, IndexKeyConformance
from ctsec.testing.conformance._sync_work import EpochConformance, JobConformance, OutboxConformance
from ctsec.testing.conformance._sync_workload import WorkloadRuleConformance
from ctsec.testing.conformance.kms import KekOwner, KmsThreadConformance

__all__ = [
    "AlertConformance",
    "AllowanceConformance",
    "AppConformance",
    "AssignmentConformance",
    "AsyncAlertConformance",
    "AsyncAllowanceConformance",
    "AsyncAppConformance",
    "AsyncAssignmentConformance",
    "AsyncAuthenticatorConformance",
    "AsyncBackupCodeConformance",
    "AsyncBreakGlassConformance",
    "AsyncConnectionConformance",
    "AsyncCredentialConformance",
    "AsyncCustomRoleConformance",
    "AsyncCustomerKeyConformance",
    "AsyncDekConformance",
    "AsyncDeviceConformance",
    "AsyncDomainClaimConformance",
    "AsyncDomainConformance",
    "AsyncElevationConformance",
    "AsyncEpochConformance",
    "AsyncErasureConformance",
    "AsyncGrantConformance",
    "AsyncGuardConformance",
    "AsyncHostSession",
    "AsyncInboxConformance",
    "AsyncIndexKeyConformance",
    "AsyncInvitationConformance",
    "AsyncIsolationConformance",
    "AsyncJobConformance",
    "AsyncJoinConformance",
    "AsyncKeyConformance",
    "AsyncKeyOwnerConformance",
    "AsyncKmsConformance",
    "AsyncKmsStateConformance",
    "AsyncKmsTamperConformance",
    "AsyncLifecycleConformance",
    "AsyncListConformance",
    "AsyncLogConformance",
    "AsyncMembershipConformance",
    "AsyncMoveConformance",
    "AsyncOrganizationConformance",
    "AsyncOutboxConformance",
    "AsyncPasskeyConformance",
    "AsyncPasswordConformance",
    "AsyncPositionConformance",
    "AsyncProofConformance",
    "AsyncRecoveryConformance",
    "AsyncReencryptionConformance",
    "AsyncRegionContentConformance",
    "AsyncRegionLogConformance",
    "AsyncResidenceConformance",
    "AsyncRetentionConformance",
    "AsyncRolesVersionConformance",
    "AsyncRosterConformance",
    "AsyncScimConformance",
    "AsyncSealConformance",
    "AsyncSessionConformance",
    "AsyncStandingConformance",
    "AsyncSubjectConformance",
    "AsyncTrailConformance",
    "AsyncTransactionConformance",
    "AsyncTreeConformance",
    "AsyncUserConformance",
    "AsyncWorkloadRuleConformance",
    "AsyncWorkspaceConformance",
    "AuthenticatorConformance",
    "BackupCodeConformance",
    "BreakGlassConformance",
    "ConnectionConformance",
    "CredentialConformance",
    "CustomRoleConformance",
    "CustomerKeyConformance",
    "DekConformance",
    "DeviceConformance",
    "DomainClaimConformance",
    "DomainConformance",
    "ElevationConformance",
    "EpochConformance",
    "ErasureConformance",
    "GrantConformance",
    "GuardConformance",
    "HostSession",
    "InboxConformance",
    "IndexKeyConformance",
    "InvitationConformance",
    "IsolationConformance",
    "JobConformance",
    "JoinConformance",
    "KekOwner",
    "KeyConformance",
    "KeyOwnerConformance",
    "KmsConformance",
    "KmsStateConformance",
    "KmsTamperConformance",
    "KmsThreadConformance",
    "LifecycleConformance",
    "ListConformance",
    "LogConformance",
    "MembershipConformance",
    "MoveConformance",
    "OrganizationConformance",
    "OutboxConformance",
    "PasskeyConformance",
    "PasswordConformance",
    "PositionConformance",
    "ProofConformance",
    "RecoveryConformance",
    "ReencryptionConformance",
    "RegionContentConformance",
    "RegionLogConformance",
    "ResidenceConformance",
    "RetentionConformance",
    "RolesVersionConformance",
    "RosterConformance",
    "ScimConformance",
    "SealConformance",
    "SessionConformance",
    "StandingConformance",
    "SubjectConformance",
    "TrailConformance",
    "TransactionConformance",
    "TreeConformance",
    "UserConformance",
    "WorkloadRuleConformance",
    "WorkspaceConformance",
]
