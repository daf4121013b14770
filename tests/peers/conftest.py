"""The hosts and the providers of these tests: a provider is started once a module, and stopped with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ctsec.rbac.policy import Policy
from tests.hosts.harness import HOSTS, Host
from tests.peers.running import OidcProvider


@pytest.fixture(params=sorted(HOSTS))
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    """A fresh host application of each framework, with the built-in policy."""
    made = HOSTS[request.param](Policy.preset(), shared=True)
    yield made
    made.close()


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OidcProvider]:
    """The running oidc-provider."""
    made = OidcProvider(tmp_path_factory.mktemp("oidc-provider"))
    made.start()
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture
def provider(started: OidcProvider, host: Host) -> OidcProvider:
    """The running oidc-provider, on the host's clock."""
    started.stands_at(host.clock.now())
    started.asked.clear()
    return started
