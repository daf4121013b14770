"""What somebody outside can ask of a deployment about an address, each question as a slice, by whose address it is.

The whole of a unit of work on SQLite is timed, in CPU time of the process, since the slow hash runs in a thread of its own; waiting for the
disk is not in it. What a slice charged is forgiven after it, so that nobody is held back.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, Final

from benchmarks.measure import Contestant
from ctsec import Security
from ctsec.ambient import Request
from ctsec.guard import AllowancePolicy, ThrottlePolicy
from ctsec.guard.counters import password_counter
from ctsec.outcome import Reason, Refusal
from ctsec.rbac.policy import Policy
from ctsec.security.parts import EmbeddedOptions
from ctsec.user import User, UserStatus

PASSWORD: Final = "seven purple lanterns"
WRONG: Final = "seven purple lantern"
KNOWN, UNVERIFIED, DISABLED = "known@example.com", "unverified@example.com", "disabled@example.com"
REQUEST: Final = Request(id="req_1", address="198.51.100.7", user_agent="a browser")
_PLENTY: Final = AllowancePolicy(burst=80_000_000 // 1000, every=timedelta(milliseconds=1))


def _deployment(folder: Path) -> Security:
    throttle = ThrottlePolicy(first_backoff_at=100, addresses=_PLENTY, mails=_PLENTY)
    options = EmbeddedOptions(worker=False, sign_in_links=True, throttle=throttle)
    return Security.embedded(str(folder / "doors.db"), policy=Policy.preset(), issuer="Acme", options=options)


class Doors:
    """A deployment with an account of each kind, and the questions."""

    def __init__(self, folder: Path) -> None:
        self._security = _deployment(folder)
        self._strangers = count()
        self._ids = [self._account(email) for email in (KNOWN, UNVERIFIED, DISABLED)]

    def close(self) -> None:
        """Close the deployment."""
        self._security.close()

    def sign_in(self, whose: str | None) -> Contestant:
        """Return a sign-in with a wrong password at an account's address, or (None) at one that nobody has, another one each time."""
        return self._asked(f"a sign-in at {_called(whose)}", whose, "sign_in.password", Reason.INVALID_CREDENTIALS, password=WRONG)

    def link(self, whose: str | None) -> Contestant:
        """Return a request for a link to sign in."""
        return self._asked(f"a link for {_called(whose)}", whose, "sign_in.request_link", None)

    def reset(self, whose: str | None) -> Contestant:
        """Return a request for a reset link."""
        return self._asked(f"a reset for {_called(whose)}", whose, "accounts.request_password_reset", None)

    def _account(self, email: str) -> User:
        with self._security.begin(REQUEST) as unit:
            unit.accounts.sign_up(email=email, password=PASSWORD, name="Somebody")
            user = unit._store.users.by_email(email)
            assert user is not None
            status = UserStatus.DISABLED if email == DISABLED else UserStatus.ACTIVE
            verified = None if email == UNVERIFIED else user.created_at
            unit._store.users.replace(replace(user, status=status, email_verified_at=verified, version=user.version + 1))
        return user

    def _asked(self, name: str, whose: str | None, method: str, wanted: Reason | None, **named: Any) -> Contestant:
        service, _, verb = method.partition(".")

        def timed() -> float:
            email = whose or f"n{next(self._strangers):08}@example.com"
            start = time.process_time()
            with self._security.begin(REQUEST) as unit:
                call: Callable[..., Any] = getattr(getattr(unit, service), verb)
                answer = call(email=email, **named)
            spent = time.process_time() - start
            reason = answer.reason if isinstance(answer, Refusal) else None
            if reason is not wanted:
                raise RuntimeError(f"expected {wanted} for {name}, got {reason}")
            self._security._storage.guard.attempts.clear(tuple(password_counter(user.id) for user in self._ids))
            return spent

        return Contestant(name=name, slice=timed)


def _called(whose: str | None) -> str:
    return "an address that nobody has" if whose is None else f"{whose.partition('@')[0]}@"
