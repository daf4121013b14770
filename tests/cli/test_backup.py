"""`ctsec backup` and `ctsec restore`, run as a person runs them."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ctsec import Security
from ctsec.authn.journey import SignedIn
from ctsec.cli import main
from ctsec.encryption.kms import LocalKms
from ctsec.presets import sync_embedded
from ctsec.rbac import Policy
from ctsec.security.parts import EmbeddedOptions
from examples.walkthrough.mailbox import Mailbox
from tests.cli.test_command_line import ctsec

COMMAND = [sys.executable, "-c", "import sys; from ctsec.cli import main; sys.exit(main())"]
ANN = "ann@acme.example"
PASSWORD = "nine quiet rivers run north"
HOST = """
from ctsec.encryption.kms import LocalKms
kms = LocalKms.load("backup.key")
class Service:
    def __getattr__(self, name):
        return getattr(kms, name)
service = Service()
"""


def bundle(database: Path, *, mail: str = "smtp://localhost:1025") -> Security:
    return sync_embedded(str(database), policy=Policy.preset(), issuer="Acme", mail=mail, options=EmbeddedOptions(worker=False))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the store of a host, in which Ann has an account, and with a key for backups."""
    mailbox = Mailbox()
    mailbox.start()
    security = bundle(tmp_path / "app.db", mail=mailbox.url)
    with security.begin() as unit:
        unit.accounts.sign_up(email=ANN, password=PASSWORD, name="Ann")
    security.jobs.send_mail()
    with security.begin() as unit:
        unit.accounts.verify_email(token=mailbox.take(ANN, about="confirm").token)
    security.close()
    mailbox.stop()
    LocalKms.create(tmp_path / "backup.key")
    (tmp_path / "host_of_backups.py").write_text(HOST, "utf-8")
    return tmp_path


@pytest.mark.proves("SEED-E4")
def test_a_host_goes_on_with_a_restored_store(folder: Path) -> None:
    """What `backup` saved and `--verify` found whole, `restore` writes into a new store, and the host's people sign in to it."""
    saved = ctsec("backup", "--url", "sqlite:///app.db", "--to", "app.bak", "--key", "local:backup.key", folder=folder)
    assert saved.returncode == 0, saved.stderr
    assert saved.stderr == ""
    assert saved.stdout.startswith("saved ")
    verified = ctsec("backup", "--verify", "app.bak", "--key", "local:backup.key", folder=folder)
    assert verified.stdout == saved.stdout.replace("saved", "verified", 1)
    restored = ctsec("restore", "--from", "app.bak", "--url", "sqlite:///new.db", "--key", "local:backup.key", "--json", folder=folder)
    assert restored.returncode == 0, restored.stderr
    assert json.loads(restored.stdout)["tables"]["main.user"] == 1
    shutil.copy(folder / "app.db-key", folder / "new.db-key")
    security = bundle(folder / "new.db")
    with security.begin() as unit:
        assert isinstance(unit.sign_in.password(email=ANN, password=PASSWORD), SignedIn)
    security.close()


def test_a_key_file_is_made_and_never_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`ctsec key create` makes a file for this user alone; a second one of its name is refused, and a missing one says how to make it."""
    monkeypatch.chdir(tmp_path)
    assert main(["backup", "--url", "sqlite:///app.db", "--to", "a.bak", "--key", "local:backup.key"]) == 2
    missing = capsys.readouterr().err
    assert "`ctsec key create` makes a new one" in missing
    assert "TOTP" not in missing
    assert main(["key", "create", "backup.key"]) == 0
    assert capsys.readouterr().out.startswith(LocalKms.load("backup.key").ref)
    made = Path("backup.key").read_bytes()
    assert Path("backup.key").stat().st_mode & 0o777 == 0o600
    assert main(["key", "create", "backup.key"]) == 2
    assert Path("backup.key").read_bytes() == made


def test_refusals_are_one_line_and_exit_with_2(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A taken name, a full store, a cut file, a wrong key and a missing option are told in one line with a code, and change nothing."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", list(sys.path))
    key = ("--key", "local:backup.key")
    assert main(["backup", "--url", "sqlite:///app.db", "--to", "app.bak", *key]) == 0
    capsys.readouterr()
    LocalKms.create(folder / "other.key")
    raw = (folder / "app.bak").read_bytes()
    (folder / "cut.bak").write_bytes(raw[:-1000])
    store = ("--url", "sqlite:///new.db")
    for arguments, code in (
        (("backup", "--url", "sqlite:///app.db", "--to", "app.bak", *key), "backup_file_failed"),
        (("backup", "--url", "sqlite:///none.db", "--to", "x.bak", *key), "configuration"),
        (("backup", "--url", "sqlite:///app.db", "--to", "x.bak", *key, "--sign-with", "missing.key"), "key_not_found"),
        (("backup", "--to", "x.bak", *key), "configuration"),
        (("backup", "--verify", "cut.bak", *key), "backup_cut"),
        (("restore", "--from", "app.bak", "--url", "sqlite:///app.db", *key), "store_not_empty"),
        (("restore", "--from", "cut.bak", *store, *key), "backup_cut"),
        (("restore", "--from", "host_of_backups.py", *store, *key), "not_a_backup"),
        (("restore", "--from", "app.bak", *store, "--key", "local:other.key"), "backup_key_refused"),
        (("restore", "--from", "app.bak", *store, *key, "--signed-by", "me"), "configuration"),
        (("restore", "--from", "app.bak", *store, "--key", "json:loads"), "configuration"),
        (("restore", "--from", "app.bak", *store, "--key", "arn:aws:kms:eu:1:alias/x"), "configuration"),
        (("restore", "--from", "app.bak", *store, "--key", "local:missing.key"), "key_not_found"),
    ):
        assert main(arguments) == 2, arguments
        told = capsys.readouterr()
        assert told.out == ""
        assert told.err.startswith("ctsec: ")
        assert told.err.endswith(f"[{code}]\n"), told.err
        assert told.err.count("\n") == 1
    assert {each.name for each in folder.glob("*")}.isdisjoint({"new.db", "none.db", "x.bak", "x.bak.partial"})
    assert (folder / "app.bak").read_bytes() == raw


def test_a_key_of_the_host_needs_a_name_that_signed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a key service of the host's another key file signs, and a restore names it; the name that was printed is that name."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", list(sys.path))
    LocalKms.create("signing.key")
    key = ("--key", "host_of_backups:service")
    save = ("backup", "--url", "sqlite:///app.db", "--to", "app.bak", *key)
    restore = ("restore", "--from", "app.bak", "--url", "sqlite:///new.db", *key)
    assert main(save) == 2
    assert "--sign-with" in capsys.readouterr().err
    assert main([*save, "--sign-with", "signing.key", "--json"]) == 0
    signed_by = json.loads(capsys.readouterr().out)["signed_by"]
    assert main(restore) == 2
    assert "--signed-by" in capsys.readouterr().err
    assert main([*restore, "--signed-by", signed_by]) == 0


def test_a_terminal_shows_how_far_it_is(folder: Path) -> None:
    """On a terminal a bar of the rows ends at all of them; standard output holds the result only."""
    ours, theirs = pty.openpty()
    arguments = ["backup", "--url", "sqlite:///app.db", "--to", "app.bak", "--key", "local:backup.key"]
    ran = subprocess.run([*COMMAND, *arguments], cwd=folder, stdout=subprocess.PIPE, stderr=theirs, text=True, check=True, timeout=60)
    os.close(theirs)
    shown = os.read(ours, 10_000).decode()
    os.close(ours)
    assert shown.endswith(f"save    [{'#' * 30}] 100%\r\n")
    assert ran.stdout.startswith("saved ")
