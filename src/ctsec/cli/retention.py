"""`ctsec audit retention`, `ctsec audit purge`, `ctsec audit prune`: how long events are kept, what holds them, and what goes."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from ctsec.audit.assurance import named
from ctsec.audit.event import DEPLOYMENT_LOG, LogId
from ctsec.cli.work import load_bundle
from ctsec.errors import ConfigurationError, CtsecError
from ctsec.ids import OrganizationId, is_id

if TYPE_CHECKING:
    import argparse

    from ctsec.audit.retention.hold import LegalHold
    from ctsec.audit.retention.plan import Plans
    from ctsec.audit.retention.preview import PrunePreview, PurgePreview
    from ctsec.security import Security

_LOG = "one log: an organization's id, or `deployment` (all)"
_STORES = "the logs of an organization, by its id; REGION/ID for that in one store, or `deployment` (all)"


def add_to(kinds: Any, *, bundle: str) -> None:
    """Add the commands below `ctsec audit`."""
    retention = kinds.add_parser("retention", help="print the plan of each log, and the holds on it")
    retention.add_argument("bundle", help=bundle)
    retention.add_argument("--log", help=_STORES)
    retention.set_defaults(run=_retention)
    purge = kinds.add_parser("purge", help="delete what is older than its plan says and not held, as the worker does each day")
    purge.add_argument("bundle", help=bundle)
    purge.add_argument("--log", help=_STORES)
    purge.add_argument("--dry-run", action="store_true", help="only say what would go")
    purge.add_argument("--json", action="store_true", help="with --dry-run: one JSON object for each log")
    purge.set_defaults(run=_purge)
    prune = kinds.add_parser("prune", help="delete the hashes of a log's beginning, where every event was purged")
    prune.add_argument("bundle", help=bundle)
    prune.add_argument("--log", help=_LOG)
    prune.add_argument("--dry-run", action="store_true", help="only say what would go")
    prune.add_argument("--json", action="store_true", help="with --dry-run: one JSON object for each log")
    prune.set_defaults(run=_prune)


def _logs(chosen: argparse.Namespace, bundle: Security) -> tuple[LogId, ...]:
    if chosen.log is None:
        return bundle.retention.logs()
    # Whatever is written under another name is an event that no signer can sign.
    if chosen.log != DEPLOYMENT_LOG and not is_id(OrganizationId, chosen.log):
        raise ConfigurationError(f"{chosen.log} is no log of the home store, which has an organization's id or is `{DEPLOYMENT_LOG}`")
    return (LogId(chosen.log),)


def _regional(chosen: argparse.Namespace, bundle: Security) -> tuple[tuple[LogId, ...], tuple[tuple[str, LogId], ...]]:
    """Return the logs at home and those in the stores of regions, as (store, log), that were named, or all of them.

    An organization's id stands for its logs everywhere, `REGION/ID` for that in one store. A store that does not answer is told of.
    """
    regions = bundle.retention.regions
    store, slash, log = ("", "", "") if chosen.log is None else chosen.log.rpartition("/")
    if slash and store in bundle.logs.regions.stores and is_id(OrganizationId, log):
        return (), ((store, LogId(log)),)
    home, found = _logs(chosen, bundle), list[tuple[str, LogId]]()
    for name in bundle.logs.regions.stores:
        try:
            found += [(name, each) for each in regions.logs(name) if chosen.log in {None, each}]
        except CtsecError as error:
            print(f"ctsec: {name} does not answer ({error.code})", file=sys.stderr)
    return home, tuple(found)


def _retention(chosen: argparse.Namespace) -> int:
    bundle = load_bundle(chosen.bundle)
    home, there = _regional(chosen, bundle)
    for log in home:
        _print_plans(log, bundle.retention.plans(log), bundle.retention.holds(log))
    for store, log in there:
        (standing,) = [each for each in bundle.retention.regions.standing(log) if each.store == store]
        _print_plans(named(log, store=store), standing.heard.plans, standing.heard.holds)
        waiting = [each for each in bundle.retention.holds(log) if standing.is_pending(each)]
        for hold in waiting:
            print(f"  {hold.id} {hold.state.value} at home: not told here yet")
    return 0


def _print_plans(name: str, plans: Plans, holds: tuple[LegalHold, ...]) -> None:
    following = f", from {plans.starts:%Y-%m-%d} on {plans.following}" if plans.starts is not None else ""
    print(f"{name:32} {plans.plan or 'no plan yet'}{following}")
    for hold in holds:
        print(f"  {hold.id} {hold.state.value}: {_scope(hold)}, for {hold.matter}, since {hold.placed_at:%Y-%m-%d} by {hold.placed_by}")


def _scope(hold: LegalHold) -> str:
    times = (("from", hold.since), ("until", hold.until))
    parts = [*(each for each in (hold.person, hold.name) if each), *(f"{word} {at:%Y-%m-%d}" for word, at in times if at is not None)]
    return " ".join(parts) or "everything"


def _purge(chosen: argparse.Namespace) -> int:
    bundle = load_bundle(chosen.bundle)
    regions = bundle.retention.regions
    if chosen.log is None and not chosen.dry_run:
        print(f"{bundle.retention.run_due()} events were purged")
        return 0
    home, there = _regional(chosen, bundle)
    if chosen.dry_run:
        for log in home:
            _print_preview(chosen, log, bundle.retention.preview(log))
        for store, log in there:
            _print_preview(chosen, named(log, store=store), regions.preview(log, store=store))
        return 0
    for log in home:
        bundle.retention.adopt(log)
    count = sum(bundle.retention.purge(log) for log in home) + sum(regions.purge(log, store=store) for store, log in there)
    print(f"{count} events were purged")
    return 0


def _print_preview(chosen: argparse.Namespace, name: str, preview: PurgePreview) -> None:
    print(json.dumps(_as_json(name, preview)) if chosen.json else _line(name, preview))


def _prune(chosen: argparse.Namespace) -> int:
    bundle = load_bundle(chosen.bundle)
    if chosen.dry_run:
        for log in _logs(chosen, bundle):
            found = bundle.retention.prune_preview(log)
            told = {"log": log, "minimum": found.minimum, "following": found.following, "tiles": found.tiles}
            print(json.dumps(told) if chosen.json else _pruned_line(found))
        return 0
    print(f"{sum(bundle.retention.prune(log) for log in _logs(chosen, bundle))} tiles of 256 hashes were pruned")
    return 0


def _pruned_line(found: PrunePreview) -> str:
    if not found.tiles:
        return f"{found.log:32} nothing: minimum index {found.minimum}"
    return f"{found.log:32} {found.tiles} tiles: minimum index {found.minimum}, then {found.following}"


def _line(name: str, preview: PurgePreview) -> str:
    if preview.plan is None:
        return f"{name:32} nothing: no plan is in force yet, or nothing is signed"
    names = ", ".join(f"{count} {each}" for each, count in preview.names)
    held = f"; {preview.held} are held by {', '.join(preview.holds)}" if preview.held else ""
    return f"{name:32} {len(preview.ranges)} events{f': {names}' if names else ''}{held}"


def _as_json(name: str, preview: PurgePreview) -> dict[str, object]:
    told = {"log": name, "plan": None if preview.plan is None else str(preview.plan), "count": len(preview.ranges)}
    return {**told, "ranges": preview.ranges.text(), "names": dict(preview.names), "held": preview.held, "holds": list(preview.holds)}
