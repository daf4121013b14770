"""The README's two hosts do what it says they do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ctsec.rbac.preset import MATRIX
from examples.walkthrough.application import Application
from examples.walkthrough.mailbox import Mailbox, free_port
from examples.walkthrough.people import Person
from examples.walkthrough.transcript import answered
from tests.examples.pages import ROOT, blocks

HOSTS = {"fastapi": 0, "flask": 1}
COMMANDS = {"fastapi": ("uvicorn", "readme:app"), "flask": ("flask", "--app", "readme", "run")}


def block_of(host: str) -> str:
    """Return the README's block for a host."""
    return blocks(ROOT / "README.md")[HOSTS[host]]


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A mail server that keeps what it receives."""
    made = Mailbox()
    made.start()
    yield made
    made.stop()


@pytest.fixture(params=HOSTS)
def url(request: pytest.FixtureRequest, tmp_path: Path, mailbox: Mailbox) -> Iterator[str]:
    """The address of the README's host, which runs as it stands there but for the port of the mail server."""
    (tmp_path / "readme.py").write_text(block_of(request.param).replace("smtp://localhost:1025", mailbox.url), "utf-8")
    application = Application(*COMMANDS[request.param], folder=tmp_path, port=free_port(), settings={})
    try:
        application.start()
        yield application.url
    finally:
        application.stop()


@pytest.mark.parametrize("host", HOSTS)
def test_block_is_short(host: str) -> None:
    """A host with sign-in, a second factor and a role check is at most 25 lines of code."""
    lines = [line for line in block_of(host).splitlines() if line.strip()]
    assert len(lines) <= 25


def test_readme_host(url: str, mailbox: Mailbox) -> None:
    """The route answers 401 without a session, 403 to a viewer and to an editor without a second factor, and 200 to an editor with one."""
    olga, ed, vera = (Person(name, organization="Acme", url=url) for name in ("Olga", "Ed", "Vera"))
    for person in (olga, ed, vera):
        person.sign_up()
        person.verify(mailbox)
        person.present_password()
    organization = answered(olga.post("/auth/organizations", {"name": "Acme Corporation"}), 201)["id"]
    workspace = answered(olga.post(f"/auth/organizations/{organization}/workspaces", {"name": "Production"}), 201)["id"]
    for person, role in ((ed, "editor"), (vera, "viewer")):
        invited = {"email": person.email, "role": "member", "workspace_id": workspace, "workspace_role": role}
        answered(olga.post(f"/auth/organizations/{organization}/invitations", invited), 201)
        answered(person.post("/auth/invitations/accept", {"token": mailbox.take(person.email, about="invitation").token}), 200)
    path = f"/workspaces/{workspace}/dashboards"
    nobody = Person("Nobody", organization="Acme", url=url)
    answered(nobody.post(path), 401)
    answered(ed.post(path), 403, reason="step_up_required")
    for person in (ed, vera):
        person.enrol()
        person.sign_out()
        answered(person.present_code(person.present_password()["ticket"], factor="otp", code=person.next_code()), 200)
    answered(vera.post(path), 403, reason="denied")
    assert answered(ed.post(path), 200) == {"workspace": workspace, "created_by": ed.id}
    for person in (olga, ed, vera, nobody):
        person.close()


def test_matrix_of_readme() -> None:
    """The README's table of roles is the built-in matrix, row by row."""
    told = [line.split("|")[2:-1] for line in (ROOT / "README.md").read_text("utf-8").splitlines() if line.startswith("|") and ":" in line]
    rows = [[cell.strip(" `") for cell in row] for row in told]
    assert rows == [line.split() for line in MATRIX.strip().splitlines()[1:]]
