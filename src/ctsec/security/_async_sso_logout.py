"""What providers say is over: back-channel logout (OpenID Connect Back-Channel Logout 1.0, 2.5 to 2.8; async source).

Rules that this module keeps:

- a notice takes from the allowance of its address block before anything else is done for it, and one that is right gives that back;
- no transaction is open while the provider's keys are asked for;
- what it names ends first, and then its id is used up: nobody loses a logout in between, and to end twice what is over changes nothing;
- which rule a token broke is in the log of the connection's organization, and outward there is one answer.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, TypeAlias

from ctsec.ambient import Request
from ctsec.errors import FetchError
from ctsec.ids import ConnectionId
from ctsec.jose.rejection import Rejected
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.security._async_providers import AsyncProviders, KnownProvider
from ctsec.security._async_unit import AsyncUnit
from ctsec.sso.oidc.client import OidcClient
from ctsec.sso.oidc.flow import Judged, judge_logout
from ctsec.sso.oidc.key_cache import KeyCache, Steps
from ctsec.sso.oidc.logout import LogoutNotice
from ctsec.sso.oidc.tokens import Exchange
from ctsec.sso.record import Connection, identity_digest

UNFIT: Final = "connection_unfit"
Units: TypeAlias = Callable[[Request | None], AbstractAsyncContextManager[AsyncUnit]]


class AsyncSsoLogouts:
    """Takes the notices of providers."""

    __slots__ = ("_begin", "_providers")

    def __init__(self, begin: Units, *, providers: AsyncProviders) -> None:
        self._begin = begin
        self._providers = providers

    async def notice(self, connection: ConnectionId, *, token: str, request: Request | None = None) -> Outcome[int]:
        """End the sessions that a logout token names, and return how many.

        Reasons: NOT_FOUND for no enabled connection, THROTTLED, INVALID_TOKEN for a token that is not accepted or came before.
        """
        async with self._begin(request) as unit:
            found = await unit.sso.enabled(connection)
            if isinstance(found, Refusal) or found.provider.saml:
                return found if isinstance(found, Refusal) else Refusal(Reason.NOT_FOUND, "there is no such way to sign in")
            charge = await unit.sso_pending.charge()
            if isinstance(charge, Refusal):
                return charge
            client = await unit.connections.client(found)
            if client is None:
                return await unit.sso_notices.refuse(found, UNFIT)
        known = await self._providers.known(found, client)
        notice = known if isinstance(known, str) else await self._judged(known, client, token)
        if isinstance(notice, str):
            return await self._refuse(found, notice, request)
        async with self._begin(request) as unit:
            if await unit.sso_notices.seen(found, notice):
                return await unit.sso_notices.refuse(found, "token_came_before")
            ended = await unit.sso_grants.notified(
                found, subject=_named(found, notice, notice.subject), provider_sessions=(_named(found, notice, notice.session),)
            )
        async with self._begin(request) as unit:
            if not await unit.sso_notices.take(found, notice):
                return await unit.sso_notices.refuse(found, "token_came_before")
            await unit.sso_pending.settle(charge)
        return ended

    async def _judged(self, known: KnownProvider, client: OidcClient, token: str) -> LogoutNotice | str:
        def judging(exchange: Exchange, keys: KeyCache | None) -> Steps[Judged]:
            return judge_logout(exchange, token=token, keys=keys)

        try:
            outcome = (await self._providers.judge(known, client, judging)).outcome
        except FetchError as error:
            return error.reason
        if isinstance(outcome, LogoutNotice):
            return outcome
        return outcome.reason.value if isinstance(outcome, Rejected) else "unexpected"

    async def _refuse(self, connection: Connection, why: str, request: Request | None) -> Refusal:
        async with self._begin(request) as unit:
            return await unit.sso_notices.refuse(connection, why)


def _named(connection: Connection, notice: LogoutNotice, name: str | None) -> bytes | None:
    return identity_digest(connection.id, notice.issuer, name) if name is not None else None
