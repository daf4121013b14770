"""The ports of single sign-on, in both colours."""

from __future__ import annotations

from ctsec.sso._async_ports import AsyncConnectionRecords, AsyncFetches, AsyncIdentityRecords
from ctsec.sso._sync_ports import ConnectionRecords, Fetches, IdentityRecords

__all__ = ["AsyncConnectionRecords", "AsyncFetches", "AsyncIdentityRecords", "ConnectionRecords", "Fetches", "IdentityRecords"]
