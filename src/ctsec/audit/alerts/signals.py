"""What verification and the worker tell of the logs themselves, as something that rules can fire for.

Rules that this module keeps:

- a log is tampered with where verification has findings, or where the signer, the retention or the sequencer refused to go on;
- it is stalled where an event waits for longer than five minutes, or where one of these jobs failed for another reason than a store that
  was busy for a moment;
- a stream or an anchor fails where it failed six times in a row, by when it waited for some minutes in all; one that finds a log shorter
  than what it has of it, or another one than what a witness saw, finds tampering.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ctsec.audit.alerts.defaults import ANCHOR_FAILED, STALLED, STREAM_FAILED, TAMPERED
from ctsec.audit.assurance import VerificationReport, named
from ctsec.audit.event import DEPLOYMENT_LOG, LogId
from ctsec.audit.sealing import LogStatus
from ctsec.audit.streams.position import Position
from ctsec.errors import LogInconsistent, StoreBusy

PATIENCE: Final = timedelta(minutes=5)
FAILING: Final = 6
SHORTER: Final = "shorter than what was "
OTHER: Final = "another one than what was "


@dataclass(frozen=True, slots=True)
class Told:
    """A rule by its name, the log or the follower (`stream:…`, `anchor:…`) that it is about, and the `occasion`: told once each."""

    rule: str
    key: str
    occasion: str

    @property
    def source(self) -> LogId:
        """The log that it is about; what follows logs, and checkpoints of another deployment, are the deployment's."""
        return DEPLOYMENT_LOG if {":", "/"} & set(self.key) else LogId(self.key)


def of_status(status: LogStatus, *, now: datetime) -> tuple[Told, ...]:
    """Return what the state of sequencer and signer is worth."""
    problems, found = status.problem.split(), list[Told]()
    if LogInconsistent.code in problems:
        found.append(Told(TAMPERED, DEPLOYMENT_LOG, f"day-{now:%Y-%m-%d}"))
    late = status.oldest is not None and status.oldest < now - PATIENCE
    if late or any(each not in {LogInconsistent.code, StoreBusy.code} for each in problems):
        found.append(Told(STALLED, DEPLOYMENT_LOG, f"hour-{now:%Y-%m-%dT%H}"))
    return tuple(found)


def of_follower(follower: str, positions: Iterable[Position], *, now: datetime) -> tuple[Told, ...]:
    """Return what is worth telling of a stream or an anchor (`anchor:…`), which is at these positions: at most two alerts an hour."""
    rule, key = (ANCHOR_FAILED, follower) if follower.startswith("anchor:") else (STREAM_FAILED, f"stream:{follower}")
    failing = [each for each in positions if each.failures]
    shorter = [Told(TAMPERED, each.log or DEPLOYMENT_LOG, f"shorter-{now:%Y-%m-%d}") for each in failing if _disagrees(each)]
    late = any(each.failures >= FAILING for each in failing)
    return (*shorter, *([Told(rule, key, f"hour-{now:%Y-%m-%dT%H}-{_digest([key])}")] if late else []))


def _disagrees(position: Position) -> bool:
    return SHORTER in position.problem or OTHER in position.problem


def of_report(report: VerificationReport) -> tuple[Told, ...]:
    """Return what a verification is worth: one alert a log that has findings, again only when they are others."""
    wrong = (each for each in report.logs if each.findings)
    return tuple(Told(TAMPERED, named(each.log, store=each.store), f"found-{_digest(map(str, each.findings))}") for each in wrong)


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()[:32]
