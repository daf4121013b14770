"""No directory service is asked, so nothing is built into a query of one."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).resolve().parents[2]
NAMES: Final = ("ldap", "ldap3", "bonsai", "msldap", "ms_active_directory")


@pytest.mark.proves("ASVS-1.2.6", "CVE-2026-44671")
def test_no_module_speaks_ldap() -> None:
    """Nothing imports a client of LDAP, no extra installs one, and no source has a query of one."""
    found: set[str] = set()
    texts = {path: path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py")}
    assert len(texts) > 300
    for text in texts.values():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                found |= {each.name.partition(".")[0] for each in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    assert "sqlalchemy" in found
    assert not found & set(NAMES)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    needed = [*project["dependencies"], *(each for extra in project["optional-dependencies"].values() for each in extra)]
    assert not [each for each in needed if any(name in each.lower() for name in NAMES)]
    assert not [path.name for path, text in texts.items() if "ldap://" in text or "(objectClass=" in text]
