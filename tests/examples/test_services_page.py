"""The page of services says what a unit of work offers."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final, get_type_hints

from ctsec.security import Unit
from tests.examples.pages import ROOT

PAGE: Final = ROOT / "docs" / "reference" / "services.md"


@cache
def services() -> tuple[tuple[str, type[Any], str], ...]:
    """Return each service of a unit: its name, its class, and what its documentation says first."""
    found: list[tuple[str, type[Any], str]] = []
    for name in sorted(name for name in dir(Unit) if not name.startswith("_")):
        held: Any = inspect.getattr_static(Unit, name)
        found.append((name, get_type_hints(held.fget)["return"], first(held.fget)))
    return tuple(found)


def first(of: object) -> str:
    """Return the first sentence of a documentation, on one line."""
    text = " ".join((inspect.getdoc(of) or "").split("\n\n")[0].split())
    return re.split(r"(?<=\.) (?=[A-Z`])", text)[0].rstrip(".").replace("|", "\\|")


def rows(name: str, service: type[Any]) -> Iterator[str]:
    """Yield the rows of a service: each of its methods with the names of its arguments, those with a default in brackets."""
    for method, value in sorted(vars(service).items()):
        if inspect.isfunction(value) and not method.startswith("_"):
            yield f"| `{name}.{method}({', '.join(arguments(value))})` | {first(value)} |"


def arguments(function: Any) -> Iterator[str]:
    """Yield the names of a method's arguments as they are written in a call."""
    for each in list(inspect.signature(function).parameters.values())[1:]:
        star = "*" if each.kind is each.VAR_POSITIONAL else "**" if each.kind is each.VAR_KEYWORD else ""
        word = f"{each.name}=" if each.kind is each.KEYWORD_ONLY else f"{star}{each.name}"
        yield word if each.default is each.empty else f"[{word}]"


def test_every_service_is_on_the_page_with_its_methods() -> None:
    """Each service that hosts call stands on the page with each public method, and nothing else does."""
    told = [line for line in PAGE.read_text("utf-8").splitlines() if re.match(r"\| `\w+\.\w+\(", line)]
    inside = {name for name, _, says in services() if says.endswith("calls it") or name in INSIDE}
    assert told == [row for name, service, _ in services() if name not in inside for row in rows(name, service)]


# What the worker's jobs and the routes are made of, and a host has no use for.
INSIDE: Final = frozenset({"lifecycle_work", "recovery", "scim", "sso_checks", "sso_grants", "sso_notices"})
