"""A process that forks children which save or restore, and which kill themselves: `python -m tests.storage.backup.victim`.

It reads one order a line (`save URL FILE LAST` or `restore URL FILE LAST`) and answers with how its child ended and how many steps it took.
A step is a statement or one of the calls that put a file on the disk; the child kills itself at step number `LAST` (0: at none), a
statement before it is executed, a write when half of it is done.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from tests.storage.backup.support import restore, save


class Steps:
    """Counts the steps of this process, and kills it at the last one."""

    def __init__(self, last: int) -> None:
        self.done = 0
        self._last = last
        event.listen(Engine, "before_cursor_execute", lambda *_: self._step())
        for name in ("fsync", "rename", "unlink"):
            setattr(os, name, self._before(getattr(os, name)))
        os.write = self._halfway(os.write)

    def _before(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def stepping(*arguments: Any, **named: Any) -> Any:
            self._step()
            return call(*arguments, **named)

        return stepping

    def _halfway(self, write: Callable[[int, Any], int]) -> Callable[[int, Any], int]:
        def stepping(file: int, data: Any) -> int:
            if self.done + 1 == self._last:
                write(file, memoryview(data)[: len(data) // 2])
            self._step()
            return write(file, data)

        return stepping

    def _step(self) -> None:
        self.done += 1
        if self.done == self._last:
            os.kill(os.getpid(), signal.SIGKILL)


def serve() -> None:
    """Take orders until there are none."""
    for line in sys.stdin:
        work, url, path, last = line.split()
        told, tells = os.pipe()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                steps = Steps(int(last))
                (save if work == "save" else restore)(url, Path(path))
                with open(tells, "w", encoding="ascii") as end:
                    end.write(str(steps.done))
                code = 0
            finally:
                os._exit(code)
        os.close(tells)
        with open(told, encoding="ascii") as end:
            done = end.read() or last
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), done, flush=True)


if __name__ == "__main__":
    serve()
