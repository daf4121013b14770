"""Both colours of what connected apps need from outside."""

from __future__ import annotations

from ctsec.connections._async_ports import (
    AsyncAppFetches,
    AsyncAppNotes,
    AsyncAppRecords,
    AsyncAppRights,
    AsyncAppSealer,
    AsyncAppTokenRecords,
    AsyncPause,
)
from ctsec.connections._sync_ports import AppFetches, AppNotes, AppRecords, AppRights, AppSealer, AppTokenRecords, Pause

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
    "AsyncPause",
    "Pause",
]
