"""Dry runs: an administrator signs in at a provider to see what that would come to, and nobody is signed in (async source).

Rules that this module keeps:

- it is begun in a session, by who manages the connection and has just proved a second factor; it counts once, within ten minutes, in
  that browser and that session, by who may still manage the connection;
- no account, membership, role, link, grant or session is written, and no sign-in is recorded: one event says how the dry run ended;
- the tokens that came are dropped. They are not given back: some providers would end the person's other sign-ins with them;
- the precise reason of a refusal is told: to this person, and to nobody else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ctsec.ambient import Ambient, Request
from ctsec.ids import ConnectionId, OrganizationId, UserId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import SESSIONS, Principal
from ctsec.security._async_providers import AsyncProviders, KnownProvider
from ctsec.security._async_saml import AsyncSaml
from ctsec.security._async_sso_logout import Units
from ctsec.security.sso_redirect import SignInRedirect
from ctsec.sso._async_pending import Resumed
from ctsec.sso.oidc.authorization import PENDING_LIFE, begin_sign_in
from ctsec.sso.trial import DryRun, showable

_NO_SESSION: Final = Refusal(Reason.NOT_AUTHENTICATED, "sign in first: a dry run takes a session")
_UNFIT: Final = Refusal(Reason.CONFLICT, "the connection can not be used as it is; its doctor says why")


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """What came back to a connection: the parameters as they stood, and who is signed in in the browser that brought them."""

    connection: ConnectionId
    given: tuple[tuple[str, str], ...]
    principal: Principal | None


class AsyncSsoDryRuns:
    """Begins dry runs, of drafts too; `security.sso.complete` ends them, and `security.sso.saml.complete` those that speak SAML."""

    __slots__ = ("_ambient", "_begin", "_providers", "_saml")

    def __init__(self, begin: Units, *, providers: AsyncProviders, saml: AsyncSaml, ambient: Ambient) -> None:
        self._saml = saml
        self._begin = begin
        self._providers = providers
        self._ambient = ambient

    async def begin(
        self, actor: Principal, connection: ConnectionId, *, organization: OrganizationId, request: Request | None = None
    ) -> Outcome[SignInRedirect]:
        """Begin a dry run. Reasons: NOT_AUTHENTICATED, what `sso:manage` refuses, STEP_UP_REQUIRED, NOT_FOUND, THROTTLED; CONFLICT if the
        connection can not be used, or its provider can not be asked (the doctor says why).
        """
        if actor.credential.kind not in SESSIONS:
            return _NO_SESSION
        async with self._begin(request) as unit:
            refusal = await unit.connections.refusal(actor, organization=organization)
            if refusal is not None:
                return refusal
            found = await unit.sso_trials.found(connection, organization=organization)
            if isinstance(found, Refusal):
                return found
            own = await unit.sso_trials.own_side(found)
            charge = await unit.sso_pending.charge()
            if isinstance(charge, Refusal):
                return charge
        if own.peer is not None:
            return await self._saml.begin(found, principal=actor, charge=charge, trial=actor.credential.id, request=request)
        kept = await self._providers.known(found, own.client) if own.client is not None else "unfit"
        if own.client is None or isinstance(kept, str):
            return _UNFIT
        begun = begin_sign_in(own.client, kept.metadata, now=self._ambient.now(), random=self._ambient.random)
        async with self._begin(request) as unit:
            browser = await unit.sso_pending.remember(begun.pending, person=UserId(actor.id), charge=charge, trial=actor.credential.id)
        return SignInRedirect(url=begun.url, browser=browser, expires_at=begun.pending.begun_at + PENDING_LIFE)

    async def complete(self, back: Callback, resumed: Resumed, *, request: Request | None = None) -> Outcome[DryRun]:
        """Return what the sign-in would have come to.

        Reasons: INVALID_CREDENTIALS in another session, NOT_FOUND, what `sso:manage` refuses.
        """
        actor = back.principal
        async with self._begin(request) as unit:
            found = await unit.sso_trials.found(back.connection, organization=None)
            if isinstance(found, Refusal):
                return found
            if actor is None or (actor.id, actor.credential.id) != (resumed.person, resumed.trial):
                return await unit.sso.refuse(found, "callback_other_session")
            refusal = await unit.sso_entrance.refusal(actor, organization=found.organization_id)
            if refusal is not None:
                return refusal
            client = await unit.connections.client(found)
            if client is None:
                return _UNFIT
        known = await self._providers.known(found, client)
        proved = (
            await self._providers.proved(known, client, pending=resumed.pending, given=back.given)
            if isinstance(known, KnownProvider)
            else known
        )
        async with self._begin(request) as unit:
            if isinstance(proved, str):
                done = DryRun(connection=found.id, problem=proved)
            else:
                arrival = await unit.sso_trials.judge(found, proved.identity, domains=client.domains)
                done = DryRun(
                    connection=found.id,
                    problem=arrival.why,
                    claims=showable(proved.id_token.claims if proved.id_token is not None else None),
                    userinfo=showable(proved.userinfo),
                    identity=proved.identity,
                    arrival=arrival,
                )
            await unit.sso_trials.tried(actor, found, problem=done.problem)
        return done
