"""Operations of data keys, and of the keys of organizations' own (async source)."""

from __future__ import annotations

from ctsec.encryption.customer_key import ENCRYPTION_MANAGE, CustomerKey
from ctsec.errors import DecryptionFailed, KmsError
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.web import models, views
from ctsec.web._async_call import Answer, AsyncCall
from ctsec.web.http import WebResponse


async def encryption_keys(call: AsyncCall) -> Answer:
    """List the organization's own keys and its data keys, for those who manage them."""
    refusal = await call.may_read(ENCRYPTION_MANAGE)
    if refusal is not None:
        return refusal
    own = await call.unit.customer_keys.of_organization(organization=call.organization)
    deks = await call.unit.data_keys.of_organization(organization=call.organization)
    told = {"customer_keys": [views.customer_key(each) for each in own], "data_keys": [views.data_key(each) for each in deks]}
    return WebResponse(json=told)


async def register_customer_key(call: AsyncCall) -> Answer:
    """Take on a key of the organization's own for a region."""
    body = call.read(models.KeyReference)
    try:
        done = await call.unit.customer_keys.register(call.principal, organization=call.organization, ref=body.ref, region=_region(call))
    except (KmsError, DecryptionFailed) as error:
        return _refused(error)
    return _answer(done, status=201)


async def replace_customer_key(call: AsyncCall) -> Answer:
    """Move to another key."""
    body = call.read(models.KeyReference)
    try:
        done = await call.unit.customer_keys.replace(call.principal, organization=call.organization, ref=body.ref, region=_region(call))
    except (KmsError, DecryptionFailed) as error:
        return _refused(error)
    return _answer(done)


async def rotate_customer_key(call: AsyncCall) -> Answer:
    """Wrap the data keys anew, after the key was rotated at its service."""
    try:
        done = await call.unit.customer_keys.rotate(call.principal, organization=call.organization, region=_region(call))
    except (KmsError, DecryptionFailed) as error:
        return _refused(error)
    return _answer(done)


async def withdraw_customer_key(call: AsyncCall) -> Answer:
    """Give the key up: the data keys go back under the deployment's."""
    try:
        done = await call.unit.customer_keys.withdraw(call.principal, organization=call.organization, region=_region(call))
    except (KmsError, DecryptionFailed) as error:
        return _refused(error)
    return _answer(done)


async def forget_customer_key(call: AsyncCall) -> Answer:
    """Drop what was unwrapped under the key, in every process."""
    return _answer(await call.unit.customer_keys.forget(call.principal, organization=call.organization, region=_region(call)))


async def rotate_data_key(call: AsyncCall) -> Answer:
    """Give new data of a region another data key."""
    try:
        done = await call.unit.data_keys.rotate(call.principal, organization=call.organization, region=_region(call))
    except KmsError as error:
        return _refused(error)
    return done if isinstance(done, Refusal) else WebResponse(json=views.data_key(done))


async def destroy_data_keys(call: AsyncCall) -> Answer:
    """Destroy every data key, and with them all that they sealed; the body repeats the organization's id."""
    if call.read(models.Destruction).organization_id != call.organization:
        return Refusal(Reason.INVALID_INPUT, "expected the id of this organization, to be sure")
    done = await call.unit.data_keys.destroy(call.principal, organization=call.organization)
    return done if isinstance(done, Refusal) else WebResponse(json={"destroyed": done})


async def destroy_retired_data_keys(call: AsyncCall) -> Answer:
    """Destroy the replaced data keys that nothing needs any more."""
    done = await call.unit.data_keys.destroy_retired(call.principal, organization=call.organization)
    return done if isinstance(done, Refusal) else WebResponse(json={"destroyed": done})


def _region(call: AsyncCall) -> str:
    return call.request.params["region"]


def _refused(error: KmsError | DecryptionFailed) -> Refusal:
    """Return what the customer's key service said: it is the caller's own key. What may be tried again goes on as an error."""
    if error.retryable:
        raise error
    return Refusal(Reason.CONFLICT, f"the key service refuses the key ({error.code}): {error}")


def _answer(done: Outcome[CustomerKey], *, status: int = 200) -> Answer:
    return done if isinstance(done, Refusal) else WebResponse(status=status, json=views.customer_key(done))
