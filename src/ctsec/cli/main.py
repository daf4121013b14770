"""The parser of the command line, and the exit codes: 0 fine, 1 the answer is no, 2 it could not be asked."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from ctsec.cli import audit, backups, database, doctor, keys, matrix, passwords, residency, sso, support, work
from ctsec.errors import CtsecError

if TYPE_CHECKING:
    from collections.abc import Sequence


def parser() -> argparse.ArgumentParser:
    """Return the parser of every command."""
    made = argparse.ArgumentParser(prog="ctsec", description="the security layer of a SaaS: its tables, backups, worker, keys and roles")
    commands = made.add_subparsers(required=True, metavar="COMMAND")
    database.add_to(commands)
    work.add_to(commands)
    keys.add_to(commands)
    matrix.add_to(commands)
    doctor.add_to(commands)
    backups.add_to(commands)
    audit.add_to(commands)
    residency.add_to(commands)
    passwords.add_to(commands)
    support.add_to(commands)
    sso.add_to(commands)
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; an error is one line on standard error, without a secret."""
    chosen = parser().parse_args(arguments)
    try:
        return int(chosen.run(chosen))
    except CtsecError as error:
        print(f"ctsec: {error} [{error.code}]", file=sys.stderr)
        return 2
