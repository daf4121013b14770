"""SoftHSM tokens for the tests: a folder of their own, made once for a process, and one token for each test that wants its own."""

from __future__ import annotations

import os
import secrets
import subprocess
from pathlib import Path

from ctsec.encryption.kms import Pkcs11KeyServices
from ctsec.secret import SecretText
from tests.servers import find

PIN = "1234-user"


def module() -> str:
    """Return the path of SoftHSM's library."""
    found = find("softhsm")
    assert found is not None
    return found


def make_folder(folder: Path) -> None:
    """Let SoftHSM keep its tokens in this folder, from the library's next initialization on."""
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")


def make_token() -> str:
    """Return the label of a new token."""
    label = f"ctsec {secrets.token_hex(4)}"
    command = ["softhsm2-util", "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "5678-officer"]
    subprocess.run(command, check=True, capture_output=True)
    return label


def services(token: str, *, pin: str = PIN) -> Pkcs11KeyServices:
    """Return the services of a token."""
    return Pkcs11KeyServices(module(), token=token, pin=SecretText(pin))
