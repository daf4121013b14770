"""The pages of limits and of input say what the code does, and nothing that has a limit is missing on them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import pytest

from ctsec.authn.argon2_pool import MAX_WAIT, Argon2Bounds
from ctsec.authn.record import SessionPolicy
from ctsec.guard.allowance import AllowancePolicy
from ctsec.guard.attempts import ThrottlePolicy
from ctsec.keys.policy import KeyPolicy
from ctsec.keys.workload_policy import WorkloadPolicy
from ctsec.rbac.elevation import ElevationPolicy
from ctsec.recovery.record import RecoveryPolicy
from ctsec.web.table import ROUTES
from tests.architecture.source import written

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"
POLICIES: Final = {kind.__name__: kind() for kind in (SessionPolicy, ThrottlePolicy, KeyPolicy, ElevationPolicy, RecoveryPolicy)}
FEATURES: Final = ("authn", "mfa", "guard", "keys", "directory", "rbac", "recovery", "vault", "mail")
# Names that tell a limit of time or number of what people and organizations have; the rest bounds texts and formats.
TELLING: Final = re.compile(
    r"^((?:MOST|LONGEST)_\w+|\w+_LIFE|MAX_(?:AUTHENTICATORS|PASSKEYS|OPEN|PERMITS|OVERLAP|SCOPES|ATTEMPTS)): Final", re.MULTILINE
)


def told(page: str) -> dict[str, str]:
    """Return the second cell of each row of a page by its first one."""
    lines = [line.strip("| ").split(" | ") for line in (REFERENCE / page).read_text("utf-8").splitlines() if line.startswith("| `")]
    return {line[0].strip("`"): line[1] for line in lines}


def text(value: object) -> str:
    """Return a limit as the page writes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, timedelta):
        return f"{value:,}"
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
        number, rest = divmod(int(value.total_seconds()), size)
        if number and not rest:
            return f"{number:,} {unit}{'' if number == 1 else 's'}"
    return "0"


def limit(name: str) -> object:
    """Return the value of a name of the page: a field of a policy, or a constant of a module."""
    head, *rest = name.split(".")
    if head in POLICIES:
        found: Any = POLICIES[head]
        for each in rest:
            found = getattr(found, each)
        return found
    module, _, constant = name.rpartition(".")
    return getattr(import_module(f"ctsec.{module}"), constant)


@pytest.mark.proves("ASVS-2.1.3")
def test_every_limit_is_on_the_page_with_its_default() -> None:
    """The tables have each field of each policy, and each constant that limits people and organizations, with the values of the code."""
    page = told("limits.md")
    assert {name: text(limit(name)) for name in page} == page
    configured = set[str]()
    for name, policy in POLICIES.items():
        for each in fields(policy):
            if isinstance(getattr(policy, each.name), WorkloadPolicy):
                continue  # how far issuers are asked is no number
            parts = fields(value) if isinstance(value := getattr(policy, each.name), AllowancePolicy) else ()
            configured |= {f"{name}.{each.name}.{part.name}" for part in parts} or {f"{name}.{each.name}"}
    fixed = {
        f"{'.'.join(module.parts)}.{name}"
        for module in written()
        if module.parts[:1] and module.parts[0] in FEATURES
        for name in TELLING.findall(module.text)
    }
    assert len(configured) > 25
    assert len(fixed) > 15
    assert (configured | fixed) - page.keys() == set()


@pytest.mark.proves("ASVS-15.1.3")
def test_what_costs_much_is_on_the_page_with_its_bound() -> None:
    """Each bound that the page names for costly work is the one of the code."""
    section = (REFERENCE / "limits.md").read_text("utf-8").partition("## What costs much")[2]
    bounds = {name: int(number.replace(",", "")) for name, number in re.findall(r"`([a-z_.]+\.[A-Z_]+)` \(([\d,]+)\)", section)}
    assert len(bounds) >= 6
    assert {name: limit(name) for name in bounds} == bounds
    assert f"`Argon2Bounds.waiting` ({Argon2Bounds().waiting})" in section
    assert f"at most {MAX_WAIT:.0f} seconds" in section


def rule(schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """Return what a field takes, in words."""
    if "$ref" in schema:
        return rule(definitions[schema["$ref"].rpartition("/")[2]], definitions)
    if "anyOf" in schema:
        return " or ".join("null" if each.get("type") == "null" else rule(each, definitions) for each in schema["anyOf"])
    if "enum" in schema:
        return "one of " + ", ".join(schema["enum"])
    if "const" in schema:
        return f"the text {schema['const']}"
    kind, low, high = schema["type"], schema.get("minLength", schema.get("minItems", 0)), schema.get("maxLength", schema.get("maxItems"))
    match kind:
        case "string" if schema.get("format") == "date-time":
            return "time with its date and offset"
        case "string":
            assert high is not None
            return f"text of {low:,} to {high:,} characters"
        case "integer":
            return f"whole number of {schema['minimum']:,} to {schema['maximum']:,}"
        case "array":
            return f"list of {low:,} to {high:,}: {rule(schema['items'], definitions)}"
        case "boolean":
            return "true or false"
        case _:
            return "object, judged by its feature"


def rules() -> Iterator[tuple[str, str, str]]:
    """Yield each field, its rule and the bodies that have it so."""
    found: dict[tuple[str, str], set[str]] = {}
    for model in {route.body for route in ROUTES if route.body is not None}:
        schema = model.model_json_schema()
        for name, field in schema["properties"].items():
            found.setdefault((name, rule(field, schema.get("$defs", {}))), set()).add(model.__name__)
    yield from ((name, words, ", ".join(sorted(bodies))) for (name, words), bodies in sorted(found.items()))


@pytest.mark.proves("ASVS-2.1.1")
def test_every_field_of_every_body_is_on_the_page() -> None:
    """The page of input names each field of each body with exactly the rule that is applied; no text, number or list is without a limit."""
    lines = [line for line in (REFERENCE / "input.md").read_text("utf-8").splitlines() if line.startswith("| `")]
    assert lines == [f"| `{name}` | {words} | {bodies} |" for name, words, bodies in rules()]
