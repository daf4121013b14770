# Generated from src/ctsec/security/_async_saml_logout.py by tools/twin.py; edit that file.
"""Single logout with providers that speak SAML: what they say is over, and what they answer to us (SAML Profiles, 4.4; async source).

Rules that this module keeps:

- what is not signed by the connection's provider, for this connection, now, ends nothing; each takes from the allowance of its address
  block first, and what is right gives that back;
- what a request names ends first, and then its id is used up, as with other notices of providers; the answer is signed;
- an answer is looked at for one request of ours, which it uses up, and ends nothing: the session here is over since it was sent;
- which rule was broken is in the log of the connection's organization, and outward there is one answer.
"""

from __future__ import annotations

from ctsec.ambient import Ambient, Request
from ctsec.ids import ConnectionId
from ctsec.jose.rejection import Rejected
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.security._sync_sso_logout import Units
from ctsec.security._sync_unit import Unit
from ctsec.sso import saml
from ctsec.sso.oidc.logout import LogoutNotice
from ctsec.sso.record import Connection, identity_digest
from ctsec.sso.saml.peer import SamlPeer
from ctsec.sso.saml.reason import SamlReason
from ctsec.sso.saml.trust import MAX_RELAY_STATE
from ctsec.sso.sign_out import SignedOutThere, SignOutRedirect

_NO_CONNECTION = Refusal(Reason.NOT_FOUND, "there is no such way to sign in")


class SamlLogouts:
    """Takes what browsers bring from providers about sign-outs."""

    __slots__ = ("_ambient", "_begin")

    def __init__(self, begin: Units, *, ambient: Ambient) -> None:
        self._begin = begin
        self._ambient = ambient

    def asked(
        self, connection: ConnectionId, *, arrived: saml.Posted | saml.Redirected, relay: str = "", request: Request | None = None
    ) -> Outcome[SignOutRedirect]:
        """End the sessions that a provider's LogoutRequest names, and return where the browser takes the signed answer.

        `relay` is the RelayState of a form; that of an address is read from it. Reasons: NOT_FOUND for no enabled connection that speaks
        SAML, THROTTLED, INVALID_TOKEN for a request that is not accepted or came before.
        """
        with self._begin(request) as unit:
            found = _speaks(unit, connection)
            if isinstance(found, Refusal):
                return found
            charge = unit.sso_pending.charge()
            if isinstance(charge, Refusal):
                return charge
            if len(relay) > MAX_RELAY_STATE:
                return unit.sso_notices.refuse(found, SamlReason.QUERY_MALFORMED.value)
            peer = unit.sso_ready.peer(found)
            wanted = saml.verify_logout_request(arrived, trust=peer.trust, now=self._ambient.now())
            if isinstance(wanted, Rejected):
                return unit.sso_notices.refuse(found, wanted.reason.value)
            notice = LogoutNotice(issuer=wanted.issuer, token_id=wanted.id, forget_at=wanted.forget_at)
            if unit.sso_notices.seen(found, notice):
                return unit.sso_notices.refuse(found, "request_came_before")
            named, *sessions = (identity_digest(found.id, wanted.issuer, each) for each in (wanted.name_id.value, *wanted.session_indexes))
            unit.sso_grants.notified(found, subject=named, provider_sessions=sessions or [None])
        with self._begin(request) as unit:
            if not unit.sso_notices.take(found, notice):
                return unit.sso_notices.refuse(found, "request_came_before")
            unit.sso_pending.settle(charge)
        return self._answer(peer, wanted, relay=wanted.relay_state or relay)

    def answered(
        self, connection: ConnectionId, *, arrived: saml.Posted | saml.Redirected, relay: str, request: Request | None = None
    ) -> Outcome[SignedOutThere]:
        """Return what a provider's LogoutResponse says of the sign-out that `relay`, its RelayState, belongs to. Reasons as of `asked`."""
        with self._begin(request) as unit:
            found = _speaks(unit, connection)
            if isinstance(found, Refusal):
                return found
            charge = unit.sso_pending.charge()
            if isinstance(charge, Refusal):
                return charge
            sent = unit.saml_departures.recall(connection, relay=relay)
            if isinstance(sent, str):
                return unit.sso_notices.refuse(found, sent)
            peer = unit.sso_ready.peer(found)
            said = saml.verify_logout_response(arrived, trust=peer.trust, request=sent, now=self._ambient.now())
            if isinstance(said, Rejected):
                return unit.sso_notices.refuse(found, said.reason.value)
            unit.sso_pending.settle(charge)
            back_to = unit.sso_grants.back_to
        return SignedOutThere(complete=said.complete, back_to=back_to)

    def _answer(self, peer: SamlPeer, wanted: saml.LogoutRequest, *, relay: str) -> SignOutRedirect:
        settings = peer.settings
        message = saml.logout_response(
            peer.trust,
            slo_url=settings.slo_redirect or settings.slo_post,
            request=wanted,
            complete=True,
            now=self._ambient.now(),
            random=self._ambient.random,
        )
        if settings.slo_redirect:
            return SignOutRedirect(url=message.redirect(relay_state=relay, key=peer.keys[0]))
        form = message.form(relay_state=relay, key=peer.keys[0])
        return SignOutRedirect(url=form.url, form=form.fields)


def _speaks(unit: Unit, connection: ConnectionId) -> Outcome[Connection]:
    found = unit.sso.enabled(connection)
    return found if isinstance(found, Refusal) or found.provider.saml else _NO_CONNECTION
