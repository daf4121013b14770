"""What an import costs: the faces load nothing that their user did not ask for."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys
before = set(sys.modules)
{statement}
new = {{name.split(".")[0] for name in set(sys.modules) - before}}
print(sorted(new - set(sys.stdlib_module_names) - {{"ctsec"}}))
print(sorted(name for name in sys.modules if name.split(".")[0] == "ctsec"))
"""


def run(statement: str) -> tuple[str, str]:
    """Return the third-party packages and the modules of ours that one statement loads in a new process."""
    done = subprocess.run([sys.executable, "-c", PROGRAM.format(statement=statement)], capture_output=True, text=True, check=True)
    third_party, ours = done.stdout.splitlines()
    return third_party, ours


@pytest.mark.parametrize("statement", ["import ctsec", "from ctsec.rbac import Policy", "from ctsec import Principal, Refusal, Secret"])
def test_faces_load_no_third_party_package(statement: str) -> None:
    """The face, the kernel and the policy engine load the standard library and ctsec only."""
    assert run(statement)[0] == "[]"


def test_the_face_loads_nothing_of_ours() -> None:
    """`import ctsec` loads no other module of the package."""
    assert run("import ctsec")[1] == "['ctsec']"
