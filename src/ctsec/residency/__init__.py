"""Residency: regions, workspaces that are pinned to them, and moves between them.

Names are resolved at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.residency._async import AsyncResidency as AsyncResidency
    from ctsec.residency._async_content import AsyncRegionalContent as AsyncRegionalContent
    from ctsec.residency._sync import Residency as Residency
    from ctsec.residency._sync_content import RegionalContent as RegionalContent
    from ctsec.residency.record import Content as Content
    from ctsec.residency.record import Move as Move
    from ctsec.residency.record import MoveState as MoveState
    from ctsec.residency.record import Occupant as Occupant
    from ctsec.residency.record import Position as Position
    from ctsec.residency.record import Primary as Primary
    from ctsec.residency.record import RegionalPlace as RegionalPlace
    from ctsec.residency.record import Replicated as Replicated
    from ctsec.residency.record import Residence as Residence
    from ctsec.residency.record import ResidenceState as ResidenceState
    from ctsec.residency.record import Tally as Tally
    from ctsec.residency.region import DEPLOYMENTS_KEY as DEPLOYMENTS_KEY
    from ctsec.residency.region import Region as Region
    from ctsec.residency.region import Regions as Regions
    from ctsec.residency.region import Replica as Replica
    from ctsec.residency.report import ResidencyReport as ResidencyReport
    from ctsec.residency.report import StoreAnswer as StoreAnswer
    from ctsec.residency.report import StoreFinding as StoreFinding
    from ctsec.residency.report import WorkspaceFinding as WorkspaceFinding

_HOME = {
    "AsyncRegionalContent": "ctsec.residency._async_content",
    "AsyncResidency": "ctsec.residency._async",
    "Content": "ctsec.residency.record",
    "DEPLOYMENTS_KEY": "ctsec.residency.region",
    "Move": "ctsec.residency.record",
    "MoveState": "ctsec.residency.record",
    "Occupant": "ctsec.residency.record",
    "Position": "ctsec.residency.record",
    "Primary": "ctsec.residency.record",
    "Region": "ctsec.residency.region",
    "RegionalContent": "ctsec.residency._sync_content",
    "RegionalPlace": "ctsec.residency.record",
    "Regions": "ctsec.residency.region",
    "Replica": "ctsec.residency.region",
    "Replicated": "ctsec.residency.record",
    "Residence": "ctsec.residency.record",
    "ResidenceState": "ctsec.residency.record",
    "Residency": "ctsec.residency._sync",
    "ResidencyReport": "ctsec.residency.report",
    "StoreAnswer": "ctsec.residency.report",
    "StoreFinding": "ctsec.residency.report",
    "Tally": "ctsec.residency.record",
    "WorkspaceFinding": "ctsec.residency.report",
}
__all__ = [
    "DEPLOYMENTS_KEY",
    "AsyncRegionalContent",
    "AsyncResidency",
    "Content",
    "Move",
    "MoveState",
    "Occupant",
    "Position",
    "Primary",
    "Region",
    "RegionalContent",
    "RegionalPlace",
    "Regions",
    "Replica",
    "Replicated",
    "Residence",
    "ResidenceState",
    "Residency",
    "ResidencyReport",
    "StoreAnswer",
    "StoreFinding",
    "Tally",
    "WorkspaceFinding",
]

__getattr__ = face(__name__, _HOME)
