"""An issuer's keys, kept for a while.

Rules that this module keeps:

- keys that are older than an hour are not used: one that was withdrawn does not verify for ever, whether the issuer answers or not;
- a token that no key fits is a reason to ask once in an interval, and not once for each token: whoever makes tokens up would make us ask.
  What was asked in vain counts too.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeAlias, TypeVar

from ctsec.errors import FetchError
from ctsec.jose.jwks import MAX_SET, KeySet, parse_jwks
from ctsec.jose.keys import Algorithm
from ctsec.jose.rejection import Rejected, TokenReason
from ctsec.transport.request import JSON, HttpAnswer, HttpRequest

T = TypeVar("T")
Steps: TypeAlias = Generator[HttpRequest, HttpAnswer, T]
KEYS_LIFE: Final = timedelta(hours=1)
KEYS_INTERVAL: Final = timedelta(minutes=1)
# A signature that no known key made may be one of a key that took over a name, or has none.
_ASK_AGAIN: Final = frozenset({TokenReason.UNKNOWN_KEY, TokenReason.AMBIGUOUS_KEY, TokenReason.BAD_SIGNATURE})


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyCache:
    """The keys of an issuer, when they came (None: never), and when they were asked for last."""

    keys: KeySet
    came_at: datetime | None
    asked_at: datetime

    def is_fresh(self, now: datetime) -> bool:
        """Tell whether these keys may be used; a clock that went back makes them old."""
        return self.came_at is not None and timedelta() <= now - self.came_at < KEYS_LIFE

    def may_ask(self, now: datetime) -> bool:
        """Tell whether the interval since the last question is over."""
        return not timedelta() <= now - self.asked_at < KEYS_INTERVAL


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySource:
    """Where keys are published, the algorithm of RSA keys that name none, and the reason that says that there are none to be had."""

    url: str
    rsa: Algorithm
    unavailable: StrEnum


def judge_with_source(
    check: Callable[[KeySet], T | Rejected], *, source: KeySource, cache: KeyCache | None, now: datetime
) -> Steps[tuple[T | Rejected, KeyCache]]:
    """Return what `check` says of the issuer's keys, asking for them where that is due, and the cache to keep, whatever it says."""
    if cache is None or not cache.is_fresh(now):
        if cache is not None and not cache.may_ask(now):
            return Rejected(source.unavailable), cache
        cache = yield from _ask(source, cache, now)
        if not cache.is_fresh(now):
            return Rejected(source.unavailable), cache
    found = check(cache.keys)
    if isinstance(found, Rejected) and found.reason in _ASK_AGAIN and cache.may_ask(now):
        cache = yield from _ask(source, cache, now)
        found = check(cache.keys)
    return found, cache


def keys_request(url: str) -> HttpRequest:
    """Return what asks for the keys of an issuer."""
    return HttpRequest(url=url, media=JSON | {"application/jwk-set+json"}, limit=MAX_SET)


def _ask(source: KeySource, cache: KeyCache | None, now: datetime) -> Steps[KeyCache]:
    before = cache or KeyCache(keys=KeySet(keys=()), came_at=None, asked_at=now)
    try:
        answer = yield keys_request(source.url)
    except FetchError:
        return replace(before, asked_at=now)
    keys = parse_jwks(answer.body, rsa=source.rsa) if answer.status == 200 else Rejected(source.unavailable)
    return replace(before, asked_at=now) if isinstance(keys, Rejected) else KeyCache(keys=keys, came_at=now, asked_at=now)
