"""Every route about an organization, called by its own people below its owner: one table says what is theirs."""

from __future__ import annotations

import pytest

from ctsec.rbac.policy import Policy
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
    "POST /organizations/{o}/sso/break-glass-codes",
    "POST /organizations/{o}/encryption/destroy",
    "POST /organizations/{o}/encryption/destroy-retired",
    "POST /organizations/{o}/credentials/{credential}/use",  # a workload's
    "POST /organizations/{o}/audit/holds/{hold}/release/approve",
    "PUT /workspaces/{w}/roles/{guest}",
}


def called(host: Host, role: str) -> dict[str, int]:
    """Return what each line answers somebody with a role in the organization, in which everything that lines name is there."""
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
    guest = Browser(host).sign_up("guest@example.com", "Gus Guest").enrol()
    owner.invite(o, guest, role=role)
    ids |= {"owner": owner.id, "guest": guest.id}
    return {line: guest.auth(line.format(o=o, w=w, **ids), filled(body, o=o, w=w)).status for line, body in LINES}


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
