"""The demonstration runs on both hosts and says what the README holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import fresh
from tests.examples.pages import ROOT, ran, told_demo


@pytest.mark.slow
@pytest.mark.parametrize("host", ["fastapi", "flask"])
def test_demo(host: str, tmp_path: Path) -> None:
    """Every check of the demonstration holds over real HTTP, and its transcript is the README's but for the line that names the host."""
    done = fresh.script(str(ROOT / "examples" / "demo.py"), "--host", host, "--transcript", "said.txt", folder=tmp_path)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    said = (tmp_path / "said.txt").read_text("utf-8").splitlines()
    told = told_demo().splitlines()
    assert said[0].lower().startswith(f"cloudthinker on {host}")
    assert said[1:] == told[1:]


def test_demo_fails_loudly(tmp_path: Path) -> None:
    """A demonstration whose application does not start ends with status 1 and says why."""
    broken = ran(
        "import sys\n"
        "from examples import demo\n"
        "from examples.walkthrough import application\n"
        "application.COMMANDS['fastapi'] = ('no_such_server',)\n"
        "sys.argv.extend(('--host', 'fastapi'))\n"
        "sys.exit(demo.main())\n",
        folder=tmp_path,
    )
    assert broken.returncode == 1
    assert "FAILED: expected the application to run" in broken.stderr
    assert "no_such_server" in broken.stderr
