"""Sign-in through PyPI's nanoidp, a second provider that others wrote, in both hosts.

It differs from oidc-provider: no `iss` in the callback and none announced, no consent page, every address counts as verified, no `sid` and
no notice of a logout, and signing out asks nobody. Its clock is the machine's, which the host's is set to for the length of a sign-in.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.hosts.harness import BASE, Browser, Host
from tests.hosts.sso import Acme, Traveller, found, whys
from tests.peers.running import NANO_SCOPES, NanoIdp
from tests.peers.scene import SECRET, connection, counts
from tests.peers.visitor import Visitor

pytestmark = [pytest.mark.program("nanoidp")]
RULES = {"rules": [{"group": "engineers", "role": "member"}]}


@pytest.fixture(scope="module")
def nanoidp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NanoIdp]:
    """The running nanoidp."""
    made = NanoIdp(tmp_path_factory.mktemp("nanoidp"))
    try:
        made.start()
        yield made
    finally:
        made.stop()


def arrive(acme: Acme, person: str) -> tuple[Browser, Traveller, str]:
    """Set the host's clock where the provider's is, give or take what clocks may differ, and go there and back."""
    acme.host.clock.set(datetime.now(UTC) + timedelta(seconds=30))
    browser = Browser(acme.host)
    traveller = Traveller(acme, browser)
    return browser, traveller, acme.provider.visit(traveller.begin(), person=person)


@pytest.mark.parametrize("in_form", [False, True], ids=["basic", "post"])
@pytest.mark.proves("SEED-A3")
def test_people_sign_in(host: Host, nanoidp: NanoIdp, in_form: bool) -> None:
    """Who it is, address and groups as the provider tells; signing out ends the session here, and leads there and back."""
    host.clock.set(datetime.now(UTC) - timedelta(minutes=2))
    client = f"client-{host.name}-{in_form}"
    more: dict[str, Any] = {"default_role": "viewer", "provisioning": RULES, "scopes": list(NANO_SCOPES), "secret_in_form": in_form}
    acme = found(host, nanoidp, client_id=client, secret=SECRET, **more)
    redirects = [connection(acme)["redirect_uri"]]
    method = "client_secret_post" if in_form else "client_secret_basic"
    nanoidp.register({"client_id": client, "client_secret": SECRET, "redirect_uris": redirects, "token_endpoint_auth_method": method})
    browser, traveller, callback = arrive(acme, "alice")
    assert "iss=" not in callback
    step = traveller.back(callback).json
    assert step.get("status") == "signed_in", whys(acme)
    members = acme.owner.ok(f"GET /organizations/{acme.organization}/members")["members"]
    assert [(each["email"], each["role"]) for each in members if each["user_id"] == step["user_id"]] == [("alice@acme.example", "member")]
    reply = browser.auth("POST /sign-out")
    assert not counts(browser)
    with Visitor(nanoidp.issuer) as visitor:
        assert visitor.go(str(reply.json["provider_url"])) == f"{BASE}/bye"
