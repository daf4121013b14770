"""`ctsec key inspect`: what can be told of an API key without any store."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ctsec.keys.token import parse
from ctsec.outcome import Refusal

if TYPE_CHECKING:
    import argparse


def add_to(commands: Any) -> None:
    """Add the commands to the parser."""
    parser = commands.add_parser("key", help="API keys")
    kinds = parser.add_subparsers(required=True, metavar="WHAT")
    inspect = kinds.add_parser("inspect", help="read a key from standard input and say its id, if form and checksum are right")
    inspect.set_defaults(run=_inspect)


def _inspect(chosen: argparse.Namespace) -> int:
    del chosen
    # From standard input, never an argument: arguments stand in the process list and in the shell's history.
    parsed = parse(sys.stdin.read(4096).strip())
    if isinstance(parsed, Refusal):
        print(f"{parsed.detail} [{parsed.reason.value}]")
        return 1
    print(f"{parsed.key_id} ({parsed.environment})")
    return 0
