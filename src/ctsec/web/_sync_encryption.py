# Generated from src/ctsec/web/_async_encryption.py by tools/twin.py; edit that file.
"""Operations of data keys, and of the keys of organizations' own (async source)."""

from __future__ import annotations

from ctsec.encryption.customer_key import ENCRYPTION_MANAGE, CustomerKey
from ctsec.errors import DecryptionFailed, KmsError
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.web import models, views
from ctsec.web._sync_call import Answer, Call
from ctsec.web.http import WebResponse


def encryption_keys(call: Call) -> Answer:
    """List the organization's own keys and its data keys, for those who manage them."""
    refusal = call.may_read(ENCRYPTION_MANAGE)
    if refusal is not None:
        return refusal
    own = call.unit.customer_keys.of_organization(organization=call.organization)
    deks = call.unit.data_keys.of_organization(organization=call.organization)
    told = {"customer_keys": [views.customer_key(each) for each in own], "data_keys": [views.data_key(each) for each in deks]}
    return WebResponse(json=told)


def register_customer_key(call: Call) -> Answer:
    """Take on a key of the organization's own for a region."""
    body = call.read(models.KeyReference)
    try:
        done = call.unit.customer_keys.register(call.principal, organization=call.organization, ref=body.ref, region=_region(call))
    except (KmsError, DecryptionFailed) as error:
        return _refused(error)
    return _answer(done, status=201)


def replace_customer_key(call: Call) -> Answer:
    """Move to another key."""
    body = call.read(models.KeyReference)
    try:
        done = call.unit.customer_keys.replace(call.principal, organization=call.organization, ref=body.ref, region=_region(call))
    except (KmsError, DecryptionFailed) as error:
        return _refused(error)
    return _answer(done)


def rotate_customer_key(call: Call) -> Answer:
    """Wrap the data keys anew, after the key was rotated at its service."""
    try:
        done = call.unit.customer_keys.rotate(call.principal, organization=call.organization, region=_region(call))
    except (KmsError, DecryptionFailed) as error:
        return _refused(error)
    return _answer(done)


def withdraw_customer_key(call: Call) -> Answer:
    """Give the key up: the data keys go back under the deployment's."""
    try:
        done = call.unit.customer_keys.withdraw(call.principal, organization=call.organization, region=_region(call))
    except (KmsError, DecryptionFailed) as error:
        return _refused(error)
    return _answer(done)


def forget_customer_key(call: Call) -> Answer:
    """Drop what was unwrapped under the key, in every process."""
    return _answer(call.unit.customer_keys.forget(call.principal, organization=call.organization, region=_region(call)))


def rotate_data_key(call: Call) -> Answer:
    """Give new data of a region another data key."""
    try:
        done = call.unit.data_keys.rotate(call.principal, organization=call.organization, region=_region(call))
    except KmsError as error:
        return _refused(error)
    return done if isinstance(done, Refusal) else WebResponse(json=views.data_key(done))


def destroy_data_keys(call: Call) -> Answer:
    """Destroy every data key, and with them all that they sealed; the body repeats the organization's id."""
    if call.read(models.Destruction).organization_id != call.organization:
        return Refusal(Reason.INVALID_INPUT, "expected the id of this organization, to be sure")
    done = call.unit.data_keys.destroy(call.principal, organization=call.organization)
    return done if isinstance(done, Refusal) else WebResponse(json={"destroyed": done})


def destroy_retired_data_keys(call: Call) -> Answer:
    """Destroy the replaced data keys that nothing needs any more."""
    done = call.unit.data_keys.destroy_retired(call.principal, organization=call.organization)
    return done if isinstance(done, Refusal) else WebResponse(json={"destroyed": done})


def _region(call: Call) -> str:
    return call.request.params["region"]


def _refused(error: KmsError | DecryptionFailed) -> Refusal:
    """Return what the customer's key service said: it is the caller's own key. What may be tried again goes on as an error."""
    if error.retryable:
        raise error
    return Refusal(Reason.CONFLICT, f"the key service refuses the key ({error.code}): {error}")


def _answer(done: Outcome[CustomerKey], *, status: int = 200) -> Answer:
    return done if isinstance(done, Refusal) else WebResponse(status=status, json=views.customer_key(done))
