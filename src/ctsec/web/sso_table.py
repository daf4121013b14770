"""The routes of single sign-on: a part of `ctsec.web.table`."""

from __future__ import annotations

from typing import Any, Final

from ctsec.web import models
from ctsec.web import saml_models as saml
from ctsec.web import sso_entrance_models as entrance
from ctsec.web import sso_models as own
from ctsec.web.http import MAX_FORM
from ctsec.web.route import Route
from ctsec.web.route import open_route as _open
from ctsec.web.route import principal_route as _route
from ctsec.web.route import session_route as _signed_in
from ctsec.web.scim_table import SCIM

_HOME: Final = "/organizations/{organization_id}/sso"
_ENTRANCE: Final = f"{_HOME}/requirement"
_EVERY: Final = f"{_HOME}/connections"
_ONE: Final = f"{_EVERY}/{{connection_id}}"
_WAY: Final = "/sso/{connection_id}"
_MEMBERS: Final = "/organizations/{organization_id}/members/{user_id}/identities"
_CONNECTION: Final = (
    *("id", "name", "provider", "client_id", "default_role", "state", "redirect_uri", "issuer", "discovery", "scopes:array"),
    *("directories:array", "github_login", "github_id:integer", "hosts:array", "groups_claim", "trusted_methods:array"),
    *(
        "trusted_classes:array",
        "secret_in_form:boolean",
        "proof",
        "saml:object",
        "keys:array",
        "provisioning:object",
        "tested_at:date-time",
        "enabled_at:date-time",
        "created_at:date-time",
    ),
)
_PREVIEW: Final = (
    *("accepted:boolean", "problem", "issuer", "subject", "email", "name", "groups:array", "own_address:boolean", "may_link:boolean"),
    *("second_factor:boolean", "role", "attributes:object", "barred", "workspace_roles:array", "matched:array", "skipped:array"),
    *("member:object",),
)
_STEP: Final = (
    *("status", "user_id", "session_id", "aal:integer", "organization_id", "expires_at:date-time", "csrf_token"),
    *("mfa_required_by:date-time", "sso_required_by:date-time", "ticket", "codes:array", "factors:array", "trust_days:integer"),
)
_DRY_RUN: Final = (
    *("passed:boolean", "problem", "claims:object", "userinfo:object", "issuer", "subject", "email", "email_verified:boolean", "name"),
    *("own_address:boolean", "groups:array", "attributes:object", "account", "second_factor", "barred", "role", "workspace_roles:array"),
    *("matched:array", "skipped:array", "member:object", "connection_id"),
)
_REPORT: Final = ("connection_id", "sound:boolean", "looked_at:date-time", "checks:array")
_OFFER: Final = (
    "seen",
    "same:boolean",
    "widens:boolean",
    "added:array",
    "removed:array",
    "renewed:array",
    "values:array",
    "valid_until:date-time",
)
_AWAY: Final = ("url", "form:object", "expires_at:date-time")
_SIGNED_OUT: Final = ("status", "complete:boolean")
_REQUIREMENT: Final = ("required_from:date-time", "codes_left:integer")


def _setting(line: str, summary: str, **rest: Any) -> Route:
    return _route(line, summary, glass=True, **rest)


def _changing(line: str, summary: str, **rest: Any) -> Route:
    return _signed_in(line, summary, glass=True, **rest)


SINGLE_SIGN_ON: Final = (
    _open("POST /sign-in/ways sign_in_ways", "The providers of an address's domain", body=models.Address, returns=("ways:array",)),
    _open(f"POST {_WAY}/begin begin_sso", "Where to send the browser", body=own.SsoBegin, returns=_AWAY, apart=True),
    _open(
        f"GET {_WAY}/callback complete_sso",
        "Complete a sign-in with what the provider sent back",
        query=("state", "code", "iss", "error"),
        more_query=True,
        returns=(*_STEP, *_DRY_RUN),
        apart=True,
        lands=True,
    ),
    _open(f"POST {_WAY}/logout logout_notice", "A provider says that sessions are over: a form with logout_token", apart=True),
    _open(
        f"POST {_WAY}/saml/acs complete_saml",
        "Complete a sign-in with the form that the provider's page posts: SAMLResponse and RelayState",
        returns=(*_STEP, *_DRY_RUN),
        apart=True,
        foreign=True,
        longest=MAX_FORM,
        lands=True,
    ),
    _open("GET /sso/landed sso_landed", "What came of a way to a provider and back, once, for the page where it ended", returns=_STEP),
    _open(
        f"GET {_WAY}/saml/slo saml_logout",
        "A provider's request to end sessions, or its answer to ours, in an address",
        query=("SAMLRequest", "SAMLResponse", "RelayState", "SigAlg", "Signature"),
        more_query=True,
        returns=_SIGNED_OUT,
        apart=True,
    ),
    _open(
        f"POST {_WAY}/saml/slo saml_logout_form",
        "The same in a form that the provider's page posts",
        returns=_SIGNED_OUT,
        apart=True,
        foreign=True,
        longest=MAX_FORM,
    ),
    _open(f"GET {_WAY}/saml/metadata saml_metadata", "What the provider of a connection is told of us, as XML"),
    _signed_in(
        f"POST {_WAY}/link link_sso",
        "Link my identity at a provider: where to send the browser",
        returns=_AWAY,
        apart=True,
    ),
    _signed_in("GET /sso/identities identities", "What is linked to my account at providers", returns=("identities:array",)),
    _signed_in("DELETE /sso/identities/{identity_id} unlink_identity", "Unlink one, if another way to sign in is left", status=204),
    _route(f"GET {_MEMBERS} member_identities", "What is linked to a member's account here", returns=("identities:array",)),
    _signed_in(f"DELETE {_MEMBERS}/{{identity_id}} unlink_member_identity", "Unlink it, and end its sessions", status=204),
    _open(f"GET {_WAY}/keys sso_keys", "The public keys of a connection, as a JWK set", returns=("keys:array",)),
    _setting(f"GET {_EVERY} sso_connections", "Connections to providers", returns=("connections:array",)),
    _changing(f"POST {_EVERY} create_sso_connection", "Draft a connection", body=own.ConnectionSetup, status=201, returns=_CONNECTION),
    _changing(f"PUT {_ONE} change_sso_connection", "Change a connection", body=own.ConnectionSetup, returns=_CONNECTION),
    _changing(f"DELETE {_ONE} remove_sso_connection", "Remove a connection with its identities", status=204),
    _changing(
        f"POST {_ONE}/test try_sso_connection",
        "Ask the provider whether it is what the connection says",
        returns=(*_CONNECTION, "passed:boolean"),
        apart=True,
    ),
    _changing(f"POST {_ONE}/doctor look_at_sso_connection", "Every check of it, and of its provider", returns=_REPORT, apart=True),
    _changing(
        f"POST {_ONE}/dry-run begin_sso_dry_run",
        "Sign in to see what that would come to: where to send the browser",
        returns=_AWAY,
        apart=True,
    ),
    _changing(
        f"POST {_HOME}/metadata preview_saml_metadata",
        "What a provider's metadata says, to draft a connection with",
        body=saml.SamlSource,
        returns=("saml:object", "keys:array", "valid_until:date-time"),
        apart=True,
    ),
    _changing(
        f"POST {_ONE}/metadata compare_saml_metadata",
        "How the provider's metadata differs from what the connection believes",
        body=saml.SamlDocument,
        returns=_OFFER,
        apart=True,
    ),
    _changing(
        f"POST {_ONE}/metadata/trust trust_saml_metadata",
        "Believe the provider's metadata as it was shown",
        body=saml.SamlTrust,
        returns=_CONNECTION,
        apart=True,
    ),
    _changing(f"POST {_ONE}/key rotate_sso_key", "Another key, which signs from now on", returns=_CONNECTION),
    _changing(f"POST {_ONE}/key/announce announce_saml_key", "The next key, in the metadata before it signs", returns=_CONNECTION),
    _changing(f"POST {_ONE}/key/activate activate_saml_key", "Sign with the announced key", body=saml.SamlKeyName, returns=_CONNECTION),
    _changing(f"POST {_ONE}/key/retire retire_saml_key", "Destroy a key that does not sign", body=saml.SamlKeyName, returns=_CONNECTION),
    _changing(f"POST {_ONE}/enable enable_sso_connection", "Let people sign in through it", returns=_CONNECTION),
    _changing(f"POST {_ONE}/disable disable_sso_connection", "End its sign-ins and sessions", returns=_CONNECTION),
    _changing(
        f"POST {_ONE}/preview preview_sso_claims", "What a sign-in with these claims would be", body=own.SampleClaims, returns=_PREVIEW
    ),
    _setting(f"GET {_ENTRANCE} sso_requirement", "Whether it is entered through its provider only", returns=_REQUIREMENT),
    _changing(
        f"PUT {_ENTRANCE} require_sso",
        "Let it be entered through its provider only",
        body=entrance.SsoRequirement,
        returns=_REQUIREMENT,
    ),
    _changing(f"DELETE {_ENTRANCE} relax_sso", "Let sessions of accounts in again", status=204),
    _signed_in(
        f"POST {_HOME}/break-glass-codes make_glass_codes",
        "Make my break-glass codes, earlier ones are void",
        returns=("codes:array",),
    ),
    _signed_in(
        "POST /sso/break-glass break_sso_glass",
        "Open the settings of single sign-on with a break-glass code",
        body=entrance.GlassCode,
        returns=("organization_id", "until:date-time"),
    ),
    *SCIM,
)
