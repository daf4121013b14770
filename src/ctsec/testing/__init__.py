"""What hosts and stores are tested with: a clock that stands still, repeatable randomness, a mailer that keeps, an authenticator in
software, and stores that fail.

`ctsec.testing.conformance` is the suite that every store passes, `ctsec.testing.laws` what every policy of roles obeys, and
`ctsec.testing.strategies` what Hypothesis draws for both.
"""

from __future__ import annotations

from ctsec.testing.client_assertions import ClientAssertions
from ctsec.testing.clock import FixedClock
from ctsec.testing.faults import AsyncProbedStorage, FailAt, Probe, ProbedStorage, Written
from ctsec.testing.identity_provider import LocalIdentityProvider
from ctsec.testing.mail import AsyncRecordingMailer, RecordingMailer
from ctsec.testing.passkeys import SoftwareAuthenticator
from ctsec.testing.random import UnsafeSeededRandom
from ctsec.testing.routes import assert_routes_guarded

__all__ = [
    "AsyncProbedStorage",
    "AsyncRecordingMailer",
    "ClientAssertions",
    "FailAt",
    "FixedClock",
    "LocalIdentityProvider",
    "Probe",
    "ProbedStorage",
    "RecordingMailer",
    "SoftwareAuthenticator",
    "UnsafeSeededRandom",
    "Written",
    "assert_routes_guarded",
]
