"""What is wrong with connections, for whoever can put it right."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from ctsec.connections.record import AppConnection, StoredTokens, TokenState
from ctsec.connections.refresh import NO_REFRESH_TOKEN, Verdict, judge


class AppHealth(StrEnum):
    """How a connection is: it works, its provider can not be asked at the moment, its person has to consent again, or was revoked."""

    FINE = "fine"
    FAILING = "failing"
    CONSENT_NEEDED = "consent_needed"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppStatus:
    """A connection and how it is; `problem` is why in one word, `since` from when on its provider could not be asked."""

    app: AppConnection
    health: AppHealth
    problem: str = ""
    since: datetime | None = None
    expires_at: datetime | None = None
    refreshed_at: datetime | None = None


def status_of(app: AppConnection, tokens: StoredTokens | None, *, now: datetime) -> AppStatus:
    """Return how a connection is; one without tokens was interrupted as it was made."""
    if tokens is None:
        return AppStatus(app=app, health=AppHealth.CONSENT_NEEDED, problem="interrupted")
    health, problem = AppHealth.FINE, tokens.problem
    if tokens.state is TokenState.REVOKED:
        health = AppHealth.REVOKED
    elif tokens.state is TokenState.CONSENT_NEEDED:
        health = AppHealth.CONSENT_NEEDED
    elif judge(tokens, now=now) is Verdict.EXPIRED:
        health, problem = AppHealth.CONSENT_NEEDED, NO_REFRESH_TOKEN
    elif tokens.failures:
        health = AppHealth.FAILING
    return AppStatus(
        app=app,
        health=health,
        problem=problem,
        since=tokens.failing_since,
        expires_at=tokens.expires_at,
        refreshed_at=tokens.refreshed_at,
    )
