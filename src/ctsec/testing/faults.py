"""Storages that fail at a chosen call, or note what was written, in both colours.

`AsyncProbedStorage(storage, probe=FailAt(3))` fails in place of the third port call. A test runs a service for n = 1, 2, 3 … until
`probe.failed` is None, and finds nothing half done.
"""

from __future__ import annotations

from ctsec.testing._async_faults import AsyncProbedStorage
from ctsec.testing._sync_faults import ProbedStorage
from ctsec.testing.probes import FailAt, Probe, Written

__all__ = ["AsyncProbedStorage", "FailAt", "Probe", "ProbedStorage", "Written"]
