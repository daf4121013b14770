"""The ports of `ctsec.encryption`, in both colours."""

from __future__ import annotations

from ctsec.encryption._async_ports import (
    AsyncCustomerKeyRecords,
    AsyncDekRecords,
    AsyncDekSource,
    AsyncEpochRecords,
    AsyncIndexKeyRecords,
    AsyncKeyRights,
    AsyncKeyServices,
    AsyncKms,
    AsyncOrganizationLock,
    AsyncSealedRows,
    AsyncSealer,
)
from ctsec.encryption._sync_ports import (
    CustomerKeyRecords,
    DekRecords,
    DekSource,
    EpochRecords,
    IndexKeyRecords,
    KeyRights,
    KeyServices,
    Kms,
    OrganizationLock,
    SealedRows,
    Sealer,
)

__all__ = [
    "AsyncCustomerKeyRecords",
    "AsyncDekRecords",
    "AsyncDekSource",
    "AsyncEpochRecords",
    "AsyncIndexKeyRecords",
    "AsyncKeyRights",
    "AsyncKeyServices",
    "AsyncKms",
    "AsyncOrganizationLock",
    "AsyncSealedRows",
    "AsyncSealer",
    "CustomerKeyRecords",
    "DekRecords",
    "DekSource",
    "EpochRecords",
    "IndexKeyRecords",
    "KeyRights",
    "KeyServices",
    "Kms",
    "OrganizationLock",
    "SealedRows",
    "Sealer",
]
