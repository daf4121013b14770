"""Which class and activity of OCSF each of ctsec's events is, in the schema 1.8.0 and in 1.9.0.

Rules that this module keeps:

- every event name of ctsec has a line; a host's own event is an API activity of another kind;
- an activity that the class has no number for is 99, Other, and then bears the event's name;
- 1.9.0 deprecates Account Change and User Access Management: there their events are User Management (3007), and those of an
  organization's own roles Role Management (3008).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from ctsec.audit.export.request import OcsfVersion

OTHER: Final = 99
ACCOUNT_CHANGE: Final = 3001
AUTHENTICATION: Final = 3002
AUTHORIZE_SESSION: Final = 3003
ENTITY_MANAGEMENT: Final = 3004
USER_ACCESS: Final = 3005
GROUP_MANAGEMENT: Final = 3006
USER_MANAGEMENT: Final = 3007
ROLE_MANAGEMENT: Final = 3008
DETECTION_FINDING: Final = 2004
API_ACTIVITY: Final = 6003


class Activity(NamedTuple):
    """A class and the activity in it."""

    class_uid: int
    activity_id: int

    @property
    def category_uid(self) -> int:
        """The category that the class belongs to."""
        return self.class_uid // 1000

    @property
    def type_uid(self) -> int:
        """The number of class and activity together."""
        return self.class_uid * 100 + self.activity_id


# Class, activity, and the names of its events.
_LINES: Final = """
3001  1  user.signed_up user.imported user.provisioned
3001  2  user.enabled
3001  3  password.changed password.change_refused
3001  4  password.reset password.reset_requested
3001  5  user.disabled
3001 10  mfa.enrolled passkey.registered authenticator.restored backup_codes.generated
3001 11  mfa.removed mfa.reset passkey.removed authenticator.disabled
3001 99  user.email_verified verification.requested email.change_requested email.change_refused email.changed password.withdrawn
3001 99  password.check_skipped mfa.enrolment_started mfa.reset_requested mfa.reset_approved mfa.reset_canceled
3001 99  sso_identity.linked sso_identity.unlinked user.renamed account.closed
3001 99  passkey.registration_started passkey.renamed authenticator.renamed
3002  1  user.signed_in user.sign_in_refused member.sign_ins_refused sso.sign_in_refused mfa.code_refused backup_code.redeemed
3002  2  session.revoked sso.sessions_ended sso.logout_refused
3002  6  user.sign_in_started user.sign_in_link_requested
3002 99  user.second_step_skipped user.stepped_up token.refused
3003  1  elevation.started break_glass.used sso.settings_opened sso.break_glass_used sso.break_glass_refused
3003  2  session.organization_switched
3004  1  device.trusted support_case.opened domain.verified organization.created workspace.created invitation.created custom_role.created
3004  1  service_account.created
3004  3  service_account.enabled service_account.disabled key_policy.changed api_key.overlap_ended api_key.voided
3004  4  service_account.removed
3004 99  api_key.reminded
3002  1  workload_token.exchanged workload_token.refused
3004  1  workload_rule.created
3004  3  workload_rule.changed
3004  4  workload_rule.removed
3004  1  backup.saved api_key.minted data_key.created customer_key.registered index_key.created credential.stored workspace_move.started
3004  1  sso_connection.created sso_connection.key_announced domain.claimed sso.glass_codes_created connected_app.connected
3004  2  connected_app.token_used
3004  3  connected_app.reconnected connected_app.token_refreshed
3004  4  connected_app.disconnected connected_app.revoked
3004 99  connected_app.reminded
3004 99  connected_app.connection_refused connected_app.refresh_failed connected_app.revocation_abandoned
3004  2  sso_connection.tested sso_connection.tried
3004  3  sso_connection.metadata_trusted sso_connection.changed sso_connection.enabled sso_connection.disabled sso.requirement_changed
3004  3  sso_connection.key_activated
3004  4  sso_connection.removed sso_connection.key_retired domain.claim_withdrawn
3004  1  scim_connection.created scim_token.issued scim_user.created scim_group.created
3004  3  scim_connection.changed scim_user.changed scim_group.changed
3004  4  scim_connection.removed scim_token.revoked scim_user.removed scim_group.removed
3004  2  backup.verified support_case.viewed credential.disclosed residency.reported
3004  3  recovery_terms.changed organization.changed organization.mfa_policy_changed custom_role.changed api_key.rotated data_key.rotated
3004  3  customer_key.replaced customer_key.rotated credential.rotated credential.changed region.promoted support_case.approved
3004  3  workspace_move.copied workspace_move.switched workspace_move.settled workspace_log.continued workspace_move.finished
3004  4  device.trust_revoked device.revoked domain.withdrawn invitation.revoked custom_role.removed api_key.revoked data_keys.destroyed
3004  4  retired_data_keys.destroyed customer_key.withdrawn customer_key.dropped index_key.retired credential.removed support_case.canceled
3004  4  workspace_move.aborted workspace_move.undone
3004  1  legal_hold.placed
3004  3  ownership.transferred lifecycle.changed organization.recovered retention.changed legal_hold.released stream.reset
3004  4  audit.purged audit.pruned person.erased person.erasure_replayed
3004  8  customer_key.recovered
3004 99  organization.orphaned legal_hold.release_requested retention.relayed person.erasure_requested person.erasure_deferred
3004 99  sso_connection.metadata_changed sso_connection.expiry_noticed domain.proof_refused domain.proof_missed domain.proof_restored
3004 99  backup.failed customer_key.failed credential.reminded workspace_move.failed
3005  1  role.assigned role.changed
3005  2  role.revoked elevation.ended
3005 99  sso_rules.skipped
3005 99  elevation.requested elevation.approved elevation.denied elevation.withdrawn break_glass.permitted break_glass.withdrawn
3006  3  invitation.accepted
3006  4  member.removed
3006 99  member.warned member.reassigned member.suspended member.reinstated membership.changed
2004  1  api_key.leak_reported credential.leak_reported passkey.clone_suspected residency.violated alert.fired
2004  2  alert.acknowledged alert.muted
6003  2  audit.searched audit.exported
6003 99  access.denied api_key.used scim_request.refused
"""
# Activities of 1.8.0 and what they are in 1.9.0, where that is another one.
_MOVED: Final[Mapping[Activity, Activity]] = MappingProxyType(
    {
        Activity(ACCOUNT_CHANGE, 1): Activity(USER_MANAGEMENT, 1),
        Activity(ACCOUNT_CHANGE, 2): Activity(USER_MANAGEMENT, 4),
        Activity(ACCOUNT_CHANGE, 3): Activity(USER_MANAGEMENT, 8),
        Activity(ACCOUNT_CHANGE, 4): Activity(USER_MANAGEMENT, 9),
        Activity(ACCOUNT_CHANGE, 5): Activity(USER_MANAGEMENT, 5),
        Activity(ACCOUNT_CHANGE, 10): Activity(USER_MANAGEMENT, 12),
        Activity(ACCOUNT_CHANGE, 11): Activity(USER_MANAGEMENT, 13),
        Activity(ACCOUNT_CHANGE, OTHER): Activity(USER_MANAGEMENT, OTHER),
        Activity(USER_ACCESS, 1): Activity(USER_MANAGEMENT, 16),
        Activity(USER_ACCESS, 2): Activity(USER_MANAGEMENT, 17),
        Activity(USER_ACCESS, OTHER): Activity(USER_MANAGEMENT, OTHER),
    }
)
_RENAMED: Final[Mapping[str, Activity]] = MappingProxyType(
    {
        "custom_role.created": Activity(ROLE_MANAGEMENT, 1),
        "custom_role.changed": Activity(ROLE_MANAGEMENT, 2),
        "custom_role.removed": Activity(ROLE_MANAGEMENT, 3),
    }
)
HOST_EVENT: Final = Activity(API_ACTIVITY, OTHER)


def _table() -> dict[str, Activity]:
    found: dict[str, Activity] = {}
    for line in _LINES.strip().splitlines():
        class_uid, activity_id, *names = line.split()
        found.update(dict.fromkeys(names, Activity(int(class_uid), int(activity_id))))
    return found


ACTIVITIES: Final[Mapping[str, Activity]] = MappingProxyType(_table())


def activity_of(name: str, *, version: OcsfVersion) -> Activity:
    """Return class and activity of an event in a version of the schema."""
    found = ACTIVITIES.get(name, HOST_EVENT)
    if version is OcsfVersion.V1_8:
        return found
    return _RENAMED.get(name) or _MOVED.get(found, found)
