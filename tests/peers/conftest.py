"""The hosts and the providers of these tests: a provider is started once, and stopped by process id."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ctsec.rbac.policy import Policy
from ctsec.sso.policy import SsoPolicy
from ctsec.transport.reach import Reach
from tests.hosts.harness import HOSTS, Host
from tests.peers.patience import Patience
from tests.peers.running import PEOPLE, OidcProvider
from tests.peers.saml_running import Samlp, SimpleSamlPhp


@pytest.fixture
def patience() -> Patience:
    """How long the host waits for providers."""
    return Patience()


@pytest.fixture(params=sorted(HOSTS))
def host(request: pytest.FixtureRequest, patience: Patience) -> Iterator[Host]:
    """A fresh host application of each framework, with the built-in policy."""
    policy = SsoPolicy(reach=Reach.LOOPBACK, fetcher=patience, after_sign_out="/bye")
    made = HOSTS[request.param](Policy.preset(), shared=True, single_sign_on=policy)
    yield made
    made.close()


@pytest.fixture(scope="session")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OidcProvider]:
    """The running oidc-provider."""
    made = OidcProvider(tmp_path_factory.mktemp("oidc-provider"))
    made.start()
    try:
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="session")
def samlp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Samlp]:
    """The running samlp."""
    made = Samlp(tmp_path_factory.mktemp("samlp"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="session")
def simplesamlphp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleSamlPhp]:
    """The running simplesamlphp."""
    made = SimpleSamlPhp(tmp_path_factory.mktemp("simplesamlphp"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture
def provider(started: OidcProvider, host: Host) -> OidcProvider:
    """The running oidc-provider, on the host's clock, with everybody."""
    started.clock = host.clock
    started.people = {name: dict(claims) for name, claims in PEOPLE.items()}
    started.tell()
    started.asked.clear()
    return started
