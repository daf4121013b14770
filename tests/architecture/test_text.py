"""What no file of the repository may say."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.source import ROOT

APART = {".git", ".venv", "dist", "build", "node_modules", "__pycache__", ".hypothesis", ".mypy_cache", ".ruff_cache", ".pytest_cache"}
SUFFIXES = {
    "",
    ".py",
    ".md",
    ".toml",
    ".txt",
    ".in",
    ".cfg",
    ".ini",
    ".yml",
    ".yaml",
    ".json",
    ".html",
    ".css",
    ".js",
    ".sh",
    ".sql",
    ".mako",
}
# Written in pieces, so that this file does not find itself.
MACHINE = re.compile("/wo" + "rk/|/ro" + "ot/|/home/[a-z]")
REGISTRY = re.compile(
    "(extra-)?index-" + "url|find-" + "links|pypi" + r"\.org|pythonho" + r"sted|registry\.np" + r"mjs|https?://\S+/sim" + "ple"
)
LEFT_OUT = re.compile(r"pytest\.(sk" + r"ip|xf" + r"ail|importorsk" + r"ip)\b|mark\.(sk" + r"ip|skipif|xf" + "ail)|unittest.*sk" + "ip")


def texts(start: Path) -> Iterator[tuple[Path, int, str]]:
    """Yield each line of each text file below a folder, generated and installed things apart."""
    for folder, below, files in os.walk(start):
        below[:] = sorted(name for name in below if name not in APART)
        for name in sorted(files):
            path = Path(folder) / name
            if path.suffix in SUFFIXES and not name.startswith(".rows") and not name.startswith(".git"):
                for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
                    yield path.relative_to(ROOT), number, line


def test_no_machine_path() -> None:
    """No file names a folder of somebody's machine."""
    assert [f"{path}:{number}" for path, number, line in texts(ROOT) if MACHINE.search(line)] == []


def test_no_registry_address() -> None:
    """No file names a package registry: where packages come from is the installer's configuration."""
    allowed = {("Makefile", "sed -i -E")}
    found = [(path, number, line) for path, number, line in texts(ROOT) if REGISTRY.search(line)]
    assert [f"{p}:{n}" for p, n, line in found if not any(str(p) == file and start in line for file, start in allowed)] == []


def test_no_test_is_left_out() -> None:
    """A test either runs or is not there: none is marked to be passed over or to fail."""
    assert [f"{path}:{number}" for path, number, line in texts(ROOT / "tests") if LEFT_OUT.search(line)] == []
