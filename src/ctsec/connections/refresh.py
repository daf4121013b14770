"""When a token is handed out, when it is refreshed and by whom, and what an answer makes of it.

Rules that this module keeps:

- a token is refreshed before it ends, at a moment that is drawn, and one that is about to end is handed out no more;
- one process at a time refreshes: it has a lease that outlasts whatever it may wait for; meanwhile a token that is good is handed out;
- a refresh token that would end unused is refreshed before, where the provider states its life, in its last quarter at the latest;
- a refresh whose process was lost is done again after the lease: the tokens that were there are there still;
- a token that the API refused is handed out no more and is refreshed at once, but none that is younger than a minute: who is refused again
  and again asks the provider once a minute;
- only a word of a closed list ends a connection; any other failure is waited out, each time longer, and never ends one;
- a grant that is refused after an answer was lost may be one that was replaced: the log says so, and the person has to consent again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeAlias

from ctsec.connections.record import StoredTokens, TokenState
from ctsec.ids import Random
from ctsec.jose.token_answer import TokenSet

# A fetch takes at most 60 seconds (`ctsec.transport.fetch`), after a wait for a thread that is shorter than another 60.
LEASE: Final = timedelta(minutes=2)
MARGIN: Final = timedelta(minutes=5)
LAST_MOMENTS: Final = timedelta(seconds=30)
FIRST_RETRY: Final = timedelta(seconds=2)
LAST_RETRY: Final = timedelta(minutes=5)
REFUSED_REST: Final = timedelta(minutes=1)
INTERRUPTED: Final = "interrupted"
NO_REFRESH_TOKEN: Final = "no_refresh_token"


Span: TypeAlias = tuple[datetime | None, datetime | None, datetime | None]


class Verdict(StrEnum):
    """What to do for who asks for a token."""

    USE = "use"
    REFRESH = "refresh"
    WAIT = "wait"
    BACK_OFF = "back_off"
    EXPIRED = "expired"
    BROKEN = "broken"


class Fate(StrEnum):
    """What a failure means: it passes, the person has to consent again, or the grant was withdrawn."""

    RETRY = "retry"
    CONSENT_NEEDED = "consent_needed"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Failed:
    """A refresh that failed: what that means, and why in one word."""

    fate: Fate
    why: str


def usable(tokens: StoredTokens, *, now: datetime) -> bool:
    """Tell whether the access token may be handed out: not in its last moments (half a minute, or a twentieth of a short life)."""
    if tokens.expires_at is None:
        return True
    return now < tokens.expires_at - min(LAST_MOMENTS, (tokens.expires_at - tokens.refreshed_at) / 20)


def judge(tokens: StoredTokens, *, now: datetime, refused: bool = False) -> Verdict:
    """Return what to do for who asks for the access token now; `refused` says that the API refused this very one."""
    if tokens.state is not TokenState.LIVE:
        return Verdict.BROKEN
    if refused:
        if tokens.lease_until is not None and now < tokens.lease_until:
            return Verdict.WAIT
        return Verdict.BACK_OFF if now < rests_until(tokens) else Verdict.REFRESH
    good = usable(tokens, now=now)
    due = min((each for each in (tokens.due_at, tokens.keep_at) if each is not None), default=None)
    if due is None:
        return Verdict.USE if good else Verdict.EXPIRED
    if good and now < due:
        return Verdict.USE
    if tokens.lease_until is not None and now < tokens.lease_until:
        return Verdict.USE if good else Verdict.WAIT
    if tokens.retry_at is not None and now < tokens.retry_at:
        return Verdict.USE if good else Verdict.BACK_OFF
    return Verdict.REFRESH


def rests_until(tokens: StoredTokens) -> datetime:
    """Return from when on a token that the API refused is refreshed."""
    rested = tokens.refreshed_at + REFUSED_REST
    return rested if tokens.retry_at is None else max(rested, tokens.retry_at)


def leased(tokens: StoredTokens, *, now: datetime) -> StoredTokens:
    """Return tokens as one process takes the lease of their refresh."""
    return replace(tokens, lease_until=now + LEASE, version=tokens.version + 1)


def was_interrupted(tokens: StoredTokens) -> bool:
    """Tell whether an earlier answer may have been lost, with tokens in it: the lease ran out, or there was no answer."""
    return tokens.lease_until is not None or tokens.failures > 0


@dataclass(frozen=True, slots=True)
class Lives:
    """How long tokens of a provider are good where its answers do not say: the access token, and a refresh token that nobody uses."""

    access: timedelta | None = None
    unused: timedelta | None = None


def spans(given: TokenSet, *, lives: Lives, refreshes: bool, now: datetime, random: Random) -> Span:
    """Return when an access token ends, when it is refreshed, and when it is refreshed though nobody asks.

    It is refreshed one to two margins before its end, of five minutes or a tenth of its life; unasked in the last quarter of the refresh
    token's life, or up to an eighth of that life before it.
    """
    lasts = given.life if given.life is not None else lives.access
    unused = given.unused if given.unused is not None else lives.unused
    drawn = int.from_bytes(random(2), "big") / 65_535
    kept = now + unused * (0.75 - drawn / 8) if refreshes and unused is not None else None
    if lasts is None:
        return None, None, kept
    margin = min(MARGIN, lasts / 10)
    return now + lasts, now + lasts - margin * (1 + drawn) if refreshes else None, kept


def renewed(tokens: StoredTokens, *, sealed: bytes, ends: Span, now: datetime) -> StoredTokens:
    """Return tokens after the provider gave others, sealed, which end and are due as `ends` says."""
    return replace(
        tokens,
        sealed=sealed,
        state=TokenState.LIVE,
        refreshed_at=now,
        expires_at=ends[0],
        due_at=ends[1],
        keep_at=ends[2],
        lease_until=None,
        retry_at=None,
        failures=0,
        failing_since=None,
        problem="",
        version=tokens.version + 1,
    )


def failed(tokens: StoredTokens, failure: Failed, *, now: datetime, random: Random) -> StoredTokens:
    """Return tokens after a failure. One that passes is waited out: from two seconds doubling to five minutes, of which half is drawn."""
    if failure.fate is not Fate.RETRY:
        state = TokenState.REVOKED if failure.fate is Fate.REVOKED else TokenState.CONSENT_NEEDED
        return replace(tokens, state=state, lease_until=None, retry_at=None, problem=failure.why, version=tokens.version + 1)
    wait = min(LAST_RETRY, FIRST_RETRY * 2 ** min(tokens.failures, 10))
    return replace(
        tokens,
        lease_until=None,
        retry_at=now + wait * (0.5 + int.from_bytes(random(2), "big") / 131_070),
        failures=tokens.failures + 1,
        failing_since=tokens.failing_since or now,
        problem=failure.why,
        version=tokens.version + 1,
    )
