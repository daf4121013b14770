"""`ctsec key`: what can be told of an API key without any store, and local key files."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ctsec.clock import SystemClock
from ctsec.ids import WorkspaceId
from ctsec.keys.attenuation import derive
from ctsec.keys.token import parse
from ctsec.outcome import Refusal
from ctsec.secret import SecretText

if TYPE_CHECKING:
    import argparse


def add_to(commands: Any) -> None:
    """Add the commands to the parser."""
    parser = commands.add_parser("key", help="API keys, and local key files")
    kinds = parser.add_subparsers(required=True, metavar="WHAT")
    inspect = kinds.add_parser("inspect", help="read a key from standard input and say its id, if form and checksum are right")
    inspect.set_defaults(run=_inspect)
    patterns = kinds.add_parser("patterns", help="print what scanners for secrets need to find API keys")
    patterns.add_argument("form", choices=("regex", "gitleaks", "trufflehog"), help="the expression alone, or a file for a scanner")
    patterns.set_defaults(run=_patterns)
    narrower = kinds.add_parser("derive", help="read a key from standard input and print a narrower one; nobody is asked")
    narrower.add_argument("--hours", type=_hours, required=True, help="how long the derived key works, from now on (1 to 8760)")
    narrower.add_argument("--scope", action="append", help="a permission that it keeps; more than once for several; none: all")
    narrower.add_argument("--workspace", help="the only workspace that it works in")
    narrower.set_defaults(run=_derive)
    create = kinds.add_parser("create", help="make a local key file, for backups or for a store; one that is there is never replaced")
    create.add_argument("file", help="where it is to be; only this user will read it (mode 0600)")
    create.set_defaults(run=_create)


def _create(chosen: argparse.Namespace) -> int:
    from ctsec.encryption.kms import LocalKms

    print(f"{LocalKms.create(chosen.file).ref} is in {chosen.file}; keep a copy apart from what it encrypts")
    return 0


def _patterns(chosen: argparse.Namespace) -> int:
    from ctsec.keys.scanning import FORMS

    print(FORMS[chosen.form](), end="")
    return 0


def _inspect(chosen: argparse.Namespace) -> int:
    del chosen
    # From standard input, never an argument: arguments stand in the process list and in the shell's history.
    parsed = parse(sys.stdin.read(4096).strip())
    if isinstance(parsed, Refusal):
        print(f"{parsed.detail} [{parsed.reason.value}]")
        return 1
    print(f"{parsed.key_id} ({parsed.environment}), form and checksum ok")
    return 0


def _hours(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= 8_760:
        raise ValueError
    return int(text)


def _derive(chosen: argparse.Namespace) -> int:
    given = SecretText(sys.stdin.read(4096).strip())
    scopes = frozenset(chosen.scope) if chosen.scope is not None else None
    workspace = WorkspaceId(chosen.workspace) if chosen.workspace is not None else None
    try:
        derived = derive(given, expires_at=SystemClock().now() + timedelta(hours=chosen.hours), scopes=scopes, workspace=workspace)
    except ValueError as error:
        print(error)
        return 1
    print(derived.reveal())
    return 0
