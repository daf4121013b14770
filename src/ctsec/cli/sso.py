"""`ctsec sso doctor`: what is wrong with a connection of an organization to its provider, for who runs the deployment."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from ctsec.cli.work import load_bundle
from ctsec.errors import ConfigurationError
from ctsec.ids import ConnectionId, is_id
from ctsec.outcome import Refusal

if TYPE_CHECKING:
    import argparse

    from ctsec.sso.doctor import Check


def add_to(commands: Any) -> None:
    """Add the commands to the parser."""
    parser = commands.add_parser("sso", help="connections of organizations to identity providers")
    kinds = parser.add_subparsers(required=True, metavar="WHAT")
    doctor = kinds.add_parser("doctor", help="look at a connection and ask its provider; exit 1 if a check fails")
    doctor.add_argument("bundle", help="where the ctsec.Security is, such as app.security:security")
    doctor.add_argument("--connection", required=True, help="the id of the connection")
    doctor.add_argument("--json", action="store_true", help="one JSON object for each check")
    doctor.set_defaults(run=_doctor)


def _doctor(chosen: argparse.Namespace) -> int:
    if not is_id(ConnectionId, chosen.connection):
        raise ConfigurationError("expected the id of a connection, sso_ and 26 characters")
    found = load_bundle(chosen.bundle).sso.doctor.inspect(ConnectionId(chosen.connection))
    if isinstance(found, Refusal):
        raise ConfigurationError(found.detail)
    for each in found.checks:
        print(json.dumps(dataclasses.asdict(each)) if chosen.json else _line(each), flush=True)
    return 0 if found.sound else 1


def _line(each: Check) -> str:
    mark = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}[each.verdict.value]
    return f"{mark} {each.name.value:22}{each.seen}{f'; {each.advice}' if each.advice else ''}"
