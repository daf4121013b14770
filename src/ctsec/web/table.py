"""The table of JSON routes: the one place that both hosts and the OpenAPI document read.

A path is below the mount's prefix. `returns` names the fields of the answer as `name` or `name:type`, where the type is a JSON schema
type or format and a string if left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ctsec.web import models
from ctsec.web.alert_table import ALERTS
from ctsec.web.app_table import APPS
from ctsec.web.audit_table import AUDIT
from ctsec.web.domain_table import DOMAINS
from ctsec.web.key_table import KEY_USE, SERVICE_ACCOUNTS
from ctsec.web.lifecycle_table import LIFECYCLE
from ctsec.web.operator_table import OPERATORS
from ctsec.web.retention_table import RETENTION
from ctsec.web.route import Route
from ctsec.web.route import open_route as _open
from ctsec.web.route import principal_route as _route
from ctsec.web.route import session_route as _signed_in
from ctsec.web.sso_table import SINGLE_SIGN_ON
from ctsec.web.workload_table import WORKLOAD

_PAGE: Final = ("after", "limit")
_SIGNED_IN: Final = ("status", "user_id", "session_id", "aal:integer", "organization_id", "expires_at:date-time", "csrf_token")
_WHOAMI: Final = (*_SIGNED_IN[1:], "email", "name", "amr:array", "mfa_required_by:date-time", "sso_required_by:date-time")
_STEP: Final = (*_SIGNED_IN, "mfa_required_by:date-time", "sso_required_by:date-time", "ticket", "codes:array")
_APP: Final = ("authenticator_id", "uri", "manual_key", "qr_svg")
_KEY: Final = (
    *("id", "name", "environment", "scopes:array", "workspaces:array", "networks:array", "created_at:date-time"),
    "expires_at:date-time",
)
_CODES: Final = ("codes:array", "text", "remaining:integer", "csrf_token")
_ORG: Final = "/organizations/{organization_id}"
_SPACE: Final = "/workspaces/{workspace_id}"


ACCOUNT: Final = (
    _open("POST /sign-up sign_up", "Make an account; what follows comes by mail", body=models.SignUp, status=202, returns=("status",)),
    _open("POST /verify-email verify_email", "Confirm an address with the token of its mail", body=models.MailedToken, returns=("status",)),
    _open("POST /verification request_verification", "Send the confirmation again", body=models.Address, status=202, returns=("status",)),
    _open("POST /sign-in sign_in", "Sign in with a password", body=models.SignIn, returns=(*_STEP, "factors:array", "trust_days:integer")),
    _open(
        "POST /sign-in/link/request request_sign_in_link", "Mail a link to sign in", body=models.Address, status=202, returns=("status",)
    ),
    _open(
        "POST /sign-in/link sign_in_link",
        "Sign in with the token of a mailed link",
        body=models.MailedToken,
        returns=(*_STEP, "factors:array", "trust_days:integer"),
    ),
    _open("POST /sign-in/code sign_in_code", "Complete a sign-in with a code", body=models.SignInCode, returns=_STEP),
    _signed_in(
        "POST /sign-out sign_out",
        "End this session; where the browser signs out at its provider too",
        status=204,
        returns=("provider_url", "provider_form:object"),
    ),
    _signed_in(
        "POST /sign-out-everywhere sign_out_everywhere", "End every session", body=models.SignOutEverywhere, returns=("ended:integer",)
    ),
    _signed_in("POST /step-up step_up", "Prove a second factor again", body=models.StepUp, returns=_SIGNED_IN),
    _signed_in("POST /email/change change_email", "Mail a link to a new address", body=models.EmailChange, status=202, returns=("status",)),
    _open("POST /email/confirm confirm_email", "Give the account its new address", body=models.MailedToken, returns=("status",)),
    _signed_in("POST /password/change change_password", "Change the password", body=models.PasswordChange, returns=_SIGNED_IN),
    _open("POST /password/reset-request request_reset", "Mail a reset link", body=models.Address, status=202, returns=("status",)),
    _open("POST /password/reset reset_password", "Set a new password with a mailed token", body=models.PasswordReset, status=204),
    _signed_in(
        "GET /session session",
        "Who am I",
        returns=(*_SIGNED_IN[1:], "email", "name", "amr:array", "mfa_required_by:date-time", "sso_required_by:date-time"),
    ),
    _signed_in("GET /sessions sessions", "My sessions", returns=("sessions:array",)),
    _signed_in("DELETE /sessions/{session_id} end_session", "End one of my sessions", status=204),
    _signed_in(
        "POST /session/organization switch_organization",
        "Choose the active organization",
        body=models.ActiveOrganization,
        returns=("organization_id",),
    ),
)
_MFA: Final = ("enrolled:boolean", "backup_codes_left:integer", "passkeys:integer", "authenticators:integer")
_AUTHENTICATOR: Final = ("id", "name", "created_at:date-time", "last_used_at:date-time")
SECOND_FACTOR: Final = (
    _signed_in("GET /mfa mfa", "My second factors", returns=_MFA),
    _signed_in(
        "POST /mfa/totp begin_totp",
        "Begin to enrol an authenticator app",
        body=models.NewAuthenticator,
        status=201,
        returns=_APP,
    ),
    _signed_in("POST /mfa/totp/confirm confirm_totp", "Confirm it with its first code", body=models.TotpCode, returns=_CODES),
    _signed_in("GET /mfa/totp authenticators", "My authenticator apps", returns=("authenticators:array",)),
    _signed_in("DELETE /mfa/totp remove_totp", "Remove every authenticator app", status=204),
    _signed_in("PATCH /mfa/totp/{authenticator_id} rename_authenticator", "Rename one", body=models.FactorName, returns=_AUTHENTICATOR),
    _signed_in("DELETE /mfa/totp/{authenticator_id} remove_authenticator", "Remove one", status=204),
    _signed_in("POST /mfa/backup-codes new_backup_codes", "Make new backup codes; Accept: text/plain gives a file", returns=_CODES),
)
_QUESTION: Final = ("public_key:object",)
_PASSKEY: Final = ("id", "name", "backup", "transports:array", "created_at:date-time", "last_used_at:date-time")
PASSKEYS: Final = (
    _open("POST /sign-in/passkey/options sign_in_options", "What to ask a passkey for", body=models.PasskeyQuestion, returns=_QUESTION),
    _open(
        "POST /sign-in/passkey sign_in_passkey",
        "Sign in with a passkey, or with a ticket complete a sign-in with it",
        body=models.PasskeySignIn,
        returns=_STEP,
    ),
    _signed_in("POST /step-up/passkey/options step_up_options", "What to ask one of my passkeys for", returns=_QUESTION),
    _signed_in("POST /step-up/passkey step_up_passkey", "Prove a passkey again", body=models.PasskeyAnswer, returns=_SIGNED_IN),
    _signed_in("GET /passkeys passkeys", "My passkeys", returns=("passkeys:array",)),
    _signed_in("POST /passkeys/options passkey_options", "What an authenticator is to make", returns=_QUESTION),
    _signed_in(
        "POST /passkeys add_passkey",
        "Add a passkey; with the first second factor come backup codes",
        body=models.NewPasskey,
        status=201,
        returns=(*_PASSKEY, *_CODES[:3]),
    ),
    _signed_in("PATCH /passkeys/{passkey_id} rename_passkey", "Rename a passkey", body=models.FactorName, returns=_PASSKEY),
    _signed_in("DELETE /passkeys/{passkey_id} remove_passkey", "Remove a passkey", status=204),
)
DEVICES: Final = (
    _signed_in("GET /devices devices", "The devices that I have signed in with before", returns=("devices:array",)),
    _signed_in("DELETE /devices/{device_id} revoke_device", "Make one of them a stranger", status=204),
    _signed_in("DELETE /devices/{device_id}/trust distrust_device", "Ask it for the second step again", status=204),
    _signed_in("DELETE /devices revoke_other_devices", "Make all but this one strangers", returns=("revoked:integer",)),
)
ORGANIZATIONS: Final = (
    _signed_in(
        "POST /organizations create_organization",
        "Found an organization",
        body=models.NamedOrganization,
        status=201,
        returns=("id", "name"),
    ),
    _route("GET /organizations organizations", "My organizations", returns=("organizations:array",)),
    _route(f"PATCH {_ORG} rename_organization", "Rename it", body=models.NamedOrganization, returns=("id", "name")),
    _route(
        f"GET {_ORG}/workspaces workspaces", "The workspaces that I may do something in", query=_PAGE, returns=("workspaces:array", "next")
    ),
    _route(
        f"POST {_ORG}/workspaces create_workspace",
        "Create a workspace",
        body=models.NewWorkspace,
        status=201,
        returns=("id", "name", "region"),
    ),
    _route(f"GET {_ORG}/permissions organization_permissions", "What I may do in the organization", returns=("permissions:array",)),
    _route(f"GET {_SPACE}/permissions workspace_permissions", "What I may do in the workspace", returns=("permissions:array",)),
)
_POLICY: Final = ("required:boolean", "organization_roles:array", "workspace_roles:array", "starts_at:date-time", "grace_until:date-time")
_OWED: Final = "/sign-in/enrolment"
REQUIREMENTS: Final = (
    _route(f"GET {_ORG}/mfa-policy mfa_policy", "Of whom a second factor is required", returns=_POLICY),
    _signed_in(f"PUT {_ORG}/mfa-policy require_mfa", "Require one", body=models.MfaRequirement, returns=_POLICY),
    _signed_in(f"DELETE {_ORG}/mfa-policy relax_mfa", "Require none any more", status=204),
    _open(f"POST {_OWED}/totp enrol_totp", "Begin to enrol the app that a sign-in owes", body=models.Ticket, status=201, returns=_APP),
    _open(f"POST {_OWED}/totp/confirm enrolled_totp", "Confirm it, and be signed in", body=models.TicketCode, returns=_STEP),
    _open(f"POST {_OWED}/passkey/options enrol_passkey", "What to make for a sign-in", body=models.Ticket, returns=_QUESTION),
    _open(f"POST {_OWED}/passkey enrolled_passkey", "Keep it, then sign in with it", body=models.TicketPasskey, returns=_STEP),
    _open("POST /sign-in/password renew_password", "Set the password that a sign-in owes", body=models.TicketPassword, returns=_STEP),
)
PEOPLE: Final = (
    _route(f"GET {_ORG}/members members", "The members", query=_PAGE, returns=("members:array", "next")),
    _route(f"DELETE {_ORG}/members/{{user_id}} remove_member", "Remove a member, or leave", status=204),
    _route(f"POST {_ORG}/members/{{user_id}}/suspend suspend_member", "Suspend a member", returns=("user_id", "role", "status")),
    _route(f"POST {_ORG}/members/{{user_id}}/reinstate reinstate_member", "End a suspension", returns=("user_id", "role", "status")),
    _route(
        f"PUT {_ORG}/members/{{user_id}}/role change_role", "Change an organization role", body=models.RoleName, returns=("user_id", "role")
    ),
    _route(f"GET {_ORG}/invitations invitations", "The open invitations", returns=("invitations:array",)),
    _route(f"POST {_ORG}/invitations invite", "Invite an address", body=models.NewInvitation, status=201, returns=("id", "email", "role")),
    _route(f"DELETE {_ORG}/invitations/{{invitation_id}} withdraw_invitation", "Withdraw an invitation", status=204),
    _signed_in(
        "POST /invitations/accept accept_invitation", "Accept an invitation", body=models.MailedToken, returns=("organization_id", "role")
    ),
    _route(f"GET {_SPACE}/roles workspace_roles", "Who has which role in the workspace", query=_PAGE, returns=("roles:array", "next")),
    _route(f"PUT {_SPACE}/roles/{{user_id}} assign_role", "Give a workspace role", body=models.RoleGrant, returns=("user_id", "role")),
    _route(f"DELETE {_SPACE}/roles/{{user_id}} revoke_role", "Take a workspace role back", status=204),
)
_RESET: Final = ("id", "user_id", "state", "requested_by", "approved_by", "due_at:date-time", "expires_at:date-time")
_TERMS: Final = ("approvals:integer", "delay_minutes:integer")
RECOVERY: Final = (
    _route(f"GET {_ORG}/mfa-resets mfa_resets", "Resets of second factors", query=_PAGE, returns=("mfa_resets:array", "next")),
    _signed_in(
        f"POST {_ORG}/members/{{user_id}}/mfa-reset request_mfa_reset",
        "Ask for the reset of a member's second factors",
        body=models.ResetWish,
        status=201,
        returns=_RESET,
    ),
    _signed_in(f"POST {_ORG}/mfa-resets/{{recovery_id}}/approve approve_mfa_reset", "Approve a reset", returns=_RESET),
    _signed_in(f"POST {_ORG}/mfa-resets/{{recovery_id}}/cancel cancel_mfa_reset", "End it before it is carried out", returns=_RESET),
    _route(f"GET {_ORG}/recovery recovery_terms", "What the organization asks of a reset", returns=_TERMS),
    _signed_in(f"PUT {_ORG}/recovery change_recovery_terms", "Ask for more, or less", body=models.RecoveryTerms, returns=_TERMS),
    _open("POST /recovery/cancel cancel_recovery", "Cancel a reset with a mailed token", body=models.MailedToken, returns=("status",)),
)
_ELEVATION: Final = ("id", "user_id", "role", "workspace_id", "state", "expires_at")
_ROLE: Final = ("name", "permissions:array", "extends")
ROLES: Final = (
    _route(f"GET {_ORG}/roles custom_roles", "The organization's own roles", returns=("roles:array",)),
    _route(f"PUT {_ORG}/roles/{{role_name}} define_role", "Make or change a role", body=models.RoleDefinition, returns=_ROLE),
    _route(f"DELETE {_ORG}/roles/{{role_name}} remove_role", "Take a role away that nobody uses", status=204),
    _route(f"GET {_ORG}/elevations elevations", "The requests that wait", query=_PAGE, returns=("elevations:array", "next")),
    _signed_in(
        f"POST {_ORG}/elevations request_elevation",
        "Ask for a role for a time",
        body=models.ElevationWish,
        status=201,
        returns=_ELEVATION,
    ),
    _route(f"POST {_ORG}/elevations/{{elevation_id}}/approve approve_elevation", "Give what was asked for", returns=_ELEVATION),
    _route(f"POST {_ORG}/elevations/{{elevation_id}}/deny deny_elevation", "Turn a request down", returns=_ELEVATION),
    _route(f"POST {_ORG}/elevations/{{elevation_id}}/end end_elevation", "End it, or withdraw one's own request", returns=_ELEVATION),
)
KEYS: Final = (
    _route(f"GET {_ORG}/api-keys api_keys", "My API keys in the organization", returns=("api_keys:array",)),
    _route(
        f"POST {_ORG}/api-keys mint_api_key",
        "Make a key; its token is shown once",
        body=models.NewApiKey,
        status=201,
        returns=(*_KEY, "token"),
    ),
    _route(
        f"POST {_ORG}/api-keys/{{key_id}}/rotate rotate_api_key",
        "Give a key a new secret",
        body=models.KeyRotation,
        returns=(*_KEY, "token"),
    ),
    _route(f"DELETE {_ORG}/api-keys/{{key_id}} revoke_api_key", "Revoke a key at once", status=204),
)
_CUSTOMER_KEY: Final = ("region", "ref", "registered_by", "registered_at", "checked_at", "problem")
_DATA_KEY: Final = ("id", "region", "key", "state", "created_at")
_OWN_KEY: Final = f"{_ORG}/encryption/customer-keys/{{region}}"
ENCRYPTION: Final = (
    _route(f"GET {_ORG}/encryption encryption_keys", "Own keys and data keys", returns=("customer_keys:array", "data_keys:array")),
    _route(
        f"POST {_OWN_KEY} register_customer_key",
        "Take on a key of the organization's own",
        body=models.KeyReference,
        status=201,
        returns=_CUSTOMER_KEY,
    ),
    _route(f"PUT {_OWN_KEY} replace_customer_key", "Move to another key", body=models.KeyReference, returns=_CUSTOMER_KEY),
    _route(f"DELETE {_OWN_KEY} withdraw_customer_key", "Go back under the deployment's key", returns=_CUSTOMER_KEY),
    _route(f"POST {_OWN_KEY}/rotate rotate_customer_key", "Wrap the data keys anew", returns=_CUSTOMER_KEY),
    _route(f"POST {_OWN_KEY}/forget forget_customer_key", "Drop unwrapped keys everywhere", returns=_CUSTOMER_KEY),
    _route(f"POST {_ORG}/encryption/data-keys/{{region}}/rotate rotate_data_key", "Give new data another key", returns=_DATA_KEY),
    _route(
        f"POST {_ORG}/encryption/destroy destroy_data_keys",
        "Destroy all data keys, and all that they sealed",
        body=models.Destruction,
        returns=("destroyed:integer",),
    ),
    _route(
        f"POST {_ORG}/encryption/destroy-retired destroy_retired_data_keys",
        "Destroy the replaced data keys that nothing needs any more",
        returns=("destroyed:integer",),
    ),
)
_CREDENTIAL: Final = (
    "id",
    "workspace_id",
    "name",
    "kind",
    "access",
    "services:array",
    "regions:array",
    "due_at:date-time",
    "overdue:boolean",
    "version:integer",
)
_KEPT: Final = f"{_ORG}/credentials/{{credential_id}}"
VAULT: Final = (
    _route(f"GET {_ORG}/credentials credentials", "The vault, without secrets", query=_PAGE, returns=("credentials:array", "next")),
    _route(
        f"GET {_ORG}/credentials-due credentials_due",
        "What is to be rotated, the longest due first",
        query=("days",),
        returns=("credentials:array",),
    ),
    _route(f"POST {_ORG}/credentials store_credential", "Keep a secret", body=models.NewCredential, status=201, returns=_CREDENTIAL),
    _route(f"PUT {_KEPT} change_credential", "Change what it is for", body=models.CredentialChange, returns=_CREDENTIAL),
    _route(f"POST {_KEPT}/rotate rotate_credential", "Put a new secret", body=models.CredentialRotation, returns=_CREDENTIAL),
    _route(
        f"POST {_KEPT}/use use_credential",
        "Disclose the secret for one recorded use",
        body=models.CredentialUse,
        returns=(*_CREDENTIAL, "secret", "secret_base64"),
    ),
    _route(f"DELETE {_KEPT} remove_credential", "Delete it with its secret", status=204),
)
_MOVE: Final = ("id", "workspace_id", "source", "target", "state", "started_at:date-time", "rows:integer", "problem")
RESIDENCY: Final = (
    _route(f"GET {_ORG}/regions regions", "The regions to choose from", returns=("regions:array", "default")),
    _route(
        f"GET {_ORG}/residency residency_report", "Where the bytes of each workspace are", returns=("agrees:boolean", "workspaces:array")
    ),
    _route(f"GET {_ORG}/residency/moves workspace_moves", "Moves between regions", query=_PAGE, returns=("moves:array", "next")),
    _route(f"GET {_SPACE}/region workspace_region", "Where the workspace is", returns=("workspace_id", "region", "move:object")),
    _route(
        f"POST {_SPACE}/region/move move_workspace", "Start to move it to another region", body=models.RegionName, status=202, returns=_MOVE
    ),
    _route(f"DELETE {_SPACE}/region/move abort_workspace_move", "Give the move up before its switch", returns=_MOVE),
)
ROUTES: Final[tuple[Route, ...]] = (
    *ACCOUNT,
    *SECOND_FACTOR,
    *PASSKEYS,
    *DEVICES,
    *ORGANIZATIONS,
    *REQUIREMENTS,
    *PEOPLE,
    *RECOVERY,
    *ROLES,
    *KEYS,
    *KEY_USE,
    *SERVICE_ACCOUNTS,
    *ENCRYPTION,
    *VAULT,
    *RESIDENCY,
    *AUDIT,
    *OPERATORS,
    *RETENTION,
    *ALERTS,
    *SINGLE_SIGN_ON,
    *DOMAINS,
    *LIFECYCLE,
    *APPS,
    *WORKLOAD,
)


def by_path() -> Mapping[str, Mapping[str, Route]]:
    """Return the routes of each path, by method."""
    paths: dict[str, dict[str, Route]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method] = route
    return paths
