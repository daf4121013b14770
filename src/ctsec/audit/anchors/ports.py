"""What an anchor is, in both colours."""

from __future__ import annotations

from ctsec.audit.anchors._async_ports import AsyncKeeper, AsyncProvenKeeper
from ctsec.audit.anchors._sync_ports import Keeper, ProvenKeeper

__all__ = ["AsyncKeeper", "AsyncProvenKeeper", "Keeper", "ProvenKeeper"]
