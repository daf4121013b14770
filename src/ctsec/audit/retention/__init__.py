"""How long events are kept, what keeps them longer, and the record that stays when they go.

Names are resolved at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.audit.retention.hold import HoldState as HoldState
    from ctsec.audit.retention.hold import LegalHold as LegalHold
    from ctsec.audit.retention.plan import Plans as Plans
    from ctsec.audit.retention.plan import RetentionPlan as RetentionPlan
    from ctsec.audit.retention.plan import RetentionPolicy as RetentionPolicy
    from ctsec.audit.retention.preview import PrunePreview as PrunePreview
    from ctsec.audit.retention.preview import PurgePreview as PurgePreview
    from ctsec.audit.retention.ranges import Ranges as Ranges
    from ctsec.audit.retention.standing import StoreStanding as StoreStanding
    from ctsec.audit.retention.told import Heard as Heard

_HOME = {
    "Heard": "ctsec.audit.retention.told",
    "HoldState": "ctsec.audit.retention.hold",
    "LegalHold": "ctsec.audit.retention.hold",
    "Plans": "ctsec.audit.retention.plan",
    "PrunePreview": "ctsec.audit.retention.preview",
    "PurgePreview": "ctsec.audit.retention.preview",
    "Ranges": "ctsec.audit.retention.ranges",
    "RetentionPlan": "ctsec.audit.retention.plan",
    "RetentionPolicy": "ctsec.audit.retention.plan",
    "StoreStanding": "ctsec.audit.retention.standing",
}
__all__ = [
    "Heard",
    "HoldState",
    "LegalHold",
    "Plans",
    "PrunePreview",
    "PurgePreview",
    "Ranges",
    "RetentionPlan",
    "RetentionPolicy",
    "StoreStanding",
]

__getattr__ = face(__name__, _HOME)
