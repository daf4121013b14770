"""What a browser brings back from a provider counts once, in that browser, for that connection: in both hosts, over each store."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from ctsec.directory.record import Organization, OrganizationStatus, VerifiedDomain
from ctsec.encryption.context import Context
from ctsec.ids import ConnectionId, OrganizationId
from ctsec.sso.oidc.presets import Provider
from ctsec.sso.record import Connection, ConnectionState, client_secret_context
from ctsec.sso.settings import ConnectionSettings
from ctsec.testing import LocalIdentityProvider
from ctsec.testing.identity_provider import CLIENT_ID, CLIENT_SECRET
from tests.hosts.harness import HOSTS, Browser, Host
from tests.hosts.sso import Acme, Traveller
from tests.hosts.stores import host_over
from tests.servers import available_databases
from tests.storage.sql.support import LEVELS, place_of

ORGANIZATIONS = tuple(OrganizationId(f"org_{n:026d}") for n in range(2))
# Of the first organization two connections, of the second one.
CONNECTIONS = tuple(ConnectionId(f"sso_{n:026d}") for n in range(3))


STORES = ("memory", *available_databases())


@pytest.fixture(params=[f"{name}-{store}" for name in sorted(HOSTS) for store in STORES])
def host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A host application of each framework, on each store."""
    name, store = request.param.split("-")
    place = None if store == "memory" else place_of(store, LEVELS[store][0], folder=tmp_path_factory.getbasetemp())
    made = host_over(name, place.database if place is not None else None)
    yield made
    made.close()


def _add(family: str, record: object, unit: Any) -> Any:
    return getattr(unit._store, family).add(record)


def _sealed(context: Context, unit: Any) -> Any:
    return unit.secrets.seal(CLIENT_SECRET.encode(), context=context)


def place(host: Host, provider: LocalIdentityProvider) -> None:
    """Write two organizations and three connections to the provider."""
    now = host.clock.now()
    for n, organization in enumerate(ORGANIZATIONS):
        made = Organization(id=organization, name=f"O{n}", status=OrganizationStatus.ACTIVE, permanent_owners=1, created_at=now)
        host.do(partial(_add, "organizations", made))
        domain = VerifiedDomain(name=f"o{n}.example", organization_id=organization, proof="DNS", recorded_by="ops", recorded_at=now)
        host.do(partial(_add, "domains", domain))
    for n, connection in enumerate(CONNECTIONS):
        home = ORGANIZATIONS[n // 2]
        sealed = host.do(partial(_sealed, client_secret_context(home, connection)))
        record = Connection(
            id=connection,
            organization_id=home,
            name=f"C{n}",
            provider=Provider.GENERIC,
            client_id=CLIENT_ID,
            sealed_secret=sealed,
            settings=ConnectionSettings(issuer=provider.issuer).text(),
            default_role="member",
            state=ConnectionState.ENABLED,
            created_by="ops",
            created_at=now,
            enabled_at=now,
        )
        host.do(partial(_add, "connections", record))


@pytest.mark.proves("ASVS-7.6.2", "ASVS-10.2.1", "ASVS-10.2.2", "CVE-2025-46815")
@pytest.mark.proves("ASVS-10.1.2", "CVE-2025-68158", "CHANGELOG-authlib-1-6-11-2026-04-16", "CVE-2025-14546", "CVE-2025-68481")
@pytest.mark.proves("GHSA-x445-f3h2-j279", "CVE-2026-81888", "CVE-2026-61687")
def test_a_state_counts_once_where_it_was_begun(host: Host) -> None:
    """Absent, empty, another browser's, another connection's, another organization's, expired and used ones are refused unasked."""
    with LocalIdentityProvider(clock=host.clock) as provider:
        provider.people["ann"] = {"email": "ann@o0.example", "email_verified": True}
        place(host, provider)
        acme = Acme(host, provider, Browser(host), ORGANIZATIONS[0], CONNECTIONS[0])

        sent: set[str] = set()

        def came(wrong: str) -> tuple[int, str]:
            """Return how a callback ends in which one thing is wrong."""
            own, other = Traveller(acme, Browser(host)), Traveller(acme, Browser(host))
            other.begin()
            url = own.begin()
            sent.update(re.findall(r"(?:state|nonce|code_challenge)=([A-Za-z0-9_-]{43})(?:&|$)", url))
            sent.add(own.half)
            callback = provider.visit(url, person="ann")
            state = callback.partition("state=")[2].partition("&")[0]
            match wrong:
                case "absent":
                    callback = callback.replace(f"&state={state}", "")
                case "empty":
                    callback = callback.replace(state, "")
                case "made up":
                    callback = callback.replace(state, "A" * 43)
                case "another browser's":
                    own.half = other.half
                case "no browser's":
                    own.half = ""
                case "another provider's":
                    callback = callback.replace(CONNECTIONS[0], CONNECTIONS[1])
                case "another organization's":
                    callback = callback.replace(CONNECTIONS[0], CONNECTIONS[2])
                case "expired":
                    host.clock.advance(timedelta(minutes=10))
                case "reused":
                    assert own.back(callback).status == 200
            provider.asked.clear()
            reply = own.back(callback)
            return reply.status, str(reply.json.get("reason"))

        assert came("nothing")[0] == 200
        assert provider.asked
        cases = ("absent", "empty", "made up", "another browser's", "no browser's", "another provider's", "another organization's")
        for wrong in (*cases, "reused", "expired"):
            assert came(wrong) == (400, "invalid_token"), wrong
            assert provider.asked == [], wrong
        # Each sign-in has its own state, nonce, challenge and half of the browser, of 256 bits.
        assert len(sent) == 4 * (len(cases) + 3)
