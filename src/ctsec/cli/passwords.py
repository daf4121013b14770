"""`ctsec passwords`: what stored passwords need, and what this machine can afford to hash them with."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from ctsec.authn.schemes import is_ours
from ctsec.cli.work import load_bundle
from ctsec.errors import ConfigurationError

if TYPE_CHECKING:
    import argparse

    from ctsec.security._sync_password_jobs import PasswordCensus

_RUN = 1000


def add_to(commands: Any) -> None:
    """Add the commands to the parser."""
    parser = commands.add_parser("passwords", help="stored passwords: their peppers and hashes")
    kinds = parser.add_subparsers(required=True, metavar="WHAT")
    status = kinds.add_parser("status", help="count passwords and API keys by pepper, and passwords by hash; exit 1 if a pepper is missing")
    renew = kinds.add_parser("renew", help="put every password under the current pepper and Argon2id now; exit 1 if one does not open")
    for each, run in ((status, _status), (renew, _renew)):
        each.add_argument("bundle", help="where the ctsec.Security is, such as app.security:security")
        each.set_defaults(run=run)
    calibrate = kinds.add_parser("calibrate", help="find the strongest Argon2id parameters for a time budget on this machine")
    calibrate.add_argument("--milliseconds", type=int, default=100, help="how long a hash may take (100)")
    calibrate.add_argument("--memory", type=int, default=64, metavar="MIB", help="how much memory a hash may take (64)")
    calibrate.set_defaults(run=_calibrate)


def _status(chosen: argparse.Namespace) -> int:
    census = load_bundle(chosen.bundle).jobs.passwords.census()
    _tell(census)
    return 1 if census.lost else 0


def _tell(census: PasswordCensus) -> None:
    for number, pepper in enumerate((*census.peppers, *census.lost)):
        state = "missing" if pepper in census.lost else "current" if number == 0 else "old"
        needed = census.under(pepper)
        print(f"pepper {pepper} ({state}): {needed} needed" if needed or state != "old" else f"pepper {pepper} (old): not needed")
    counts: dict[str, int] = {}
    for group in census.passwords:
        counts[group.scheme] = counts.get(group.scheme, 0) + group.count
    for scheme, count in sorted(counts.items()):
        waits = "" if scheme and is_ours(scheme) else ", waits to be renewed"
        print(f"hash {scheme or 'unknown'}: {count}{waits}")


def _renew(chosen: argparse.Namespace) -> int:
    jobs = load_bundle(chosen.bundle).jobs.passwords
    written = 0
    while True:
        resealed, wrapped = jobs.reseal(limit=_RUN), jobs.wrap(limit=_RUN)
        written += resealed.written + wrapped.written
        if not resealed.written + wrapped.written:
            failed = max(resealed.failed, wrapped.failed)
            print(f"{written} passwords renewed" + (f"; {failed} do not open" if failed else ""))
            return 1 if failed else 0


def _calibrate(chosen: argparse.Namespace) -> int:
    from ctsec.authn.calibration import calibrate

    try:
        found = calibrate(timedelta(milliseconds=chosen.milliseconds), most_memory_kib=chosen.memory * 1024)
    except ValueError as error:
        raise ConfigurationError(str(error)) from None
    print(f"Argon2Parameters(memory_kib={found.memory_kib}, time_cost={found.time_cost}, lanes={found.lanes})")
    return 0
