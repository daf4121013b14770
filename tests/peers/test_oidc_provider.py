"""Sign-in through npm's oidc-provider, which is certified by the OpenID Foundation, in both hosts."""

from __future__ import annotations

import pytest

from tests.hosts.harness import Browser, Host
from tests.hosts.sso import Traveller, whys
from tests.peers.running import OidcProvider
from tests.peers.scene import connect

pytestmark = [pytest.mark.program("oidc-provider"), pytest.mark.xdist_group("peers")]


def test_a_person_signs_in(host: Host, provider: OidcProvider) -> None:
    """x."""
    acme = connect(host, provider)
    browser = Browser(host)
    traveller = Traveller(acme, browser)
    url = traveller.begin()
    callback = provider.visit(url, person="alice")
    print(url, callback)
    reply = traveller.back(callback)
    print(whys(acme))
    assert reply.json["status"] == "signed_in", reply.json
