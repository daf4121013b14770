"""Anchors of the log of logs: checkpoints out of reach of who can write to the database, and what they are worth.

Names are resolved at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.audit.anchors.anchor import Anchor as Anchor
    from ctsec.audit.anchors.anchor import AnchorStatus as AnchorStatus
    from ctsec.audit.anchors.anchor import Held as Held
    from ctsec.audit.anchors.file import FileKeeper as FileKeeper
    from ctsec.audit.anchors.mailed import CheckpointMail as CheckpointMail
    from ctsec.audit.anchors.s3 import S3LockKeeper as S3LockKeeper
    from ctsec.audit.anchors.sending import SyslogKeeper as SyslogKeeper
    from ctsec.audit.anchors.sending import WebhookKeeper as WebhookKeeper
    from ctsec.audit.anchors.stamped import TimestampKeeper as TimestampKeeper
    from ctsec.audit.anchors.stamps import Stamp as Stamp
    from ctsec.audit.anchors.stamps import StampedTimes as StampedTimes
    from ctsec.audit.anchors.witness import Cosigned as Cosigned
    from ctsec.audit.anchors.witness import Witnessed as Witnessed
    from ctsec.audit.anchors.witness import WitnessPolicy as WitnessPolicy
    from ctsec.audit.anchors.witness_client import Witness as Witness
    from ctsec.audit.anchors.witnessed import WitnessKeeper as WitnessKeeper
    from ctsec.audit.tree.cosignature import CosignerKey as CosignerKey

_HOME = {
    "Anchor": "ctsec.audit.anchors.anchor",
    "AnchorStatus": "ctsec.audit.anchors.anchor",
    "CheckpointMail": "ctsec.audit.anchors.mailed",
    "Cosigned": "ctsec.audit.anchors.witness",
    "CosignerKey": "ctsec.audit.tree.cosignature",
    "FileKeeper": "ctsec.audit.anchors.file",
    "Held": "ctsec.audit.anchors.anchor",
    "S3LockKeeper": "ctsec.audit.anchors.s3",
    "Stamp": "ctsec.audit.anchors.stamps",
    "StampedTimes": "ctsec.audit.anchors.stamps",
    "SyslogKeeper": "ctsec.audit.anchors.sending",
    "TimestampKeeper": "ctsec.audit.anchors.stamped",
    "WebhookKeeper": "ctsec.audit.anchors.sending",
    "Witness": "ctsec.audit.anchors.witness_client",
    "WitnessKeeper": "ctsec.audit.anchors.witnessed",
    "WitnessPolicy": "ctsec.audit.anchors.witness",
    "Witnessed": "ctsec.audit.anchors.witness",
}
__all__ = [
    "Anchor",
    "AnchorStatus",
    "CheckpointMail",
    "Cosigned",
    "CosignerKey",
    "FileKeeper",
    "Held",
    "S3LockKeeper",
    "Stamp",
    "StampedTimes",
    "SyslogKeeper",
    "TimestampKeeper",
    "WebhookKeeper",
    "Witness",
    "WitnessKeeper",
    "WitnessPolicy",
    "Witnessed",
]

__getattr__ = face(__name__, _HOME)
