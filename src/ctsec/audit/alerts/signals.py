"""What verification and the worker tell of the logs themselves, as something that rules can fire for.

Rules that this module keeps:

- a log is tampered with where verification has findings, or where the signer, the retention or the sequencer refused to go on;
- it is stalled where an event waits for longer than five minutes, or where one of these jobs failed for another reason than a store that
  was busy for a moment.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ctsec.audit.alerts.defaults import STALLED, TAMPERED
from ctsec.audit.assurance import VerificationReport
from ctsec.audit.event import DEPLOYMENT_LOG
from ctsec.audit.sealing import LogStatus
from ctsec.errors import LogInconsistent, StoreBusy

PATIENCE: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Told:
    """A rule by its name, the log that it is about, and the `occasion`: the same one is told once."""

    rule: str
    key: str
    occasion: str


def of_status(status: LogStatus, *, now: datetime) -> tuple[Told, ...]:
    """Return what the state of sequencer and signer is worth."""
    problems, found = status.problem.split(), list[Told]()
    if LogInconsistent.code in problems:
        found.append(Told(TAMPERED, DEPLOYMENT_LOG, f"day-{now:%Y-%m-%d}"))
    late = status.oldest is not None and status.oldest < now - PATIENCE
    if late or any(each not in {LogInconsistent.code, StoreBusy.code} for each in problems):
        found.append(Told(STALLED, DEPLOYMENT_LOG, f"hour-{now:%Y-%m-%dT%H}"))
    return tuple(found)


def of_report(report: VerificationReport) -> tuple[Told, ...]:
    """Return what a verification is worth: one alert a log that has findings, again only when they are others."""
    return tuple(Told(TAMPERED, each.log, f"found-{_digest(map(str, each.findings))}") for each in report.logs if each.findings)


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:32]
