"""`ctsec audit`: verify the log, give out what is to be held outside, and seal it now."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ctsec.audit.anchors.mailed import MAX_MAIL, checkpoint_in
from ctsec.audit.assurance import WHAT_GOES_UNSEEN, named
from ctsec.audit.sealing import LOG_OF_LOGS
from ctsec.audit.tree.checkpoint import SignedCheckpoint
from ctsec.cli import alerts, audit_export, witnesses
from ctsec.cli.logs import logs_in, parted
from ctsec.cli.progress import Bar
from ctsec.cli.retention import add_to as add_retention
from ctsec.cli.streams import add_to as add_streams
from ctsec.cli.work import load_bundle
from ctsec.errors import ConfigurationError, CtsecError
from ctsec.outcome import Refusal

if TYPE_CHECKING:
    import argparse

    from ctsec.audit.anchors.stamps import Stamp
    from ctsec.audit.anchors.witness import Witnessed
    from ctsec.audit.assurance import LogReport, VerificationReport
    from ctsec.security import Security

_NAMES = "an organization's id, `deployment` or `logs`, in the store of a region `REGION/` before it"
_BUNDLE = "where the ctsec.Security is, such as app.security:security"


def add_to(commands: Any) -> None:
    """Add the commands to the parser."""
    parser = commands.add_parser("audit", help="the audit log: verify it, prove an event, export it, seal it now, purge it, alerts over it")
    kinds = parser.add_subparsers(required=True, metavar="WHAT")
    verify = kinds.add_parser("verify", help="read the whole log and compare everything; exit 1 if something does not fit")
    verify.add_argument("bundle", help=f"{_BUNDLE}; or an exported file, which needs no database")
    verify.add_argument("--key", action="append", default=[], help="for a file: a key of the log, as `ctsec audit key` prints it")
    verify.add_argument("--log", help=f"one log: {_NAMES} (all)")
    verify.add_argument(
        "--held",
        action="append",
        default=[],
        metavar="FILE",
        help="a checkpoint that was held outside, or a mail with one; several may be. For a file: the proof that `witnessed` prints",
    )
    verify.add_argument("--witness", action="append", default=[], metavar="KEY", help="for such a proof: the key of a witness")
    verify.add_argument("--quorum", type=int, help="and how many of them have to have cosigned it (all)")
    verify.add_argument("--json", action="store_true", help="one JSON object for each log")
    verify.set_defaults(run=_verify)
    checkpoint = kinds.add_parser("checkpoint", help="print the last checkpoint of a log, to be held outside")
    checkpoint.add_argument("bundle", help=_BUNDLE)
    checkpoint.add_argument("--log", default="logs", help="the log (logs: the one that covers all the others)")
    checkpoint.set_defaults(run=_checkpoint)
    key = kinds.add_parser("key", help="print the public key that verifies the checkpoints of a log")
    key.add_argument("bundle", help=_BUNDLE)
    key.add_argument("--log", default="logs", help="the log (logs)")
    key.set_defaults(run=_key)
    prove = kinds.add_parser("prove", help="print the proof that an event stands in its log")
    prove.add_argument("bundle", help=_BUNDLE)
    prove.add_argument("--log", required=True, help="the log")
    prove.add_argument("--index", required=True, type=int, help="the event's index")
    prove.set_defaults(run=_prove)
    flush = kinds.add_parser("flush", help="give what waits its index, and sign every log that grew")
    flush.add_argument("bundle", help=_BUNDLE)
    flush.set_defaults(run=_flush)
    add_retention(kinds, bundle=_BUNDLE)
    alerts.add_to(kinds, bundle=_BUNDLE)
    audit_export.add_to(kinds)
    add_streams(kinds, bundle=_BUNDLE)
    witnesses.add_to(kinds, bundle=_BUNDLE)


def _verify(chosen: argparse.Namespace) -> int:
    if Path(chosen.bundle).is_file():
        return audit_export.verify_file(chosen)
    if chosen.key or chosen.witness or chosen.quorum is not None:
        raise ConfigurationError("expected --key, --witness and --quorum with an exported file; a bundle has its own keys and witnesses")
    bundle, held = load_bundle(chosen.bundle), tuple(map(_held, chosen.held))
    kept, locked, stamps, witnessed = _from_anchors(bundle)
    region, log = (None, None) if chosen.log is None else parted(bundle, chosen.log)
    if chosen.log is not None:
        _check_compared(bundle, chosen, held)
    bar = Bar("verify")
    report = bundle.logs.verify(
        log=log,
        region=region,
        held=(*held, *kept),
        locked=locked,
        stamps=stamps,
        witnessed=witnessed,
        progress=lambda _, at, size: bar.at(at, size),
    )
    bar.at(1, 1, ended=True)
    for each in report.logs:
        print(json.dumps(_as_json(each)) if chosen.json else _line(each), flush=True)
    for finding in report.findings:
        print(finding, file=sys.stderr)
    if report.findings:
        _alarm(bundle, report)
    if not chosen.json:
        print(_summary(report))
    for store, code in report.silent:
        print(f"{store}: the store of the region does not answer ({code}); nothing of its logs was verified", file=sys.stderr)
    return 1 if report.findings else 2 if report.silent else 0


def _check_compared(bundle: Security, chosen: argparse.Namespace, held: tuple[SignedCheckpoint, ...]) -> None:
    """Raise for a file that is of another log of this deployment than the one that is asked for: nothing would be said of it."""
    logs, log = logs_in(bundle, chosen.log)
    for name, each in zip(chosen.held, held, strict=True):
        origin = each.checkpoint.origin
        known = bundle.logs.identity.log_of(origin) is not None or bundle.logs.regions.store_of(each) is not None
        if known and logs.identity.log_of(origin) != log:
            raise ConfigurationError(f"{name} is a checkpoint of {origin}, and would not be compared: name that log, or none")


def _alarm(bundle: Security, report: VerificationReport) -> None:
    """Fire the alert for findings; a database that can only be read keeps nobody from being told of them here."""
    try:
        bundle.alerts.verified(report)
    except CtsecError as error:
        print(f"no alert fired: {error.code}", file=sys.stderr)


def _from_anchors(
    bundle: Security,
) -> tuple[tuple[SignedCheckpoint, ...], tuple[SignedCheckpoint, ...], tuple[Stamp, ...], tuple[Witnessed, ...]]:
    """Return what the anchors give back, what of it nobody can delete, time stamps, and what witnesses cosigned.

    An anchor that gives nothing is told. What has cosignatures counts by these alone.
    """
    kept: list[SignedCheckpoint] = []
    stamps: list[Stamp] = []
    locked: list[SignedCheckpoint] = []
    witnessed: list[Witnessed] = []
    for name, found, problem in bundle.anchors.held():
        if problem:
            print(f"the anchor {name} gives nothing back: {problem}", file=sys.stderr)
        if found is not None and found.witnessed is not None:
            witnessed.append(found.witnessed)
        elif found is not None:
            (kept if found.locked_until is None else locked).append(found.checkpoint)
            stamps += found.stamps
    return tuple(kept), tuple(locked), tuple(stamps), tuple(witnessed)


def _held(name: str) -> SignedCheckpoint:
    try:
        with Path(name).open("rb") as file:
            return checkpoint_in(file.read(MAX_MAIL))
    except OSError as error:
        raise ConfigurationError(f"{name} can not be read ({error.strerror})") from None
    except ValueError as error:
        raise ConfigurationError(f"{name} is no checkpoint: {error}") from None


def _line(log: LogReport) -> str:
    more = [f"{size} {how}" for size, how in ((log.locked, "locked"), (log.witnessed, "witnessed")) if size]
    worth = f" ({', '.join(more)})" if more else ""
    outside = f", {log.held} held outside{worth}" if log.held else ""
    stamped = f", {log.stamped} stamped at {log.stamped_at:%Y-%m-%d %H:%M:%S} UTC" if log.stamped_at is not None else ""
    size = f"{log.size} events, {log.purged} purged" if log.purged else f"{log.size} events"
    size += f", pruned below {log.minimum}" if log.minimum else ""
    log_name = named(log.log, store=log.store)
    return f"{'BAD' if log.findings else 'ok '} {log_name:32} {size}, {log.signed} signed for{outside}{stamped}: {log.assurance.label}"


def _as_json(log: LogReport) -> dict[str, object]:
    findings = [{"kind": each.kind.value, "at": each.at, "detail": each.detail} for each in log.findings]
    told: dict[str, object] = {"log": log.log, "store": log.store, "size": log.size, "signed": log.signed, "held": log.held}
    told |= {
        "locked": log.locked,
        "witnessed": log.witnessed,
        "stamped": log.stamped,
        "stamped_at": None if log.stamped_at is None else log.stamped_at.isoformat(),
    }
    return {**told, "purged": log.purged, "minimum": log.minimum, "assurance": log.assurance.label, "findings": findings}


def _summary(report: VerificationReport) -> str:
    since = f", the oldest since {report.oldest:%Y-%m-%d %H:%M:%S} UTC" if report.oldest is not None else ""
    level, times = report.assurance, report.stamps
    between = f"{times.first:%Y-%m-%d %H:%M:%S} to {times.last:%Y-%m-%d %H:%M:%S} UTC, at most {times.longest} apart" if times else ""
    stamps = f"time stamps: {times.count}, from {between}; a log that was rewritten has none from before that\n" if times else ""
    size = max((log.signed for log in report.logs if log.log == LOG_OF_LOGS), default=0)
    seen = "".join(f"{witnesses.told(each, size=size)}\n" for each in report.witnessed)
    return (
        f"assurance: {level.label}; {WHAT_GOES_UNSEEN[level]}\n{stamps}{seen}{report.waiting} events wait{since}: nothing covers them yet"
    )


def _checkpoint(chosen: argparse.Namespace) -> int:
    logs, log = logs_in(load_bundle(chosen.bundle), chosen.log)
    found = logs.checkpoint(log)
    if found is None:
        print(f"refused: the log {chosen.log} has no checkpoint", file=sys.stderr)
        return 1
    print(found.stored().decode(), end="")
    return 0


def _key(chosen: argparse.Namespace) -> int:
    try:
        logs, log = logs_in(load_bundle(chosen.bundle), chosen.log)
        print(logs.identity.verifier(log))
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    return 0


def _prove(chosen: argparse.Namespace) -> int:
    logs, log = logs_in(load_bundle(chosen.bundle), chosen.log)
    found = logs.prove(log, index=chosen.index)
    if isinstance(found, Refusal):
        print(f"refused: {found.detail} [{found.reason.value}]", file=sys.stderr)
        return 1
    print(found.stored().decode(), end="")
    return 0


def _flush(chosen: argparse.Namespace) -> int:
    bundle = load_bundle(chosen.bundle)
    print(f"{bundle.logs.flush()} events were placed")
    return 0
