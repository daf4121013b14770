"""Expected failures as values.

A service returns what the caller asked for, or a `Refusal`. A refusal is not an exception, so that a host's transaction commits what
belongs to it (an audit event, a counter), and it is neither true nor false: testing one with `if` raises, because code that forgets to
look at the type must not go on as if it had been let in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import NoReturn, TypeAlias, TypeVar

T = TypeVar("T")


class Reason(StrEnum):
    """Why something was refused: a closed list, stable, safe to show to the caller and to count in metrics."""

    INVALID_CREDENTIALS = "invalid_credentials"
    INVALID_CODE = "invalid_code"
    CODE_ALREADY_USED = "code_already_used"
    INVALID_TOKEN = "invalid_token"
    EXPIRED = "expired"
    REVOKED = "revoked"
    NOT_AUTHENTICATED = "not_authenticated"
    STEP_UP_REQUIRED = "step_up_required"
    MFA_REQUIRED = "mfa_required"
    SSO_REQUIRED = "sso_required"
    MFA_NOT_ENROLLED = "mfa_not_enrolled"
    MFA_ALREADY_ENROLLED = "mfa_already_enrolled"
    ON_HOLD = "on_hold"
    SUPPORT_REQUIRED = "support_required"
    EMAIL_NOT_VERIFIED = "email_not_verified"
    DISABLED = "disabled"
    THROTTLED = "throttled"
    LOCKED = "locked"
    DENIED = "denied"
    NOT_FOUND = "not_found"
    NOT_A_MEMBER = "not_a_member"
    ALREADY_EXISTS = "already_exists"
    CONFLICT = "conflict"
    LAST_OWNER = "last_owner"
    CEILING_EXCEEDED = "ceiling_exceeded"
    BEYOND_OWN_RIGHTS = "beyond_own_rights"
    SELF_CHANGE = "self_change"
    EXCLUSIVE_ROLES = "exclusive_roles"
    PASSWORD_TOO_SHORT = "password_too_short"
    PASSWORD_TOO_LONG = "password_too_long"
    PASSWORD_COMMON = "password_common"
    INVALID_INPUT = "invalid_input"
    TOO_LARGE = "too_large"
    CSRF = "csrf"


@dataclass(frozen=True, slots=True)
class Refusal:
    """An expected failure: `reason` from the closed list, what the caller may do about it, and when to try again.

    `detail` is a short sentence for the person, without secrets and without anything of another organization;
    `retry_after` is set where waiting helps (throttling), `max_age` where proving a second factor again helps: how old the proof may be.
    """

    reason: Reason
    detail: str = ""
    retry_after: timedelta | None = None
    max_age: timedelta | None = None

    def __bool__(self) -> NoReturn:
        raise TypeError("a refusal is neither true nor false; test with isinstance(value, Refusal) or match")


Outcome: TypeAlias = T | Refusal
