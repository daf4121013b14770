"""Recovery: second factors reset by an administrator or the support, and never together with a mailed password reset.

Names are resolved at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.recovery._async import AsyncMfaResets as AsyncMfaResets
    from ctsec.recovery._async_link import AsyncRecoveries as AsyncRecoveries
    from ctsec.recovery._async_support import AsyncSupport as AsyncSupport
    from ctsec.recovery._sync import MfaResets as MfaResets
    from ctsec.recovery._sync_link import Recoveries as Recoveries
    from ctsec.recovery._sync_support import Support as Support
    from ctsec.recovery.record import Evidence as Evidence
    from ctsec.recovery.record import EvidenceKind as EvidenceKind
    from ctsec.recovery.record import Recovery as Recovery
    from ctsec.recovery.record import RecoveryPolicy as RecoveryPolicy
    from ctsec.recovery.record import RecoveryState as RecoveryState
    from ctsec.recovery.record import RecoveryTerms as RecoveryTerms

_HOME = {
    "AsyncMfaResets": "ctsec.recovery._async",
    "AsyncRecoveries": "ctsec.recovery._async_link",
    "AsyncSupport": "ctsec.recovery._async_support",
    "Evidence": "ctsec.recovery.record",
    "EvidenceKind": "ctsec.recovery.record",
    "MfaResets": "ctsec.recovery._sync",
    "Recoveries": "ctsec.recovery._sync_link",
    "Recovery": "ctsec.recovery.record",
    "RecoveryPolicy": "ctsec.recovery.record",
    "RecoveryState": "ctsec.recovery.record",
    "RecoveryTerms": "ctsec.recovery.record",
    "Support": "ctsec.recovery._sync_support",
}
__all__ = [
    "AsyncMfaResets",
    "AsyncRecoveries",
    "AsyncSupport",
    "Evidence",
    "EvidenceKind",
    "MfaResets",
    "Recoveries",
    "Recovery",
    "RecoveryPolicy",
    "RecoveryState",
    "RecoveryTerms",
    "Support",
]

__getattr__ = face(__name__, _HOME)
