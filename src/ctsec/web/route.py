"""One line of the table of routes, and the ways to write it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

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
