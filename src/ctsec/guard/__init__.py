"""What deliberately leaves the host's transaction: one-time proofs and attempt counters.

Names are resolved at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.guard._async import AsyncThrottle as AsyncThrottle
    from ctsec.guard._sync import Throttle as Throttle
    from ctsec.guard.allowance import Allowance as Allowance
    from ctsec.guard.allowance import AllowancePolicy as AllowancePolicy
    from ctsec.guard.attempts import Attempts as Attempts
    from ctsec.guard.attempts import Charge as Charge
    from ctsec.guard.attempts import ThrottlePolicy as ThrottlePolicy
    from ctsec.guard.attempts import charge as charge
    from ctsec.guard.proof import Proof as Proof
    from ctsec.guard.proof import Purpose as Purpose

_HOME = {
    "Allowance": "ctsec.guard.allowance",
    "AllowancePolicy": "ctsec.guard.allowance",
    "AsyncThrottle": "ctsec.guard._async",
    "Attempts": "ctsec.guard.attempts",
    "Charge": "ctsec.guard.attempts",
    "Proof": "ctsec.guard.proof",
    "Purpose": "ctsec.guard.proof",
    "Throttle": "ctsec.guard._sync",
    "ThrottlePolicy": "ctsec.guard.attempts",
    "charge": "ctsec.guard.attempts",
}
__all__ = [
    "Allowance",
    "AllowancePolicy",
    "AsyncThrottle",
    "Attempts",
    "Charge",
    "Proof",
    "Purpose",
    "Throttle",
    "ThrottlePolicy",
    "charge",
]

__getattr__ = face(__name__, _HOME)
