"""`ctsec doctor`: what the connections of a bundle speak, which values wait for another key, which jobs failed, how far the log is."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from ctsec.cli import streams, witnesses
from ctsec.cli.work import load_bundle
from ctsec.errors import CtsecError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from datetime import datetime

    from ctsec.audit.alerts import AlertStanding
    from ctsec.audit.anchors.anchor import AnchorStatus
    from ctsec.audit.anchors.witness import Cosigned
    from ctsec.audit.sealing import LogStatus
    from ctsec.audit.streams.status import StreamStatus
    from ctsec.encryption.reencryption import Reencryption
    from ctsec.security import Security
    from ctsec.transport.report import ConnectionReport
    from ctsec.worker.record import JobLease

_TOLD = ("scope", "place", "remaining", "written", "problem")


def add_to(commands: Any) -> None:
    """Add the command to the parser."""
    doctor = commands.add_parser("doctor", help="connect to each peer of a bundle; exit 1 if one is neither TLS 1.3 nor on this machine")
    doctor.add_argument("bundle", help="where the ctsec.Security is, such as app.security:security")
    doctor.add_argument("--json", action="store_true", help="one JSON object for each connection")
    doctor.set_defaults(run=_doctor)


def _doctor(chosen: argparse.Namespace) -> int:
    bundle = load_bundle(chosen.bundle)
    found = bundle.connections()
    for each in found:
        print(json.dumps(dataclasses.asdict(each) | {"sound": each.sound}) if chosen.json else _line(each), flush=True)
    for work in _under_way(bundle):
        told = {"what": "re-encryption", **{name: getattr(work, name) for name in _TOLD}, "sound": True}
        print(json.dumps(told) if chosen.json else _progress(work), flush=True)
    for job in _failed(bundle):
        told = {"what": "job", "name": job.name, "last_run_at": _moment(job.last_run_at), "problem": job.last_error, "sound": True}
        print(json.dumps(told) if chosen.json else _job(job), flush=True)
    log = _log(bundle)
    if log is not None:
        told = {"what": "audit log", **dataclasses.asdict(log), "sound": not log.problem}
        print(json.dumps(told, default=str) if chosen.json else _sealing(log), flush=True)
    regional: Mapping[str, LogStatus] = {} if log is None else bundle.logs.regions.status()
    for store, status in regional.items():
        told = {"what": "audit log", "store": store, **dataclasses.asdict(status), "sound": not status.problem}
        print(json.dumps(told, default=str) if chosen.json else _waiting(store, status), flush=True)
    for standing in _unread(bundle):
        told = {"what": "alerts", **dataclasses.asdict(standing), "sound": False}
        said = f"{standing.store}: the rules can not read the logs there ({standing.problem})"
        print(json.dumps(told) if chosen.json else f"BAD {'alerts':12} {said}", flush=True)
    for stream in _failing(bundle):
        print(json.dumps({"what": "stream", **streams.as_json(stream)}) if chosen.json else streams.line(stream), flush=True)
    for anchor in _loose(bundle):
        said = f"took {anchor.anchored} of {anchor.size} checkpoints; {anchor.failures} failures: {anchor.problem}"
        told = {"what": "anchor", **dataclasses.asdict(anchor), "sound": False}
        print(json.dumps(told, default=str) if chosen.json else f"BAD {'anchor':12} {anchor.name}: {said}", flush=True)
    for name, saw in _behind(bundle):
        told = {"what": "witness", "name": saw.name, "anchor": name, "size": saw.size, "at": _moment(saw.at), "sound": True}
        print(json.dumps(told) if chosen.json else f"... {'witness':12} {name}: {witnesses.seen(saw)}, and is behind", flush=True)
    stopped = [each for each in (log, *regional.values()) if each is not None and each.problem]
    return 0 if all(each.sound for each in found) and not stopped else 1


def _unread(bundle: Security) -> tuple[AlertStanding, ...]:
    """Return the stores of regions that the rules of alerts can not read; they go on where they were."""
    try:
        return tuple(each for each in bundle.alerts.standing() if each.problem)
    except CtsecError:
        return ()


def _failing(bundle: Security) -> tuple[StreamStatus, ...]:
    """Return where streams of the log fail, and how far behind they are; they are tried again by themselves."""
    try:
        return tuple(each for each in bundle.streams.status() if not each.sound)
    except CtsecError:
        return ()


def _loose(bundle: Security) -> tuple[AnchorStatus, ...]:
    """Return the anchors that fail; they are tried again by themselves."""
    try:
        return tuple(each for each in bundle.anchors.status() if not each.sound)
    except CtsecError:
        return ()


def _behind(bundle: Security) -> tuple[tuple[str, Cosigned], ...]:
    """Return the witnesses that have cosigned less of the log of logs than their anchor took, and what each of them saw last."""
    try:
        sizes = {each.name: each.anchored for each in bundle.anchors.status()}
        found = [(name, held.witnessed) for name, held, _ in bundle.anchors.held() if held is not None and held.witnessed is not None]
    except CtsecError:
        return ()
    return tuple((name, each) for name, witnessed in found for each in witnessed.behind(sizes[name]))


def _log(bundle: Security) -> LogStatus | None:
    """Return how far the audit log is; a store that does not answer is told above."""
    try:
        return bundle.logs.status()
    except CtsecError:
        return None


def _waiting(store: str, log: LogStatus) -> str:
    since = f", the oldest since {log.oldest:%Y-%m-%d %H:%M:%S} UTC" if log.oldest is not None else ""
    said = f"{store}: {log.waiting} events wait{since}; {log.unsigned} logs to be signed{f' ({log.problem})' if log.problem else ''}"
    return f"{'BAD' if log.problem else 'ok '} {'audit log':12} {said}"


def _sealing(log: LogStatus) -> str:
    since = f", the oldest since {log.oldest:%Y-%m-%d %H:%M:%S} UTC" if log.oldest is not None else ""
    led = f"; led by {log.leader} until {log.leased_until:%H:%M:%S} UTC" if log.leader and log.leased_until is not None else ""
    ran = f"; last run at {log.last_run_at:%Y-%m-%d %H:%M:%S} UTC" if log.last_run_at is not None else "; no worker ran yet"
    problem = f" ({log.problem})" if log.problem else ""
    return (
        f"{'BAD' if log.problem else 'ok '} {'audit log':12} {log.waiting} events wait{since}; {log.unsigned} logs to be signed"
        f"{led}{ran}{problem}"
    )


def _under_way(bundle: Security) -> tuple[Reencryption, ...]:
    """Return what is not sealed anew yet; a store that does not answer is told above."""
    try:
        return bundle.jobs.reencryptions.unfinished()
    except CtsecError:
        return ()


def _failed(bundle: Security) -> tuple[JobLease, ...]:
    """Return the jobs of the worker whose last run failed."""
    try:
        return tuple(job for job in bundle.jobs.leases() if job.last_error)
    except CtsecError:
        return ()


def _moment(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat(timespec="seconds")


def _job(each: JobLease) -> str:
    return f"... {'job':12} {each.name}: failed at {_moment(each.last_run_at)} ({each.last_error}), and is tried again"


def _progress(each: Reencryption) -> str:
    problem = f" ({each.problem})" if each.problem else ""
    return f"... {'re-encryption':12} {each.place} of {each.scope}: {each.remaining} rows left, {each.written} written{problem}"


def _line(each: ConnectionReport) -> str:
    spoken = f"{each.protocol} {each.cipher}".strip()
    if each.problem:
        said = each.problem
    elif each.local:
        said = "a file" if each.address.startswith("sqlite:") else f"{spoken or 'plain'} (loopback)"
    else:
        said = spoken or "plain"
    allowed = f"; allowed because: {each.excuse}" if each.excuse and not each.sound else ""
    return f"{'ok ' if each.sound else 'BAD'} {each.what:12} {each.address}  {said}{allowed}"
