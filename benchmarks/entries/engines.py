"""ctsec's snapshot of role assignments beside other authorization engines: the same questions, every answer compared with an oracle.

Each engine has a process of its own, one after the other: they clash, keep what they took, and one of them is to be seen raising. A process
that is not done in its time is ended, and what it had found out by then is shown.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.engines.catalogue import CATALOGUE, OURS
from benchmarks.engines.child import NOT_INSTALLED
from benchmarks.engines.finding import Finding
from benchmarks.engines.table import EngineRun, EnginesTable
from benchmarks.engines.workload import SIZES

ROOT = Path(__file__).resolve().parents[2]


def peers_python() -> str:
    """Return the interpreter beside this one that `make bench` puts the other engines into, or this one."""
    beside = Path(sys.prefix) / "peers" / "bin" / "python"
    return str(beside) if beside.exists() else sys.executable


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What to run: sizes, engines, seconds for each measurement, and seconds for each engine at a size (None: by size).

    `peers` is the interpreter that finds the other engines, `rows` how many rows of data the entry `keys` makes.
    """

    sizes: tuple[str, ...] = ("S", "M")
    engines: tuple[str, ...] = tuple(CATALOGUE)
    seconds: float | None = None
    whole: float | None = None
    peers: str = field(default_factory=peers_python)
    rows: int = 1_000_000


_SECONDS = {"S": 5.0, "M": 20.0, "L10": 60.0}
_WHOLE = {"S": 120.0, "M": 300.0, "L10": 1500.0}


def entry(choice: Choice) -> Iterable[EnginesTable]:
    """Return a table for each size, as soon as it is done."""
    for name in choice.sizes:
        yield EnginesTable(size=SIZES[name], runs={engine: _run(engine, name, choice) for engine in choice.engines})


def _run(engine: str, size: str, choice: Choice) -> EngineRun:
    seconds = choice.seconds if choice.seconds is not None else _SECONDS[size]
    whole = choice.whole if choice.whole is not None else _WHOLE[size]
    # A peer sees the checkout and its own environment, nothing else; ctsec is where this process finds it.
    python, path = (sys.executable, [str(ROOT), *sys.path]) if engine == OURS else (choice.peers, [str(ROOT)])
    command = [python, "-P", "-m", "benchmarks.engines.child", engine, size, str(seconds)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, path))}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as child:
        timer = threading.Timer(whole, child.kill)
        timer.start()
        try:
            version, *lines = list(child.stdout or ()) or [""]
        finally:
            timer.cancel()
        code = child.wait()
    ended = {0: "", NOT_INSTALLED: "not installed", -signal.SIGKILL: f"not within {whole:g} s"}
    return EngineRun(
        version=version.strip() or None,
        found=tuple(map(Finding.read, lines)),
        ended=ended.get(code, f"its process ended with {code}"),
    )
