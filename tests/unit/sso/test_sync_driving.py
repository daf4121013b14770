# Generated from tests/unit/sso/test_async_driving.py by tools/twin.py; edit that file.
"""Steps are taken to their end by a client that fetches, which is told how far each request may go."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ctsec.errors import FetchFailed
from ctsec.sso import Driver
from ctsec.sso.oidc import ProvedSignIn, complete_sign_in, discover
from ctsec.sso.oidc.reason import OidcReason
from ctsec.transport.reach import Reach
from ctsec.transport.request import HttpAnswer, HttpRequest
from tests.unit.sso.provider import GENERIC_CLIENT, METADATA, Simulator, begun, callback, exchange, reason_of, sound


class Simulated:
    """A provider in memory behind the port."""

    def __init__(self, provider: Simulator) -> None:
        self.provider = provider
        self.told: list[tuple[Reach, frozenset[str] | None]] = []

    def fetch(self, request: HttpRequest, *, reach: Reach, hosts: frozenset[str] | None) -> HttpAnswer:
        """Return the provider's answer, and note how far the request was let go."""
        self.told.append((reach, hosts))
        return self.provider.answer(request)


def test_steps_are_taken_to_their_end() -> None:
    """A document and a whole sign-in come out as they do by hand; each request is told the reach and the hosts of the connection."""
    client = replace(GENERIC_CLIENT, reach=Reach.ON_PREMISE, hosts=frozenset({"keys.acme.example"}))
    fetcher = Simulated(sound(name=...))
    driver = Driver(fetcher)
    assert driver.drive(discover(client), client=client) == METADATA
    pending = begun(client)
    steps = complete_sign_in(exchange(client), pending=pending, parameters=callback(pending), keys=None)
    found = driver.drive(steps, client=client)
    assert isinstance(found.outcome, ProvedSignIn)
    assert fetcher.provider.paths() == ["/.well-known/openid-configuration", "/token", "/keys", "/userinfo"]
    assert fetcher.told == [(Reach.ON_PREMISE, frozenset({"login.acme.example", "keys.acme.example"}))] * 4


def test_a_failed_fetch_is_the_steps_to_take_or_the_callers() -> None:
    """What the steps take as an answer becomes an outcome, and anything else reaches the caller."""
    failure, pending = FetchFailed("no answer", reason="too_slow"), begun()

    for path, taken in (("/keys", True), ("/token", False)):
        provider = sound()
        provider.overrides[path] = failure
        steps = complete_sign_in(exchange(), pending=pending, parameters=callback(pending), keys=None)
        driver = Driver(Simulated(provider))
        if taken:
            assert reason_of(driver.drive(steps, client=GENERIC_CLIENT)) == OidcReason.KEYS_UNAVAILABLE
        else:
            with pytest.raises(FetchFailed):
                driver.drive(steps, client=GENERIC_CLIENT)
