"""Every route about an organization, called by its own people below its owner, where one table says what is theirs, and by its owner."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ctsec.rbac.policy import Policy
from ctsec.web.route import Needs
from ctsec.web.table import ROUTES
from tests.hosts.connected import connect, simulator
from tests.hosts.harness import HOSTS, Browser, Host
from tests.hosts.test_people import CONNECTED, CREDENTIAL, LINES, NOTHINGS, WISH, WORKLOAD, filled

# What somebody may who is a member and nothing else: see who is there, and have keys and apps of their own.
LEAST = frozenset(
    {
        *(f"GET /organizations/{{o}}/{each}" for each in ("workspaces", "members", "roles", "permissions", "mfa-policy", "regions")),
        *(f"GET /organizations/{{o}}/{each}" for each in ("api-keys", "apps", "app-health")),
        *(f"POST /organizations/{{o}}/{each}" for each in ("api-keys", "apps")),
        "GET /workspaces/{w}/permissions",
        "DELETE /workspaces/{w}/roles/{guest}",  # their own
        "POST /session/organization",
    }
)
GIVEN = {"viewer": LEAST, "member": LEAST | {"POST /organizations/{o}/elevations"}}
# What an admin may not: touch an owner, judge what they asked for themselves, and what is for owners alone.
OWNERS = {
    "DELETE /organizations/{o}/members/{owner}",
    *(f"POST /organizations/{{o}}/members/{{owner}}/{each}" for each in ("suspend", "reinstate", "mfa-reset")),
    *(f"PUT /organizations/{{o}}/members/{{owner}}/{each}" for each in ("role", "period")),
    "GET /organizations/{o}/members/{owner}/removal",
    "DELETE /organizations/{o}/members/{owner}/identities/{identity}",
    "POST /organizations/{o}/sso/break-glass-codes",
    "POST /organizations/{o}/encryption/destroy",
    "POST /organizations/{o}/encryption/destroy-retired",
    "POST /organizations/{o}/credentials/{credential}/use",  # a workload's
    "POST /organizations/{o}/audit/holds/{hold}/release/approve",
    "PUT /workspaces/{w}/roles/{guest}",
}
# What has to be asked for where the path alone asks for nothing.
ASKED = {"proof": "?index=0", "consistency": "?old=1&size=2"}


def furnished(host: Host) -> tuple[Browser, dict[str, str]]:
    """Return the owner of an organization in which everything that lines name is there, and the ids of it all."""
    owner = Browser(host).sign_up("owner@example.com", "Olga Owner").enrol()
    o = owner.found("Acme")
    w, home = owner.workspace(o), f"/organizations/{o}"
    made = {
        "key": ("api-keys", {"name": "robot"}),
        "invitation": ("invitations", {"email": "y@example.com"}),
        "elevation": ("elevations", filled(WISH, w=w)),
        "credential": ("credentials", {**CREDENTIAL, "secret": "s"}),
        "robot": ("service-accounts", {"name": "robot"}),
        "scim": ("sso/scim", {"name": "Directory"}),
        "connection": ("sso/connections", CONNECTED),
        "hold": ("audit/holds", {"matter": "case 1"}),
    }
    ids = NOTHINGS | {name: str(owner.ok(f"POST {home}/{place}", body)["id"]) for name, (place, body) in made.items()}
    ids["workload"] = str(owner.ok(f"POST {home}/service-accounts/{ids['robot']}/workload-rules", WORKLOAD)["id"])
    ids["token"] = str(owner.ok(f"POST {home}/sso/scim/{ids['scim']}/tokens", {})["id"])
    return owner, ids | {"o": o, "w": w, "owner": owner.id}


def called(host: Host, role: str) -> dict[str, int]:
    """Return what each line answers somebody with a role in such an organization."""
    owner, ids = furnished(host)
    guest = Browser(host).sign_up("guest@example.com", "Gus Guest").enrol()
    owner.invite(ids["o"], guest, role=role)
    ids["guest"] = guest.id
    return {line: guest.auth(line.format(**ids), filled(body, o=ids["o"], w=ids["w"])).status for line, body in LINES}


@pytest.mark.proves("SEED-R3", "ASVS-8.2.1")
@pytest.mark.parametrize("role", ["viewer", "member", "admin"])
def test_a_lower_role_may_what_the_table_says(role: str) -> None:
    """Of all routes of an organization a member may the few that are listed and no other, and an admin all but those that are listed."""
    host = HOSTS["flask"](Policy.preset(), shared=True)
    try:
        answers = called(host, role)
    finally:
        host.close()
    if role == "admin":
        assert {line for line, status in answers.items() if status == 403} == OWNERS
    else:
        assert {line for line, status in answers.items() if status < 400} == GIVEN[role]
        assert {status for line, status in answers.items() if line not in GIVEN[role]} == {403, 404}


@pytest.mark.parametrize("name", list(HOSTS))
def test_no_reading_of_an_owner_fails(name: str) -> None:
    """Whoever may everything, with a second factor proved just now, is answered at every GET of an organization and of an account.

    One that locked what it only reads would end as `store_read_only`, and for those alone who get so far.
    """
    host = HOSTS[name](Policy.preset(), shared=True)
    try:
        owner, ids = furnished(host)
        ids["app"] = str(connect(owner, simulator(host), ids["o"])["id"])
        host.clock.advance(timedelta(minutes=1))
        host.events(ids["o"])  # sealed by then, so that there is something to prove
        owner.ok("POST /step-up", {"code": owner.code()})
        organization = [line for line, _ in LINES if line.startswith("GET ")]
        mine = [f"GET {route.path}" for route in ROUTES if route.method == "GET" and route.needs is Needs.SESSION and "{" not in route.path]
        answers = {line: owner.auth(line.format(**ids) + ASKED.get(line.rpartition("/")[2], "")) for line in (*organization, *mine)}
    finally:
        host.close()
    assert {line: (each.status, each.body) for line, each in answers.items() if each.status != 200} == {}
