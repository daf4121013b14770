"""The inventory of third-party packages: whole, pinned by hashes, and what the source really imports."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest

from tests.architecture.source import ROOT, imports, modules
from tools.sbom import asked, inventory, locked, normal

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


@pytest.mark.proves("ASVS-15.1.2")
def test_the_inventory_is_the_lock() -> None:
    """Every package of the lock is a component with its version and the hashes of its files; all that the wheel asks for is among them."""
    text = (ROOT / "requirements" / "lock.txt").read_text("utf-8")
    made = inventory()
    pinned = dict(re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", text, re.MULTILINE))
    assert {each["name"]: each["version"] for each in made["components"]} == {normal(name): version for name, version in pinned.items()}
    assert sum(len(each["hashes"]) for each in made["components"]) == text.count("--hash=sha256:")
    assert all(each["hashes"] for each in made["components"])
    needed = {name for names in asked(PROJECT).values() for name in names}
    known = {each["name"] for each in made["components"]}
    assert needed - known <= {"a2wsgi", "lxml"}  # nothing imports what an extra of a later feature will need
    assert made["dependencies"] == [{"ref": "ctsec", "dependsOn": sorted(needed & known)}]
    assert {each["name"] for each in made["components"] if each["scope"] == "required"} == needed & known


@pytest.mark.proves("ASVS-15.1.2")
def test_what_is_imported_is_in_the_inventory() -> None:
    """Each third-party module that the package imports belongs to a package that the wheel, or an extra, asks for or brings with it."""
    tops = {target.partition(".")[0] for name in modules() for target, _ in imports(name)} - set(sys.stdlib_module_names) - {"ctsec"}
    homes = packages_distributions()
    known = {each["name"] for each in inventory()["components"]}
    assert len(tops) > 15
    assert {top for top in tops if not {normal(home) for home in homes.get(top, [])} & known} == set()


def test_a_line_that_pins_nothing_is_refused() -> None:
    """A package without a version, an address or an option in the lock is no inventory."""
    for line in ("requests", "requests>=2", "-r other.txt", "git+ssh://example.com/x"):
        with pytest.raises(ValueError, match="expected a pinned package"):
            locked(f"a==1 \\\n    --hash=sha256:00\n{line}\n")
