"""The page of settings says what the options and policies of a bundle are."""

from __future__ import annotations

import re
from dataclasses import fields
from datetime import timedelta
from enum import IntEnum
from typing import Any, Final

from ctsec.audit.alerts import AlertPolicy
from ctsec.audit.retention import RetentionPolicy
from ctsec.authn.argon2 import Argon2Parameters
from ctsec.authn.record import SessionPolicy
from ctsec.connections import AppPolicy
from ctsec.encryption import CustomerKeyPolicy, HoldingPolicy, RingPolicy
from ctsec.guard import ThrottlePolicy
from ctsec.keys import KeyPolicy
from ctsec.rbac import ElevationPolicy
from ctsec.recovery import RecoveryPolicy
from ctsec.security import EmbeddedOptions
from ctsec.sso import SsoPolicy
from ctsec.storage.sql import EngineSettings
from ctsec.transport import Transport
from tests.examples.pages import ROOT

PAGE: Final = ROOT / "docs" / "reference" / "settings.md"
POLICIES: Final[tuple[type[Any], ...]] = (
    SessionPolicy, ThrottlePolicy, KeyPolicy, ElevationPolicy, RecoveryPolicy, RingPolicy, HoldingPolicy, CustomerKeyPolicy,
    RetentionPolicy, AlertPolicy, SsoPolicy, AppPolicy, Argon2Parameters, Transport, EngineSettings,
)  # fmt: skip
UNITS: Final = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def default(value: object) -> str:
    """Return a default as the page says it: times in their largest whole unit, records by their class."""
    match value:
        case None | "" | ():
            return "-"
        case bool():
            return "yes" if value else "no"
        case timedelta() if not value:
            return "0"
        case timedelta():
            seconds = int(value.total_seconds())
            name, size = next((name, size) for name, size in UNITS if seconds % size == 0)
            return f"{seconds // size} {name}{'' if seconds == size else 's'}"
        case str():
            return f"`{value}`" if value.islower() and "/" in value else str(value)
        case IntEnum():
            return value.name
        case int() | float():
            return f"{value:,}"
        case dict() if not value:
            return "-"
        case _:
            return f"`{type(value).__name__}`"


def kept(policy: type[Any]) -> str:
    """Return the fields of a policy with their defaults."""
    made = policy()
    return ", ".join(f"`{each.name}` ({default(getattr(made, each.name))})" for each in fields(policy))


def told(heading: str) -> list[list[str]]:
    """Return the cells of the rows below a heading of the page, down to the next one of its level."""
    part = PAGE.read_text("utf-8").split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return [line.strip("| ").split(" | ") for line in part.splitlines() if re.match(r"\| `", line)]


def test_every_option_is_on_the_page() -> None:
    """Each field of EmbeddedOptions stands on the page once, with its type and what it is without a word."""
    made = EmbeddedOptions()
    expected = [(f"`{each.name}`", f"`{each.type}`", default(getattr(made, each.name))) for each in fields(EmbeddedOptions)]
    assert sorted((name, kind.replace("\\", ""), value) for name, kind, value, _ in told("Options")) == sorted(expected)


def test_every_policy_is_on_the_page() -> None:
    """Each policy stands on the page with its fields and their defaults."""
    assert [(name, what) for name, what, _ in told("Policies")] == [(f"`{policy.__name__}`", kept(policy)) for policy in POLICIES]
