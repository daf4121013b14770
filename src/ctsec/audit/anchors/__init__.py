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
    from ctsec.audit.anchors.s3 import S3LockKeeper as S3LockKeeper
    from ctsec.audit.anchors.sending import SyslogKeeper as SyslogKeeper
    from ctsec.audit.anchors.sending import WebhookKeeper as WebhookKeeper

_HOME = {
    "Anchor": "ctsec.audit.anchors.anchor",
    "AnchorStatus": "ctsec.audit.anchors.anchor",
    "FileKeeper": "ctsec.audit.anchors.file",
    "Held": "ctsec.audit.anchors.anchor",
    "S3LockKeeper": "ctsec.audit.anchors.s3",
    "SyslogKeeper": "ctsec.audit.anchors.sending",
    "WebhookKeeper": "ctsec.audit.anchors.sending",
}
__all__ = [
    "Anchor",
    "AnchorStatus",
    "FileKeeper",
    "Held",
    "S3LockKeeper",
    "SyslogKeeper",
    "WebhookKeeper",
]

__getattr__ = face(__name__, _HOME)
