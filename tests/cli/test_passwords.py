"""`ctsec passwords`: says what stored passwords need, does it, and finds parameters for a time budget."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctsec.authn import ImportedAccount
from ctsec.authn.argon2 import Argon2Parameters
from ctsec.authn.journey import SignedIn
from ctsec.cli import passwords
from ctsec.cli.main import main
from ctsec.encryption.kms.local import LocalKms
from ctsec.presets import sync_embedded
from ctsec.rbac import Policy
from ctsec.secret import SecretText
from ctsec.security import Security
from ctsec.security.parts import EmbeddedOptions
from tests.services.probing import BCRYPT, PASSWORD


def options_with(*files: str) -> EmbeddedOptions:
    return EmbeddedOptions(worker=False, password_hash=Argon2Parameters.for_tests(), pepper_files=files)


class Commands:
    """The commands in this process, on bundles that the tests name."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.bundles: dict[str, Security] = {}
        self._capsys = capsys
        monkeypatch.setattr(passwords, "load_bundle", self.bundles.__getitem__)

    def __call__(self, *arguments: str) -> tuple[int, list[str]]:
        code = main(["passwords", *arguments])
        return code, self._capsys.readouterr().out.splitlines()


def test_a_pepper_is_replaced_on_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Status counts what needs each pepper and fails while one is missing; renew leaves nothing under the old one and no foreign hash."""
    monkeypatch.chdir(tmp_path)
    old, new = (LocalKms.create(tmp_path / name).ref for name in ("old", "new"))
    run = Commands(monkeypatch, capsys)
    for name, files in {"before": ("old",), "early": ("new",), "both": ("new", "old")}.items():
        run.bundles[name] = sync_embedded("app.db", policy=Policy.preset(), issuer="Acme", mail=None, options=options_with(*files))
    with run.bundles["before"].begin() as unit:
        for n in range(3):
            unit.accounts.import_account(
                ImportedAccount(email=f"u{n}@acme.example", name="U", password_hash=SecretText(BCRYPT), email_verified=True)
            )

    code, lines = run("status", "early")
    assert code == 1
    assert f"pepper {old} (missing): 3 needed" in lines
    assert run("renew", "early") == (1, ["0 passwords renewed; 3 do not open"])

    code, lines = run("status", "both")
    assert (code, lines[-1]) == (0, "hash bcrypt-4: 3, waits to be renewed")
    assert f"pepper {old} (old): 3 needed" in lines
    assert run("renew", "both") == (0, ["6 passwords renewed"])
    done = [f"pepper {new} (current): 3 needed", f"pepper {old} (old): not needed", "pepper 1 (old): not needed"]
    assert run("status", "both") == (0, [*done, "hash bcrypt-4+argon2id-8-1-1: 3"])

    with run.bundles["early"].begin() as unit:
        assert isinstance(unit.sign_in.password(email="u0@acme.example", password=PASSWORD), SignedIn)
    for security in run.bundles.values():
        security.close()


def test_parameters_are_found_for_a_budget(capsys: pytest.CaptureFixture[str]) -> None:
    """What is printed is code for the configuration; a budget of a millisecond gives the default, an impossible memory is an error."""
    assert main(["passwords", "calibrate", "--milliseconds", "1"]) == 0
    assert capsys.readouterr().out == "Argon2Parameters(memory_kib=19456, time_cost=2, lanes=1)\n"
    assert main(["passwords", "calibrate", "--memory", "1"]) == 2
