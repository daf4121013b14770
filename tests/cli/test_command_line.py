"""The command line, run as a person runs it."""

from __future__ import annotations

import asyncio
import io
import json
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from ctsec.cli import main
from ctsec.cli.work import load_bundle
from ctsec.ids import KeyId
from ctsec.keys.attenuation import DerivedToken, Narrowing, narrowing, parse_derived
from ctsec.keys.token import mint
from ctsec.presets import async_in_memory
from ctsec.rbac.preset import POLICY
from tests import fresh

HOST = """
from ctsec import Security
security = Security.embedded("app.db", permissions=("dashboards:view",), matrix="permission viewer\\ndashboards:view yes", issuer="Acme")
"""


VISIT = """
from host import security
with security.begin() as unit:
    unit.accounts.sign_up(email="ann@acme.example", password="correct horse battery", name="Ann")
security.close()
"""


def ctsec(*arguments: str, folder: Path, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command in a folder, in a process of its own."""
    return fresh.command(*arguments, folder=folder, text=text)


def test_db_upgrade_makes_what_db_check_expects(tmp_path: Path) -> None:
    """After an upgrade the check finds nothing; after somebody drops a table it says so and exits with 1."""
    url = f"sqlite:///{tmp_path / 'app.db'}"
    assert ctsec("db", "check", "--url", url, folder=tmp_path).returncode == 1
    assert ctsec("db", "upgrade", "--url", url, folder=tmp_path).returncode == 0
    checked = ctsec("db", "check", "--url", url, folder=tmp_path)
    assert (checked.returncode, checked.stdout) == (0, "the tables are as expected\n")
    with sqlite3.connect(tmp_path / "app.db") as connection:
        connection.execute("DROP TABLE ctsec_invitation")
    broken = ctsec("db", "check", "--url", url, folder=tmp_path)
    assert broken.returncode == 1
    assert "ctsec_invitation" in broken.stdout


def test_key_inspect_reads_standard_input_only() -> None:
    """A well-formed key is named by its id, a malformed one is refused with 1, and the secret is in no output."""
    token = mint(KeyId("key_00000000000000000000000000"), random=bytes).reveal()
    folder = Path.cwd()
    good = ctsec("key", "inspect", folder=folder, text=token + "\n")
    assert (good.returncode, good.stdout) == (0, "key_00000000000000000000000000 (live), form and checksum ok\n")
    bad = ctsec("key", "inspect", folder=folder, text=token[:-1] + "!")
    assert bad.returncode == 1
    assert token[30:70] not in bad.stdout + bad.stderr + good.stderr


@pytest.mark.proves("SEED-K4")
def test_key_derive_prints_a_narrower_key(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What is derived has its caveats and says nothing of its key; what is no key, no workspace and no life is refused."""

    def derived(text: str, *arguments: str) -> tuple[int, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        return main(["key", "derive", "--hours", "2", *arguments]), capsys.readouterr().out.strip()

    token = mint(KeyId("key_00000000000000000000000000"), random=bytes).reveal()
    code, child = derived(f"{token}\n", "--scope", "agents:run", "--scope", "audit:view")
    found = parse_derived(child)
    assert isinstance(found, DerivedToken)
    left = narrowing(found.caveats)
    assert isinstance(left, Narrowing)
    assert (code, found.key_id, left.scopes) == (0, "key_00000000000000000000000000", {"agents:run", "audit:view"})
    assert token[35:78] not in child
    again = parse_derived(derived(child)[1])
    assert isinstance(again, DerivedToken)
    assert len(again.caveats) == 3
    assert derived("no key") == (1, "expected an API key, or a key derived from one")
    assert derived(token, "--workspace", "x") == (1, "expected the id of a workspace")
    for hours in ("0", "9000", "x"):
        with pytest.raises(SystemExit):
            main(["key", "derive", "--hours", hours])


def test_worker_runs_once_and_bootstrap_needs_an_account(tmp_path: Path) -> None:
    """`worker --once` runs what is due and ends; `bootstrap` refuses an address without an account."""
    (tmp_path / "host.py").write_text(HOST, "utf-8")
    assert ctsec("worker", "host:security", "--once", folder=tmp_path).returncode == 0
    refused = ctsec("bootstrap", "host:security", "--owner", "ann@acme.example", "--organization", "Acme", folder=tmp_path)
    assert refused.returncode == 1
    assert "not_found" in refused.stderr


def test_mail_that_has_not_left_is_counted(tmp_path: Path) -> None:
    """`mail` counts what waits and what was given up, without an address; with something given up it exits 1, until that is tried again."""
    (tmp_path / "host.py").write_text(HOST, "utf-8")
    (tmp_path / "visit.py").write_text(VISIT, "utf-8")
    subprocess.run([sys.executable, "visit.py"], cwd=tmp_path, check=True, timeout=60)
    counted = ctsec("mail", "host:security", "--json", folder=tmp_path)
    assert (counted.returncode, json.loads(counted.stdout) | {"oldest": ""}) == (0, {"waiting": 1, "given_up": 0, "oldest": "", "again": 0})
    with closing(sqlite3.connect(tmp_path / "app.db")) as connection, connection:
        connection.execute("UPDATE ctsec_outbox SET failed_at = created_at, last_error = 'no such mailbox', attempts = 12")
    failed = ctsec("mail", "host:security", folder=tmp_path)
    assert (failed.returncode, failed.stdout.partition("\n")[0]) == (1, "0 waiting; 1 given up; 0 tried again")
    assert "email_verification" in failed.stdout
    assert "no such mailbox" in failed.stdout
    assert "ann@" not in failed.stdout
    again = ctsec("mail", "host:security", "--retry", folder=tmp_path)
    assert again.returncode == 0
    assert re.fullmatch(r"1 waiting, the oldest since [0-9: -]+ UTC; 0 given up; 1 tried again\n", again.stdout)


@pytest.mark.parametrize("name", ["host", "nowhere:security", "os:path"])
def test_a_bundle_that_is_none_is_a_clear_error(name: str, tmp_path: Path) -> None:
    """What is named has to be a sync bundle; the error is one line without a traceback."""
    failed = ctsec("worker", name, "--once", folder=tmp_path)
    assert failed.returncode == 2
    assert failed.stderr.startswith("ctsec: ")
    assert failed.stderr.count("\n") == 1


ASYNC_HOST = """
from ctsec import AsyncSecurity, Security
from ctsec.security import EmbeddedOptions
MATRIX = "permission viewer\\ndashboards:view yes"
GIVEN = dict(permissions=("dashboards:view",), matrix=MATRIX, issuer="Acme", options=EmbeddedOptions(worker=False))
made = []
def create(path="made.db"):
    made.append(path)
    return AsyncSecurity.embedded(path, **GIVEN)
def needy(path):
    return Security.embedded(path, **GIVEN)
async def later():
    return create()
number = 7
"""


def test_a_bundle_may_be_async_or_come_from_a_function(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A command takes the sync bundle beside an async one, and calls a function that makes either; what is neither is named."""
    (tmp_path / "async_host.py").write_text(ASYNC_HOST + 'asynchronous = create("app.db")\n', "utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in ("asynchronous", "create"):
        bundle = load_bundle(f"async_host:{name}")
        with bundle.begin() as unit:
            unit.accounts.sign_up(email="ann@acme.example", password="correct horse battery", name="Ann")
        assert bundle.jobs.mail.overview().waiting == 1
        bundle.close()
    assert sys.modules["async_host"].made == ["app.db", "made.db"]
    wrong = {
        "async_host:needy": "is a function; expected one without arguments",
        "async_host:later": "and no coroutine",
        "async_host:number": "is a int; expected a ctsec.Security, an AsyncSecurity, or a function",
        "async_host:nothing": "async_host has no 'nothing'",
        "nowhere.at:all": "there is no module nowhere in this folder or on PYTHONPATH",
        "imports_it:security": "it imports no_such_thing, which is not installed here",
    }
    (tmp_path / "imports_it.py").write_text("import no_such_thing\n", "utf-8")
    for name, words in wrong.items():
        assert main(["mail", name]) == 2
        assert words in capsys.readouterr().err
    del sys.modules["async_host"]


def test_an_async_bundle_of_parts_is_no_bundle_of_commands() -> None:
    """What the host put together has no sync bundle beside it, and says so by None."""
    parts = asyncio.run(async_in_memory(policy=POLICY))
    assert parts.blocking is None
