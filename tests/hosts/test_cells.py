"""Every cell of the built-in roles at the guarded routes of both hosts, with a session and with an API key that is not narrowed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cells import ORGANIZATION, PAIRS, PERMISSIONS, Answers, wrong
from tests.hosts.apps import slug
from tests.hosts.harness import Browser, Host, Reply, bearer


def answers(host: Host, ask: Callable[[Browser, str, str], Reply]) -> Answers:
    """Return the answers of a guarded route for each cell: people sign up, and are placed in the organization as the pair says."""
    owner = Browser(host).sign_up("owner@example.com", "Olga Owner")
    organization = owner.found("Acme")
    workspace = owner.workspace(organization)
    found = {}
    for number, (role, held) in enumerate(PAIRS):
        person = Browser(host).sign_up(f"person{number}@example.com")
        host.place(organization, person.id, role, workspace=workspace, held=held)
        person.ok("POST /session/organization", {"organization_id": organization})
        for permission in PERMISSIONS:
            place = f"organizations/{organization}" if permission in ORGANIZATION else f"workspaces/{workspace}"
            reply = ask(person, organization, f"/{place}/{slug(permission)}")
            assert reply.status in {200, 403}, reply
            found[role, held, permission] = reply.status == 200
    return found


@pytest.mark.proves("SEED-R1", "SEED-R2", "SEED-R3", "ASVS-8.2.1")
def test_every_cell_with_a_session(host: Host) -> None:
    """Law 1: a signed-in member with exactly these two roles gets through exactly the guards that the table says."""
    assert wrong(answers(host, lambda person, _, path: person.call("POST", path))) == []


@pytest.mark.proves("ASVS-8.3.3")
def test_every_cell_with_a_key(host: Host) -> None:
    """Law 18: an API key with every scope gets through exactly the guards that its owner does."""
    minted: dict[str, str] = {}

    def ask(person: Browser, organization: str, path: str) -> Reply:
        if person.id not in minted:
            named = {"name": "ci", "scopes": list(PERMISSIONS)}
            minted[person.id] = person.ok(f"POST /organizations/{organization}/api-keys", named)["token"]
        return bearer(host, minted[person.id], "POST", path)

    assert wrong(answers(host, ask)) == []
