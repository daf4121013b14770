"""A sign-in over real connections: the steps, the driver and the guarded fetcher together, in both colours."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler

import pytest

from ctsec.errors import FetchRefused
from ctsec.sso import AsyncDriver, Driver
from ctsec.sso.oidc import Judged, OidcClient, ProvedSignIn, ProviderMetadata, complete_sign_in, discover
from ctsec.sso.oidc.key_cache import Steps
from ctsec.sso.oidc.reason import OidcReason
from ctsec.transport import AsyncFetcher, Fetcher, HttpRequest, Reach
from tests.transport.served import answer, served
from tests.unit.jose.forge import compact
from tests.unit.sso.provider import (
    DOCUMENT,
    GENERIC_CLIENT,
    ISSUER,
    KEY,
    Simulator,
    answered,
    begun,
    callback,
    claims_of,
    exchange,
    reason_of,
)

FETCHER = Fetcher(seconds=30)


@dataclass(frozen=True)
class Place:
    """A provider on loopback: its connection here, and what it answers."""

    client: OidcClient
    provider: Simulator


@pytest.fixture
def place() -> Iterator[Place]:
    """Run a provider."""
    provider = Simulator()

    def behave(handler: BaseHTTPRequestHandler) -> None:
        given = provider.answer(HttpRequest(url=handler.path))
        answer(handler, given.body, status=given.status, Content_Type=given.media)

    with served(behave) as (url, _):
        client = replace(GENERIC_CLIENT, issuer=url, reach=Reach.LOOPBACK)
        local = {name: value.replace(ISSUER, url) if isinstance(value, str) else value for name, value in DOCUMENT.items()}
        provider.overrides["/.well-known/openid-configuration"] = answered(local)
        provider.id_token = compact(claims_of(client, name=...), key=KEY)
        yield Place(client, provider)


def sign_in(place: Place, colour: str) -> Judged:
    """Discover the provider and take a sign-in to its end in a colour."""
    client, pending = place.client, begun(place.client)

    def steps(metadata: object) -> Steps[Judged]:
        assert isinstance(metadata, ProviderMetadata), metadata
        setting = exchange(client, metadata=metadata)
        return complete_sign_in(setting, pending=pending, parameters=callback(pending, iss=client.issuer), keys=None)

    async def apart() -> Judged:
        driver = AsyncDriver(AsyncFetcher(FETCHER))
        return await driver.drive(steps(await driver.drive(discover(client), client=client)), client=client)

    if colour == "async":
        found = asyncio.run(apart())
    else:
        driver = Driver(FETCHER)
        found = driver.drive(steps(driver.drive(discover(client), client=client)), client=client)
    return found


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_a_person_signs_in_over_real_connections(place: Place, colour: str) -> None:
    """Document, tokens, keys and userinfo are fetched in this order, and the person is the token's."""
    found = sign_in(place, colour).outcome
    assert isinstance(found, ProvedSignIn), found
    assert found.identity.key == ("con_1", place.client.issuer, "person-1")
    assert place.provider.paths() == ["/.well-known/openid-configuration", "/token", "/keys", "/userinfo"]


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_an_endpoint_that_leads_elsewhere_is_not_followed(place: Place, colour: str) -> None:
    """Keys that redirect sign nobody in, a token endpoint that redirects is an error, and so is one at another host."""
    place.provider.overrides["/keys"] = answered("", 302)
    assert reason_of(sign_in(place, colour)) == OidcReason.KEYS_UNAVAILABLE
    place.provider.overrides["/token"] = answered("", 307)
    with pytest.raises(FetchRefused) as refused:
        sign_in(place, colour)
    assert refused.value.reason == "redirected"
    with pytest.raises(FetchRefused) as foreign:
        Driver(FETCHER).drive(complete_away(place.client), client=place.client)
    assert foreign.value.reason == "host_not_allowed"


def complete_away(client: OidcClient) -> Steps[Judged]:
    """Return steps of a sign-in whose metadata lead to another host than the connection's."""
    pending = begun(client)
    metadata = ProviderMetadata(issuer=client.issuer, authorization_endpoint="", token_endpoint="http://localhost:1/token")
    return complete_sign_in(
        exchange(client, metadata=metadata), pending=pending, parameters=callback(pending, iss=client.issuer), keys=None
    )
