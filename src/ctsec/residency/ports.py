"""The ports of `ctsec.residency`, in both colours."""

from __future__ import annotations

from ctsec.residency._async_ports import (
    AsyncContentRecords,
    AsyncMoveRecords,
    AsyncPins,
    AsyncPrimaryRecords,
    AsyncRegionalKeys,
    AsyncRegionalTables,
    AsyncRegionMeta,
    AsyncRegionStorage,
    AsyncRegionStore,
    AsyncResidenceRecords,
    AsyncResidencyRights,
)
from ctsec.residency._sync_ports import (
    ContentRecords,
    MoveRecords,
    Pins,
    PrimaryRecords,
    RegionalKeys,
    RegionalTables,
    RegionMeta,
    RegionStorage,
    RegionStore,
    ResidenceRecords,
    ResidencyRights,
)

__all__ = [
    "AsyncContentRecords",
    "AsyncMoveRecords",
    "AsyncPins",
    "AsyncPrimaryRecords",
    "AsyncRegionMeta",
    "AsyncRegionStorage",
    "AsyncRegionStore",
    "AsyncRegionalKeys",
    "AsyncRegionalTables",
    "AsyncResidenceRecords",
    "AsyncResidencyRights",
    "ContentRecords",
    "MoveRecords",
    "Pins",
    "PrimaryRecords",
    "RegionMeta",
    "RegionStorage",
    "RegionStore",
    "RegionalKeys",
    "RegionalTables",
    "ResidenceRecords",
    "ResidencyRights",
]
