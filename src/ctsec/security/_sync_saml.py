# Generated from src/ctsec/security/_async_saml.py by tools/twin.py; edit that file.
"""Sign-ins through providers that speak SAML, from the button to the session (async source).

Rules that this module keeps:

- a request is used up before its answer is looked at, and an assertion before anybody is signed in;
- which of the two flows a form belongs to is decided by what is remembered here, for this browser, and by the signed assertion: one that
  names a request is never taken for one that was begun at the provider;
- a sign-in that was begun at the provider is accepted only where the connection says so, and links nothing to a signed-in account;
- a dry run branches off before the connection is looked up as one that signs people in (`_sync_saml_dry_runs`);
- outward there is one refusal for whatever is wrong; which rule was broken is in the log of the connection's organization.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from ctsec.ambient import Ambient, Request
from ctsec.authn.journey import SignInStep
from ctsec.guard.attempts import Charge
from ctsec.ids import ConnectionId, UserId
from ctsec.jose.rejection import Rejected
from ctsec.outcome import Reason, Refusal
from ctsec.principal import Principal
from ctsec.security._sync_saml_dry_runs import try_out
from ctsec.security._sync_saml_logout import SamlLogouts
from ctsec.security._sync_sso_logout import Units
from ctsec.security.sso_redirect import SignInRedirect
from ctsec.sso import saml
from ctsec.sso._sync_saml_messages import Recalled, SamlMessages
from ctsec.sso.grant import Held
from ctsec.sso.oidc.identity import ExternalIdentity
from ctsec.sso.record import Connection, LinkedIdentity, identity_digest
from ctsec.sso.saml.peer import SamlPeer
from ctsec.sso.saml.trust import SentRequest, Unsolicited
from ctsec.sso.trial import DryRun

if TYPE_CHECKING:
    from ctsec.sso.saml.assertion import VerifiedAssertion  # it brings lxml, which is loaded with the first message

_NO_CONNECTION = Refusal(Reason.NOT_FOUND, "there is no such way to sign in")


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """A form that came to a connection: both fields as they stood, and what the browser keeps for this RelayState."""

    connection: ConnectionId
    response: str
    relay: str
    browser: str


class Saml:
    """Sends people to providers that speak SAML, and takes what they bring back."""

    __slots__ = ("_ambient", "_begin", "logouts")

    def __init__(self, begin: Units, *, ambient: Ambient) -> None:
        self._begin = begin
        self._ambient = ambient
        self.logouts = SamlLogouts(begin, ambient=ambient)

    def begin(
        self, found: Connection, *, principal: Principal | None, charge: Charge, trial: str = "", request: Request | None = None
    ) -> SignInRedirect:
        """Begin a sign-in, or with `principal` the link of an identity; `security.sso.begin` has judged it."""
        with self._begin(request) as unit:
            peer, messages = unit.sso_ready.peer(found), unit.saml_messages
            return self._sent(messages, peer, principal=principal, charge=charge, trial=trial)

    def _sent(self, messages: SamlMessages, peer: SamlPeer, *, principal: Principal | None, charge: Charge, trial: str) -> SignInRedirect:
        settings = peer.settings
        message, sent = saml.authn_request(
            peer.trust,
            sso_url=settings.sso_redirect or settings.sso_post,
            wanted=saml.Wanted(force_authn=settings.force_authn, name_format=peer.asked_name),
            now=self._ambient.now(),
            random=self._ambient.random,
        )
        tokens = messages.tokens()
        connection = ConnectionId(peer.trust.connection)
        person, session = (UserId(principal.id), principal.credential.id) if principal is not None else (None, "")
        kept = messages.remember(connection, sent, tokens=tokens, person=person, charge=charge, trial=trial, session=session)
        if settings.sso_redirect:
            url, form = message.redirect(relay_state=kept.relay, key=peer.signer), None
        else:
            posted = message.form(relay_state=kept.relay, key=peer.signer)
            url, form = posted.url, posted.fields
        return SignInRedirect(url=url, browser=kept.browser, expires_at=kept.expires_at, form=form, relay=kept.relay)

    def complete(
        self, connection: ConnectionId, *, response: str, relay: str, browser: str, request: Request | None = None
    ) -> SignInStep | LinkedIdentity | DryRun:
        """Take a form to its end: `response` and `relay` are its fields, `browser` is what the browser keeps for this RelayState.

        Reasons: NOT_FOUND for no enabled connection that speaks SAML, THROTTLED, INVALID_CREDENTIALS for everything else that is wrong.
        """
        came = Came(connection=connection, response=response, relay=relay, browser=browser)
        with self._begin(request) as unit:
            found = unit.sso_trials.found(connection, organization=None)
            if isinstance(found, Refusal) or not found.provider.saml:
                return _NO_CONNECTION
            recalled = unit.saml_messages.recall(connection, relay=relay, browser=browser)
            if isinstance(recalled, Refusal):
                return recalled
            if recalled.asked is not None and recalled.asked.trial:
                return try_out(unit, found, recalled.asked, response=response, now=self._ambient.now())
            found = unit.sso.enabled(connection)
            if isinstance(found, Refusal):
                return found
            peer = unit.sso_ready.peer(found)
            verified = _judged(came, peer, recalled, now=self._ambient.now())
            if isinstance(verified, str):
                return unit.sso.refuse(found, verified)
            if not unit.saml_messages.take(found, verified):
                return unit.sso.refuse(found, "assertion_came_before")
            if recalled.asked is None:
                unit.sso_pending.settle(recalled.charge)
        asked = recalled.asked
        identity = saml.read_assertion(verified, peer=peer)
        with self._begin(request) as unit:
            if isinstance(identity, Rejected):
                return unit.sso.refuse(found, identity.reason.value)
            if asked is not None and asked.person is not None:
                if not unit.sso_trials.goes_on(asked.session, person=asked.person):
                    return unit.sso.refuse(found, "callback_other_session")
                return unit.sso.link(asked.person, connection, identity)
            return unit.sso.arrive(connection, identity, held=_held(verified, identity, peer=peer))


def _judged(came: Came, peer: SamlPeer, recalled: Recalled, *, now: datetime) -> VerifiedAssertion | str:
    """Return what the provider signed, or in one word why that is not accepted."""
    asked = recalled.asked
    if recalled.why:
        return recalled.why
    if asked is None and not peer.settings.idp_initiated:
        return "callback_no_state" if not came.relay else "callback_wrong_browser"
    request: SentRequest | Unsolicited = asked.sent if asked is not None else Unsolicited()
    verified = saml.verify(came.response, trust=peer.trust, request=request, now=now)
    return verified.reason.value if isinstance(verified, Rejected) else verified


def _held(assertion: VerifiedAssertion, identity: ExternalIdentity, *, peer: SamlPeer) -> Held:
    """Return what is kept of a sign-in: whom the provider will mean when it says that a session is over."""
    connection, issuer = identity.connection, assertion.issuer
    session = assertion.session_index
    return Held(
        subject=identity_digest(connection, issuer, assertion.name_id.value),
        provider_session=identity_digest(connection, issuer, session) if session is not None else None,
        sign_out_name=saml.kept_name(assertion) if peer.trust.slo_url else "",
        until=assertion.session_until,
    )
