"""`ctsec audit alerts`: what rules found in the logs, acknowledged and muted, and what other rules would have found.

Whoever acknowledges or mutes says who they are: give it to people through something that knows them.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from ctsec.audit.alerts import AlertStatus, Rule
from ctsec.audit.alerts.rule import checked
from ctsec.audit.assurance import named
from ctsec.audit.event import DEPLOYMENT_LOG
from ctsec.cli.loading import host_attribute
from ctsec.cli.logs import parted
from ctsec.cli.work import load_bundle
from ctsec.errors import ConfigurationError
from ctsec.ids import AlertId, OrganizationId, is_id
from ctsec.operators import Operator
from ctsec.outcome import Refusal

if TYPE_CHECKING:
    import argparse

_PAGE = 100
_LOG = "the log: an organization's id, or `deployment` (deployment)"


def add_to(kinds: Any, *, bundle: str) -> None:
    """Add the commands below `ctsec audit`."""
    parser = kinds.add_parser("alerts", help="what rules found in the logs: list, acknowledge, mute, try rules on the past")
    verbs = parser.add_subparsers(required=True, metavar="WHAT")
    listing = verbs.add_parser("list", help="list the alerts of a log, newest first, and what is muted")
    listing.add_argument("bundle", help=bundle)
    listing.add_argument("--log", default=DEPLOYMENT_LOG, help=_LOG)
    listing.add_argument("--state", choices=[each.value for each in AlertStatus], help="only those in this state")
    listing.set_defaults(run=_list)
    acknowledge = verbs.add_parser("ack", help="acknowledge an alert of the deployment's log")
    acknowledge.add_argument("bundle", help=bundle)
    acknowledge.add_argument("--alert", required=True, help="the id of the alert")
    acknowledge.set_defaults(run=_acknowledge)
    mute = verbs.add_parser("mute", help="tell nobody of what a rule finds in the deployment's log, for a time")
    mute.add_argument("bundle", help=bundle)
    mute.add_argument("--rule", required=True, help="the name of the rule")
    mute.add_argument("--key", default="", help="for whom or what, as the alert shows it (any)")
    mute.add_argument("--hours", required=True, type=int, help="for how many hours, 2160 at most")
    mute.set_defaults(run=_mute)
    for command in (acknowledge, mute):
        command.add_argument("--operator", required=True, help="who you are, in lower case")
        command.add_argument("--reason", required=True, help="why you do this, in one line; it stands in the audit log")
    test = verbs.add_parser("test", help="say what rules would have found in the whole history of a log; nothing is written")
    test.add_argument("bundle", help=bundle)
    test.add_argument("--log", default=DEPLOYMENT_LOG, help=f"{_LOG}, in every store; `REGION/` before it for that of one region alone")
    test.add_argument("--rules", help="a tuple of rules to try, such as app.alerts:RULES (those of the bundle)")
    test.set_defaults(run=_test)


def _list(chosen: argparse.Namespace) -> int:
    security, after = load_bundle(chosen.bundle), ""
    organization = None if chosen.log == DEPLOYMENT_LOG else OrganizationId(chosen.log)
    state = None if chosen.state is None else AlertStatus(chosen.state)
    with security.begin() as unit:
        for mute in unit.alerts.mutes(organization=organization):
            print(f"muted until {mute.until:%Y-%m-%d %H:%M} UTC by {mute.muted_by}: {mute.rule} {mute.key or 'for all'}")
        while True:
            found = unit.alerts.page(organization=organization, after=after, limit=_PAGE, state=state)
            for each in found:
                where = "" if each.index is None else f" at event {each.index} of {each.source}"
                print(f"{each.id} {each.state.value:12} {each.severity:8} {each.happened_at:%Y-%m-%d %H:%M} {each.rule} {each.key}{where}")
            if len(found) < _PAGE:
                return 0
            after = found[-1].id


def _acknowledge(chosen: argparse.Namespace) -> int:
    if not is_id(AlertId, chosen.alert):
        raise ConfigurationError("expected the id of an alert, such as `ctsec audit alerts list` prints it")
    with load_bundle(chosen.bundle).begin() as unit:
        done = unit.alerts.acknowledge_deployments(_operator(chosen), alert=AlertId(chosen.alert))
    return _said(done, f"{chosen.alert} is acknowledged")


def _mute(chosen: argparse.Namespace) -> int:
    security = load_bundle(chosen.bundle)
    until = security.parts.clock.now() + timedelta(hours=chosen.hours)
    with security.begin() as unit:
        done = unit.alerts.mute_deployments(_operator(chosen), rule=chosen.rule, key=chosen.key, until=until)
    return _said(done, f"{chosen.rule} is muted until {until:%Y-%m-%d %H:%M} UTC")


def _test(chosen: argparse.Namespace) -> int:
    security = load_bundle(chosen.bundle)
    rules = security.parts.settings.alerts.rules if chosen.rules is None else _rules(chosen.rules)
    store, log = parted(security, chosen.log)
    found = security.alerts.replay(log, rules=rules, store=store)
    for each in found:
        at = datetime.fromtimestamp(each.seen.time / 1_000_000, UTC)
        print(
            f"{at:%Y-%m-%d %H:%M:%S} {each.rule.severity.value:8} {each.rule.name} {each.key} at event {each.seen.index}"
            f"{f' of {named(log, store=each.seen.store)}' if each.seen.store else ''}: {each.seen.name}"
        )
    print(f"{len(found)} alerts of {len(rules)} rules")
    return 0


def _rules(name: str) -> tuple[Rule, ...]:
    found: object = host_attribute(name, such_as="app.alerts:RULES")
    rules = cast(tuple[object, ...], found) if isinstance(found, tuple) else ()
    if not rules or not all(isinstance(each, Rule) for each in rules):
        raise ConfigurationError(f"expected {name} to be a tuple of ctsec.audit.alerts.Rule")
    try:
        return checked(cast(tuple[Rule, ...], rules))
    except ValueError as error:
        raise ConfigurationError(str(error)) from None


def _operator(chosen: argparse.Namespace) -> Operator:
    try:
        return Operator(id=chosen.operator, reason=chosen.reason)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None


def _said(done: object, words: str) -> int:
    if isinstance(done, Refusal):
        print(f"refused: {done.detail} [{done.reason.value}]", file=sys.stderr)
        return 1
    print(words)
    return 0
