# Generated from src/ctsec/web/_async_devices.py by tools/twin.py; edit that file.
"""Operations of known devices (async source)."""

from __future__ import annotations

from ctsec.ids import DeviceId, UserId
from ctsec.outcome import Refusal
from ctsec.web import views
from ctsec.web._sync_call import Answer, Call, no_content
from ctsec.web.guarding import NOT_FOUND
from ctsec.web.http import WebResponse


def devices(call: Call) -> Answer:
    """List the devices that the caller has signed in with before."""
    found = call.unit.devices.of(UserId(call.principal.id))
    return WebResponse(json={"devices": [views.device(each) for each in found]})


def revoke_device(call: Call) -> Answer:
    """Forget one of the caller's devices; another person's is answered like none."""
    device = DeviceId(call.request.params["device_id"])
    own = [each.id for each in call.unit.devices.of(UserId(call.principal.id)) if each.current]
    done = call.unit.devices.revoke(call.principal, device)
    if isinstance(done, Refusal):
        return done
    return no_content(*([call.site.clear_device_cookie()] if device in own else [])) if done else NOT_FOUND


def distrust_device(call: Call) -> Answer:
    """Have one of the caller's devices asked for the second step again; another person's is answered like none."""
    done = call.unit.devices.distrust(call.principal, DeviceId(call.request.params["device_id"]))
    return done if isinstance(done, Refusal) else no_content() if done else NOT_FOUND


def revoke_other_devices(call: Call) -> Answer:
    """Forget all of the caller's devices but the one that the request comes from."""
    done = call.unit.devices.revoke_all(call.principal, keep_this=True)
    return done if isinstance(done, Refusal) else WebResponse(json={"revoked": done})
