"""A process that forks children which save or restore, for tests to kill: `python -m tests.storage.backup.victim`.

It reads one order a line (`save URL FILE` or `restore URL FILE`), answers with the child's process id, waits for a second line, which says
that the child may go, and answers with how it ended.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.storage.backup.support import restore, save


def serve() -> None:
    """Take orders until there are none."""
    for line in sys.stdin:
        work, url, path = line.split()
        child = os.fork()
        if child == 0:
            code = 1
            try:
                (save if work == "save" else restore)(url, Path(path))
                code = 0
            finally:
                os._exit(code)
        print(child, flush=True)
        sys.stdin.readline()
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    serve()
