"""`ctsec worker` and `ctsec bootstrap`: commands on the security bundle of a host, named as `module:attribute`."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

from ctsec.cli.loading import host_attribute
from ctsec.errors import ConfigurationError
from ctsec.outcome import Refusal
from ctsec.security import Security
from ctsec.user import parse_email

if TYPE_CHECKING:
    import argparse
    from types import FrameType

PAUSE = 1.0


def add_to(commands: Any) -> None:
    """Add the commands to the parser."""
    worker = commands.add_parser("worker", help="run the jobs of a host's security bundle until it is stopped")
    worker.add_argument("bundle", help="where the ctsec.Security is, such as app.security:security")
    worker.add_argument("--once", action="store_true", help="run what is due once, and end")
    worker.set_defaults(run=_worker)
    bootstrap = commands.add_parser("bootstrap", help="make an organization whose first owner is an existing account")
    bootstrap.add_argument("bundle", help="where the ctsec.Security is, such as app.security:security")
    bootstrap.add_argument("--owner", required=True, help="the e-mail address of the owner's account")
    bootstrap.add_argument("--organization", required=True, help="the name of the organization")
    bootstrap.set_defaults(run=_bootstrap)


def load_bundle(name: str) -> Security:
    """Return the bundle that `module:attribute` names; raise ConfigurationError if there is none."""
    found = host_attribute(name, such_as="app.security:security")
    if not isinstance(found, Security):
        raise ConfigurationError(f"{name} is a {type(found).__name__}; expected a ctsec.Security (the sync colour)")
    return found


def _worker(chosen: argparse.Namespace) -> int:
    worker = load_bundle(chosen.bundle).worker(f"{os.uname().nodename}:{os.getpid()}")
    stopped = threading.Event()

    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        stopped.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    while True:
        for run in worker.run_due():
            if run.done or run.error:
                print(f"{run.name}: {run.error or run.done}", flush=True)
        if chosen.once or stopped.wait(PAUSE):
            return 0


def _bootstrap(chosen: argparse.Namespace) -> int:
    try:
        key = parse_email(chosen.owner)[1]
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    with load_bundle(chosen.bundle).begin() as unit:
        made = unit.directory.bootstrap(owner_email_key=key, name=chosen.organization)
    if isinstance(made, Refusal):
        print(f"refused: {made.detail} [{made.reason.value}]", file=sys.stderr)
        return 1
    print(made.id)
    return 0
