"""Another library's contestant in a race: a process of the interpreter that has it, which times each slice itself."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measure import Contestant

NOT_INSTALLED = 3
ROOT = Path(__file__).resolve().parents[1]


@contextmanager
def peer(python: str, module: str, name: str, *arguments: str) -> Iterator[Contestant | None]:
    """Run another library in a process for as long as it takes; None if it is not installed, which is printed."""
    command = [python, "-P", "-m", module, name, *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as child:
        if child.stdin is None or child.stdout is None:
            raise RuntimeError("expected pipes to the process of a peer")
        asked, answers = child.stdin, child.stdout
        version = answers.readline().strip()

        def ask() -> float:
            print(file=asked, flush=True)
            return float(answers.readline())

        if version:
            yield Contestant(name=f"{name} {version}", slice=ask)
        else:
            yield None
        asked.close()
    if not version:
        why = "not installed" if child.returncode == NOT_INSTALLED else f"ended with {child.returncode}"
        print(f"{name}: {why} in {python}", file=sys.stderr, flush=True)
