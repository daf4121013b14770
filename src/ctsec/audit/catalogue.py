"""The schemas of ctsec's own events; docs/reference/events.md shows them, and a test keeps the two equal.

Rules that this module keeps:

- every name of `EventName` has its schema, and nothing that a service writes is undeclared;
- addresses, reasons that people typed and references to evidence are personal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ctsec.audit.event import EventName
from ctsec.audit.schema import EventCatalogue, EventSchema, Field, personal, public

_EMAIL: Final = {"email": personal()}
_REASON: Final = {"reason": personal()}
_FACTOR: Final = {"factor": public()}
_COUNTER: Final = {**_FACTOR, "device": public(optional=True)}
_RESET: Final = {"due_at": public()}
_CANCELED: Final = {**_RESET, "why": public()}
_ROLE: Final = {"role": public()}
_INVITED: Final = {"role": public(), "workspace_role": public(optional=True)}
_CUSTOM_ROLE: Final = {"permissions": public(tuple), "extends": public(optional=True)}
_ELEVATION: Final = {"role": public(), "seconds": public(int), "kind": public(), "expires_at": public(optional=True)}
_LEAK: Final = {**dict.fromkeys(("reporter", "was"), public()), **dict.fromkeys(("kind", "url"), personal(optional=True))}
_GLASS: Final = {"role": public(), "seconds": public(int)}
_DATA_KEY: Final = {"region": public(), "key": public()}
_WRAPPED: Final = {"region": public(), "data_keys": public(int)}
_KEY_STATE: Final = {"region": public(), "problem": public()}
_WORKLOAD_RULE: Final = {
    **dict.fromkeys(("issuer", "audience"), public()),
    "claims": public(tuple),
    "scopes": public(tuple, optional=True),
    "life_seconds": public(int),
}
_GENERATION: Final = {"generation": public(int)}
_COUNT: Final = {"count": public(int)}
_CREDENTIAL: Final = {"kind": public(), "access": public()}
_DISCLOSURE: Final = {"access": public(), "service": public(optional=True), "region": public(optional=True)}
_HOLD: Final = {"hold": public()}
_ALERT: Final = {"rule": public(), "key": public()}
_MOVE: Final = {"source": public(), "target": public()}
_APP: Final = {"provider": public()}
_SCIM_USER: Final = {"scim": public(), "active": public(bool), "why": public()}
_SCIM_GROUP: Final = {"scim": public(), "added": public(int), "dropped": public(int)}
_DOCUMENT: Final = {"added": public(tuple), "dropped": public(tuple), "others": public(tuple)}
_UNDONE: Final = {"region": public(), "rows": public(int)}
_DENIAL: Final = {
    "attempted": public(),
    "permission": public(),
    "method": public(),
    "role": public(),
    "starts_at": public(optional=True),
    "expires_at": public(optional=True),
    **_DISCLOSURE,
}

_FIELDS: Final[Mapping[EventName, Mapping[str, Field]]] = {
    EventName.USER_SIGNED_UP: _EMAIL,
    EventName.USER_IMPORTED: {**_EMAIL, "scheme": public()},
    EventName.USER_SIGNED_IN: {
        "factors": public(tuple),
        "aal": public(int),
        "new_device": public(bool),
        "connection": public(optional=True),
    },
    EventName.USER_SIGN_IN_STARTED: {"factor": public(), "factors": public(tuple), "owes": public()},
    EventName.USER_SIGN_IN_LINK_REQUESTED: {"mailed": public(bool)},
    EventName.USER_STEPPED_UP: _FACTOR,
    EventName.USER_DISABLED: {"why": public()},
    EventName.USER_ENABLED: {"why": public()},
    EventName.VERIFICATION_REQUESTED: {"mailed": public(bool)},
    EventName.TOKEN_REFUSED: {"purpose": public()},
    EventName.EMAIL_CHANGE_REQUESTED: _EMAIL,
    EventName.PASSWORD_WITHDRAWN: {"reason": public()},
    EventName.PASSWORD_CHECK_SKIPPED: {"because": public()},
    EventName.PASSWORD_RESET_REQUESTED: {"mailed": public(bool)},
    EventName.SESSION_REVOKED: {"ended": public(int), **_REASON},
    EventName.DEVICE_REVOKED: {"revoked": public(int)},
    EventName.MFA_CODE_REFUSED: _FACTOR,
    EventName.MFA_RESET_REQUESTED: {**_RESET, **_REASON},
    EventName.MFA_RESET_APPROVED: _RESET,
    EventName.MFA_RESET_CANCELED: _CANCELED,
    EventName.MFA_RESET: {
        **_RESET,
        "factors": public(tuple),
        "requested_by": public(),
        "approved_by": public(optional=True),
    },
    EventName.SUPPORT_CASE_OPENED: {**_RESET, "evidence": public(), "reference": personal(), **_REASON},
    EventName.SUPPORT_CASE_VIEWED: {**_RESET, **_REASON},
    EventName.SUPPORT_CASE_APPROVED: {**_RESET, **_REASON},
    EventName.SUPPORT_CASE_CANCELED: {**_CANCELED, **_REASON},
    EventName.DOMAIN_VERIFIED: {"proof": public(), "reason": personal(optional=True)},
    EventName.DOMAIN_WITHDRAWN: {"proof": public(), "reason": personal(optional=True)},
    EventName.DOMAIN_PROOF_REFUSED: {"why": public()},
    EventName.SSO_CONNECTION_CREATED: {"provider": public(), "role": public()},
    EventName.SSO_CONNECTION_CHANGED: {"changed": public(tuple)},
    EventName.SSO_CONNECTION_TESTED: {"passed": public(bool), "problem": public(optional=True)},
    EventName.SSO_CONNECTION_TRIED: {"passed": public(bool), "problem": public(optional=True)},
    EventName.SSO_CONNECTION_METADATA_CHANGED: _DOCUMENT,
    EventName.SSO_CONNECTION_METADATA_TRUSTED: {"by": public(), **_DOCUMENT},
    EventName.SSO_CONNECTION_EXPIRY_NOTICED: {"until": public(), "whose": public()},
    EventName.SSO_CONNECTION_KEY_ANNOUNCED: {"key": public()},
    EventName.SSO_CONNECTION_KEY_ACTIVATED: {"key": public()},
    EventName.SSO_CONNECTION_KEY_RETIRED: {"key": public()},
    EventName.SSO_IDENTITY_LINKED: {"connection": public(), "by": public(), "issuer": personal(), "identity": personal()},
    EventName.SSO_IDENTITY_UNLINKED: {"connection": public(), "own": public(bool), "issuer": personal(), "identity": personal()},
    EventName.SSO_SIGN_IN_REFUSED: {"connection": public(optional=True), "why": public()},
    EventName.SSO_REQUIREMENT_CHANGED: {
        "required_from": public(optional=True),
        "was": public(optional=True),
        "reason": personal(optional=True),
    },
    EventName.SSO_GLASS_CODES_CREATED: {"codes": public(int)},
    EventName.SSO_BREAK_GLASS_USED: {"until": public()},
    EventName.SSO_SETTINGS_OPENED: {"until": public()},
    EventName.SSO_SESSIONS_ENDED: {"connection": public(), "why": public(), "ended": public(int)},
    EventName.SSO_LOGOUT_REFUSED: {"connection": public(), "why": public()},
    EventName.USER_PROVISIONED: {"connection": public(), "role": public(), **_EMAIL},
    EventName.SSO_RULES_SKIPPED: {"connection": public(), "rules": public(tuple)},
    EventName.SCIM_CONNECTION_CREATED: {"role": public(), "owners": public(bool)},
    EventName.SCIM_CONNECTION_CHANGED: {"changed": public(tuple)},
    EventName.SCIM_TOKEN_ISSUED: {"token": public(), "overlap_seconds": public(int)},
    EventName.SCIM_TOKEN_REVOKED: {"token": public(), "overlap_seconds": public(int, optional=True)},
    EventName.SCIM_USER_CREATED: _SCIM_USER,
    EventName.SCIM_USER_CHANGED: _SCIM_USER,
    EventName.SCIM_USER_REMOVED: _SCIM_USER,
    EventName.SCIM_GROUP_CREATED: _SCIM_GROUP,
    EventName.SCIM_GROUP_CHANGED: _SCIM_GROUP,
    EventName.SCIM_GROUP_REMOVED: _SCIM_GROUP,
    EventName.SCIM_REQUEST_REFUSED: {"scim": public(), "method": public()},
    EventName.USER_RENAMED: {"connection": public()},
    EventName.CONNECTED_APP_CONNECTED: {**_APP, "scopes": public(tuple)},
    EventName.CONNECTED_APP_RECONNECTED: {**_APP, "scopes": public(tuple)},
    EventName.CONNECTED_APP_CONNECTION_REFUSED: {**_APP, "why": public()},
    EventName.CONNECTED_APP_TOKEN_USED: _APP,
    EventName.CONNECTED_APP_TOKEN_REFRESHED: {**_APP, "rotated": public(bool)},
    EventName.CONNECTED_APP_REFRESH_FAILED: {**_APP, "why": public(), "fate": public(), "failures": public(int)},
    EventName.CONNECTED_APP_REMINDED: {**_APP, "ends_at": public(), "told": public(int)},
    EventName.CONNECTED_APP_DISCONNECTED: {**_APP, "why": public()},
    EventName.CONNECTED_APP_REVOKED: {**_APP, "tries": public(int)},
    EventName.CONNECTED_APP_REVOCATION_ABANDONED: {**_APP, "tries": public(int), "why": public()},
    EventName.PASSKEY_REGISTERED: {"backup": public()},
    EventName.PASSKEY_RENAMED: {"backup": public()},
    EventName.PASSKEY_REMOVED: {"backup": public()},
    EventName.PASSKEY_CLONE_SUSPECTED: {"last": public(int), "presented": public(int)},
    EventName.AUTHENTICATOR_DISABLED: {**_COUNTER, "failures": public(int)},
    EventName.AUTHENTICATOR_RESTORED: _COUNTER,
    EventName.BACKUP_CODE_REDEEMED: {"slot": public(int)},
    EventName.ORGANIZATION_CREATED: {"owner": public()},
    EventName.WORKSPACE_CREATED: {"region": public()},
    EventName.INVITATION_CREATED: {**_INVITED, **_EMAIL},
    EventName.INVITATION_ACCEPTED: _INVITED,
    EventName.ORGANIZATION_ORPHANED: {"cause": public()},
    EventName.ORGANIZATION_RECOVERED: {"owner": public(), **_REASON},
    EventName.MEMBER_REMOVED: {**_ROLE, "connection": public(optional=True), "cause": public(), "parked": public(int)},
    EventName.MEMBER_SUSPENDED: {**_ROLE, "cause": public(optional=True)},
    EventName.MEMBER_WARNED: {"cause": public(), "at": public()},
    EventName.MEMBER_SIGN_INS_REFUSED: {"times": public(int), "reasons": public(tuple), "first_at": public(), "last_at": public()},
    EventName.MEMBER_REASSIGNED: {"scim": public(), "changed": public(tuple)},
    EventName.OWNERSHIP_TRANSFERRED: {"heir": public(), "things": public(tuple)},
    EventName.ACCOUNT_CLOSED: {"why": public(), "memberships": public(int)},
    EventName.ROLE_ASSIGNED: _ROLE,
    EventName.CUSTOM_ROLE_CREATED: _CUSTOM_ROLE,
    EventName.CUSTOM_ROLE_CHANGED: _CUSTOM_ROLE,
    EventName.CUSTOM_ROLE_REMOVED: _CUSTOM_ROLE,
    EventName.ELEVATION_REQUESTED: {**_ELEVATION, **_REASON},
    EventName.ELEVATION_APPROVED: _ELEVATION,
    EventName.ELEVATION_DENIED: _ELEVATION,
    EventName.ELEVATION_WITHDRAWN: _ELEVATION,
    EventName.ELEVATION_STARTED: _ELEVATION,
    EventName.ELEVATION_ENDED: _ELEVATION,
    EventName.BREAK_GLASS_PERMITTED: _GLASS,
    EventName.BREAK_GLASS_WITHDRAWN: _GLASS,
    EventName.BREAK_GLASS_USED: {**_ELEVATION, **_REASON},
    EventName.ACCESS_DENIED: _DENIAL,
    EventName.API_KEY_MINTED: {"scopes": public(tuple, optional=True), "endless": public(bool), "owner": public(optional=True)},
    EventName.API_KEY_ROTATED: {"overlap_seconds": public(int)},
    EventName.API_KEY_USED: {
        "count": public(int),
        "minute": public(optional=True),
        "prefix": public(int, optional=True),
        "further_blocks": public(bool),
    },
    EventName.API_KEY_LEAK_REPORTED: _LEAK,
    EventName.CREDENTIAL_LEAK_REPORTED: {**_LEAK, "ended": public(bool)},
    EventName.API_KEY_VOIDED: {"owner": public(), "works": public(bool)},
    EventName.API_KEY_REMINDED: {"ends_at": public(), "told": public(int)},
    EventName.KEY_POLICY_CHANGED: {
        "longest_life_days": public(int, optional=True),
        "networks": public(tuple),
        "longest_grant_days": public(int, optional=True),
    },
    EventName.WORKLOAD_RULE_CREATED: _WORKLOAD_RULE,
    EventName.WORKLOAD_RULE_CHANGED: _WORKLOAD_RULE,
    EventName.WORKLOAD_TOKEN_EXCHANGED: dict.fromkeys(("issuer", "subject", "minted_by"), public()),
    EventName.WORKLOAD_TOKEN_REFUSED: {"why": public(), "issuer": public()},
    EventName.SERVICE_ACCOUNT_CREATED: {"name": public(), "role": public()},
    EventName.SERVICE_ACCOUNT_REMOVED: {"role": public()},
    EventName.DATA_KEY_CREATED: _DATA_KEY,
    EventName.DATA_KEY_ROTATED: _DATA_KEY,
    EventName.DATA_KEYS_DESTROYED: _COUNT,
    EventName.RETIRED_DATA_KEYS_DESTROYED: _COUNT,
    EventName.CUSTOMER_KEY_REGISTERED: _WRAPPED,
    EventName.CUSTOMER_KEY_REPLACED: {**_WRAPPED, "was": public()},
    EventName.CUSTOMER_KEY_ROTATED: _WRAPPED,
    EventName.CUSTOMER_KEY_WITHDRAWN: _WRAPPED,
    EventName.CUSTOMER_KEY_DROPPED: {"region": public()},
    EventName.CUSTOMER_KEY_FAILED: _KEY_STATE,
    EventName.CUSTOMER_KEY_RECOVERED: _KEY_STATE,
    EventName.INDEX_KEY_CREATED: _GENERATION,
    EventName.INDEX_KEY_RETIRED: _GENERATION,
    EventName.CREDENTIAL_STORED: _CREDENTIAL,
    EventName.CREDENTIAL_ROTATED: {"overdue": public(bool)},
    EventName.CREDENTIAL_CHANGED: {"changed": public(tuple), "access": public()},
    EventName.CREDENTIAL_DISCLOSED: {**_DISCLOSURE, "kind": public()},
    EventName.CREDENTIAL_REMOVED: {"kind": public()},
    EventName.CREDENTIAL_REMINDED: {"kind": public(), "due_at": public()},
    EventName.WORKSPACE_MOVE_STARTED: _MOVE,
    EventName.WORKSPACE_MOVE_COPIED: {"host_rows": public(int)},
    EventName.WORKSPACE_MOVE_SWITCHED: {**_MOVE, "rows": public(int), "digest": public()},
    EventName.WORKSPACE_LOG_CONTINUED: {"origin": public(), "size": public(int), "root": public(), "signed": public(bool)},
    EventName.WORKSPACE_MOVE_FINISHED: {**_UNDONE, "data_keys": public(int)},
    EventName.WORKSPACE_MOVE_ABORTED: {"state": public()},
    EventName.WORKSPACE_MOVE_UNDONE: _UNDONE,
    EventName.WORKSPACE_MOVE_FAILED: {"state": public(), "problem": public()},
    EventName.RESIDENCY_VIOLATED: {"problem": public()},
    EventName.RESIDENCY_REPORTED: {"agrees": public(bool), "workspaces": public(int), "digest": public()},
    EventName.AUDIT_SEARCHED: {"asked": public()},
    EventName.AUDIT_EXPORTED: {
        "format": public(),
        **dict.fromkeys(("events", "first", "end"), public(int)),
        "filters": public(tuple),
        "personal": public(bool),
        "masked": public(bool, optional=True),
        "region": public(optional=True),
        **dict.fromkeys(("asked", "why"), personal()),
    },
    EventName.STREAM_RESET: {"log": public(), "before": public(int), "next": public(int), **_REASON},
    EventName.AUDIT_PURGED: {
        **dict.fromkeys(("index", "size", "count", "newest"), public(int)),
        **dict.fromkeys(("root", "plan", "ranges", "signature"), public()),
        "holds": public(tuple),
        "heard": public(int, optional=True),
    },
    EventName.AUDIT_PRUNED: {
        **dict.fromkeys(("index", "size", "minimum", "tiles"), public(int)),
        **dict.fromkeys(("root", "minimum_root", "signature"), public()),
        "frontier": public(tuple),
    },
    EventName.RETENTION_CHANGED: {"plan": public(), "starts": public(int), "version": public(int)},
    EventName.LEGAL_HOLD_PLACED: {
        **_HOLD,
        "matter": public(),
        "whole": public(bool),
        "extent": public(),
        "size": public(int),
        **dict.fromkeys(("person", "name"), public(optional=True)),
        **dict.fromkeys(("since", "until"), public(int, optional=True)),
    },
    EventName.LEGAL_HOLD_RELEASE_REQUESTED: _HOLD,
    EventName.LEGAL_HOLD_RELEASED: {**_HOLD, "asked_by": public(optional=True)},
    EventName.RETENTION_RELAYED: {
        **dict.fromkeys(("decision", "by"), public()),
        **dict.fromkeys(("decided", "decided_at"), public(int)),
        **dict.fromkeys(("plan", "hold", "matter", "extent", "person", "name", "asked_by"), public(optional=True)),
        **dict.fromkeys(("version", "starts", "size", "since", "until"), public(int, optional=True)),
    },
    EventName.ALERT_FIRED: {**_ALERT, "severity": public(), "source": public(), "index": public(int, optional=True)},
    EventName.ALERT_ACKNOWLEDGED: {**_ALERT, **_REASON},
    EventName.ALERT_MUTED: {**_ALERT, "until": public(), **_REASON},
    EventName.PERSON_ERASURE_REQUESTED: _REASON,
    EventName.PERSON_ERASURE_DEFERRED: {"holds": public(int)},
    EventName.PERSON_ERASED: {"keys": public(int)},
    EventName.PERSON_ERASURE_REPLAYED: {"keys": public(int)},
    EventName.BACKUP_SAVED: {"bytes": public(int), "rows": public(int), "signed_by": public(), **_REASON},
    EventName.BACKUP_VERIFIED: {"bytes": public(int), "rows": public(int), **_REASON},
    EventName.BACKUP_FAILED: {"attempted": public(), "error": public(), **_REASON},
    EventName.REGION_PROMOTED: {
        "store": public(),
        "before": public(),
        "rows": public(int),
        "digest": public(),
        "answered": public(bool),
        "lost": public(int),
        "accepted": public(int),
        "log_size": public(int),
        "log_root": public(),
        "log_agrees": public(bool),
    },
}
_PERIOD: Final = {**_ROLE, "starts_at": public(), "expires_at": public()}
_NAMED: Final = {"name": personal()}
_WISH: Final = {
    **dict.fromkeys(("access", "kind", "label", "name"), public()),
    **dict.fromkeys(("regions", "services", "users"), public(tuple)),
    "rotate_seconds": public(int),
}
_CHANGES: Final[Mapping[EventName, Mapping[str, Field]]] = {
    EventName.EMAIL_CHANGED: _EMAIL,
    EventName.RECOVERY_TERMS_CHANGED: {"approvals": public(int), "delay_seconds": public(int)},
    EventName.ORGANIZATION_CHANGED: {"name": public()},
    EventName.ORGANIZATION_MFA_POLICY_CHANGED: {
        "everybody": public(bool),
        **dict.fromkeys(("organization_roles", "workspace_roles"), public(tuple)),
        **dict.fromkeys(("starts_at", "grace_until"), public()),
    },
    EventName.LIFECYCLE_CHANGED: {
        **dict.fromkeys(("park_days", "warn_days", "suspend_days", "remove_days"), public(int)),
        "heir": public(),
    },
    EventName.PASSKEY_RENAMED: _NAMED,
    EventName.AUTHENTICATOR_RENAMED: _NAMED,
    EventName.ROLE_CHANGED: _PERIOD,
    EventName.ROLE_ASSIGNED: _PERIOD,
    EventName.ROLE_REVOKED: _PERIOD,
    EventName.MEMBERSHIP_CHANGED: _PERIOD,
    EventName.CUSTOM_ROLE_CHANGED: _CUSTOM_ROLE,
    EventName.CREDENTIAL_CHANGED: _WISH,
    EventName.USER_RENAMED: _NAMED,
    EventName.SSO_CONNECTION_METADATA_TRUSTED: {"keys": public(tuple)},
    EventName.SSO_CONNECTION_CHANGED: {
        **_ROLE,
        "rules": public(tuple),
        "required_groups": public(tuple),
        "issuer": public(),
        "keys": public(tuple),
        "lowered": public(tuple),
    },
}
_NONE: Final[Mapping[str, Field]] = {}

SCHEMAS: Final = tuple(EventSchema(name.value, _FIELDS.get(name, _NONE), _CHANGES.get(name, _NONE)) for name in EventName)
OWN: Final = EventCatalogue(SCHEMAS)
