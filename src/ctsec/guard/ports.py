"""The ports of `ctsec.guard`, in both colours."""

from __future__ import annotations

from ctsec.guard._async_ports import (
    AsyncAllowanceRecords,
    AsyncAsideEvents,
    AsyncAttemptRecords,
    AsyncGuardStore,
    AsyncProofRecords,
    AsyncSharedAllowances,
    AsyncStepRecords,
)
from ctsec.guard._sync_ports import (
    AllowanceRecords,
    AsideEvents,
    AttemptRecords,
    GuardStore,
    ProofRecords,
    SharedAllowances,
    StepRecords,
)

__all__ = [
    "AllowanceRecords",
    "AsideEvents",
    "AsyncAllowanceRecords",
    "AsyncAsideEvents",
    "AsyncAttemptRecords",
    "AsyncGuardStore",
    "AsyncProofRecords",
    "AsyncSharedAllowances",
    "AsyncStepRecords",
    "AttemptRecords",
    "GuardStore",
    "ProofRecords",
    "SharedAllowances",
    "StepRecords",
]
