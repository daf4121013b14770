"""`ctsec key`: what can be told of an API key without any store, and local key files."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ctsec.keys.token import parse
from ctsec.outcome import Refusal

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
