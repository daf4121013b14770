"""How often an issuer is asked for its keys."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ctsec.jose.jwks import KeySet
from ctsec.jose.key_cache import KEYS_INTERVAL, KEYS_LIFE, KeyCache, KeySource, judge_with_source
from ctsec.jose.keys import Algorithm
from ctsec.jose.rejection import Rejected, TokenReason
from ctsec.transport.request import HttpAnswer

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SOURCE = KeySource(url="https://idp.example/keys", rsa=Algorithm.RS256, unavailable=TokenReason.UNKNOWN_KEY)


def asked(cache: KeyCache) -> bool:
    """Say whether the issuer is asked where nothing that it published fits; its answer brings nothing."""
    steps = judge_with_source(lambda _: Rejected(TokenReason.UNKNOWN_KEY), source=SOURCE, cache=cache, now=NOW)
    if next(steps, None) is None:
        return False
    with pytest.raises(StopIteration) as done:
        steps.send(HttpAnswer(status=500))
    assert done.value.value[1].asked_at == NOW
    return True


def test_an_issuer_is_asked_once_in_an_interval() -> None:
    """Whether its keys are old, never came or do not fit: whoever makes tokens up does not make us ask more often."""
    for came_at in (None, NOW - KEYS_LIFE, NOW - timedelta(minutes=5)):
        for since, expected in ((KEYS_INTERVAL - timedelta(seconds=1), False), (KEYS_INTERVAL, True)):
            assert asked(KeyCache(keys=KeySet(keys=()), came_at=came_at, asked_at=NOW - since)) is expected, (came_at, since)
