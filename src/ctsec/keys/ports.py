"""The ports of `ctsec.keys`, in both colours."""

from __future__ import annotations

from ctsec.keys._async_owner_ports import AsyncKeyLists, AsyncKeyPolicyRecords
from ctsec.keys._async_ports import (
    AsyncEpochRecords,
    AsyncKeyRecords,
    AsyncRights,
)
from ctsec.keys._async_rate_ports import AsyncSharedRates
from ctsec.keys._async_usage_ports import AsyncKeyDayRecords
from ctsec.keys._async_workload_ports import AsyncWorkloadRuleRecords
from ctsec.keys._sync_owner_ports import KeyLists, KeyPolicyRecords
from ctsec.keys._sync_ports import (
    EpochRecords,
    KeyRecords,
    Rights,
)
from ctsec.keys._sync_rate_ports import SharedRates
from ctsec.keys._sync_usage_ports import KeyDayRecords
from ctsec.keys._sync_workload_ports import WorkloadRuleRecords

__all__ = [
    "AsyncEpochRecords",
    "AsyncKeyDayRecords",
    "AsyncKeyLists",
    "AsyncKeyPolicyRecords",
    "AsyncKeyRecords",
    "AsyncRights",
    "AsyncSharedRates",
    "AsyncWorkloadRuleRecords",
    "EpochRecords",
    "KeyDayRecords",
    "KeyLists",
    "KeyPolicyRecords",
    "KeyRecords",
    "Rights",
    "SharedRates",
    "WorkloadRuleRecords",
]
