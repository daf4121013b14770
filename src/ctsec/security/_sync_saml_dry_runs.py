# Generated from src/ctsec/security/_async_saml_dry_runs.py by tools/twin.py; edit that file.
"""Dry runs of connections that speak SAML: what a form that an administrator's browser brings back would come to (async source).

Rules that this module keeps:

- the form comes from another site, and no session with it: the browser is known by the cookie of the request, and the session is the one
  that the request remembers. It has to count still, and its person to manage the connection still; who signed out sees nothing;
- nothing is written but that the assertion was used, and one event that says how the dry run ended;
- the precise reason of a refusal is told to the browser that began it, and to nobody else.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ctsec.ids import SessionId
from ctsec.jose.rejection import Rejected
from ctsec.outcome import Outcome
from ctsec.security._sync_unit import Unit
from ctsec.sso import saml
from ctsec.sso._sync_saml_messages import Remembered
from ctsec.sso.oidc.identity import ExternalIdentity
from ctsec.sso.record import Connection
from ctsec.sso.saml.peer import SamlPeer
from ctsec.sso.trial import DryRun, Told, showable

if TYPE_CHECKING:
    from ctsec.sso.saml.assertion import VerifiedAssertion


def try_out(unit: Unit, found: Connection, asked: Remembered, *, response: str, now: datetime) -> Outcome[DryRun]:
    """Return what the sign-in would have come to.

    Reasons: INVALID_CREDENTIALS if the session in which it was begun counts no more, and what `sso:manage` refuses.
    """
    actor = unit.sso_trials.who_began(SessionId(asked.trial))
    if actor is None or actor.id != asked.person:
        return unit.sso.refuse(found, "callback_other_session")
    refusal = unit.sso_entrance.refusal(actor, organization=found.organization_id)
    if refusal is not None:
        return refusal
    peer = unit.sso_ready.peer(found)
    done = _judged(unit, found, peer, asked, response=response, now=now)
    unit.sso_trials.tried(actor, found, problem=done.problem)
    return done


def _judged(unit: Unit, found: Connection, peer: SamlPeer, asked: Remembered, *, response: str, now: datetime) -> DryRun:
    verified = saml.verify(response, trust=peer.trust, request=asked.sent, now=now)
    if isinstance(verified, Rejected):
        return DryRun(connection=found.id, problem=verified.reason.value)
    if not unit.saml_messages.take(found, verified):
        return DryRun(connection=found.id, problem="assertion_came_before")
    identity: ExternalIdentity | Rejected = saml.read_assertion(verified, peer=peer)
    claims = showable(_told(verified))
    if isinstance(identity, Rejected):
        return DryRun(connection=found.id, problem=identity.reason.value, claims=claims)
    arrival = unit.sso_trials.judge(found, identity, domains=peer.domains)
    return DryRun(connection=found.id, problem=arrival.why, claims=claims, identity=identity, arrival=arrival)


def _told(assertion: VerifiedAssertion) -> Told:
    """Return what the provider signed, without what names the assertion or the session there."""
    return {
        "issuer": assertion.issuer,
        "name_id": assertion.name_id.value,
        "name_id_format": assertion.name_id.format,
        "authenticated_at": assertion.authenticated_at.isoformat(),
        "context_class": assertion.context_class,
        "session_until": assertion.session_until.isoformat() if assertion.session_until is not None else None,
        "encrypted": assertion.encrypted,
        "attributes": {each.name: list(each.values) for each in assertion.attributes},
    }
