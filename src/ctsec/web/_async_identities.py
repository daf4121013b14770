"""Operations of identities at providers: a person's own, and those of members (async source)."""

from __future__ import annotations

from ctsec.outcome import Refusal
from ctsec.sso.record import LinkedIdentity
from ctsec.web._async_call import Answer, AsyncCall, no_content
from ctsec.web._async_sso_entrance import may_see_sso
from ctsec.web.http import WebResponse
from ctsec.web.views import View, moment


async def identities(call: AsyncCall) -> Answer:
    """List what is linked to the caller's own account."""
    found = await call.unit.sso_identities.own(call.principal)
    return found if isinstance(found, Refusal) else WebResponse(json={"identities": [_shown(each) for each in found]})


async def unlink_identity(call: AsyncCall) -> Answer:
    """Unlink one of the caller's own."""
    done = await call.unit.sso_identities.unlink_own(call.principal, identity=_named(call))
    return done if isinstance(done, Refusal) else no_content()


async def member_identities(call: AsyncCall) -> Answer:
    """List what is linked to a member's account through the organization's connections, for those who manage them."""
    refusal = await may_see_sso(call)
    if refusal is not None:
        return refusal
    found = await call.unit.sso_identities.of_member(call.user, organization=call.organization)
    return WebResponse(json={"identities": [_shown(each) for each in found]})


async def unlink_member_identity(call: AsyncCall) -> Answer:
    """Unlink one of a member's."""
    organization, user, identity = call.organization, call.user, _named(call)
    done = await call.unit.sso_identities.unlink(call.principal, organization=organization, user=user, identity=identity)
    return done if isinstance(done, Refusal) else no_content()


def _named(call: AsyncCall) -> bytes:
    return bytes.fromhex(call.request.params["identity_id"])


def _shown(identity: LinkedIdentity) -> View:
    return {
        "id": identity.digest.hex(),
        "connection_id": identity.connection_id,
        "organization_id": identity.organization_id,
        "issuer": identity.issuer,
        "subject": identity.subject,
        "linked_by": identity.linked_by.value,
        "linked_at": moment(identity.linked_at),
    }
