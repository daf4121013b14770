"""What happened: the names of events, and the record that is written with every change.

Rules that this module keeps:

- a name is `<resource>.<past participle>`; the names of ctsec's own events are `EventName`, a host registers its own;
- an event says who (actor and credential), what (name), on what (targets), for whom (subject), with which outcome and reason, where
  (organization, workspace) and in which request;
- an event holds ids, enums and numbers. What identifies a person directly (address, user agent, e-mail) goes into `personal`, which
  is stored sealed, apart from the body; nothing secret goes anywhere. The schema of its name says which field is what;
- an event belongs to the log of the organization that it is about, else to the deployment's; a refusal with `not_found` always to the
  deployment's, because whoever finds nothing in an organization is a stranger there and must not write into its log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NewType, Required, TypeAlias, TypedDict, cast

from ctsec.ambient import Ambient, Request
from ctsec.audit.change import Change
from ctsec.draft import draft_of
from ctsec.ids import EventId, OrganizationId, WorkspaceId, new_id
from ctsec.outcome import Reason
from ctsec.principal import Principal
from ctsec.secret import Secret, SecretText

LogId = NewType("LogId", str)
DEPLOYMENT_LOG: Final = LogId("deployment")
Detail: TypeAlias = str | int | bool | tuple[str, ...] | Secret | SecretText | None
NOTHING: Final[Mapping[str, Detail]] = MappingProxyType({})


class EventName(StrEnum):
    """The events that ctsec itself writes; the value is stored and never changes its meaning."""

    USER_SIGNED_UP = "user.signed_up"
    USER_IMPORTED = "user.imported"
    USER_EMAIL_VERIFIED = "user.email_verified"
    USER_SIGNED_IN = "user.signed_in"
    USER_SIGN_IN_STARTED = "user.sign_in_started"
    USER_SIGN_IN_REFUSED = "user.sign_in_refused"
    USER_SIGN_IN_LINK_REQUESTED = "user.sign_in_link_requested"
    USER_SECOND_STEP_SKIPPED = "user.second_step_skipped"
    USER_STEPPED_UP = "user.stepped_up"
    USER_DISABLED = "user.disabled"
    USER_ENABLED = "user.enabled"
    VERIFICATION_REQUESTED = "verification.requested"
    TOKEN_REFUSED = "token.refused"
    EMAIL_CHANGE_REQUESTED = "email.change_requested"
    EMAIL_CHANGE_REFUSED = "email.change_refused"
    EMAIL_CHANGED = "email.changed"
    PASSWORD_CHANGED = "password.changed"
    PASSWORD_CHANGE_REFUSED = "password.change_refused"
    PASSWORD_RESET = "password.reset"
    PASSWORD_WITHDRAWN = "password.withdrawn"
    PASSWORD_CHECK_SKIPPED = "password.check_skipped"
    PASSWORD_RESET_REQUESTED = "password.reset_requested"
    SESSION_REVOKED = "session.revoked"
    SESSION_ORGANIZATION_SWITCHED = "session.organization_switched"
    DEVICE_TRUSTED = "device.trusted"
    DEVICE_TRUST_REVOKED = "device.trust_revoked"
    DEVICE_REVOKED = "device.revoked"
    MFA_ENROLMENT_STARTED = "mfa.enrolment_started"
    MFA_ENROLLED = "mfa.enrolled"
    MFA_REMOVED = "mfa.removed"
    MFA_CODE_REFUSED = "mfa.code_refused"
    MFA_RESET_REQUESTED = "mfa.reset_requested"
    MFA_RESET_APPROVED = "mfa.reset_approved"
    MFA_RESET_CANCELED = "mfa.reset_canceled"
    MFA_RESET = "mfa.reset"
    SUPPORT_CASE_OPENED = "support_case.opened"
    SUPPORT_CASE_VIEWED = "support_case.viewed"
    SUPPORT_CASE_APPROVED = "support_case.approved"
    SUPPORT_CASE_CANCELED = "support_case.canceled"
    RECOVERY_TERMS_CHANGED = "recovery_terms.changed"
    DOMAIN_VERIFIED = "domain.verified"
    DOMAIN_WITHDRAWN = "domain.withdrawn"
    DOMAIN_CLAIMED = "domain.claimed"
    DOMAIN_CLAIM_WITHDRAWN = "domain.claim_withdrawn"
    DOMAIN_PROOF_REFUSED = "domain.proof_refused"
    DOMAIN_PROOF_MISSED = "domain.proof_missed"
    DOMAIN_PROOF_RESTORED = "domain.proof_restored"
    SSO_CONNECTION_CREATED = "sso_connection.created"
    SSO_CONNECTION_CHANGED = "sso_connection.changed"
    SSO_CONNECTION_TESTED = "sso_connection.tested"
    SSO_CONNECTION_TRIED = "sso_connection.tried"
    SSO_CONNECTION_ENABLED = "sso_connection.enabled"
    SSO_CONNECTION_DISABLED = "sso_connection.disabled"
    SSO_CONNECTION_REMOVED = "sso_connection.removed"
    SSO_CONNECTION_METADATA_CHANGED = "sso_connection.metadata_changed"
    SSO_CONNECTION_METADATA_TRUSTED = "sso_connection.metadata_trusted"
    SSO_CONNECTION_EXPIRY_NOTICED = "sso_connection.expiry_noticed"
    SSO_CONNECTION_KEY_ANNOUNCED = "sso_connection.key_announced"
    SSO_CONNECTION_KEY_ACTIVATED = "sso_connection.key_activated"
    SSO_CONNECTION_KEY_RETIRED = "sso_connection.key_retired"
    SSO_IDENTITY_LINKED = "sso_identity.linked"
    SSO_SIGN_IN_REFUSED = "sso.sign_in_refused"
    SSO_REQUIREMENT_CHANGED = "sso.requirement_changed"
    SSO_GLASS_CODES_CREATED = "sso.glass_codes_created"
    SSO_BREAK_GLASS_USED = "sso.break_glass_used"
    SSO_SETTINGS_OPENED = "sso.settings_opened"
    SSO_BREAK_GLASS_REFUSED = "sso.break_glass_refused"
    SSO_SESSIONS_ENDED = "sso.sessions_ended"
    SSO_LOGOUT_REFUSED = "sso.logout_refused"
    USER_PROVISIONED = "user.provisioned"
    USER_RENAMED = "user.renamed"
    SSO_RULES_SKIPPED = "sso_rules.skipped"
    CONNECTED_APP_CONNECTED = "connected_app.connected"
    CONNECTED_APP_RECONNECTED = "connected_app.reconnected"
    CONNECTED_APP_CONNECTION_REFUSED = "connected_app.connection_refused"
    CONNECTED_APP_TOKEN_USED = "connected_app.token_used"
    CONNECTED_APP_TOKEN_REFRESHED = "connected_app.token_refreshed"
    CONNECTED_APP_REFRESH_FAILED = "connected_app.refresh_failed"
    CONNECTED_APP_DISCONNECTED = "connected_app.disconnected"
    CONNECTED_APP_REVOKED = "connected_app.revoked"
    CONNECTED_APP_REVOCATION_ABANDONED = "connected_app.revocation_abandoned"
    SCIM_CONNECTION_CREATED = "scim_connection.created"
    SCIM_CONNECTION_CHANGED = "scim_connection.changed"
    SCIM_CONNECTION_REMOVED = "scim_connection.removed"
    SCIM_TOKEN_ISSUED = "scim_token.issued"
    SCIM_TOKEN_REVOKED = "scim_token.revoked"
    SCIM_USER_CREATED = "scim_user.created"
    SCIM_USER_CHANGED = "scim_user.changed"
    SCIM_USER_REMOVED = "scim_user.removed"
    SCIM_GROUP_CREATED = "scim_group.created"
    SCIM_GROUP_CHANGED = "scim_group.changed"
    SCIM_GROUP_REMOVED = "scim_group.removed"
    SCIM_REQUEST_REFUSED = "scim_request.refused"
    PASSKEY_REGISTRATION_STARTED = "passkey.registration_started"
    PASSKEY_REGISTERED = "passkey.registered"
    PASSKEY_RENAMED = "passkey.renamed"
    PASSKEY_REMOVED = "passkey.removed"
    PASSKEY_CLONE_SUSPECTED = "passkey.clone_suspected"
    AUTHENTICATOR_RENAMED = "authenticator.renamed"
    AUTHENTICATOR_DISABLED = "authenticator.disabled"
    AUTHENTICATOR_RESTORED = "authenticator.restored"
    BACKUP_CODES_GENERATED = "backup_codes.generated"
    BACKUP_CODE_REDEEMED = "backup_code.redeemed"
    ORGANIZATION_CREATED = "organization.created"
    ORGANIZATION_CHANGED = "organization.changed"
    ORGANIZATION_ORPHANED = "organization.orphaned"
    ORGANIZATION_RECOVERED = "organization.recovered"
    ORGANIZATION_MFA_POLICY_CHANGED = "organization.mfa_policy_changed"
    WORKSPACE_CREATED = "workspace.created"
    INVITATION_CREATED = "invitation.created"
    INVITATION_ACCEPTED = "invitation.accepted"
    INVITATION_REVOKED = "invitation.revoked"
    MEMBER_REMOVED = "member.removed"
    MEMBER_WARNED = "member.warned"
    MEMBER_REASSIGNED = "member.reassigned"
    OWNERSHIP_TRANSFERRED = "ownership.transferred"
    LIFECYCLE_CHANGED = "lifecycle.changed"
    ACCOUNT_CLOSED = "account.closed"
    MEMBER_SUSPENDED = "member.suspended"
    MEMBER_REINSTATED = "member.reinstated"
    MEMBERSHIP_CHANGED = "membership.changed"
    ROLE_CHANGED = "role.changed"
    ROLE_ASSIGNED = "role.assigned"
    ROLE_REVOKED = "role.revoked"
    CUSTOM_ROLE_CREATED = "custom_role.created"
    CUSTOM_ROLE_CHANGED = "custom_role.changed"
    CUSTOM_ROLE_REMOVED = "custom_role.removed"
    ELEVATION_REQUESTED = "elevation.requested"
    ELEVATION_APPROVED = "elevation.approved"
    ELEVATION_DENIED = "elevation.denied"
    ELEVATION_WITHDRAWN = "elevation.withdrawn"
    ELEVATION_STARTED = "elevation.started"
    ELEVATION_ENDED = "elevation.ended"
    BREAK_GLASS_PERMITTED = "break_glass.permitted"
    BREAK_GLASS_WITHDRAWN = "break_glass.withdrawn"
    BREAK_GLASS_USED = "break_glass.used"
    ACCESS_DENIED = "access.denied"
    API_KEY_MINTED = "api_key.minted"
    API_KEY_ROTATED = "api_key.rotated"
    API_KEY_REVOKED = "api_key.revoked"
    API_KEY_USED = "api_key.used"
    API_KEY_LEAK_REPORTED = "api_key.leak_reported"
    API_KEY_OVERLAP_ENDED = "api_key.overlap_ended"
    API_KEY_VOIDED = "api_key.voided"
    API_KEY_REMINDED = "api_key.reminded"
    KEY_POLICY_CHANGED = "key_policy.changed"
    WORKLOAD_RULE_CREATED = "workload_rule.created"
    WORKLOAD_RULE_CHANGED = "workload_rule.changed"
    WORKLOAD_RULE_REMOVED = "workload_rule.removed"
    WORKLOAD_TOKEN_EXCHANGED = "workload_token.exchanged"
    WORKLOAD_TOKEN_REFUSED = "workload_token.refused"
    SERVICE_ACCOUNT_CREATED = "service_account.created"
    SERVICE_ACCOUNT_DISABLED = "service_account.disabled"
    SERVICE_ACCOUNT_ENABLED = "service_account.enabled"
    SERVICE_ACCOUNT_REMOVED = "service_account.removed"
    DATA_KEY_CREATED = "data_key.created"
    DATA_KEY_ROTATED = "data_key.rotated"
    DATA_KEYS_DESTROYED = "data_keys.destroyed"
    RETIRED_DATA_KEYS_DESTROYED = "retired_data_keys.destroyed"
    CUSTOMER_KEY_REGISTERED = "customer_key.registered"
    CUSTOMER_KEY_REPLACED = "customer_key.replaced"
    CUSTOMER_KEY_ROTATED = "customer_key.rotated"
    CUSTOMER_KEY_WITHDRAWN = "customer_key.withdrawn"
    CUSTOMER_KEY_DROPPED = "customer_key.dropped"
    CUSTOMER_KEY_FAILED = "customer_key.failed"
    CUSTOMER_KEY_RECOVERED = "customer_key.recovered"
    INDEX_KEY_CREATED = "index_key.created"
    INDEX_KEY_RETIRED = "index_key.retired"
    CREDENTIAL_STORED = "credential.stored"
    CREDENTIAL_ROTATED = "credential.rotated"
    CREDENTIAL_CHANGED = "credential.changed"
    CREDENTIAL_DISCLOSED = "credential.disclosed"
    CREDENTIAL_REMOVED = "credential.removed"
    CREDENTIAL_REMINDED = "credential.reminded"
    WORKSPACE_MOVE_STARTED = "workspace_move.started"
    WORKSPACE_MOVE_COPIED = "workspace_move.copied"
    WORKSPACE_MOVE_SWITCHED = "workspace_move.switched"
    WORKSPACE_MOVE_SETTLED = "workspace_move.settled"
    WORKSPACE_MOVE_FINISHED = "workspace_move.finished"
    WORKSPACE_MOVE_ABORTED = "workspace_move.aborted"
    WORKSPACE_MOVE_UNDONE = "workspace_move.undone"
    WORKSPACE_MOVE_FAILED = "workspace_move.failed"
    RESIDENCY_VIOLATED = "residency.violated"
    RESIDENCY_REPORTED = "residency.reported"
    REGION_PROMOTED = "region.promoted"
    BACKUP_SAVED = "backup.saved"
    BACKUP_VERIFIED = "backup.verified"
    BACKUP_FAILED = "backup.failed"
    PERSON_ERASURE_REQUESTED = "person.erasure_requested"
    PERSON_ERASURE_DEFERRED = "person.erasure_deferred"
    PERSON_ERASED = "person.erased"
    PERSON_ERASURE_REPLAYED = "person.erasure_replayed"
    AUDIT_SEARCHED = "audit.searched"
    AUDIT_PURGED = "audit.purged"
    RETENTION_CHANGED = "retention.changed"
    LEGAL_HOLD_PLACED = "legal_hold.placed"
    LEGAL_HOLD_RELEASE_REQUESTED = "legal_hold.release_requested"
    LEGAL_HOLD_RELEASED = "legal_hold.released"
    AUDIT_EXPORTED = "audit.exported"
    STREAM_RESET = "stream.reset"
    ALERT_FIRED = "alert.fired"
    ALERT_ACKNOWLEDGED = "alert.acknowledged"
    ALERT_MUTED = "alert.muted"


class EventOutcome(StrEnum):
    """How it ended: done, refused by a rule, or failed for a technical reason."""

    SUCCESS = "success"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Target:
    """What an event is about: the kind of a resource and its id."""

    kind: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened; see the module's rules for what goes where.

    `subject` is the id of the person concerned, if it is another than the actor. `details` and `personal` are flat, `changes` are what
    changed, field by field. `schema` is the version of the schema of its name, and `more_changes` how many changes were too many to tell.
    """

    id: EventId
    time: datetime
    name: str
    actor_kind: str
    actor_id: str
    credential_kind: str
    credential_id: str
    targets: tuple[Target, ...]
    subject: str | None
    outcome: EventOutcome
    reason: str | None
    organization: OrganizationId | None
    workspace: WorkspaceId | None
    request_id: str
    details: Mapping[str, Detail] = field(default_factory=lambda: NOTHING)
    personal: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    changes: tuple[Change, ...] = ()
    more_changes: int = 0
    schema: int = 1

    @property
    def log(self) -> LogId:
        """The log that this event belongs to."""
        return log_of(self.organization)


_DRAFT: Final = draft_of(Event)


def log_of(organization: OrganizationId | None) -> LogId:
    """Return an organization's log; the deployment's where there is none."""
    return LogId(organization) if organization else DEPLOYMENT_LOG


class Telling(TypedDict, total=False):
    """What a caller tells of an event; the rest is known: its time, its id and its request. `build` says what each means."""

    actor: Required[Principal]
    targets: tuple[Target, ...]
    subject: str | None
    refused: Reason | None
    organization: OrganizationId | None
    workspace: WorkspaceId | None
    details: Mapping[str, Detail]
    personal: Mapping[str, str] | None
    changes: tuple[Change, ...]


def build(
    name: str,
    *,
    ambient: Ambient,
    actor: Principal,
    targets: tuple[Target, ...] = (),
    subject: str | None = None,
    refused: Reason | None = None,
    organization: OrganizationId | None = None,
    workspace: WorkspaceId | None = None,
    details: Mapping[str, Detail] = NOTHING,
    personal: Mapping[str, str] | None = None,
    changes: tuple[Change, ...] = (),
) -> Event:
    """Return the event `name` with time, id and request taken from `ambient`; `refused` makes it a refusal with that reason."""
    if refused is Reason.NOT_FOUND:
        organization = workspace = None
    credential, request = actor.credential, ambient.request
    event = _DRAFT()
    event.time = now = ambient.now()
    event.id, event.name = new_id(EventId, now=now, random=ambient.random), name
    event.actor_kind, event.actor_id = actor.kind._value_, actor.id
    event.credential_kind, event.credential_id = credential.kind._value_, credential.id
    event.targets, event.subject = targets, subject
    event.outcome, event.reason = (EventOutcome.REFUSED, refused._value_) if refused else (EventOutcome.SUCCESS, None)
    event.organization, event.workspace, event.request_id = organization, workspace, request.id[:64]
    event.details, event.personal = details, _personal(request, personal)
    event.changes, event.more_changes, event.schema = changes, 0, 1
    event.__class__ = Event
    return cast(Event, event)


def _personal(request: Request, personal: Mapping[str, str] | None) -> Mapping[str, str]:
    if not (personal or request.address or request.user_agent):
        return {}
    around = {"address": request.address, "user_agent": request.user_agent[:256]}
    return {key: value for key, value in {**around, **(personal or {})}.items() if value}
