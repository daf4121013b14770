# Generated from src/ctsec/web/_async_identities.py by tools/twin.py; edit that file.
"""Operations of identities at providers: a person's own, and those of members (async source)."""

from __future__ import annotations

from ctsec.outcome import Refusal
from ctsec.sso.record import LinkedIdentity
from ctsec.web._sync_call import Answer, Call, no_content
from ctsec.web._sync_sso_entrance import may_see_sso
from ctsec.web.http import WebResponse
from ctsec.web.views import View, moment


def identities(call: Call) -> Answer:
    """List what is linked to the caller's own account."""
    found = call.unit.sso_identities.own(call.principal)
    return found if isinstance(found, Refusal) else WebResponse(json={"identities": [_shown(each) for each in found]})


def unlink_identity(call: Call) -> Answer:
    """Unlink one of the caller's own."""
    done = call.unit.sso_identities.unlink_own(call.principal, identity=_named(call))
    return done if isinstance(done, Refusal) else no_content()


def member_identities(call: Call) -> Answer:
    """List what is linked to a member's account through the organization's connections, for those who manage them."""
    refusal = may_see_sso(call)
    if refusal is not None:
        return refusal
    found = call.unit.sso_identities.of_member(call.user, organization=call.organization)
    return WebResponse(json={"identities": [_shown(each) for each in found]})


def unlink_member_identity(call: Call) -> Answer:
    """Unlink one of a member's."""
    organization, user, identity = call.organization, call.user, _named(call)
    done = call.unit.sso_identities.unlink(call.principal, organization=organization, user=user, identity=identity)
    return done if isinstance(done, Refusal) else no_content()


def _named(call: Call) -> bytes:
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
