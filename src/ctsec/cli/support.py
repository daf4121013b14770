"""`ctsec support`: cases of people whom no administrator can help, and the domains that organizations have verified.

Whoever runs it says who they are: give it to people through something that knows them, and the second operator another way in.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ctsec.cli.work import load_bundle
from ctsec.errors import ConfigurationError
from ctsec.ids import OrganizationId, RecoveryId, is_id
from ctsec.operators import Operator
from ctsec.outcome import Refusal
from ctsec.recovery.record import Evidence, EvidenceKind, Recovery

if TYPE_CHECKING:
    import argparse

_PAGE = 100


def add_to(commands: Any) -> None:
    """Add the commands to the parser."""
    parser = commands.add_parser("support", help="second factors reset by two operators, and verified domains")
    kinds = parser.add_subparsers(required=True, metavar="WHAT")
    listing = kinds.add_parser("list", help="list the cases, those that are over too")
    listing.add_argument("bundle", help="where the ctsec.Security is, such as app.security:security")
    listing.set_defaults(run=_list)
    opening = _command(kinds, "open", "open a case for a person whose identity was looked at", _open)
    opening.add_argument("--email", required=True, help="the address of the person's account")
    opening.add_argument("--evidence", required=True, choices=[each.value for each in EvidenceKind], help="how the identity was looked at")
    opening.add_argument("--reference", required=True, help="where that is noted, such as a ticket; no copy of a document")
    opening.add_argument("--note", default="", help="what was seen or said")
    for name, text, run in (
        ("show", "show a case with its evidence, which is recorded", _show),
        ("approve", "approve a case that another operator opened", _approve),
        ("cancel", "end a case before it is carried out", _cancel),
    ):
        _command(kinds, name, text, run).add_argument("--case", required=True, help="the id of the case")
    domain = _command(kinds, "domain", "record that an organization controls a domain, or take that back", _domain)
    domain.add_argument("--organization", required=True, help="the id of the organization")
    domain.add_argument("--domain", required=True, help="the domain of its people's addresses")
    domain.add_argument("--proof", help="how it was verified, in one line; without it the record is taken back")


def _command(kinds: Any, name: str, text: str, run: Any) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = kinds.add_parser(name, help=text)
    command.add_argument("bundle", help="where the ctsec.Security is, such as app.security:security")
    command.add_argument("--operator", required=True, help="who you are, in lower case")
    command.add_argument("--reason", required=True, help="why you do this, in one line; it stands in the audit log")
    command.set_defaults(run=run)
    return command


def _list(chosen: argparse.Namespace) -> int:
    security, after = load_bundle(chosen.bundle), ""
    while True:
        with security.begin() as unit:
            found = unit.support.cases(after=after, limit=_PAGE)
        for case in found:
            _tell(case)
        if len(found) < _PAGE:
            return 0
        after = found[-1].id


def _open(chosen: argparse.Namespace) -> int:
    try:
        evidence = Evidence(kind=EvidenceKind(chosen.evidence), reference=chosen.reference, note=chosen.note)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    with load_bundle(chosen.bundle).begin() as unit:
        done = unit.support.open(_operator(chosen), email=chosen.email, evidence=evidence)
    return _told(done)


def _show(chosen: argparse.Namespace) -> int:
    with load_bundle(chosen.bundle).begin() as unit:
        found = unit.support.view(_operator(chosen), case=_case(chosen))
    if isinstance(found, Refusal):
        return _told(found)
    case, evidence = found
    _tell(case)
    print(f"evidence: {evidence.kind.value}, {evidence.reference}")
    for line in evidence.note.splitlines():
        print(f"  {line}")
    return 0


def _approve(chosen: argparse.Namespace) -> int:
    with load_bundle(chosen.bundle).begin() as unit:
        done = unit.support.approve(_operator(chosen), case=_case(chosen))
    return _told(done)


def _cancel(chosen: argparse.Namespace) -> int:
    with load_bundle(chosen.bundle).begin() as unit:
        done = unit.support.cancel(_operator(chosen), case=_case(chosen))
    return _told(done)


def _domain(chosen: argparse.Namespace) -> int:
    if not is_id(OrganizationId, chosen.organization):
        raise ConfigurationError("expected the id of an organization")
    named, organization = _operator(chosen), OrganizationId(chosen.organization)
    with load_bundle(chosen.bundle).begin() as unit:
        done = (
            unit.domains.withdraw(named, organization=organization, domain=chosen.domain)
            if chosen.proof is None
            else unit.domains.record(named, organization=organization, domain=chosen.domain, proof=chosen.proof)
        )
    if isinstance(done, Refusal):
        return _told(done)
    print(f"{done.name} is {'not ' if chosen.proof is None else ''}verified for {done.organization_id}")
    return 0


def _operator(chosen: argparse.Namespace) -> Operator:
    try:
        return Operator(id=chosen.operator, reason=chosen.reason)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None


def _case(chosen: argparse.Namespace) -> RecoveryId:
    if not is_id(RecoveryId, chosen.case):
        raise ConfigurationError("expected the id of a case, as `ctsec support list` shows it")
    return RecoveryId(chosen.case)


def _told(done: Recovery | Refusal) -> int:
    if isinstance(done, Refusal):
        print(f"refused: {done.detail} [{done.reason.value}]", file=sys.stderr)
        return 1
    _tell(done)
    return 0


def _tell(case: Recovery) -> None:
    who = f"opened by {case.requested_by}" + (f", approved by {case.approved_by}" if case.approved_by is not None else "")
    print(f"{case.id}  {case.user_id}  {case.state.value}  due {case.due_at:%Y-%m-%d %H:%M} UTC  {who}")
