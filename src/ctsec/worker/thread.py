"""The worker as a thread of the host's process: for hosts that run no `ctsec worker`.

Rules that this module keeps:

- the thread starts with the first wake-up in each process, so a server that forks after loading the application has one in each child;
- it looks at what is due once a second, and at once when it is woken; leases keep several processes apart;
- it is a daemon: it never holds up the end of a process, and what it had leased is taken over when the lease ends.
"""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING, Final, Protocol

from ctsec.errors import CtsecError

if TYPE_CHECKING:
    from collections.abc import Sequence

PAUSE: Final = 1.0
_LOG: Final = logging.getLogger("ctsec.worker")


class RunsDue(Protocol):
    """A worker that can be asked to run what is due."""

    def run_due(self) -> Sequence[object]:
        """Run what is due."""
        ...


class WorkerThread:
    """Runs a worker in a daemon thread of each process that wakes it."""

    __slots__ = ("_lock", "_pid", "_stopped", "_thread", "_wake", "_worker")

    def __init__(self, worker: RunsDue) -> None:
        self._worker = worker
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopped = False
        self._pid = 0
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Look at what is due now; start the thread if this process has none."""
        if self._pid != os.getpid():
            self._start()
        self._wake.set()

    def stop(self, *, timeout: float = 10.0) -> None:
        """End the thread of this process after its present run; it does not start again."""
        self._stopped = True
        self._wake.set()
        if self._thread is not None and self._pid == os.getpid():
            self._thread.join(timeout)

    def _start(self) -> None:
        with self._lock:
            if self._pid == os.getpid() or self._stopped:
                return
            self._pid = os.getpid()
            self._wake = threading.Event()
            self._thread = threading.Thread(target=self._run, name="ctsec-worker", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while not self._stopped:
            self._wake.wait(PAUSE)
            self._wake.clear()
            try:
                self._worker.run_due()
            except Exception as error:  # noqa: BLE001 - a thread that dies in silence sends no mail
                # The store is away, or a mistake: the next round tries again, and the lease table shows when a job last ran.
                _LOG.warning("the worker's round failed: %s", error.code if isinstance(error, CtsecError) else type(error).__name__)
                self._wake.wait(PAUSE)
