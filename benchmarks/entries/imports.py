"""What it costs to import ctsec: fresh interpreters, in CPU time of the child.

The whole child is timed for "over bare Python"; for the ratio of two imports the child times the statement itself, or the start of the
interpreter would flatter it. Bytecode is cached in a folder of its own, so that nothing is compiled in a slice or written to the source.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from functools import cache

from benchmarks.measure import Contestant, Race, Unit

FLOOR = "import dataclasses, enum, typing, datetime"
POLICY = "from ctsec.rbac import Policy"
_TIMED = "import time\ns = time.process_time_ns()\n{}\nprint(time.process_time_ns() - s)"
_LOADED = (
    "import sys\nbefore = set(sys.modules)\n{}\n"
    "new = {{name.partition('.')[0] for name in set(sys.modules) - before}}\n"
    "print(*sorted(new - set(sys.stdlib_module_names) - {{'ctsec'}}))"
)


@cache
def _surroundings() -> dict[str, str]:
    folder = tempfile.mkdtemp(prefix="ctsec-benchmarks-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": folder}


def _run(program: str) -> tuple[str, float]:
    with subprocess.Popen([sys.executable, "-P", "-c", program], env=_surroundings(), stdout=subprocess.PIPE, text=True) as child:
        output = child.stdout.read() if child.stdout else ""
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"a child interpreter failed on: {program}")
    return output, used.ru_utime + used.ru_stime


def _whole(name: str, statement: str, *, target: float | None = None) -> Contestant:
    return Contestant(name=name, slice=lambda: _run(statement)[1], target=target)


def _statement(name: str, statement: str, *, target: float | None = None) -> Contestant:
    return Contestant(name=name, slice=lambda: int(_run(_TIMED.format(statement))[0]) / 1e9, target=target)


def third_party(statement: str) -> frozenset[str]:
    """Return the packages that `statement` loads beside ctsec and the standard library."""
    return frozenset(_run(_LOADED.format(statement))[0].split())


def entry() -> Iterable[Race]:
    """Return the races; raise RuntimeError if ctsec's import loads a third-party package."""
    for statement in ("import ctsec", POLICY):
        if foreign := third_party(statement):
            raise RuntimeError(f"`{statement}` loads {', '.join(sorted(foreign))}")
    yield Race(
        title="importing ctsec, and a comparable package, over a bare interpreter",
        floor=_whole("python -c pass", "pass"),
        contestants=(
            _whole("import ctsec", "import ctsec", target=5.0),
            _whole("import ctsec.sso", "import ctsec.sso", target=150.0),
            _whole("from ctsec.sso.saml import verify", "from ctsec.sso.saml import verify", target=150.0),
            _whole("import fastapi_users", "import fastapi_users"),
        ),
        unit=Unit.MILLISECONDS,
        rounds=15,
    )
    yield Race(
        title="importing the policy, against the standard library that it stands on",
        floor=_statement(FLOOR, FLOOR),
        contestants=(_statement(POLICY, POLICY, target=1.5),),
    )
