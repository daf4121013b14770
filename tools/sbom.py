"""Print the inventory of third-party packages as CycloneDX 1.6: `python tools/sbom.py > dist/ctsec.cdx.json` (`make sbom`).

Its components are those of the lock with the hashes that an installation is held to; what the wheel itself and its extras ask for stands
in its dependencies. The same lock gives the same bytes.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True, slots=True)
class Locked:
    """One package of the lock: its name, its version and the SHA-256 of each of its files."""

    name: str
    version: str
    hashes: tuple[str, ...]


def normal(name: str) -> str:
    """Return a name as comparisons need it: lower case, with one dash for what separates."""
    return re.sub(r"[._-]+", "-", name).lower()


def locked(text: str) -> tuple[Locked, ...]:
    """Return the packages of a lock; raise ValueError for a line that is neither a pinned package nor a hash of one."""
    found: list[tuple[str, str, list[str]]] = []
    for line in text.splitlines():
        entry = line.strip().removesuffix("\\").strip()
        if entry.startswith("--hash=sha256:") and found:
            found[-1][2].append(entry.removeprefix("--hash=sha256:"))
        elif "==" in entry:
            name, _, version = entry.partition(";")[0].strip().partition("==")
            found.append((normal(name), version.strip(), []))
        elif entry and not entry.startswith("#"):
            raise ValueError(f"expected a pinned package or a hash, found {entry[:40]!r}")
    return tuple(Locked(name, version, tuple(hashes)) for name, version, hashes in found)


def asked(project: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the names of packages that the wheel asks for (""), and that each of its extras does."""
    lists = {"": project["dependencies"], **project["optional-dependencies"]}
    return {extra: tuple(sorted({normal(match[0]) for line in lines if (match := _NAME.match(line))})) for extra, lines in lists.items()}


def inventory(root: Path = ROOT) -> dict[str, Any]:
    """Return the document."""
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    packages = locked((root / "requirements" / "lock.txt").read_text("utf-8"))
    needed = {name for names in asked(project).values() for name in names}
    version = re.search(r'^__version__ = "([^"]+)"', (root / "src" / "ctsec" / "__init__.py").read_text("utf-8"), re.MULTILINE)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "library",
                "bom-ref": "ctsec",
                "name": "ctsec",
                "version": version[1] if version else "0",
                "licenses": [{"license": {"id": project["license"]}}],
            }
        },
        "components": [
            {
                "type": "library",
                "bom-ref": each.name,
                "name": each.name,
                "version": each.version,
                "scope": "required" if each.name in needed else "excluded",
                "hashes": [{"alg": "SHA-256", "content": digest} for digest in each.hashes],
            }
            for each in packages
        ],
        "dependencies": [{"ref": "ctsec", "dependsOn": sorted(needed & {each.name for each in packages})}],
    }


if __name__ == "__main__":
    json.dump(inventory(), sys.stdout, indent=1)
    sys.stdout.write("\n")
