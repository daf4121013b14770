"""A host whose bundle the commands load by its name."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ctsec.security import Security


@contextmanager
def host(name: str, text: str, *, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Security]:
    """Have a module `name` of that text in the current folder, and give its bundle for as long as the block lasts."""
    (folder / f"{name}.py").write_text(text, "utf-8")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    security: Security = __import__(name).security
    try:
        yield security
    finally:
        security.close()
        del sys.modules[name]
