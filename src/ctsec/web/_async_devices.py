"""Operations of known devices (async source)."""

from __future__ import annotations

from ctsec.ids import DeviceId, UserId
from ctsec.outcome import Refusal
from ctsec.web import views
from ctsec.web._async_call import Answer, AsyncCall, no_content
from ctsec.web.guarding import NOT_FOUND
from ctsec.web.http import WebResponse


async def devices(call: AsyncCall) -> Answer:
    """List the devices that the caller has signed in with before."""
    found = await call.unit.devices.of(UserId(call.principal.id))
    return WebResponse(json={"devices": [views.device(each) for each in found]})


async def revoke_device(call: AsyncCall) -> Answer:
    """Forget one of the caller's devices; another person's is answered like none."""
    device = DeviceId(call.request.params["device_id"])
    own = [each.id for each in await call.unit.devices.of(UserId(call.principal.id)) if each.current]
    done = await call.unit.devices.revoke(call.principal, device)
    if isinstance(done, Refusal):
        return done
    return no_content(*([call.site.clear_device_cookie()] if device in own else [])) if done else NOT_FOUND


async def distrust_device(call: AsyncCall) -> Answer:
    """Have one of the caller's devices asked for the second step again; another person's is answered like none."""
    done = await call.unit.devices.distrust(call.principal, DeviceId(call.request.params["device_id"]))
    return done if isinstance(done, Refusal) else no_content() if done else NOT_FOUND


async def revoke_other_devices(call: AsyncCall) -> Answer:
    """Forget all of the caller's devices but the one that the request comes from."""
    done = await call.unit.devices.revoke_all(call.principal, keep_this=True)
    return done if isinstance(done, Refusal) else WebResponse(json={"revoked": done})
