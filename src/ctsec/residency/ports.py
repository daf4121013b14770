"""The ports of `ctsec.residency`, in both colours."""

from __future__ import annotations

from ctsec.residency._async_ports import (
    AsyncContentRecords,
    AsyncMoveRecords,
    AsyncPins,
    AsyncRegionMeta,
    AsyncRegionStorage,
    AsyncRegionStore,
    AsyncRegionalKeys,
    AsyncRegionalTables,
    AsyncResidenceRecords,
    AsyncResidencyRights,
)
from ctsec.residency._sync_ports import (
    ContentRecords,
    MoveRecords,
    Pins,
    RegionMeta,
    RegionStorage,
    RegionStore,
    RegionalKeys,
    RegionalTables,
    ResidenceRecords,
    ResidencyRights,
)

__all__ = [
    "AsyncContentRecords",
    "AsyncMoveRecords",
    "AsyncPins",
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
    "RegionMeta",
    "RegionStorage",
    "RegionStore",
    "RegionalKeys",
    "RegionalTables",
    "ResidenceRecords",
    "ResidencyRights",
]
