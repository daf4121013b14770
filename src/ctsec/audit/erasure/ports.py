"""The ports of `ctsec.audit.erasure`, in both colours."""

from __future__ import annotations

from ctsec.audit.erasure._async_ports import AsyncErasureList, AsyncErasureRecords
from ctsec.audit.erasure._sync_ports import ErasureList, ErasureRecords

__all__ = ["AsyncErasureList", "AsyncErasureRecords", "ErasureList", "ErasureRecords"]
