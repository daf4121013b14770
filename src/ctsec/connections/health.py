"""What is wrong with connections, for whoever can put it right."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from ctsec.connections.record import AppConnection, StoredTokens, TokenState
from ctsec.connections.refresh import NO_REFRESH_TOKEN, Verdict, judge

NOTICE: Final = timedelta(days=14)
GRANT_TOO_OLD: Final = "grant_too_old"


class AppHealth(StrEnum):
    """How a connection is: it works, its provider can not be asked at the moment, its person has to consent again, or was revoked."""

    FINE = "fine"
    FAILING = "failing"
    CONSENT_NEEDED = "consent_needed"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class AppStatus:
    """A connection and how it is; `problem` is why in one word, `since` from when on its provider could not be asked.

    `consent_by` is when the organization's rules ask for another consent, None if they never do.
    """

    app: AppConnection
    health: AppHealth
    problem: str = ""
    since: datetime | None = None
    expires_at: datetime | None = None
    refreshed_at: datetime | None = None
    consent_by: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DueApp:
    """A connection whose person is to consent again, and since when."""

    status: AppStatus
    due_at: datetime


def to_remind(app: AppConnection, *, longest: timedelta | None, now: datetime) -> datetime | None:
    """Return the end that somebody is to be told of now: of a consent that is due for its age, once for each end; None if there is none."""
    end = app.consent_by(longest)
    due = end is not None and app.ended_at is None and end <= now + NOTICE
    return end if due and app.reminded_for != end else None


def due_app(status: AppStatus, *, by: datetime) -> DueApp | None:
    """Return a connection as due by some time: fourteen days before a consent is too old, or since it is of no use; None if it is not."""
    age = status.consent_by - NOTICE if status.consent_by is not None else None
    if status.health in {AppHealth.CONSENT_NEEDED, AppHealth.REVOKED} and status.problem != GRANT_TOO_OLD:
        return DueApp(status=status, due_at=status.refreshed_at or status.app.connected_at)
    return DueApp(status=status, due_at=age) if age is not None and age <= by else None


def status_of(app: AppConnection, tokens: StoredTokens | None, *, now: datetime, longest: timedelta | None = None) -> AppStatus:
    """Return how a connection is; one without tokens was interrupted as it was made. A consent counts for `longest` (None: for ever)."""
    consent_by = app.consent_by(longest)
    if tokens is None:
        return AppStatus(app=app, health=AppHealth.CONSENT_NEEDED, problem="interrupted", consent_by=consent_by)
    health, problem = AppHealth.FINE, tokens.problem
    if tokens.state is TokenState.REVOKED:
        health = AppHealth.REVOKED
    elif tokens.state is TokenState.CONSENT_NEEDED:
        health = AppHealth.CONSENT_NEEDED
    elif judge(tokens, now=now) is Verdict.EXPIRED:
        health, problem = AppHealth.CONSENT_NEEDED, NO_REFRESH_TOKEN
    elif consent_by is not None and consent_by <= now:
        health, problem = AppHealth.CONSENT_NEEDED, GRANT_TOO_OLD
    elif tokens.failures:
        health = AppHealth.FAILING
    return AppStatus(
        app=app,
        health=health,
        problem=problem,
        since=tokens.failing_since,
        expires_at=tokens.expires_at,
        refreshed_at=tokens.refreshed_at,
        consent_by=consent_by,
    )
