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
    AsyncReencryptionRecords,
    AsyncSealedTable,
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
    ReencryptionRecords,
    SealedTable,
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
    "AsyncReencryptionRecords",
    "AsyncSealedTable",
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
    "ReencryptionRecords",
    "SealedTable",
    "Sealer",
]
