"""Another library's log in this process: `python -P -m benchmarks.log_peers NAME JOB EVENTS WRITERS`.

Prints the version that it has, then for each line on its input the seconds of one event or one proof, as a slice of a race: CPU time of the
thread, and wall time where several threads append. Ends with 3 if the library is not installed. Each is driven in the fastest way that we
know: signledger without signatures, pymerkle with its cache warm.
"""

from __future__ import annotations

import importlib.metadata
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.measure import Slice, code
from benchmarks.peer_process import NOT_INSTALLED

EACH = 20  # appends of a writer in a slice


def event(number: int) -> dict[str, object]:
    """Return an event of about 750 bytes as JSON, the shape of ours."""
    return {
        "action": "role.assigned",
        "actor": {"id": "bench", "kind": "system"},
        "details": {"before": "viewer", "number": number, "reason": "x" * 200, "role": "editor"},
        "id": f"evt_{number:026}",
        "organization": f"org_{1:026}",
        "outcome": "success",
        "schema": 1,
        "targets": [{"id": f"{kind}_{number:026}", "kind": kind} for kind in ("usr", "wsp")],
        "time": "2026-01-01T00:00:00.000Z",
        "trace": "y" * 150,
    }


def all_write(append: Callable[[int], object], writers: int, each: int) -> float:
    """Return the wall seconds of one append, of so many in each of `writers` threads; raise what one of them raised."""

    def write() -> None:
        for number in range(each):
            append(number)

    with ThreadPoolExecutor(writers) as threads:
        begun = time.perf_counter()
        done = [threads.submit(write) for _ in range(writers)]
        for writer in done:
            writer.result()
        return (time.perf_counter() - begun) / (writers * each)


def _signledger(folder: Path, job: str, events: int, writers: int) -> Slice:
    from signledger import Ledger
    from signledger.backends import SQLiteBackend

    ledger: Any = Ledger(SQLiteBackend(str(folder / "ledger.db"), timeout=60))
    if job == "append":
        return lambda: all_write(lambda number: ledger.append(event(number)), writers, EACH)
    for number in range(events):
        ledger.append(event(number))

    def verify() -> float:
        begun = time.thread_time()
        report = ledger.check_integrity()
        spent = time.thread_time() - begun
        if not report.ok or report.entries_verified != events:
            raise RuntimeError(f"expected {events} entries to hold, got {report}")
        return spent / events

    return verify


def _pymerkle(folder: Path, job: str, events: int, writers: int) -> Slice:
    import pymerkle

    if job == "append":
        stored: Any = pymerkle.SqliteTree(str(folder / "tree.db"))
        return lambda: all_write(lambda number: stored.append_entry(b"%0750d" % number), writers, EACH)
    tree: Any = pymerkle.InmemoryTree()
    for number in range(events):
        tree.append_entry(b"%d" % number)
    index = events // 3 + 1  # counted from one
    proof, base, root = tree.prove_inclusion(index, events), tree.get_leaf(index), tree.get_root(events)
    names: dict[str, object] = {
        "make": tree.prove_inclusion, "verify": pymerkle.verify_inclusion, "proof": proof, "base": base, "root": root,
        "index": index, "size": events, "leaf": tree.append_entry,
    }  # fmt: skip
    statements = {"make": "make(index, size)", "verify": "verify(base, root, proof, index=index, size=size)", "grow": "leaf(b'x')"}
    return code("", statements[job], names).slice


# name -> (distribution, what makes the slice of a job)
PEERS: dict[str, tuple[str, Callable[[Path, str, int, int], Slice]]] = {
    "signledger": ("signledger", _signledger),
    "pymerkle": ("pymerkle", _pymerkle),
}


def main(arguments: Sequence[str]) -> int:
    """Answer until the input ends."""
    name, job, events, writers = arguments
    distribution, make = PEERS[name]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        try:
            version, timed = importlib.metadata.version(distribution), make(folder, job, int(events), int(writers))
        except (importlib.metadata.PackageNotFoundError, ModuleNotFoundError):
            return NOT_INSTALLED
        print(version, flush=True)
        for _ in sys.stdin:
            print(timed(), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
