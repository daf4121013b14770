"""What may stand in a path of the table, by the parameter's name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from ctsec.encryption.customer_key import parse_region
from ctsec.ids import (
    AlertId,
    AppId,
    AuthenticatorId,
    ConnectionId,
    CredentialId,
    DekId,
    DeviceId,
    ElevationId,
    HoldId,
    InvitationId,
    KeyId,
    OrganizationId,
    PasskeyId,
    RecoveryId,
    ScimConnectionId,
    ScimTokenId,
    ServiceAccountId,
    SessionId,
    UserId,
    WorkloadRuleId,
    WorkspaceId,
    is_id,
)
from ctsec.rbac.permission import parse_role_name

_APP: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_DOMAIN: Final = re.compile(r"[a-z0-9.-]{1,253}")


def _is(kind: Callable[[str], Any]) -> Callable[[str], bool]:
    return lambda text: is_id(kind, text)


def _names_a_role(text: str) -> bool:
    try:
        return parse_role_name(text) == text
    except ValueError:
        return False


def _names_a_region(text: str) -> bool:
    try:
        return parse_region(text) == text
    except ValueError:
        return False


def _may_be_a_domain(text: str) -> bool:
    return _DOMAIN.fullmatch(text) is not None


def _is_a_digest(text: str) -> bool:
    return _DIGEST.fullmatch(text) is not None


def _names_an_app(text: str) -> bool:
    return _APP.fullmatch(text) is not None


# What may stand in a path, by the parameter's name; anything else is answered as if there were no such path.
KINDS: Final[Mapping[str, Callable[[str], bool]]] = {
    "organization_id": _is(OrganizationId),
    "workspace_id": _is(WorkspaceId),
    "user_id": _is(UserId),
    "session_id": _is(SessionId),
    "device_id": _is(DeviceId),
    "elevation_id": _is(ElevationId),
    "invitation_id": _is(InvitationId),
    "key_id": _is(KeyId),
    "service_account_id": _is(ServiceAccountId),
    "connection_id": _is(ConnectionId),
    "identity_id": _is_a_digest,
    "scim_connection_id": _is(ScimConnectionId),
    "scim_token_id": _is(ScimTokenId),
    "credential_id": _is(CredentialId),
    "app_id": _is(AppId),
    "workload_rule_id": _is(WorkloadRuleId),
    "provider": _names_an_app,
    "passkey_id": _is(PasskeyId),
    "authenticator_id": _is(AuthenticatorId),
    "recovery_id": _is(RecoveryId),
    "hold_id": _is(HoldId),
    "alert_id": _is(AlertId),
    "role_name": _names_a_role,
    "region": _names_a_region,
    "backup_id": _is(DekId),
    "domain": _may_be_a_domain,
}
