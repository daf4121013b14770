"""The routes of workload identity, what their bodies hold and how rules are shown: a part of `ctsec.web.table`."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final, Literal

from pydantic import Field, SecretStr

from ctsec.ids import WorkspaceId, is_id
from ctsec.keys.policy import MintedKey
from ctsec.keys.workload import MAX_CLAIMS, MAX_TEXT, RuleTerms, WorkloadRule
from ctsec.keys.workload_presets import Workload
from ctsec.keys.workload_token import MAX_SUBJECT_TOKEN
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.web.models import Body, Id, Name
from ctsec.web.route import open_route as _open
from ctsec.web.route import principal_route as _route
from ctsec.web.views import View, moment

_ORG: Final = "/organizations/{organization_id}"
_ONE: Final = f"{_ORG}/workload-rules/{{workload_rule_id}}"
_RULE: Final = (
    *("id", "service_account_id", "name", "preset", "issuer", "audience", "claims:object", "scopes:array", "workspaces:array"),
    *("networks:array", "life_seconds:integer", "made_by", "created_at:date-time", "changed_at:date-time", "exchanged:integer"),
    "last_exchanged_at:date-time",
)
Text = Annotated[str, Field(min_length=1, max_length=MAX_TEXT)]
GRANT: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
TOKEN_TYPE: Final = "urn:ietf:params:oauth:token-type:access_token"  # the name of a type, no secret


class RuleBody(Body):
    """What a rule says; `claims` are names and values, a missing list does not narrow, a key lives for `life_seconds`."""

    name: Name
    preset: Literal["github_actions", "gitlab_ci", "kubernetes", "generic"]
    issuer: Text
    audience: Text
    claims: Annotated[dict[Annotated[str, Field(min_length=1, max_length=128)], Text], Field(min_length=1, max_length=MAX_CLAIMS)]
    scopes: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=200)] | None = None
    workspaces: Annotated[list[Id], Field(max_length=200)] | None = None
    networks: Annotated[list[Annotated[str, Field(max_length=64)]], Field(max_length=64, default_factory=list)]
    life_seconds: Annotated[int, Field(ge=60, le=900)] = 900


class TokenExchange(Body):
    """A token to be exchanged, with the names of RFC 8693, 2.1; `audience` is the service account that a key is wanted of."""

    grant_type: Literal["urn:ietf:params:oauth:grant-type:token-exchange"]
    subject_token: Annotated[SecretStr, Field(min_length=1, max_length=MAX_SUBJECT_TOKEN)]
    subject_token_type: Literal[
        "urn:ietf:params:oauth:token-type:jwt",
        "urn:ietf:params:oauth:token-type:id_token",
        "urn:ietf:params:oauth:token-type:access_token",
    ]
    audience: Annotated[str, Field(min_length=1, max_length=64)]
    requested_token_type: Literal["urn:ietf:params:oauth:token-type:access_token"] = TOKEN_TYPE


WORKLOAD: Final = (
    _route(f"GET {_ORG}/workload-rules workload_rules", "The rules of workload identity", returns=("workload_rules:array",)),
    _route(
        f"POST {_ORG}/service-accounts/{{service_account_id}}/workload-rules create_workload_rule",
        "Let the tokens of a workload be exchanged for keys of a service account",
        body=RuleBody,
        status=201,
        returns=_RULE,
    ),
    _route(f"PUT {_ONE} change_workload_rule", "Change a rule; the keys that it gave end", body=RuleBody, returns=_RULE),
    _route(f"DELETE {_ONE} remove_workload_rule", "Remove a rule; the keys that it gave end", status=204),
    _open(
        "POST /api-keys/exchange exchange_token",
        "Exchange the token of a workload for an API key",
        body=TokenExchange,
        returns=("access_token", "issued_token_type", "token_type", "expires_in:integer", "scope", "api_key_id"),
        apart=True,
    ),
)


def terms(body: RuleBody) -> Outcome[RuleTerms]:
    """Return what a rule is to say, or INVALID_INPUT."""
    if body.workspaces is not None and not all(is_id(WorkspaceId, each) for each in body.workspaces):
        return Refusal(Reason.INVALID_INPUT, "expected ids of workspaces")
    return RuleTerms(
        name=body.name,
        preset=Workload(body.preset),
        issuer=body.issuer,
        audience=body.audience,
        claims=dict(body.claims),
        scopes=frozenset(body.scopes) if body.scopes is not None else None,
        workspaces=frozenset(map(WorkspaceId, body.workspaces)) if body.workspaces is not None else None,
        networks=tuple(body.networks),
        life=timedelta(seconds=body.life_seconds),
    )


def rule(found: WorkloadRule) -> View:
    """Return a rule as it is shown."""
    return {
        "id": found.id,
        "service_account_id": found.account_id,
        "name": found.name,
        "preset": found.preset.value,
        "issuer": found.issuer,
        "audience": found.audience,
        "claims": dict(found.claims),
        "scopes": sorted(found.scopes) if found.scopes is not None else None,
        "workspaces": sorted(found.workspaces) if found.workspaces is not None else None,
        "networks": list(found.networks),
        "life_seconds": found.life_seconds,
        "made_by": found.made_by,
        "created_at": moment(found.created_at),
        "changed_at": moment(found.changed_at),
        "exchanged": found.exchanged,
        "last_exchanged_at": moment(found.last_exchanged_at),
    }


def issued(given: MintedKey) -> View:
    """Return what a token was exchanged for (RFC 8693, 2.2.1)."""
    key = given.key
    life = (key.expires_at - key.created_at) if key.expires_at is not None else timedelta()
    return {
        "access_token": given.token.reveal(),
        "issued_token_type": TOKEN_TYPE,
        "token_type": "Bearer",
        "expires_in": int(life.total_seconds()),
        "scope": " ".join(sorted(key.scopes)) if key.scopes is not None else None,
        "api_key_id": key.id,
    }
