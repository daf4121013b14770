"""What is kept of a connected app: who connected it, in the main store, and its tokens, in the guard store.

Rules that this module keeps:

- a connection belongs to an organization, and to one person there or to nobody: then it is the organization's own;
- tokens are stored sealed under the organization's key, bound to their connection, and show themselves nowhere;
- a record is written over the version that was read, and over nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from ctsec.encryption.context import Context
from ctsec.ids import AppId, OrganizationId, UserId
from ctsec.secret import SecretText

MANAGE: Final = "connected_apps:manage"
USE: Final = "connected_apps:use"
OWN: Final = "connected_apps:own"
GIVE_UP: Final = timedelta(days=3)
FIRST_TRY: Final = timedelta(minutes=3)
LAST_TRY: Final = timedelta(hours=6)
CLAIM: Final = timedelta(minutes=5)
MAX_CONNECTIONS: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class AppConnection:
    """One connection. `scopes` are those that were granted, in order, separated by spaces.

    From `ended_at` on its tokens are given to nobody; what is left is to give them back to the provider: next at `due_at`, after `tries`.
    `reminded_for` is the end of the consent that somebody was told of.
    """

    id: AppId
    organization_id: OrganizationId
    user_id: UserId | None
    provider: str
    scopes: str
    connected_by: str
    connected_at: datetime
    ended_at: datetime | None = None
    due_at: datetime | None = None
    tries: int = 0
    version: int = 1
    reminded_for: datetime | None = None

    def consent_by(self, longest: timedelta | None) -> datetime | None:
        """Return when the organization asks for another consent, if it lets one count for `longest` (None: it never does)."""
        return self.connected_at + longest if longest is not None else None

    def reminded(self, *, end: datetime) -> AppConnection:
        """Return the connection after somebody was told when its consent is too old."""
        return replace(self, reminded_for=end, version=self.version + 1)

    def reconnected(self, *, scopes: str, by: str, now: datetime) -> AppConnection:
        """Return the connection after its person has consented again."""
        return replace(self, scopes=scopes, connected_by=by, connected_at=now, version=self.version + 1)

    def ended(self, *, now: datetime) -> AppConnection:
        """Return the connection as it ends: its tokens are to be given back at once."""
        return replace(self, ended_at=now, due_at=now, version=self.version + 1)

    def claimed(self, *, now: datetime) -> AppConnection:
        """Return the ended connection as a worker claims it: another takes it up if this one is lost."""
        return replace(self, due_at=now + CLAIM, version=self.version + 1)

    def tried(self, *, now: datetime) -> AppConnection:
        """Return the ended connection after its provider gave no answer: the wait doubles, from three minutes to six hours."""
        wait = min(LAST_TRY, FIRST_TRY * 2 ** min(self.tries, 10))
        return replace(self, due_at=now + wait, tries=self.tries + 1, version=self.version + 1)

    def awaits(self, tokens: StoredTokens | None, *, now: datetime) -> bool:
        """Tell whether tokens of its latest consent may still be on their way: none of that consent are stored, and it was just given."""
        return (tokens is None or tokens.refreshed_at < self.connected_at) and now < self.connected_at + CLAIM

    def given_up(self, *, now: datetime) -> bool:
        """Tell whether the provider was asked to take the tokens back for long enough."""
        return self.ended_at is not None and now >= self.ended_at + GIVE_UP


class TokenState(StrEnum):
    """Whether tokens are of use: they are, the person has to consent again, or the provider says that the grant was withdrawn."""

    LIVE = "live"
    CONSENT_NEEDED = "consent_needed"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTokens:
    """The tokens of a connection. `expires_at` is when the access token ends (None: never, as far as is known).

    `due_at` is when it is refreshed (None: there is nothing to refresh it with), `keep_at` when that is done though nobody asks, so that
    the refresh token does not end unused (None: its provider states no life of it). `lease_until` says that one process is about to use
    the refresh token; `retry_at` that the provider could not be asked and is asked again then, after `failures`, since `failing_since`.
    `problem` is why, in one word.
    """

    id: AppId
    organization_id: OrganizationId
    sealed: bytes = field(repr=False)
    state: TokenState
    refreshed_at: datetime
    expires_at: datetime | None
    due_at: datetime | None
    lease_until: datetime | None = None
    retry_at: datetime | None = None
    failures: int = 0
    failing_since: datetime | None = None
    problem: str = ""
    version: int = 1
    keep_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """The tokens themselves."""

    access: SecretText
    refresh: SecretText | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """An access token, good until `expires_at` (None: not known to end), with the scopes that were granted."""

    secret: SecretText = field(repr=False)
    expires_at: datetime | None
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Tokens that one process may refresh: as they are stored now, opened, and whether an earlier answer may have been lost."""

    app: AppConnection
    tokens: StoredTokens
    pair: Pair
    interrupted: bool


@dataclass(frozen=True, slots=True)
class Waiting:
    """Another process refreshes, and there is nothing to hand out meanwhile."""


def pack(pair: Pair) -> bytes:
    """Return tokens as they are sealed."""
    told: dict[str, Any] = {"access": pair.access.reveal()}
    return json.dumps(told | ({"refresh": pair.refresh.reveal()} if pair.refresh is not None else {})).encode()


def unpack(blob: bytes) -> Pair:
    """Return the tokens in an opened blob."""
    told: Mapping[str, str] = json.loads(blob)
    refresh = told.get("refresh")
    return Pair(access=SecretText(told["access"]), refresh=SecretText(refresh) if refresh is not None else None)


def tokens_context(organization: OrganizationId, app: AppId) -> Context:
    """Return what sealed tokens are bound to."""
    return Context(organization=organization, table="app_token", row=app, field="sealed", purpose="connected_app")
