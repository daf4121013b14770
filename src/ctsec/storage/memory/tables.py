"""The tables of the memory store: one for each record family, and one for each unique key beside the primary one."""

from __future__ import annotations

from datetime import datetime
from typing import Final, TypeAlias

from ctsec.audit.alerts.record import Alert, AlertPosition, Mute, Occasion
from ctsec.audit.erasure.record import Erasure
from ctsec.audit.event import LogId
from ctsec.audit.record import SealedEvent, StoredEvent
from ctsec.audit.retention.hold import LegalHold
from ctsec.audit.retention.record import StoredPlans
from ctsec.audit.sealing import CheckpointRecord, Head
from ctsec.audit.streams.position import Position as LogPosition
from ctsec.audit.tree.tiles import Tile
from ctsec.authn.device import Device
from ctsec.authn.record import PasswordRecord, Session
from ctsec.connections.record import AppConnection
from ctsec.directory.lifecycle import LifecyclePolicy, ParkedRole, Presence
from ctsec.directory.record import Departure, Invitation, Membership, Organization, VerifiedDomain, Workspace
from ctsec.directory.service_account import ServiceAccount
from ctsec.encryption.blind_index import IndexKey
from ctsec.encryption.customer_key import CustomerKey
from ctsec.encryption.dek import WrappedDek
from ctsec.encryption.reencryption import Reencryption
from ctsec.ids import (
    AlertId,
    AppId,
    AuthenticatorId,
    BreakGlassId,
    ConnectionId,
    CredentialId,
    DekId,
    DeviceId,
    ElevationId,
    ErasureId,
    EventId,
    HoldId,
    InvitationId,
    KeyId,
    MessageId,
    MoveId,
    OrganizationId,
    PasskeyId,
    RecoveryId,
    ScimConnectionId,
    ScimGroupId,
    ScimTokenId,
    ScimUserId,
    ServiceAccountId,
    SessionId,
    UserId,
    WorkloadRuleId,
    WorkspaceId,
)
from ctsec.keys.organization_policy import OrganizationKeyPolicy
from ctsec.keys.record import ApiKey, KeySecret
from ctsec.keys.usage import KeyDay
from ctsec.keys.workload import WorkloadRule
from ctsec.mail.record import OutboxEntry
from ctsec.mfa.passkey import Passkey
from ctsec.mfa.record import Authenticator, BackupCodeSetRecord
from ctsec.rbac.assignment import RoleAssignment
from ctsec.rbac.custom_record import CustomRoleRecord
from ctsec.rbac.elevation import BreakGlassPermit, ElevationRequest
from ctsec.recovery.record import Recovery, RecoveryTerms, Trail
from ctsec.residency.record import Content, Move, Position, Primary, Residence
from ctsec.sso.domain_claim import DomainClaim
from ctsec.sso.entrance import GlassCodeSet
from ctsec.sso.grant import Grant
from ctsec.sso.record import Connection, LinkedIdentity
from ctsec.sso.scim.record import ScimConnection, ScimGroup, ScimToken, ScimUser
from ctsec.storage.memory.state import Table
from ctsec.user import User
from ctsec.vault.record import VaultCredential
from ctsec.worker.record import JobLease

Pair: TypeAlias = tuple[OrganizationId, UserId]

USERS: Final[Table[UserId, User]] = Table("users")
USER_EMAILS: Final[Table[str, UserId]] = Table("user_emails")
ORGANIZATIONS: Final[Table[OrganizationId, Organization]] = Table("organizations")
WORKSPACES: Final[Table[WorkspaceId, Workspace]] = Table("workspaces")
MEMBERSHIPS: Final[Table[Pair, Membership]] = Table("memberships")
INVITATIONS: Final[Table[InvitationId, Invitation]] = Table("invitations")
INVITATION_DIGESTS: Final[Table[bytes, InvitationId]] = Table("invitation_digests")
CUSTOM_ROLES: Final[Table[tuple[OrganizationId, str], CustomRoleRecord]] = Table("custom_roles")
ELEVATIONS: Final[Table[ElevationId, ElevationRequest]] = Table("elevations")
BREAK_GLASS: Final[Table[BreakGlassId, BreakGlassPermit]] = Table("break_glass")
ASSIGNMENTS: Final[Table[tuple[OrganizationId, WorkspaceId, UserId], RoleAssignment]] = Table("assignments")
PASSWORDS: Final[Table[UserId, PasswordRecord]] = Table("passwords")
SESSIONS: Final[Table[SessionId, Session]] = Table("sessions")
DEVICES: Final[Table[DeviceId, Device]] = Table("devices")
AUTHENTICATORS: Final[Table[AuthenticatorId, Authenticator]] = Table("authenticators")
BACKUP_CODES: Final[Table[UserId, BackupCodeSetRecord]] = Table("backup_codes")
PASSKEYS: Final[Table[PasskeyId, Passkey]] = Table("passkeys")
PASSKEY_CREDENTIALS: Final[Table[bytes, PasskeyId]] = Table("passkey_credentials")
RECOVERIES: Final[Table[RecoveryId, Recovery]] = Table("recoveries")
TRAILS: Final[Table[UserId, Trail]] = Table("trails")
TERMS: Final[Table[OrganizationId, RecoveryTerms]] = Table("terms")
DEPARTURES: Final[Table[Pair, Departure]] = Table("departures")
LIFECYCLES: Final[Table[OrganizationId, LifecyclePolicy]] = Table("lifecycles")
PRESENCES: Final[Table[Pair, Presence]] = Table("presences")
PARKED: Final[Table[tuple[OrganizationId, WorkspaceId, UserId], ParkedRole]] = Table("parked")
DOMAINS: Final[Table[str, VerifiedDomain]] = Table("domains")
DOMAIN_CLAIMS: Final[Table[tuple[OrganizationId, str], DomainClaim]] = Table("domain_claims")
CONNECTIONS: Final[Table[ConnectionId, Connection]] = Table("connections")
GLASS_CODES: Final[Table[tuple[OrganizationId, UserId], GlassCodeSet]] = Table("glass_codes")
IDENTITIES: Final[Table[bytes, LinkedIdentity]] = Table("identities")
GRANTS: Final[Table[SessionId, Grant]] = Table("grants")
APPS: Final[Table[AppId, AppConnection]] = Table("apps")
SCIM_CONNECTIONS: Final[Table[ScimConnectionId, ScimConnection]] = Table("scim_connections")
SCIM_TOKENS: Final[Table[ScimTokenId, ScimToken]] = Table("scim_tokens")
SCIM_USERS: Final[Table[ScimUserId, ScimUser]] = Table("scim_users")
SCIM_GROUPS: Final[Table[ScimGroupId, ScimGroup]] = Table("scim_groups")
SCIM_MEMBERS: Final[Table[tuple[ScimGroupId, str], tuple[ScimGroupId, str]]] = Table("scim_members")
API_KEYS: Final[Table[KeyId, ApiKey]] = Table("api_keys")
KEY_DAYS: Final[Table[tuple[KeyId, datetime], KeyDay]] = Table("key_days")
KEY_SECRETS: Final[Table[KeyId, tuple[KeySecret, ...]]] = Table("key_secrets")
KEY_POLICIES: Final[Table[OrganizationId, OrganizationKeyPolicy]] = Table("key_policies")
WORKLOAD_RULES: Final[Table[WorkloadRuleId, WorkloadRule]] = Table("workload_rules")
SERVICE_ACCOUNTS: Final[Table[ServiceAccountId, ServiceAccount]] = Table("service_accounts")
DEKS: Final[Table[DekId, WrappedDek]] = Table("deks")
CUSTOMER_KEYS: Final[Table[tuple[OrganizationId, str], CustomerKey]] = Table("customer_keys")
INDEX_KEYS: Final[Table[tuple[OrganizationId, str, int], IndexKey]] = Table("index_keys")
REENCRYPTIONS: Final[Table[tuple[str, str], Reencryption]] = Table("reencryptions")
CREDENTIALS: Final[Table[CredentialId, VaultCredential]] = Table("credentials")
CREDENTIAL_NAMES: Final[Table[tuple[OrganizationId, bytes], CredentialId]] = Table("credential_names")
CREDENTIAL_SECRETS: Final[Table[CredentialId, bytes]] = Table("credential_secrets")
INBOX: Final[Table[EventId, StoredEvent]] = Table("inbox")
LOG: Final[Table[tuple[LogId, int], SealedEvent]] = Table("log")
LOG_IDS: Final[Table[EventId, int]] = Table("log_ids")
HEADS: Final[Table[LogId, Head]] = Table("heads")
TILES: Final[Table[tuple[LogId, int, int], Tile]] = Table("tiles")
CHECKPOINTS: Final[Table[tuple[LogId, int], CheckpointRecord]] = Table("checkpoints")
CHECKPOINT_NUMBERS: Final[Table[int, tuple[LogId, int]]] = Table("checkpoint_numbers")
LEAVES: Final[Table[tuple[LogId, int], bytes]] = Table("leaves")
RETENTION: Final[Table[LogId, StoredPlans]] = Table("retention")
HOLDS: Final[Table[HoldId, LegalHold]] = Table("holds")
ERASURES: Final[Table[ErasureId, Erasure]] = Table("erasures")
POSITIONS: Final[Table[tuple[str, LogId], LogPosition]] = Table("positions")
ALERTS: Final[Table[AlertId, Alert]] = Table("alerts")
ALERT_OCCASIONS: Final[Table[Occasion, AlertId]] = Table("alert_occasions")
ALERT_POSITIONS: Final[Table[LogId, AlertPosition]] = Table("alert_positions")
ALERT_MUTES: Final[Table[tuple[LogId, str, str], Mute]] = Table("alert_mutes")
OUTBOX: Final[Table[MessageId, OutboxEntry]] = Table("outbox")
JOBS: Final[Table[str, JobLease]] = Table("jobs")
MOVES: Final[Table[MoveId, Move]] = Table("moves")
MOVE_NUMBERS: Final[Table[tuple[WorkspaceId, int], MoveId]] = Table("move_numbers")
PRIMARIES: Final[Table[str, Primary]] = Table("primaries")
CONTENT: Final[Table[Position, Content]] = Table("content")
RESIDENCES: Final[Table[WorkspaceId, Residence]] = Table("residences")
REGION_META: Final[Table[str, tuple[str, str]]] = Table("region_meta")
