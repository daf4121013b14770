"""The page of routes says what the table of routes says."""

from __future__ import annotations

import re
from typing import Final

from ctsec.web.route import Needs, Route
from ctsec.web.table import ROUTES
from tests.examples.pages import ROOT

PAGE: Final = ROOT / "docs" / "reference" / "routes.md"
WHO: Final = {Needs.NOTHING: "anybody", Needs.SESSION: "a session", Needs.PRINCIPAL: "a session or key", Needs.OPERATOR: "an operator"}


def said(route: Route) -> str:
    """Return the row of a route: its method and path, who may call it, what it takes and answers, and what it is for."""
    return f"| `{route.method} {route.path}` | {WHO[route.needs]} | {taken(route)} | {answered(route)} | {route.summary} |"


def taken(route: Route) -> str:
    """Return the fields of the body, those that may be left out with their defaults, and the parameters of the query."""
    fields = {} if route.body is None else route.body.model_fields
    needed = [f"`{name}`" for name, each in fields.items() if each.is_required()]
    shown = {name: f" ({each.default})" if type(each.default) in {str, int} and each.default != "" else "" for name, each in fields.items()}
    optional = [f"`{name}`{shown[name]}" for name, each in fields.items() if not each.is_required()]
    parts = [
        ", ".join(needed),
        f"optional {', '.join(optional)}" if optional else "",
        f"query {listed(route.query)}" if route.query else "",
    ]
    return "; ".join(part for part in parts if part) or "-"


def answered(route: Route) -> str:
    """Return the status and the fields of an answer that went well."""
    if route.streams:
        return f"{route.status}, a file"
    names = [name.partition(":")[0] for name in route.returns]
    return f"{route.status} {listed(tuple(names))}".strip() if names else str(route.status)


def listed(names: tuple[str, ...]) -> str:
    """Return names as code."""
    return ", ".join(f"`{name}`" for name in names)


def test_every_route_is_on_the_page_once() -> None:
    """Each route of both hosts stands on the page as the table has it, and nothing else does."""
    told = [line for line in PAGE.read_text("utf-8").splitlines() if re.match(r"\| `[A-Z]+ /", line)]
    assert sorted(told) == sorted(map(said, ROUTES))
