"""A process whose children do some work and kill themselves at a step that is counted: `python -m tests.victim`.

It reads one order a line, as JSON (`work` as `module:function`, its `arguments` and the `last` step, 0 for none), forks, and answers with
how its child ended and how many steps it took. A step is a statement, a commit, or one of the calls that put a file on the disk; the child
kills itself before it is done, or when half of what it writes to a file is.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, NullPool, create_engine, event, text

import ctsec

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 100 if os.environ.get("CTSEC_SOAK") else 10
EMPTYING = "emptying"  # the name of a connection that is kept to empty the tables between tests
_OTHERS = f"""SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name <> '{EMPTYING}'"""


class Steps:
    """Counts the steps of this process, and kills it at the last one, or calls `end` there."""

    def __init__(self, last: int, *, end: Callable[[], None] | None = None) -> None:
        self.done = 0
        self._last = last
        self._end = end
        event.listen(Engine, "before_cursor_execute", lambda *_: self._step())
        event.listen(Engine, "commit", lambda _: self._step())
        for name in ("fsync", "rename", "unlink"):
            setattr(os, name, self._before(getattr(os, name)))
        os.write = self._halfway(os.write)
        os.pwrite = self._halfway(os.pwrite)

    def _before(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def stepping(*arguments: Any, **named: Any) -> Any:
            self._step()
            return call(*arguments, **named)

        return stepping

    def _halfway(self, write: Callable[..., int]) -> Callable[..., int]:
        def stepping(file: int, data: Any, *where: int) -> int:
            if self.done + 1 == self._last and self._end is None:
                write(file, memoryview(data)[: len(data) // 2], *where)
            self._step()
            return write(file, data, *where)

        return stepping

    def _step(self) -> None:
        self.done += 1
        if self.done == self._last:
            if self._end is None:
                os.kill(os.getpid(), signal.SIGKILL)
            else:
                self._end()


class Victim:
    """The process whose children are killed."""

    def __init__(self) -> None:
        path = os.pathsep.join([os.path.dirname(os.path.dirname(ctsec.__file__)), str(ROOT)])
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.victim"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )

    def run(self, work: str, *arguments: object, last: int = 0) -> tuple[int, int]:
        """Have a child do some work up to its step number `last` (0: all of it); return its exit code and how many steps it took.

        `work` names a function of strings, such as `tests.storage.backup.support:save`.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"work": work, "arguments": list(map(str, arguments)), "last": last}) + "\n")
        self._process.stdin.flush()
        code, done = self._process.stdout.readline().split()
        return int(code), int(done)

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def settle(url: str) -> None:
    """Wait until a server has noticed that its client is gone; nobody else but who empties it may be connected to the database."""
    engine = create_engine(url, poolclass=NullPool)
    deadline = time.monotonic() + 20
    while engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            if connection.execute(text(_OTHERS)).scalar_one() == 0:
                break
        assert time.monotonic() < deadline
        time.sleep(0.01)
    engine.dispose()


def crash(pid: int) -> None:
    """Kill a server and all of its processes, of which none can be born meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    for each in (pid, *_children_of(pid)):
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)


def _children_of(pid: int) -> list[int]:
    found: list[int] = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            if int(stat.read_text("utf-8", "replace").rpartition(")")[2].split()[1]) == pid:
                found.append(int(stat.parent.name))
    return found


def serve() -> None:
    """Take orders until there are none."""
    for line in sys.stdin:
        order = json.loads(line)
        module, _, name = order["work"].partition(":")
        work = getattr(importlib.import_module(module), name)
        told, tells = os.pipe()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                steps = Steps(order["last"])
                work(*order["arguments"])
                with open(tells, "w", encoding="ascii") as end:
                    end.write(str(steps.done))
                code = 0
            finally:
                os._exit(code)
        os.close(tells)
        with open(told, encoding="ascii") as end:
            done = end.read() or order["last"]
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), done, flush=True)


if __name__ == "__main__":
    serve()
