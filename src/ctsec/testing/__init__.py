"""What hosts and stores are tested with: a clock that stands still, repeatable randomness, a mailer that keeps, and stores that fail.

`ctsec.testing.conformance` is the suite that every store passes.
"""

from __future__ import annotations

from ctsec.testing.clock import FixedClock
from ctsec.testing.faults import AsyncProbedStorage, FailAt, Probe, ProbedStorage, Written
from ctsec.testing.mail import AsyncRecordingMailer, RecordingMailer
from ctsec.testing.random import UnsafeSeededRandom

__all__ = [
    "AsyncProbedStorage",
    "AsyncRecordingMailer",
    "FailAt",
    "FixedClock",
    "Probe",
    "ProbedStorage",
    "RecordingMailer",
    "UnsafeSeededRandom",
    "Written",
]
