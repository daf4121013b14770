"""`ctsec matrix`: show a policy, check it, compare it with another, and see on stored people what another would change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ctsec.cli.policies import HELP, load_policy, read_text
from ctsec.cli.reaching import add_transport
from ctsec.cli.report import FORMATS, write
from ctsec.cli.reports import Checked, Differing, Shown
from ctsec.errors import ConfigurationError
from ctsec.rbac.difference import diff
from ctsec.rbac.drifting import drift
from ctsec.rbac.errors import PolicyError
from ctsec.rbac.findings import FindingKind, lint

if TYPE_CHECKING:
    import argparse

MAX_PAGE: Final = 4 * 1024 * 1024


def add_to(commands: Any) -> None:
    """Add the commands to the parser."""
    parser = commands.add_parser("matrix", help="roles and permissions: show, check and compare policies")
    kinds = parser.add_subparsers(required=True, metavar="WHAT")
    show = _command(kinds, "show", "show what each role holds", _show)
    show.add_argument("policy", help=HELP)
    check = _command(kinds, "check", "read a policy and look for oddities; exit 1 if there are any", _check)
    check.add_argument("policy", help=HELP)
    check.add_argument("--readme", metavar="FILE", help="a Markdown file whose tables of permissions must say what the policy does")
    check.add_argument("--partial", action="store_true", help="the file need not have a row for each permission")
    check.add_argument(
        "--accept", action="append", default=[], metavar="KIND[@PLACE]", help="findings that are meant: a kind, or a kind at a place"
    )
    differ = _command(kinds, "diff", "tell exactly what another policy answers differently; exit 1 if anything", _diff)
    differ.add_argument("before", help=HELP)
    differ.add_argument("after", help="the same, for the policy to compare it with")
    _add_simulate(kinds)


def _add_simulate(kinds: Any) -> None:
    simulate = _command(kinds, "simulate", "tell who of an organization would gain or lose what; exit 1 if anybody", _simulate)
    simulate.add_argument("before", help=HELP)
    simulate.add_argument("after", help="the same, for the policy that would take its place")
    simulate.add_argument("--url", required=True, help="an SQLAlchemy URL, such as sqlite:///app.db")
    simulate.add_argument("--organization", required=True, help="the id of the organization")
    simulate.add_argument("--prefix", default="ctsec_", help="the prefix of the tables (ctsec_)")
    simulate.add_argument("--schema", help="the database schema of the tables")
    add_transport(simulate)


def _command(kinds: Any, name: str, text: str, run: Any) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = kinds.add_parser(name, help=text, description=text)
    command.add_argument("--format", choices=FORMATS, default="text", help="how to write it (text)")
    command.set_defaults(run=run)
    return command


def _show(chosen: argparse.Namespace) -> int:
    write(Shown(load_policy(chosen.policy), f"Policy {chosen.policy}"), chosen.format)
    return 0


def _check(chosen: argparse.Namespace) -> int:
    for each in chosen.accept:
        if each.partition("@")[0] not in set(FindingKind):
            raise ConfigurationError(f"--accept: expected one of {', '.join(FindingKind)}, each with @PLACE or without")
    policy = load_policy(chosen.policy)
    accepted = frozenset(chosen.accept)
    findings = tuple(each for each in lint(policy) if not {each.kind.value, f"{each.kind.value}@{each.place}"} & accepted)
    try:
        drifts = drift(policy, read_text(chosen.readme, limit=MAX_PAGE), partial=chosen.partial) if chosen.readme else ()
    except PolicyError as error:
        raise ConfigurationError(f"{chosen.readme}: {error}") from None
    write(Checked(f"Check of policy {chosen.policy}", findings, drifts, chosen.readme or ""), chosen.format)
    return 1 if findings or drifts else 0


def _diff(chosen: argparse.Namespace) -> int:
    found = diff(load_policy(chosen.before), load_policy(chosen.after))
    write(Differing(f"Difference between policies {chosen.before} and {chosen.after}", found), chosen.format)
    return 1 if found else 0


def _simulate(chosen: argparse.Namespace) -> int:
    from ctsec.cli.simulation import simulated

    return simulated(chosen)
