"""A program that is nothing but curl uses a key as the documentation says, at both example applications."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from examples.walkthrough.application import COMMANDS, Application
from examples.walkthrough.mailbox import free_port
from tests.examples.pages import ROOT, ran

PAGE = ROOT / "docs" / "how-to" / "watch-the-use-of-keys.md"
MINT = """
from tests.examples.preface import *
from ctsec.keys import KeyRequest
with security.begin() as unit:
    made = unit.api_keys.mint(olga, organization=organization, request=KeyRequest(name="curl", scopes=frozenset({"dashboards:view"})))
print(made.token.reveal(), workspace)
"""


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A database with a key, its text, and a workspace that it may look into."""
    folder = tmp_path_factory.mktemp("curl")
    made = ran(MINT, folder=folder)
    assert made.returncode == 0, made.stderr
    token, workspace = made.stdout.split()
    return folder, token, workspace


def curl(command: str, **words: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the page."""
    return subprocess.run(["sh", "-c", command], env={**os.environ, **words}, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.program("curl")
@pytest.mark.parametrize("host", sorted(COMMANDS))
def test_curl_uses_a_key_as_the_page_says(host: str, deployment: tuple[Path, str, str]) -> None:
    """Each command of the page answers with what the key may see; with another character in the key, each is refused with 401."""
    folder, token, workspace = deployment
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = {"CLOUDTHINKER_DATABASE": str(folder / "acme.db"), "CLOUDTHINKER_BASE_URL": url, "CLOUDTHINKER_MAIL": "smtp://127.0.0.1:9"}
    application = Application(*COMMANDS[host], folder=folder, port=port, settings=settings)
    wrong = token[:-1] + ("A" if token[-1] != "A" else "B")
    first = re.search(r"^```sh\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert first is not None
    commands = first[1].replace("https://app.example.com", url).splitlines()
    try:
        application.start()
        for command, named in zip(commands, ("organizations", "dashboards"), strict=True):
            done = curl(command, CTSEC_KEY=token, WORKSPACE=workspace)
            assert (done.returncode, list(json.loads(done.stdout))) == (0, [named]), done.stderr
            refused = curl(f"{command} -s -w '%{{http_code}}' -o /dev/null", CTSEC_KEY=wrong, WORKSPACE=workspace)
            assert refused.stdout == "401"
    finally:
        application.stop()
