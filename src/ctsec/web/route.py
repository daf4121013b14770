"""One line of the table of routes, and the ways to write it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from ctsec.outcome import Reason, Refusal
from ctsec.principal import SESSIONS, CredentialKind, Principal
from ctsec.web.http import MAX_BODY
from ctsec.web.models import Body


class Needs(StrEnum):
    """What a route asks of its caller: nothing, a session of a person, any principal, API keys too, or an operator of the deployment."""

    NOTHING = "nothing"
    SESSION = "session"
    PRINCIPAL = "principal"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route: what it asks for, the `operation` that answers, and what it answers with; `streams` says that this is a file.

    One that is `apart` opens its own short units: it waits for somebody else in between. `more_query` lets parameters stand that are not
    named here, where somebody else writes the address.
    One with `glass` is a setting of single sign-on: it judges by itself whether a break-glass code opens it, which all others do not see.
    One that is `foreign` is a form that a page of another site posts on purpose (SAML's POST binding): what binds it to this browser is
    judged by its operation, and no Origin is asked for. `longest` is how many bytes of body it takes.
    To one that `lands` a browser comes back from a provider: where the host has a page for that, it goes on there (`ctsec.web.landing`).
    One that takes `long` runs in a unit that only reads, whatever its method: on SQLite a unit that writes would keep others waiting.
    """

    method: str
    path: str
    operation: str
    summary: str
    needs: Needs = Needs.PRINCIPAL
    body: type[Body] | None = None
    query: tuple[str, ...] = ()
    status: int = 200
    returns: tuple[str, ...] = ()
    long: bool = False
    streams: bool = False
    apart: bool = False
    more_query: bool = False
    glass: bool = False
    foreign: bool = False
    longest: int = MAX_BODY
    lands: bool = False


# What a session through a provider may use besides its organization's routes; account settings take the account's own proof.
_OWN: Final = frozenset({"sign_out", "session", "organizations", "step_up", "step_up_options", "step_up_passkey", "complete_app"})
_SESSION_ONLY: Final = Refusal(Reason.DENIED, "this takes a signed-in session; an API key can not do it")
_ACCOUNT_ONLY: Final = Refusal(Reason.DENIED, "this takes a session of the account itself; sign in with your own password or passkey")


def session_refusal(route: Route, principal: Principal) -> Refusal | None:
    """Return why a credential may not use a route, or None."""
    kind = principal.credential.kind
    if route.needs is Needs.SESSION and kind not in SESSIONS:
        return _SESSION_ONLY
    placed = "{organization_id}" in route.path or "{workspace_id}" in route.path
    return _ACCOUNT_ONLY if kind is CredentialKind.SSO_SESSION and not placed and route.operation not in _OWN else None


def principal_route(line: str, summary: str, *, needs: Needs = Needs.PRINCIPAL, status: int = 200, **rest: Any) -> Route:
    """Return the route of a line `METHOD /path operation` for any principal."""
    method, path, operation = line.split()
    return Route(method=method, path=path, operation=operation, summary=summary, needs=needs, status=status, **rest)


def open_route(line: str, summary: str, **rest: Any) -> Route:
    """Return a route for everybody."""
    return principal_route(line, summary, needs=Needs.NOTHING, **rest)


def session_route(line: str, summary: str, **rest: Any) -> Route:
    """Return a route for signed-in people."""
    return principal_route(line, summary, needs=Needs.SESSION, **rest)


def operator_route(line: str, summary: str, **rest: Any) -> Route:
    """Return a route for those who run the deployment, as the host names them."""
    return principal_route(line, summary, needs=Needs.OPERATOR, **rest)
