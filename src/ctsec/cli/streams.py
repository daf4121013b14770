"""`ctsec audit streams` and `ctsec audit reset-stream`: how far the streams of the log are, and letting one go on from elsewhere."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from ctsec.cli import witnesses
from ctsec.cli.logs import parted
from ctsec.cli.work import load_bundle
from ctsec.errors import ConfigurationError
from ctsec.outcome import Refusal

if TYPE_CHECKING:
    import argparse

    from ctsec.audit.streams.status import StreamStatus


def add_to(kinds: Any, *, bundle: str) -> None:
    """Add the commands below `ctsec audit`."""
    streams = kinds.add_parser("streams", help="print where each stream is in each log; exit 1 if the last attempt of one failed")
    streams.add_argument("bundle", help=bundle)
    streams.add_argument("--stream", help="one stream, by its name (all)")
    streams.add_argument("--late", action="store_true", help="only logs with events that were not delivered yet")
    streams.add_argument("--json", action="store_true", help="one JSON object for each stream and log")
    streams.set_defaults(run=_streams)
    anchors = kinds.add_parser("anchors", help="print how far each anchor is, and what it gives back; exit 1 if one fails")
    anchors.add_argument("bundle", help=bundle)
    anchors.set_defaults(run=_anchors)
    reset = kinds.add_parser("reset-stream", help="let a stream go on from another index of a log; it stands in the audit log")
    reset.add_argument("bundle", help=bundle)
    reset.add_argument("--stream", required=True, help="its name")
    reset.add_argument(
        "--log", required=True, help="the log: an organization's id (`REGION/` before it for that in a region), or `deployment`"
    )
    reset.add_argument("--to", type=int, help="the index of the next event to deliver (the end of the log: what it has is left out)")
    reset.add_argument("--operator", required=True, help="who you are, in lower case")
    reset.add_argument("--why", required=True, metavar="WHY", help="why you do this, in one line")
    reset.set_defaults(run=_reset)


def _streams(chosen: argparse.Namespace) -> int:
    found = load_bundle(chosen.bundle).streams.status()
    told = [each for each in found if chosen.stream in {None, each.stream} and (each.lag or not chosen.late)]
    for each in told:
        print(json.dumps(as_json(each)) if chosen.json else line(each))
    return 0 if all(each.sound for each in told) else 1


def _anchors(chosen: argparse.Namespace) -> int:
    bundle = load_bundle(chosen.bundle)
    held = {name: (found, problem) for name, found, problem in bundle.anchors.held()}
    status = bundle.anchors.status()
    for each in status:
        found, problem = held[each.name]
        back = problem or "nothing" if found is None else f"size {found.checkpoint.checkpoint.size}"
        lock = "" if found is None or found.locked_until is None else f", locked until {found.locked_until:%Y-%m-%d}"
        stamps = () if found is None else found.stamps
        lock += f", {len(stamps)} stamped, the last at {max(stamp.at for stamp in stamps):%Y-%m-%d %H:%M:%S} UTC" if stamps else ""
        lock += f"\n    {witnesses.told(found.witnessed, size=each.size)}" if found is not None and found.witnessed is not None else ""
        failed = f"; {each.failures} failures: {each.problem}" if each.failures else ""
        sound = each.sound and not problem
        print(
            f"{'ok ' if sound else 'BAD'} {each.name:12} took {each.anchored} of {each.size} checkpoints; gives back: {back}{lock}{failed}"
        )
    return 0 if all(each.sound and not held[each.name][1] for each in status) else 1


def _reset(chosen: argparse.Namespace) -> int:
    bundle = load_bundle(chosen.bundle)
    try:
        operator = bundle.operator(chosen.operator, reason=chosen.why)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    store, log = parted(bundle, chosen.log)
    found = bundle.streams.reset(operator, chosen.stream, log=log, to=chosen.to, store=store or "")
    if isinstance(found, Refusal):
        print(f"refused: {found.detail} [{found.reason.value}]", file=sys.stderr)
        return 1
    print(f"{chosen.stream} goes on from index {found.next} of {chosen.log}")
    return 0


def line(each: StreamStatus) -> str:
    """Return a status as a line."""
    position = each.position
    purged = f", {position.purged} told as purged" if position.purged else ""
    since = f", last taken at {position.moved_at:%Y-%m-%d %H:%M:%S} UTC" if position.moved_at is not None else ""
    problem = f"; {position.failures} failures: {position.problem}" if position.failures else ""
    return (
        f"{'ok ' if each.sound else 'BAD'} {each.stream:12} {each.place:32} {position.next} of {each.size} events, {each.lag} to go"
        f"{purged}{since}{problem}"
    )


def as_json(each: StreamStatus) -> dict[str, object]:
    """Return a status as JSON says it."""
    position = each.position
    times = {name: None if at is None else at.isoformat() for name, at in (("due_at", position.due_at), ("moved_at", position.moved_at))}
    told = {"stream": each.stream, "log": each.log, "region": each.store or None, "next": position.next, "size": each.size}
    told |= {"lag": each.lag, "purged": position.purged}
    return {**told, "failures": position.failures, "problem": position.problem, **times, "sound": each.sound}
