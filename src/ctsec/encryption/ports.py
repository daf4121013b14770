"""The ports of `ctsec.encryption`, in both colours."""

from __future__ import annotations

from ctsec.encryption._async_ports import (
    AsyncCustomerKeyRecords,
    AsyncDekRecords,
    AsyncDekSource,
    AsyncKeyServices,
    AsyncKms,
    AsyncSealer,
)
from ctsec.encryption._sync_ports import (
    CustomerKeyRecords,
    DekRecords,
    DekSource,
    KeyServices,
    Kms,
    Sealer,
)

__all__ = [
    "AsyncCustomerKeyRecords",
    "AsyncDekRecords",
    "AsyncDekSource",
    "AsyncKeyServices",
    "AsyncKms",
    "AsyncSealer",
    "CustomerKeyRecords",
    "DekRecords",
    "DekSource",
    "KeyServices",
    "Kms",
    "Sealer",
]
