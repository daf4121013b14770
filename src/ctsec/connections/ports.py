"""Both colours of what connected apps need from outside."""

from __future__ import annotations

from ctsec.connections._async_ports import (
    AsyncAppFetches,
    AsyncAppNotes,
    AsyncAppRecords,
    AsyncAppRights,
    AsyncAppSealer,
    AsyncAppTokenRecords,
    AsyncGrantRules,
    AsyncPause,
)
from ctsec.connections._sync_ports import AppFetches, AppNotes, AppRecords, AppRights, AppSealer, AppTokenRecords, GrantRules, Pause

__all__ = [
    "AppFetches",
    "AppNotes",
    "AppRecords",
    "AppRights",
    "AppSealer",
    "AppTokenRecords",
    "AsyncAppFetches",
    "AsyncAppNotes",
    "AsyncAppRecords",
    "AsyncAppRights",
    "AsyncAppSealer",
    "AsyncAppTokenRecords",
    "AsyncGrantRules",
    "AsyncPause",
    "GrantRules",
    "Pause",
]
