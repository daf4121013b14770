"""The ports of `ctsec.recovery`, in both colours."""

from __future__ import annotations

from ctsec.recovery._async_ports import (
    AsyncAccounts,
    AsyncAdministrators,
    AsyncBelonging,
    AsyncFactorControl,
    AsyncPasswordTimes,
    AsyncPost,
    AsyncRecoveryRecords,
    AsyncSessionControl,
    AsyncTermsRecords,
    AsyncTrailRecords,
)
from ctsec.recovery._sync_ports import (
    Accounts,
    Administrators,
    Belonging,
    FactorControl,
    PasswordTimes,
    Post,
    RecoveryRecords,
    SessionControl,
    TermsRecords,
    TrailRecords,
)

__all__ = [
    "Accounts",
    "Administrators",
    "AsyncAccounts",
    "AsyncAdministrators",
    "AsyncBelonging",
    "AsyncFactorControl",
    "AsyncPasswordTimes",
    "AsyncPost",
    "AsyncRecoveryRecords",
    "AsyncSessionControl",
    "AsyncTermsRecords",
    "AsyncTrailRecords",
    "Belonging",
    "FactorControl",
    "PasswordTimes",
    "Post",
    "RecoveryRecords",
    "SessionControl",
    "TermsRecords",
    "TrailRecords",
]
