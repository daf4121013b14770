"""What an anchor is, in both colours."""

from __future__ import annotations

from ctsec.audit.anchors._async_ports import AsyncKeeper
from ctsec.audit.anchors._sync_ports import Keeper

__all__ = ["AsyncKeeper", "Keeper"]
