"""What the doctor of a connection reports: named checks, each with its verdict, what was seen and what to do.

Rules that this module keeps:

- names are a closed list, stable: hosts word them, and the reference page explains each;
- what a provider said is shown cut and printable, and no secret of either side is in a report;
- a report is sound when nothing in it would refuse a sign-in; a warning is what may surprise somebody later.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from ctsec.ids import ConnectionId

_SHOWN: Final = 200


class Verdict(StrEnum):
    """How a check ended: FAIL refuses sign-ins, WARN does not."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


class CheckName(StrEnum):
    """The checks of a connection, in the order in which they are reported."""

    SETTINGS = "settings"
    SECRET = "secret"
    REDIRECT_URI = "redirect_uri"
    DOMAINS = "domains"
    PRESET = "preset"
    TESTED = "tested"
    DRY_RUN = "dry_run"
    REQUIREMENT = "requirement"
    BREAK_GLASS = "break_glass"
    AUDIENCE = "audience"
    PROVIDER_KEYS = "provider_keys"
    METADATA = "metadata"
    OWN_KEY = "own_key"
    REQUESTS = "requests"
    LOWERED = "lowered"
    DISCOVERY = "discovery"
    PROVIDER_API = "provider_api"
    TLS = "tls"
    CERTIFICATE = "certificate"
    CLOCK = "clock"
    ISSUER = "issuer"
    ENDPOINTS = "endpoints"
    KEYS = "keys"
    ALGORITHMS = "algorithms"
    CODE_FLOW = "code_flow"
    PKCE = "pkce"
    CALLBACK_ISSUER = "callback_issuer"
    SCOPES = "scopes"
    CLIENT_AUTHENTICATION = "client_authentication"
    CLAIMS = "claims"
    USERINFO = "userinfo"
    REFRESH = "refresh"
    END_SESSION = "end_session"
    REVOCATION = "revocation"
    BACK_CHANNEL_LOGOUT = "back_channel_logout"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check: what was `seen`, and what to do about it (`advice`, empty where nothing is)."""

    name: CheckName
    verdict: Verdict
    seen: str
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DoctorReport:
    """Every check of one connection."""

    connection: ConnectionId
    looked_at: datetime
    checks: tuple[Check, ...]

    @property
    def sound(self) -> bool:
        """Whether no check failed."""
        return all(each.verdict is not Verdict.FAIL for each in self.checks)


def ok(name: CheckName, seen: str) -> Check:
    """Return a check that is in order."""
    return Check(name=name, verdict=Verdict.OK, seen=seen)


def warn(name: CheckName, seen: str, advice: str) -> Check:
    """Return a check that may surprise somebody later."""
    return Check(name=name, verdict=Verdict.WARN, seen=seen, advice=advice)


def fail(name: CheckName, seen: str, advice: str) -> Check:
    """Return a check that refuses sign-ins."""
    return Check(name=name, verdict=Verdict.FAIL, seen=seen, advice=advice)


def shown(value: object) -> str:
    """Return what a provider said as a short, printable text."""
    text = "".join(each if each.isprintable() else "?" for each in str(value)[: _SHOWN + 1])
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def listed(words: Iterable[object]) -> str:
    """Return words as one short text, `nothing` for none."""
    return shown(", ".join(str(each) for each in words)) or "nothing"
