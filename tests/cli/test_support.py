"""`ctsec support`: a case from its opening to its approval, by two operators, and verified domains."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ctsec.authn.argon2 import Argon2Parameters
from ctsec.cli import support
from ctsec.cli.main import main
from ctsec.ids import UserId
from ctsec.presets import sync_embedded
from ctsec.rbac import Policy
from ctsec.security import Security
from ctsec.security.parts import EmbeddedOptions
from ctsec.testing.conformance._sync_passkeys import passkey
from ctsec.testing.conformance.samples import ignore
from tests.services.probing import PASSWORD

SAM = ("--operator", "sam", "--reason", "ticket 4711")
TESS = ("--operator", "tess", "--reason", "ticket 4711")
OPEN = ("open", "app:security", *SAM, "--email", "bob@home.example", "--evidence", "in_person", "--reference", "ticket 4711")


@pytest.fixture
def security(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Security]:
    monkeypatch.chdir(tmp_path)
    options = EmbeddedOptions(worker=False, password_hash=Argon2Parameters.for_tests())
    made = sync_embedded("app.db", policy=Policy.preset(), issuer="Acme", mail=None, options=options)
    monkeypatch.setattr(support, "load_bundle", {"app:security": made}.__getitem__)
    yield made
    made.close()


def enrolled(security: Security) -> UserId:
    """Return a person with a second factor."""
    with security.begin() as unit:
        unit.accounts.sign_up(email="bob@home.example", password=PASSWORD, name="Bob")
        person = unit._store.users.by_email("bob@home.example")
        assert person is not None
    with security._storage.begin(after_commit=ignore) as store:
        store.passkeys.add(replace(passkey(1, of=1), user_id=person.id))
    return person.id


def test_a_case_on_the_command_line(security: Security, capsys: pytest.CaptureFixture[str]) -> None:
    """One operator opens, the other reads the evidence and approves; the first one can not, and what is wrong is exit 1 or 2."""

    def run(*arguments: str) -> tuple[int, list[str], str]:
        code = main(["support", *arguments])
        said = capsys.readouterr()
        return code, said.out.splitlines(), said.err

    assert run(*OPEN)[0] == 1
    person = enrolled(security)
    code, lines, _ = run(*OPEN, "--note", "her colleague was there\ntoo")
    case = lines[0].split()[0]
    assert (code, lines[0].split()[1:3], lines[0].endswith("opened by sam")) == (0, [person, "requested"], True)
    code, lines, _ = run("show", "app:security", *TESS, "--case", case)
    assert (code, lines[1:]) == (0, ["evidence: in_person, ticket 4711", "  her colleague was there", "  too"])
    assert run("approve", "app:security", *SAM, "--case", case)[0] == 1
    code, lines, _ = run("approve", "app:security", *TESS, "--case", case)
    assert (code, lines[0].endswith("opened by sam, approved by tess")) == (0, True)
    assert run("list", "app:security") == (0, lines, "")
    assert run("cancel", "app:security", *SAM, "--case", case)[0] == 0
    assert run("cancel", "app:security", *SAM, "--case", case)[2].endswith("[conflict]\n")
    assert run("show", "app:security", *SAM, "--case", "42")[0] == 2
    assert run("show", "app:security", "--operator", "Sam", "--reason", "x", "--case", case)[0] == 2
    nothing = "rcv_00000000000000000000000000"
    assert run("show", "app:security", *SAM, "--case", nothing)[2] == "refused: there is no such reset [not_found]\n"


def test_a_domain_on_the_command_line(security: Security, capsys: pytest.CaptureFixture[str]) -> None:
    """A domain is recorded with its proof, and taken back without one."""
    enrolled(security)
    with security.begin() as unit:
        made = unit.directory.bootstrap(owner_email_key="bob@home.example", name="Acme")
    place = ["--organization", str(getattr(made, "id", "")), "--domain", "acme.example"]
    recorded = ["support", "domain", "app:security", *SAM, *place, "--proof", "seen in its DNS"]
    assert [main(recorded), main(recorded), main(recorded[:-2]), main(recorded[:-2])] == [0, 1, 0, 1]
    assert capsys.readouterr().out.splitlines() == [
        f"acme.example is verified for {place[1]}",
        f"acme.example is not verified for {place[1]}",
    ]
    assert main([*recorded[:7], "--organization", "acme", *place[2:]]) == 2
