"""The ports of `ctsec.encryption`, in both colours."""

from __future__ import annotations

from ctsec.encryption._async_ports import (
    AsyncDekRecords,
    AsyncDekSource,
    AsyncKeyServices,
    AsyncKms,
    AsyncSealer,
)
from ctsec.encryption._sync_ports import (
    DekRecords,
    DekSource,
    KeyServices,
    Kms,
    Sealer,
)

__all__ = [
    "AsyncDekRecords",
    "AsyncDekSource",
    "AsyncKeyServices",
    "AsyncKms",
    "AsyncSealer",
    "DekRecords",
    "DekSource",
    "KeyServices",
    "Kms",
    "Sealer",
]
