"""The ports of `ctsec.audit.erasure`, in both colours."""

from __future__ import annotations

from ctsec.audit.erasure._async_ports import AsyncErasureBatches, AsyncErasureList, AsyncErasureRecords
from ctsec.audit.erasure._sync_ports import ErasureBatches, ErasureList, ErasureRecords

__all__ = ["AsyncErasureBatches", "AsyncErasureList", "AsyncErasureRecords", "ErasureBatches", "ErasureList", "ErasureRecords"]
