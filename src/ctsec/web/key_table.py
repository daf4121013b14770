"""The routes of service accounts, of the rules for API keys and of their use, and how they are shown: a part of `ctsec.web.table`."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field

from ctsec.directory.service_account import SeatedAccount
from ctsec.ids import ServiceAccountId
from ctsec.keys.due import DueKey
from ctsec.keys.organization_policy import DAY, MAX_NETWORKS, OrganizationKeyPolicy
from ctsec.web import models
from ctsec.web.models import Body
from ctsec.web.route import open_route as _open
from ctsec.web.route import principal_route as _route
from ctsec.web.views import View, moment

_ORG: Final = "/organizations/{organization_id}"
_EVERY: Final = f"{_ORG}/service-accounts"
_ONE: Final = f"{_EVERY}/{{service_account_id}}"
_HERE: Final = "/workspaces/{workspace_id}/service-account-roles/{service_account_id}"
_ACCOUNT: Final = ("id", "name", "role", "enabled:boolean", "created_by", "created_at:date-time")
_RULES: Final = (
    *("longest_life_days:integer", "endless:boolean", "networks:array", "longest_grant_days:integer"),
    *("changed_by", "changed_at:date-time"),
)
_PAGE: Final = ("after", "limit")


class NewServiceAccount(Body):
    """A service account, and its role in the organization."""

    name: models.Name
    role: models.Word = "member"


class KeyRules(Body):
    """What the organization asks of API keys; `longest_life_days` null lets keys be without end, no networks let them be used anywhere.

    After `longest_grant_days` the person of a connected app has to consent again; null: never.
    """

    longest_life_days: Annotated[int, Field(ge=1, le=36_500)] | None
    networks: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=MAX_NETWORKS, default_factory=list)]
    longest_grant_days: Annotated[int, Field(ge=1, le=36_500)] | None = None


SERVICE_ACCOUNTS: Final = (
    _route(f"GET {_EVERY} service_accounts", "The service accounts", query=_PAGE, returns=("service_accounts:array", "next")),
    _route(f"POST {_EVERY} create_service_account", "Make a service account", body=NewServiceAccount, status=201, returns=_ACCOUNT),
    _route(f"POST {_ONE}/disable disable_service_account", "Refuse its keys at once, until it is enabled", returns=_ACCOUNT),
    _route(f"POST {_ONE}/enable enable_service_account", "Let its keys in again", returns=_ACCOUNT),
    _route(f"DELETE {_ONE} remove_service_account", "End it, its roles and its keys, for good", status=204),
    _route(
        f"PUT {_ONE}/role change_service_account_role",
        "Change its role in the organization",
        body=models.RoleName,
        returns=("service_account_id", "role"),
    ),
    _route(
        f"PUT {_HERE} assign_service_account_role",
        "Give it a role in the workspace",
        body=models.RoleGrant,
        returns=("service_account_id", "role"),
    ),
    _route(f"DELETE {_HERE} revoke_service_account_role", "Take its role in the workspace back", status=204),
    _route(f"GET {_ONE}/api-keys service_account_keys", "Its API keys", returns=("api_keys:array",)),
    _route(
        f"POST {_ONE}/api-keys mint_service_account_key",
        "Make a key of it, with no rights that you do not hold; its token is shown once",
        body=models.NewApiKey,
        status=201,
        returns=("id", "name", "expires_at:date-time", "token"),
    ),
    _route(f"POST {_ORG}/api-keys/{{key_id}}/end-overlap end_key_overlap", "End the old secrets of a rotated key now", status=204),
    _route(f"GET {_ORG}/api-keys-due due_keys", "API keys that end soon, or need another secret", query=_PAGE, returns=("api_keys:array",)),
    _route(f"GET {_ORG}/api-key-rules key_rules", "What the organization asks of API keys", returns=_RULES),
    _route(f"PUT {_ORG}/api-key-rules change_key_rules", "Ask for more, or less, at once", body=KeyRules, returns=_RULES),
)

KEY_USE: Final = (
    _route(
        "GET /organizations/{organization_id}/api-keys/{key_id}/usage api_key_usage",
        "How often a key of mine is used",
        returns=("id", "last_used_at:date-time", "last_used_address", "days:array"),
    ),
    _open("POST /api-keys/leaks report_leaked_keys", "Report leaked credentials, signed by a scanner that the deployment knows"),
)


def account(seated: SeatedAccount) -> View:
    """Return a service account."""
    record = seated.account
    return {
        "id": record.id,
        "organization_id": record.organization_id,
        "name": record.name,
        "role": seated.membership.role,
        "enabled": seated.enabled,
        "created_by": record.created_by,
        "created_at": moment(record.created_at),
    }


def role(holder: ServiceAccountId, name: str) -> View:
    """Return which role a service account has."""
    return {"service_account_id": holder, "role": name}


def rules(policy: OrganizationKeyPolicy | None) -> View:
    """Return an organization's rules for API keys; without any there are those of the deployment, and no key without end."""
    longest = policy.longest_life_seconds // DAY if policy is not None and policy.longest_life is not None else None
    return {
        "longest_life_days": longest,
        "endless": policy is not None and policy.longest_life is None,
        "networks": list(policy.networks) if policy is not None else [],
        "longest_grant_days": policy.longest_grant_seconds // DAY or None if policy is not None else None,
        "changed_by": policy.changed_by if policy is not None else None,
        "changed_at": moment(policy.changed_at) if policy is not None else None,
    }


def due(found: DueKey) -> View:
    """Return a key that is due."""
    key = found.key
    return {
        "id": key.id,
        "name": key.name,
        "owner_id": key.owner_id,
        "due_at": moment(found.due_at),
        "expires_at": moment(key.expires_at),
        "secret_made_at": moment(found.secret_made_at),
    }
