"""Operations of the vault (async source)."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Final

from ctsec.errors import KmsError
from ctsec.ids import CredentialId, UserId, WorkspaceId, is_id
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.secret import Secret
from ctsec.vault.record import CREDENTIALS_MANAGE, VaultCredential, VaultWish
from ctsec.web import models, views
from ctsec.web._async_call import Answer, AsyncCall, no_content
from ctsec.web.http import WebResponse

MAX_DAYS: Final = 3650


async def credentials(call: AsyncCall) -> Answer:
    """List the credentials, without their secrets, for those who manage them."""
    refusal, page = await call.may_read(CREDENTIALS_MANAGE), call.page()
    if refusal is not None:
        return refusal
    if isinstance(page, Refusal):
        return page
    after, limit = page
    found = await call.unit.vault.of_organization(organization=call.organization, after=after, limit=limit)
    following = found[-1].id if len(found) == limit else None
    return WebResponse(json={"credentials": [views.credential(each, now=call.now) for each in found], "next": following})


async def credentials_due(call: AsyncCall) -> Answer:
    """List what is to be rotated now, or within some days."""
    refusal = await call.may_read(CREDENTIALS_MANAGE)
    if refusal is not None:
        return refusal
    within = within_days(call)
    if isinstance(within, Refusal):
        return within
    found = await call.unit.vault.due(organization=call.organization, within=within)
    return WebResponse(json={"credentials": [views.credential(each, now=call.now) for each in found]})


def within_days(call: AsyncCall) -> Outcome[timedelta]:
    """Return the days of the query as a time from now."""
    text = call.query.get("days", "0")
    if not (text.isascii() and text.isdecimal() and len(text) < 5 and int(text) <= MAX_DAYS):
        return Refusal(Reason.INVALID_INPUT, f"expected days from 0 to {MAX_DAYS}")
    return timedelta(days=int(text))


async def store_credential(call: AsyncCall) -> Answer:
    """Keep a secret."""
    body = call.read(models.NewCredential)
    if body.workspace_id is not None and not is_id(WorkspaceId, body.workspace_id):
        return Refusal(Reason.INVALID_INPUT, "expected the id of a workspace")
    secret = _secret(body)
    if isinstance(secret, Refusal):
        return secret
    try:
        done = await call.unit.vault.store(
            call.principal,
            organization=call.organization,
            wish=_wish(body),
            secret=secret,
            workspace=WorkspaceId(body.workspace_id) if body.workspace_id is not None else None,
        )
    except KmsError as error:
        return _refused(error)
    return _answer(call, done, status=201)


async def change_credential(call: AsyncCall) -> Answer:
    """Change what a credential is for."""
    body = call.read(models.CredentialChange)
    done = await call.unit.vault.change(
        call.principal, organization=call.organization, credential=_credential(call), wish=_wish(body), version=body.version
    )
    return _answer(call, done)


async def rotate_credential(call: AsyncCall) -> Answer:
    """Put a new secret in the place of the old one."""
    body = call.read(models.CredentialRotation)
    secret = _secret(body)
    if isinstance(secret, Refusal):
        return secret
    try:
        done = await call.unit.vault.rotate(
            call.principal, organization=call.organization, credential=_credential(call), secret=secret, version=body.version
        )
    except KmsError as error:
        return _refused(error)
    return _answer(call, done)


async def use_credential(call: AsyncCall) -> Answer:
    """Disclose the secret for one use; one that is no text comes as base64."""
    body = call.read(models.CredentialUse)
    try:
        done = await call.unit.vault.use(
            call.principal,
            organization=call.organization,
            credential=_credential(call),
            access=body.access,
            service=body.service,
            region=body.region,
        )
    except KmsError as error:
        return _refused(error)
    if isinstance(done, Refusal):
        return done
    raw = done.secret.reveal()
    try:
        told = {"secret": raw.decode(), "secret_base64": None}
    except UnicodeDecodeError:
        told = {"secret": None, "secret_base64": base64.b64encode(raw).decode("ascii")}
    return WebResponse(json={**views.credential(done.credential, now=call.now), **told})


async def remove_credential(call: AsyncCall) -> Answer:
    """Delete a credential with its secret."""
    done = await call.unit.vault.remove(call.principal, organization=call.organization, credential=_credential(call))
    return done if isinstance(done, Refusal) else no_content()


def _credential(call: AsyncCall) -> CredentialId:
    return CredentialId(call.request.params["credential_id"])


def _secret(body: models.NewCredential | models.CredentialRotation) -> Outcome[Secret]:
    try:
        return Secret(body.secret.get_secret_value().encode())
    except UnicodeEncodeError:
        return Refusal(Reason.INVALID_INPUT, "expected a secret without lone surrogates")


def _wish(body: models.NewCredential | models.CredentialChange) -> VaultWish:
    return VaultWish(
        name=body.name,
        kind=body.kind,
        label=body.label,
        access=body.access,
        services=frozenset(body.services) if body.services is not None else None,
        regions=frozenset(body.regions) if body.regions is not None else None,
        users=frozenset(map(UserId, body.users)) if body.users is not None else None,
        rotate_every=timedelta(days=body.rotate_days) if body.rotate_days is not None else None,
    )


def _refused(error: KmsError) -> Refusal:
    """Return what the key service said of the organization's own key. What may be tried again goes on as an error."""
    if error.retryable:
        raise error
    return Refusal(Reason.CONFLICT, f"the organization's key can not be used ({error.code})")


def _answer(call: AsyncCall, done: Outcome[VaultCredential], *, status: int = 200) -> Answer:
    return done if isinstance(done, Refusal) else WebResponse(status=status, json=views.credential(done, now=call.now))
