"""The two hosts as one fixture: every scenario runs against both."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ctsec.rbac.policy import Policy
from tests.hosts.harness import HOSTS, Browser, Host


@pytest.fixture(params=sorted(HOSTS))
def host(request: pytest.FixtureRequest) -> Iterator[Host]:
    """A fresh host application of each framework, with the built-in policy."""
    made = HOSTS[request.param](Policy.preset(), shared=True)
    yield made
    made.close()


@pytest.fixture
def browser(host: Host) -> Browser:
    """A browser that is not signed in."""
    return Browser(host)
