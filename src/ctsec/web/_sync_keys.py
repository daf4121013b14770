# Generated from src/ctsec/web/_async_keys.py by tools/twin.py; edit that file.
"""Operations of API keys (async source)."""

from __future__ import annotations

from datetime import timedelta

from ctsec.ids import WorkspaceId, is_id
from ctsec.keys.policy import KeyRequest, MintedKey
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.web import models, views
from ctsec.web._sync_call import Answer, Call, no_content
from ctsec.web.http import WebResponse


def api_keys(call: Call) -> Answer:
    """List the caller's keys in the organization."""
    access = call.access()
    if isinstance(access, Refusal):
        return access
    found = call.unit.api_keys.of(call.principal, organization=call.organization)
    return WebResponse(json={"api_keys": [views.api_key(each, now=call.now) for each in found]})


def mint_api_key(call: Call) -> Answer:
    """Make a key; its text is shown in this answer and never again."""
    request = key_request(call.read(models.NewApiKey))
    if isinstance(request, Refusal):
        return request
    return minted(call, call.unit.api_keys.mint(call.principal, organization=call.organization, request=request), status=201)


def rotate_api_key(call: Call) -> Answer:
    """Give a key a new secret; the old one works on for the overlap."""
    overlap = timedelta(hours=call.read(models.KeyRotation).overlap_hours)
    done = call.unit.api_keys.rotate(call.principal, organization=call.organization, key_id=call.key, overlap=overlap)
    return minted(call, done, status=200)


def revoke_api_key(call: Call) -> Answer:
    """Revoke a key at once."""
    done = call.unit.api_keys.revoke(call.principal, organization=call.organization, key_id=call.key)
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


def minted(call: Call, done: Outcome[MintedKey], *, status: int) -> Answer:
    """Return the answer that shows a key's text."""
    if isinstance(done, Refusal):
        return done
    return WebResponse(status=status, json={**views.api_key(done.key, now=call.now), "token": done.token.reveal()})
