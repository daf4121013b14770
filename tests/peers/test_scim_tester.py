"""SCIM over real sockets: a suite that we did not write, and refusals as a provider sees them, against both hosts."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import httpx2
import pytest

from ctsec.guard.allowance import AllowancePolicy
from ctsec.rbac.policy import Policy
from ctsec.sso.policy import SsoPolicy
from tests.hosts.harness import HOSTS, Host
from tests.hosts.scim import ROOT, USER, Pusher, pushes
from tests.peers.listening import listening

SOAK: Final = bool(os.environ.get("CTSEC_SOAK"))
# In process all checks run (tests/hosts/test_scim.py); over sockets a part of them does, and all in the long run.
TAGS: Final = None if SOAK else {"service-provider-config", "crud:create", "crud:read", "crud:delete"}
AT_LEAST: Final = 130 if SOAK else 8


def outside(host: Host, pusher: Pusher, ask: Callable[[httpx2.Client], None]) -> None:
    """Let a client ask a host that listens, with the credential of the connection."""
    with listening(host) as listener:

        def asking() -> None:
            headers = {"authorization": f"Bearer {pusher.token}"}
            with httpx2.Client(base_url=listener.url + ROOT, headers=headers, trust_env=False, timeout=60) as client:
                ask(client)

        listener.during(asking)


@pytest.mark.parametrize("name", sorted(HOSTS))
def test_an_outside_suite_finds_nothing_over_sockets(name: str) -> None:
    """`scim2-tester` passes over HTTP as it does in process."""
    from scim2_client.engines.httpx2 import SyncSCIMClient  # slow to load: not in each process that collects tests
    from scim2_tester import Status, check_server

    host = HOSTS[name](Policy.preset(), shared=True)
    try:

        def ask(client: httpx2.Client) -> None:
            checked = check_server(SyncSCIMClient(client), include_tags=TAGS)
            results = [each for each in checked if TAGS is None or each.status is not Status.SKIPPED]
            assert len(results) >= AT_LEAST
            assert [(each.title, each.reason) for each in results if each.status is not Status.SUCCESS] == []

        outside(host, pushes(host), ask)
    finally:
        host.close()


@pytest.mark.parametrize("name", sorted(HOSTS))
def test_refusals_reach_a_provider_over_sockets(name: str) -> None:
    """401 without a right credential, 403 for whom an administrator removed, 413 for too much, 429 with a time to wait: in SCIM's form."""
    policy = SsoPolicy(scim_requests=AllowancePolicy(burst=4, every=timedelta(seconds=10)))
    host = HOSTS[name](Policy.preset(), single_sign_on=policy)
    try:
        pusher = pushes(host)
        ada, place = pusher.user("ada"), f"/organizations/{pusher.organization}/members"
        (seat,) = [each for each in pusher.owner.ok(f"GET {place}")["members"] if each["email"] == "ada@acme.example"]
        pusher.owner.ok(f"DELETE {place}/{seat['user_id']}")

        def ask(client: httpx2.Client) -> None:
            scim = {"content-type": "application/scim+json"}
            again = {"schemas": [USER], "userName": "ada@acme.example", "externalId": "2", "active": True}
            back = client.put(f"/Users/{ada['id']}", json=again, headers=scim)
            large = client.post("/Users", content=b" " * 1_048_577, headers=scim)
            nobody = client.get("/Users", headers={"authorization": "Bearer nothing"})
            many = [client.get("/Users") for _ in range(4)]
            answers = (back, large, nobody, many[-1])
            assert [each.status_code for each in answers] == [403, 413, 401, 429]
            assert [each.json()["status"] for each in answers] == ["403", "413", "401", "429"]
            assert {each.headers["content-type"].partition(";")[0] for each in answers} == {"application/scim+json"}
            assert (nobody.headers["www-authenticate"].startswith("Bearer"), many[-1].headers["retry-after"]) == (True, "10")

        outside(host, pusher, ask)
    finally:
        host.close()
