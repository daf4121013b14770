"""A sign-in as a value: what each step returns, and the names of the counters that guard it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from ctsec.authn.record import Session
from ctsec.ids import UserId
from ctsec.outcome import Refusal
from ctsec.principal import Factor
from ctsec.secret import SecretText
from ctsec.user import User

TICKET_LIFE: Final = timedelta(minutes=10)
VERIFICATION_LIFE: Final = timedelta(hours=24)
RESET_LIFE: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The person is signed in: `token` is the session's text, shown to the host once."""

    user: User
    session: Session
    token: SecretText


@dataclass(frozen=True, slots=True)
class MfaRequired:
    """The first factor is proved; `ticket` and a code of one of `factors` complete the sign-in before `expires_at`."""

    ticket: SecretText
    factors: tuple[Factor, ...]
    expires_at: datetime


SignInStep: TypeAlias = SignedIn | MfaRequired | Refusal


def password_counter(email_key: str) -> str:
    """Return the key of the counter of password attempts: the same for known and unknown addresses, and without the address."""
    return "pwd:" + hashlib.sha256(email_key.encode("utf-8", "surrogatepass")).hexdigest()


def code_counter(user_id: UserId, factor: Factor) -> str:
    """Return the key of the counter of code attempts of one factor of one person."""
    return f"{factor.value}:{user_id}"
