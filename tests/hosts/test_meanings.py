"""Every meaning of each built-in role, at guarded routes and at ctsec's own, in both hosts."""

from __future__ import annotations

import pytest

from ctsec.rbac.preset import Permission
from tests.hosts.apps import slug
from tests.hosts.harness import Browser, Host
from tests.hosts.meanings import AT_JSON_ROUTES, IN_ORGANIZATION, IN_WORKSPACE, JSON_ROUTES, ROLES, furnish, lines, meaning


@pytest.fixture(autouse=True)
def furnished(host: Host) -> None:
    """The hosts have a route for every built-in permission."""
    furnish(host)


def opened(person: Browser, place: str, permissions: str) -> set[str]:
    """Return the permissions of a table whose guarded routes let the person through in a place."""
    replies = {permission: person.call("GET", f"/{place}/{slug(permission)}").status for permission in lines(permissions)}
    assert set(replies.values()) <= {200, 403}, replies
    return {permission for permission, status in replies.items() if status == 200}


@pytest.mark.proves("SEED-R1", "SEED-R2", "ASVS-8.2.1")
@pytest.mark.parametrize("role", ROLES)
def test_a_role_means_what_the_page_says(host: Host, role: str) -> None:
    """Who has a role gets through exactly the guards that it means, here, elsewhere and in the organization, and is told the same."""
    organization_role, held, workspaces = ROLES[role]
    founder = Browser(host).sign_up("founder@example.com")
    organization = founder.found("Acme")
    here, elsewhere = (founder.workspace(organization, name) for name in ("Main", "Other"))
    person = Browser(host).sign_up("person@example.com")
    host.place(organization, person.id, organization_role, workspace=here, held=held)
    expected = meaning(role)
    assert opened(person, f"in/{here}", IN_WORKSPACE) == expected.workspace
    assert opened(person, f"in/{elsewhere}", IN_WORKSPACE) == (expected.workspace if workspaces == 2 else set())
    assert opened(person, f"at/{organization}", IN_ORGANIZATION) == expected.organization
    assert set(person.ok(f"GET /workspaces/{here}/permissions")["permissions"]) == expected.workspace
    assert set(person.ok(f"GET /organizations/{organization}/permissions")["permissions"]) == expected.organization
    seen = [each["id"] for each in person.ok(f"GET /organizations/{organization}/workspaces")["workspaces"]]
    assert seen == [here, elsewhere][:workspaces]


@pytest.mark.proves("SEED-R1", "SEED-R2")
@pytest.mark.parametrize("role", ROLES)
def test_a_role_does_what_the_page_says(host: Host, role: str) -> None:
    """Managing members, workspaces, settings, roles and keys at ctsec's own routes is done by exactly those whose role means it."""
    founder, colleague, person = (Browser(host).sign_up(f"{name}@example.com") for name in ("founder", "colleague", "person"))
    organization = founder.found("Acme")
    here, elsewhere = (founder.workspace(organization, name) for name in ("Main", "Other"))
    organization_role, held, _ = ROLES[role]
    host.place(organization, person.id, organization_role, workspace=here, held=held)
    host.place(organization, colleague.id, "member", workspace=here, held="none")
    done = set[str]()
    for name, (line, body) in JSON_ROUTES.items():
        reply = person.auth(line.format(o=organization, w=here, x=elsewhere, c=colleague.id), body)
        assert reply.status < 300 or reply.status == 403, (name, reply)
        done |= {name} if reply.status < 300 else set()
    assert done == meaning(role).routes


@pytest.mark.proves("SEED-R1", "SEED-R2")
def test_a_member_works_where_assigned(host: Host) -> None:
    """A member without a workspace enters none; let into one as operator it uses agents there with the next request, and nowhere else."""
    founder, member = (Browser(host).sign_up(f"{name}@example.com") for name in ("founder", "member"))
    organization = founder.found("Acme")
    here, elsewhere = (founder.workspace(organization, name) for name in ("Main", "Other"))
    founder.invite(organization, member)
    assert opened(member, f"in/{here}", IN_WORKSPACE) == set()
    founder.ok(f"PUT /workspaces/{here}/roles/{member.id}", {"role": "operator"})
    assert opened(member, f"in/{here}", IN_WORKSPACE) == meaning("operator").workspace
    assert "agents:run" in meaning("operator").workspace
    assert opened(member, f"in/{elsewhere}", IN_WORKSPACE) == set()
    assert opened(member, f"at/{organization}", IN_ORGANIZATION) == meaning("member").organization


def test_the_tables_speak_of_every_permission_and_role() -> None:
    """Each built-in permission has a line, each of the page's roles a column, and each line of the third table a route."""
    assert sorted((*lines(IN_WORKSPACE), *lines(IN_ORGANIZATION))) == sorted(Permission)
    assert list(lines(AT_JSON_ROUTES)) == list(JSON_ROUTES)
    assert len(ROLES) == len({(role, held) for role, held, _ in ROLES.values()})
