# Generated from src/ctsec/security/_async_sso.py by tools/twin.py; edit that file.
"""Sign-ins through providers, from the button to the session: short units of work, and the provider asked between them (async source).

Rules that this module keeps:

- no transaction is open while a provider is asked, however slow it is;
- what a browser brings back is consumed before the provider hears of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ctsec.ambient import Ambient, Request
from ctsec.authn.journey import SignInStep
from ctsec.ids import ConnectionId, OrganizationId, UserId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Principal
from ctsec.security._sync_providers import Providers
from ctsec.security._sync_revalidation import Revalidation
from ctsec.security._sync_saml import Saml
from ctsec.security._sync_saml_metadata import SamlMetadata
from ctsec.security._sync_sso_doctor import SsoDoctor
from ctsec.security._sync_sso_dry_runs import Callback, SsoDryRuns
from ctsec.security._sync_sso_logout import UNFIT, SsoLogouts, Units
from ctsec.security.sso_redirect import SignInRedirect
from ctsec.sso._sync_ports import Fetches
from ctsec.sso.grant import held_from
from ctsec.sso.oidc.authorization import PENDING_LIFE, begin_sign_in
from ctsec.sso.policy import SsoPolicy
from ctsec.sso.record import Connection, LinkedIdentity
from ctsec.sso.trial import DryRun

_AWAY: Final = Refusal(Reason.CONFLICT, "your provider can not be asked at this moment; try again later")


class Sso:
    """Signs people in through the connections of organizations.

    `logouts` takes what their providers say is over, `checks` asks them about the sessions that came through them. `doctor`
    says what is wrong with a connection, and `dry_runs` show what a sign-in through it would come to. `saml` takes what providers that
    speak SAML send back, and `saml_metadata` reads what they say of themselves.
    """

    __slots__ = ("_ambient", "_begin", "_providers", "checks", "doctor", "dry_runs", "logouts", "saml", "saml_metadata")

    def __init__(self, begin: Units, *, ambient: Ambient, policy: SsoPolicy, fetcher: Fetches | None = None) -> None:
        self._begin = begin
        self._providers = providers = Providers(ambient=ambient, policy=policy, fetcher=fetcher)
        self._ambient = ambient
        self.logouts = SsoLogouts(begin, providers=providers)
        self.saml = Saml(begin, ambient=ambient)
        self.dry_runs = SsoDryRuns(begin, providers=providers, saml=self.saml, ambient=ambient)
        self.saml_metadata = SamlMetadata(begin, providers=providers, policy=policy, ambient=ambient)
        self.doctor = SsoDoctor(begin, providers=providers, metadata=self.saml_metadata.fetched, ambient=ambient)
        self.checks = Revalidation(lambda: begin(None), providers=providers)

    def begin(
        self, connection: ConnectionId, *, email: str = "", principal: Principal | None = None, request: Request | None = None
    ) -> Outcome[SignInRedirect]:
        """Begin a sign-in, or, with `principal`, the link of an identity to a signed-in person's account.

        Reasons: NOT_FOUND, CONFLICT if the provider can not be asked, THROTTLED; for a link NOT_AUTHENTICATED and STEP_UP_REQUIRED too.
        """
        with self._begin(request) as unit:
            found = unit.sso.enabled(connection)
            if isinstance(found, Refusal):
                return found
            refusal = unit.sso.may_link(principal, found) if principal is not None else None
            if refusal is not None:
                return refusal
            charge = unit.sso_pending.charge()
            if isinstance(charge, Refusal):
                return charge
            client = unit.connections.client(found) if not found.provider.saml else None
            if client is None and not found.provider.saml:
                unit.sso.refuse(found, UNFIT)
                return _AWAY
        if client is None:
            return self.saml.begin(found, principal=principal, charge=charge, request=request)
        kept = self._providers.known(found, client)
        if isinstance(kept, str):
            with self._begin(request) as unit:
                unit.sso.refuse(found, kept)
            return _AWAY
        begun = begin_sign_in(client, kept.metadata, now=self._ambient.now(), random=self._ambient.random, login_hint=email)
        with self._begin(request) as unit:
            person, session = (UserId(principal.id), principal.credential.id) if principal is not None else (None, "")
            browser = unit.sso_pending.remember(begun.pending, person=person, charge=charge, session=session)
        return SignInRedirect(url=begun.url, browser=browser, expires_at=begun.pending.begun_at + PENDING_LIFE)

    def complete(
        self,
        connection: ConnectionId,
        *,
        parameters: Iterable[tuple[str, str]],
        browser: str,
        principal: Principal | None = None,
        request: Request | None = None,
    ) -> SignInStep | LinkedIdentity | DryRun:
        """Take a callback to its end; `parameters` as they stood in the address, `browser` is what the browser has kept.

        `principal` is who is signed in in this browser, if anybody is: a dry run is for who began it.

        Reasons: INVALID_TOKEN for what was not begun in this browser for this connection or was used, INVALID_CREDENTIALS for everything
        that the provider's answer or the organization's rules do not allow; which of these it was is in the log.
        """
        given = tuple(parameters)
        state = next((value for name, value in given if name == "state"), "")
        with self._begin(request) as unit:
            resumed = unit.sso_pending.resume(connection, state=state, browser=browser)
        if isinstance(resumed, Refusal):
            return resumed
        if resumed.trial:
            back = Callback(connection=connection, given=given, principal=principal)
            return self.dry_runs.complete(back, resumed, request=request)
        with self._begin(request) as unit:
            found = unit.sso.enabled(connection)
            if isinstance(found, Refusal):
                return found
            client = unit.connections.client(found)
            if client is None:
                return unit.sso.refuse(found, UNFIT)
        kept = self._providers.known(found, client)
        outcome = kept if isinstance(kept, str) else self._providers.proved(kept, client, pending=resumed.pending, given=given)
        with self._begin(request) as unit:
            if isinstance(outcome, str) or isinstance(kept, str):
                return unit.sso.refuse(found, str(outcome))
            if resumed.person is not None:
                if not unit.sso_trials.goes_on(resumed.session, person=resumed.person):
                    return unit.sso.refuse(found, "callback_other_session")
                return unit.sso.link(resumed.person, connection, outcome.identity)
            held = held_from(outcome, client=client, metadata=kept.metadata)
            return unit.sso.arrive(connection, outcome.identity, held=held)

    def test(
        self, actor: Principal, connection: ConnectionId, *, organization: OrganizationId, request: Request | None = None
    ) -> Outcome[Connection]:
        """Ask the provider for its document, and keep whether that is what the connection says; `tested_at` tells if it passed."""
        with self._begin(request) as unit:
            every = unit.connections.of_organization(organization=organization)
            found = next((each for each in every if each.id == connection), None)
            refusal = unit.connections.refusal(actor, organization=organization)
            if refusal is not None:
                return refusal
            if found is None:
                return Refusal(Reason.NOT_FOUND, "there is no such connection")
            client = unit.connections.client(found) if not found.provider.saml else None
            if found.provider.saml:
                # Nobody is asked: what can be judged of it is judged when it is made ready, as a sign-in does.
                unit.sso_ready.peer(found)
        self._providers.forget(connection)
        kept = self._providers.known(found, client) if client is not None else None if found.provider.saml else UNFIT
        problem = kept if isinstance(kept, str) else None
        with self._begin(request) as unit:
            return unit.connections.tested(actor, found, organization=organization, problem=problem)
