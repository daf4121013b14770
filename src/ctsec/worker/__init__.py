"""The one worker: jobs, leases, and the thread that runs them inside a host.

Names are resolved at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.worker._async import AsyncJob as AsyncJob
    from ctsec.worker._async import AsyncWorker as AsyncWorker
    from ctsec.worker._sync import Job as Job
    from ctsec.worker._sync import Worker as Worker
    from ctsec.worker.record import JobLease as JobLease
    from ctsec.worker.record import JobRun as JobRun
    from ctsec.worker.thread import WorkerThread as WorkerThread

_HOME = {
    "AsyncJob": "ctsec.worker._async",
    "AsyncWorker": "ctsec.worker._async",
    "Job": "ctsec.worker._sync",
    "JobLease": "ctsec.worker.record",
    "JobRun": "ctsec.worker.record",
    "Worker": "ctsec.worker._sync",
    "WorkerThread": "ctsec.worker.thread",
}
__all__ = [
    "AsyncJob",
    "AsyncWorker",
    "Job",
    "JobLease",
    "JobRun",
    "Worker",
    "WorkerThread",
]

__getattr__ = face(__name__, _HOME)
