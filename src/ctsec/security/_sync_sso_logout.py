# Generated from src/ctsec/security/_async_sso_logout.py by tools/twin.py; edit that file.
"""What providers say is over: back-channel logout (OpenID Connect Back-Channel Logout 1.0, 2.5 to 2.8; async source).

Rules that this module keeps:

- a notice takes from the allowance of its address block before anything else is done for it, and one that is right gives that back;
- no transaction is open while the provider's keys are asked for;
- what it names ends first, and then its id is used up: nobody loses a logout in between, and to end twice what is over changes nothing;
- which rule a token broke is in the log of the connection's organization, and outward there is one answer.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final, TypeAlias

from ctsec.ambient import Request
from ctsec.errors import FetchError
from ctsec.ids import ConnectionId
from ctsec.jose.rejection import Rejected
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.security._sync_providers import KnownProvider, Providers
from ctsec.security._sync_unit import Unit
from ctsec.sso.oidc.client import OidcClient
from ctsec.sso.oidc.flow import Judged, judge_logout
from ctsec.sso.oidc.key_cache import KeyCache, Steps
from ctsec.sso.oidc.logout import LogoutNotice
from ctsec.sso.oidc.tokens import Exchange
from ctsec.sso.record import Connection, identity_digest

UNFIT: Final = "connection_unfit"
Units: TypeAlias = Callable[[Request | None], AbstractContextManager[Unit]]


class SsoLogouts:
    """Takes the notices of providers."""

    __slots__ = ("_begin", "_providers")

    def __init__(self, begin: Units, *, providers: Providers) -> None:
        self._begin = begin
        self._providers = providers

    def notice(self, connection: ConnectionId, *, token: str, request: Request | None = None) -> Outcome[int]:
        """End the sessions that a logout token names, and return how many.

        Reasons: NOT_FOUND for no enabled connection, THROTTLED, INVALID_TOKEN for a token that is not accepted or came before.
        """
        with self._begin(request) as unit:
            found = unit.sso.enabled(connection)
            if isinstance(found, Refusal) or found.provider.saml:
                return found if isinstance(found, Refusal) else Refusal(Reason.NOT_FOUND, "there is no such way to sign in")
            charge = unit.sso_pending.charge()
            if isinstance(charge, Refusal):
                return charge
            client = unit.connections.client(found)
            if client is None:
                return unit.sso_notices.refuse(found, UNFIT)
        known = self._providers.known(found, client)
        notice = known if isinstance(known, str) else self._judged(known, client, token)
        if isinstance(notice, str):
            return self._refuse(found, notice, request)
        with self._begin(request) as unit:
            if unit.sso_notices.seen(found, notice):
                return unit.sso_notices.refuse(found, "token_came_before")
            ended = unit.sso_grants.notified(
                found, subject=_named(found, notice, notice.subject), provider_sessions=(_named(found, notice, notice.session),)
            )
        with self._begin(request) as unit:
            if not unit.sso_notices.take(found, notice):
                return unit.sso_notices.refuse(found, "token_came_before")
            unit.sso_pending.settle(charge)
        return ended

    def _judged(self, known: KnownProvider, client: OidcClient, token: str) -> LogoutNotice | str:
        def judging(exchange: Exchange, keys: KeyCache | None) -> Steps[Judged]:
            return judge_logout(exchange, token=token, keys=keys)

        try:
            outcome = (self._providers.judge(known, client, judging)).outcome
        except FetchError as error:
            return error.reason
        if isinstance(outcome, LogoutNotice):
            return outcome
        return outcome.reason.value if isinstance(outcome, Rejected) else "unexpected"

    def _refuse(self, connection: Connection, why: str, request: Request | None) -> Refusal:
        with self._begin(request) as unit:
            return unit.sso_notices.refuse(connection, why)


def _named(connection: Connection, notice: LogoutNotice, name: str | None) -> bytes | None:
    return identity_digest(connection.id, notice.issuer, name) if name is not None else None
