"""Operations of API keys (async source)."""

from __future__ import annotations

from datetime import timedelta

from ctsec.ids import WorkspaceId, is_id
from ctsec.keys.policy import KeyRequest, MintedKey
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.web import models, views
from ctsec.web._async_call import Answer, AsyncCall, no_content
from ctsec.web.http import WebResponse


async def api_keys(call: AsyncCall) -> Answer:
    """List the caller's keys in the organization."""
    access = await call.access()
    if isinstance(access, Refusal):
        return access
    found = await call.unit.api_keys.of(call.principal, organization=call.organization)
    return WebResponse(json={"api_keys": [views.api_key(each, now=call.now) for each in found]})


async def mint_api_key(call: AsyncCall) -> Answer:
    """Make a key; its text is shown in this answer and never again."""
    request = key_request(call.read(models.NewApiKey))
    if isinstance(request, Refusal):
        return request
    return minted(call, await call.unit.api_keys.mint(call.principal, organization=call.organization, request=request), status=201)


async def rotate_api_key(call: AsyncCall) -> Answer:
    """Give a key a new secret; the old one works on for the overlap."""
    overlap = timedelta(hours=call.read(models.KeyRotation).overlap_hours)
    done = await call.unit.api_keys.rotate(call.principal, organization=call.organization, key_id=call.key, overlap=overlap)
    return minted(call, done, status=200)


async def revoke_api_key(call: AsyncCall) -> Answer:
    """Revoke a key at once."""
    done = await call.unit.api_keys.revoke(call.principal, organization=call.organization, key_id=call.key)
    return done if isinstance(done, Refusal) else no_content()


def key_request(body: models.NewApiKey) -> Outcome[KeyRequest]:
    """Return what a new key is to be, or INVALID_INPUT."""
    workspaces = body.workspaces
    if workspaces is not None and not all(is_id(WorkspaceId, each) for each in workspaces):
        return Refusal(Reason.INVALID_INPUT, "expected ids of workspaces")
    return KeyRequest(
        name=body.name,
        scopes=frozenset(body.scopes) if body.scopes is not None else None,
        workspaces=frozenset(map(WorkspaceId, workspaces)) if workspaces is not None else None,
        networks=tuple(body.networks),
        life=timedelta(days=body.life_days) if body.life_days is not None else None,
        environment=body.environment,
        rate=body.rate,
        derivable=body.derivable,
    )


def minted(call: AsyncCall, done: Outcome[MintedKey], *, status: int) -> Answer:
    """Return the answer that shows a key's text."""
    if isinstance(done, Refusal):
        return done
    return WebResponse(status=status, json={**views.api_key(done.key, now=call.now), "token": done.token.reveal()})
