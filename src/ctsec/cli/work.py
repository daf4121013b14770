"""`ctsec worker`, `ctsec mail` and `ctsec bootstrap`: commands on the security bundle of a host, named as `module:attribute`."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from inspect import Parameter, iscoroutinefunction, isfunction, signature
from typing import TYPE_CHECKING, Any

from ctsec.cli.loading import host_attribute
from ctsec.errors import ConfigurationError
from ctsec.outcome import Refusal
from ctsec.security import AsyncSecurity, Security
from ctsec.user import parse_email

if TYPE_CHECKING:
    import argparse
    from types import FrameType, FunctionType

PAUSE = 1.0
_REST = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
_SHOWN = 20


def add_to(commands: Any) -> None:
    """Add the commands to the parser."""
    worker = commands.add_parser("worker", help="run the jobs of a host's security bundle until it is stopped")
    worker.add_argument("bundle", help="where the ctsec.Security is, such as app.security:security")
    worker.add_argument("--once", action="store_true", help="run what is due once, and end")
    worker.set_defaults(run=_worker)
    mail = commands.add_parser("mail", help="count the mail that has not left; exit 1 if some was given up")
    mail.add_argument("bundle", help="where the ctsec.Security is, such as app.security:security")
    mail.add_argument("--retry", action="store_true", help="have what was given up tried again")
    mail.add_argument("--json", action="store_true", help="one JSON object")
    mail.set_defaults(run=_mail)
    bootstrap = commands.add_parser("bootstrap", help="make an organization whose first owner is an existing account")
    bootstrap.add_argument("bundle", help="where the ctsec.Security is, such as app.security:security")
    bootstrap.add_argument("--owner", required=True, help="the e-mail address of the owner's account")
    bootstrap.add_argument("--organization", required=True, help="the name of the organization")
    bootstrap.set_defaults(run=_bootstrap)


def load_bundle(name: str) -> Security:
    """Return the bundle that `module:attribute` names, or that the function without arguments makes which it names.

    Of an AsyncSecurity it is the sync bundle beside it. Raises ConfigurationError if there is none.
    """
    found = host_attribute(name, such_as="app.security:security")
    if isfunction(found):
        found = _made(found, name)
    if isinstance(found, AsyncSecurity):
        if found.blocking is None:
            raise ConfigurationError(f"{name} is an AsyncSecurity made of parts; expected a ctsec.Security on the same store beside it")
        return found.blocking
    if not isinstance(found, Security):
        raise ConfigurationError(
            f"{name} is a {type(found).__name__}; expected a ctsec.Security, an AsyncSecurity, or a function that makes one"
        )
    return found


def _made(function: FunctionType, name: str) -> object:
    needed = [each for each in signature(function).parameters.values() if each.default is Parameter.empty and each.kind not in _REST]
    if needed or iscoroutinefunction(function):
        raise ConfigurationError(f"{name} is a function; expected one without arguments, and no coroutine, that returns a ctsec.Security")
    return function()


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


def _mail(chosen: argparse.Namespace) -> int:
    jobs = load_bundle(chosen.bundle).jobs.mail
    again = jobs.retry() if chosen.retry else 0
    found, given_up = jobs.overview(), jobs.given_up(limit=_SHOWN)
    if chosen.json:
        counts = {"waiting": found.waiting, "given_up": found.given_up, "oldest": found.oldest and found.oldest.isoformat(), "again": again}
        print(json.dumps(counts))
    else:
        since = f", the oldest since {found.oldest:%Y-%m-%d %H:%M:%S} UTC" if found.oldest is not None else ""
        print(f"{found.waiting} waiting{since}; {found.given_up} given up; {again} tried again")
        for entry in given_up:
            print(f"{entry.id}  {entry.kind}  {entry.created_at:%Y-%m-%d %H:%M:%S} UTC  {entry.last_error}")
    return 1 if found.given_up else 0


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
