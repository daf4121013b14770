"""Operations of service accounts, their keys, and the rules for keys (async source)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from ctsec.ids import ServiceAccountId, UserId
from ctsec.outcome import Outcome, Refusal
from ctsec.web import key_table, models, views
from ctsec.web._async_call import Answer, AsyncCall, no_content
from ctsec.web._async_keys import key_request, minted
from ctsec.web.guarding import NOT_FOUND
from ctsec.web.http import WebResponse


def _account(call: AsyncCall) -> ServiceAccountId:
    return ServiceAccountId(call.request.params["service_account_id"])


async def service_accounts(call: AsyncCall) -> Answer:
    """List the service accounts, for those who manage them."""
    page = call.page()
    if isinstance(page, Refusal):
        return page
    after, limit = page
    found = await call.unit.service_accounts.of_organization(call.principal, organization=call.organization, after=after, limit=limit)
    if isinstance(found, Refusal):
        return found
    following = found[-1].account.id if len(found) == limit else None
    return WebResponse(json={"service_accounts": [key_table.account(each) for each in found], "next": following})


async def create_service_account(call: AsyncCall) -> Answer:
    """Make a service account."""
    body = call.read(key_table.NewServiceAccount)
    made = await call.unit.service_accounts.create(call.principal, organization=call.organization, name=body.name, role=body.role)
    return made if isinstance(made, Refusal) else WebResponse(status=201, json=key_table.account(made))


async def disable_service_account(call: AsyncCall) -> Answer:
    """Refuse its keys at once."""
    done = await call.unit.service_accounts.disable(call.principal, organization=call.organization, account=_account(call))
    return done if isinstance(done, Refusal) else WebResponse(json=key_table.account(done))


async def enable_service_account(call: AsyncCall) -> Answer:
    """Let its keys in again."""
    done = await call.unit.service_accounts.enable(call.principal, organization=call.organization, account=_account(call))
    return done if isinstance(done, Refusal) else WebResponse(json=key_table.account(done))


async def remove_service_account(call: AsyncCall) -> Answer:
    """End a service account for good."""
    done = await call.unit.service_accounts.remove(call.principal, organization=call.organization, account=_account(call))
    return done if isinstance(done, Refusal) else no_content()


async def change_service_account_role(call: AsyncCall) -> Answer:
    """Change its role in the organization."""
    role, user = call.read(models.RoleName).role, UserId(_account(call))
    done = await call.unit.roles.change_organization_role(call.principal, organization=call.organization, user=user, role=role)
    return done if isinstance(done, Refusal) else WebResponse(json=key_table.role(_account(call), done.role))


async def assign_service_account_role(call: AsyncCall) -> Answer:
    """Give it a role in a workspace."""
    body, home = call.read(models.RoleGrant), await call.security.gate.organization_of(call.workspace)
    if home is None:
        return NOT_FOUND
    done = await call.unit.roles.assign(
        call.principal,
        organization=home,
        workspace=call.workspace,
        user=UserId(_account(call)),
        role=body.role,
        starts_at=body.starts_at,
        expires_at=body.expires_at,
    )
    return done if isinstance(done, Refusal) else WebResponse(json=key_table.role(_account(call), done.role))


async def revoke_service_account_role(call: AsyncCall) -> Answer:
    """Take its role in a workspace back."""
    home = await call.security.gate.organization_of(call.workspace)
    if home is None:
        return NOT_FOUND
    user = UserId(_account(call))
    done = await call.unit.roles.revoke(call.principal, organization=home, workspace=call.workspace, user=user)
    return done if isinstance(done, Refusal) else no_content()


async def service_account_keys(call: AsyncCall) -> Answer:
    """List its API keys, for those who manage service accounts."""
    found = await call.unit.api_keys.of_account(call.principal, organization=call.organization, account=_account(call))
    if isinstance(found, Refusal):
        return found
    return WebResponse(json={"api_keys": [views.api_key(each, now=call.now) for each in found]})


async def mint_service_account_key(call: AsyncCall) -> Answer:
    """Make a key of a service account; its text is shown in this answer and never again."""
    request = key_request(call.read(models.NewApiKey))
    if isinstance(request, Refusal):
        return request
    done = await call.unit.api_keys.mint(call.principal, organization=call.organization, request=request, owner=_account(call))
    return minted(call, done, status=201)


async def end_key_overlap(call: AsyncCall) -> Answer:
    """End the old secrets of a rotated key now."""
    done: Outcome[bool] = await call.unit.api_keys.end_overlap(call.principal, organization=call.organization, key_id=call.key)
    return done if isinstance(done, Refusal) else no_content()


async def due_keys(call: AsyncCall) -> Answer:
    """List the keys that are due, for those who manage service accounts."""
    page = call.page()
    if isinstance(page, Refusal):
        return page
    after, limit = page
    found = await call.unit.key_rules.due(call.principal, organization=call.organization, after=after, limit=limit)
    return found if isinstance(found, Refusal) else WebResponse(json={"api_keys": [key_table.due(each) for each in found]})


async def key_rules(call: AsyncCall) -> Answer:
    """Return what the organization asks of API keys."""
    found = await call.unit.key_rules.get(call.principal, organization=call.organization)
    return found if isinstance(found, Refusal) else WebResponse(json=key_table.rules(found))


async def change_key_rules(call: AsyncCall) -> Answer:
    """Change what the organization asks of API keys, at once for all of them."""
    body = call.read(key_table.KeyRules)
    life = timedelta(days=body.longest_life_days) if body.longest_life_days is not None else None
    grant = timedelta(days=body.longest_grant_days) if body.longest_grant_days is not None else None
    rules: dict[str, Any] = {"longest_life": life, "networks": tuple(body.networks), "longest_grant": grant}
    done = await call.unit.key_rules.put(call.principal, organization=call.organization, **rules)
    return done if isinstance(done, Refusal) else WebResponse(json=key_table.rules(done))
