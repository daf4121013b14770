"""The code blocks of Markdown pages, and what they say that they print."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests import fresh

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PRINTED = re.compile(r"^\s*print\(.*\)  # (.+)$", re.MULTILINE)
DEMO = re.compile(r"<!-- demo: begin -->\n```text\n(.*?)```\n<!-- demo: end -->", re.DOTALL)


def pages() -> list[Path]:
    """Return every page of the documentation that holds Python."""
    return [page for page in sorted((ROOT / "docs").rglob("*.md")) if blocks(page)]


def blocks(page: Path) -> list[str]:
    """Return the Python blocks of a page."""
    return BLOCK.findall(page.read_text("utf-8"))


def promised(code: str) -> list[str]:
    """Return what the comments behind `print(…)` say is printed."""
    return PRINTED.findall(code)


def told_demo() -> str:
    """Return the demonstration's transcript as the README holds it."""
    found = DEMO.search((ROOT / "README.md").read_text("utf-8"))
    return found[1] if found else ""


def ran(code: str, *, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run code in `folder`, with the checkout on its path, so that `examples` is found."""
    program = folder / "program.py"
    program.write_text(code, "utf-8")
    return fresh.script(str(program), folder=folder)
