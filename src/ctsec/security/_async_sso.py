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
from ctsec.security._async_providers import AsyncProviders
from ctsec.security._async_revalidation import AsyncRevalidation
from ctsec.security._async_saml import AsyncSaml
from ctsec.security._async_saml_metadata import AsyncSamlMetadata
from ctsec.security._async_sso_doctor import AsyncSsoDoctor
from ctsec.security._async_sso_dry_runs import AsyncSsoDryRuns, Callback
from ctsec.security._async_sso_logout import UNFIT, AsyncSsoLogouts, Units
from ctsec.security.sso_redirect import SignInRedirect
from ctsec.sso._async_ports import AsyncFetches
from ctsec.sso.grant import held_from
from ctsec.sso.oidc.authorization import PENDING_LIFE, begin_sign_in
from ctsec.sso.policy import SsoPolicy
from ctsec.sso.record import Connection, LinkedIdentity
from ctsec.sso.trial import DryRun

_AWAY: Final = Refusal(Reason.CONFLICT, "your provider can not be asked at this moment; try again later")


class AsyncSso:
    """Signs people in through the connections of organizations.

    `logouts` takes what their providers say is over, `checks` asks them about the sessions that came through them. `doctor`
    says what is wrong with a connection, and `dry_runs` show what a sign-in through it would come to. `saml` takes what providers that
    speak SAML send back, and `saml_metadata` reads what they say of themselves.
    """

    __slots__ = ("_ambient", "_begin", "_providers", "checks", "doctor", "dry_runs", "logouts", "saml", "saml_metadata")

    def __init__(self, begin: Units, *, ambient: Ambient, policy: SsoPolicy, fetcher: AsyncFetches | None = None) -> None:
        self._begin = begin
        self._providers = providers = AsyncProviders(ambient=ambient, policy=policy, fetcher=fetcher)
        self._ambient = ambient
        self.logouts = AsyncSsoLogouts(begin, providers=providers)
        self.saml = AsyncSaml(begin, ambient=ambient)
        self.dry_runs = AsyncSsoDryRuns(begin, providers=providers, saml=self.saml, ambient=ambient)
        self.saml_metadata = AsyncSamlMetadata(begin, providers=providers, policy=policy, ambient=ambient)
        self.doctor = AsyncSsoDoctor(begin, providers=providers, metadata=self.saml_metadata.fetched, ambient=ambient)
        self.checks = AsyncRevalidation(lambda: begin(None), providers=providers)

    async def begin(
        self, connection: ConnectionId, *, email: str = "", principal: Principal | None = None, request: Request | None = None
    ) -> Outcome[SignInRedirect]:
        """Begin a sign-in, or, with `principal`, the link of an identity to a signed-in person's account.

        Reasons: NOT_FOUND, CONFLICT if the provider can not be asked, THROTTLED; for a link NOT_AUTHENTICATED and STEP_UP_REQUIRED too.
        """
        async with self._begin(request) as unit:
            found = await unit.sso.enabled(connection)
            if isinstance(found, Refusal):
                return found
            refusal = await unit.sso.may_link(principal, found) if principal is not None else None
            if refusal is not None:
                return refusal
            charge = await unit.sso_pending.charge()
            if isinstance(charge, Refusal):
                return charge
            client = await unit.connections.client(found) if not found.provider.saml else None
            if client is None and not found.provider.saml:
                await unit.sso.refuse(found, UNFIT)
                return _AWAY
        if client is None:
            return await self.saml.begin(found, principal=principal, charge=charge, request=request)
        kept = await self._providers.known(found, client)
        if isinstance(kept, str):
            async with self._begin(request) as unit:
                await unit.sso.refuse(found, kept)
            return _AWAY
        begun = begin_sign_in(client, kept.metadata, now=self._ambient.now(), random=self._ambient.random, login_hint=email)
        async with self._begin(request) as unit:
            person, session = (UserId(principal.id), principal.credential.id) if principal is not None else (None, "")
            browser = await unit.sso_pending.remember(begun.pending, person=person, charge=charge, session=session)
        return SignInRedirect(url=begun.url, browser=browser, expires_at=begun.pending.begun_at + PENDING_LIFE)

    async def complete(
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
        async with self._begin(request) as unit:
            resumed = await unit.sso_pending.resume(connection, state=state, browser=browser)
        if isinstance(resumed, Refusal):
            return resumed
        if resumed.trial:
            back = Callback(connection=connection, given=given, principal=principal)
            return await self.dry_runs.complete(back, resumed, request=request)
        async with self._begin(request) as unit:
            found = await unit.sso.enabled(connection)
            if isinstance(found, Refusal):
                return found
            client = await unit.connections.client(found)
            if client is None:
                return await unit.sso.refuse(found, UNFIT)
        kept = await self._providers.known(found, client)
        outcome = kept if isinstance(kept, str) else await self._providers.proved(kept, client, pending=resumed.pending, given=given)
        async with self._begin(request) as unit:
            if isinstance(outcome, str) or isinstance(kept, str):
                return await unit.sso.refuse(found, str(outcome))
            if resumed.person is not None:
                if not await unit.sso_trials.goes_on(resumed.session, person=resumed.person):
                    return await unit.sso.refuse(found, "callback_other_session")
                return await unit.sso.link(resumed.person, connection, outcome.identity)
            held = held_from(outcome, client=client, metadata=kept.metadata)
            return await unit.sso.arrive(connection, outcome.identity, held=held)

    async def test(
        self, actor: Principal, connection: ConnectionId, *, organization: OrganizationId, request: Request | None = None
    ) -> Outcome[Connection]:
        """Ask the provider for its document, and keep whether that is what the connection says; `tested_at` tells if it passed."""
        async with self._begin(request) as unit:
            every = await unit.connections.of_organization(organization=organization)
            found = next((each for each in every if each.id == connection), None)
            refusal = await unit.connections.refusal(actor, organization=organization)
            if refusal is not None:
                return refusal
            if found is None:
                return Refusal(Reason.NOT_FOUND, "there is no such connection")
            client = await unit.connections.client(found) if not found.provider.saml else None
            if found.provider.saml:
                # Nobody is asked: what can be judged of it is judged when it is made ready, as a sign-in does.
                await unit.sso_ready.peer(found)
        self._providers.forget(connection)
        kept = await self._providers.known(found, client) if client is not None else None if found.provider.saml else UNFIT
        problem = kept if isinstance(kept, str) else None
        async with self._begin(request) as unit:
            return await unit.connections.tested(actor, found, organization=organization, problem=problem)
