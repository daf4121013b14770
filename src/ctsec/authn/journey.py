"""A sign-in as a value: what each step returns, and how long its links and tickets live."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeAlias

from ctsec.authn.record import Session
from ctsec.outcome import Reason, Refusal
from ctsec.principal import Factor
from ctsec.secret import SecretText
from ctsec.user import User, UserStatus

TICKET_LIFE: Final = timedelta(minutes=10)
VERIFICATION_LIFE: Final = timedelta(hours=24)
RESET_LIFE: Final = timedelta(minutes=10)
LINK_LIFE: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedAccount:
    """An account of another system.

    `password_hash` is the text that the other system stored, None for an account without password; `email_verified` says that the other
    system had the address confirmed.
    """

    email: str
    name: str
    password_hash: SecretText | None = None
    email_verified: bool = False


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The person is signed in: `token` is the session's text, shown to the host once.

    `device` is the text that this device holds from now on (`ctsec.ambient.Request.device`), None if the one that it has goes on.
    `mfa_due` is from when on an organization of the person refuses this session for want of a second factor, None if none does, and
    `sso_due` from when on one is entered through its provider only. `codes` are the backup codes of a second factor that this sign-in
    enrolled, shown once.
    """

    user: User
    session: Session
    token: SecretText
    device: SecretText | None = None
    mfa_due: datetime | None = None
    codes: tuple[SecretText, ...] = ()
    sso_due: datetime | None = None


@dataclass(frozen=True, slots=True)
class MfaRequired:
    """The first factor is proved; `ticket` and a code of one of `factors` complete the sign-in before `expires_at`.

    `trust_life` is for how long the person may have this device skip the second step, None where that can not be asked for.
    """

    ticket: SecretText
    factors: tuple[Factor, ...]
    expires_at: datetime
    codes: tuple[SecretText, ...] = ()
    trust_life: timedelta | None = None


@dataclass(frozen=True, slots=True)
class LinkRequested:
    """If the address may sign in by mail, a link is on its way to it; it counts until `expires_at`, with what this browser keeps.

    `browser` is that other half. It is the same kind of text for every address, and proves nothing without the link.
    """

    browser: SecretText
    expires_at: datetime


class Duty(StrEnum):
    """What a sign-in owes before it gives a session."""

    ENROL = "enrol"
    PASSWORD = "password"
    SIGN = "sign"


@dataclass(frozen=True, slots=True)
class EnrolmentRequired:
    """An organization of the person requires a second factor, and there is none: until `expires_at`, `ticket` enrols one, nothing else.

    `factors` are those that it may enrol; after a sign-in through a provider an authenticator app only (ADR 53).
    """

    ticket: SecretText
    expires_at: datetime
    codes: tuple[SecretText, ...] = ()
    factors: tuple[Factor, ...] = (Factor.PASSKEY, Factor.TOTP)


@dataclass(frozen=True, slots=True)
class PasswordChangeRequired:
    """The password is too short for an account that no organization requires a second factor of: `ticket` sets another one."""

    ticket: SecretText
    expires_at: datetime
    codes: tuple[SecretText, ...] = ()


SignInStep: TypeAlias = SignedIn | MfaRequired | EnrolmentRequired | PasswordChangeRequired | Refusal


def may_sign_in(user: User, *, known: bool = False) -> Refusal | None:
    """Return why nobody signs in to this account now, or None; who is `known` by a provider needs no confirmed address."""
    if user.status is not UserStatus.ACTIVE:
        return Refusal(Reason.DISABLED, "this account is disabled")
    if user.email_verified_at is None and not known:
        return Refusal(Reason.EMAIL_NOT_VERIFIED, "confirm your e-mail address first; the link is in your mail")
    return None
