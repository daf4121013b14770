"""The ports of single sign-on, in both colours."""

from __future__ import annotations

from ctsec.sso._async_ports import AsyncFetches
from ctsec.sso._sync_ports import Fetches

__all__ = ["AsyncFetches", "Fetches"]
