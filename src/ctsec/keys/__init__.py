"""API keys: the token's format, its verification, and their life.

Names are resolved at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.keys._async import AsyncApiKeys as AsyncApiKeys
    from ctsec.keys._sync import ApiKeys as ApiKeys
    from ctsec.keys.mac import PepperRing as PepperRing
    from ctsec.keys.policy import KeyPolicy as KeyPolicy
    from ctsec.keys.policy import KeyRequest as KeyRequest
    from ctsec.keys.policy import MintedKey as MintedKey
    from ctsec.keys.record import ApiKey as ApiKey
    from ctsec.keys.record import KeySecret as KeySecret
    from ctsec.keys.record import KeyStatus as KeyStatus
    from ctsec.keys.token import PATTERN as PATTERN
    from ctsec.keys.token import parse as parse
    from ctsec.keys.verify import VerifiableKey as VerifiableKey

_HOME = {
    "ApiKey": "ctsec.keys.record",
    "ApiKeys": "ctsec.keys._sync",
    "AsyncApiKeys": "ctsec.keys._async",
    "KeyPolicy": "ctsec.keys.policy",
    "KeyRequest": "ctsec.keys.policy",
    "KeySecret": "ctsec.keys.record",
    "KeyStatus": "ctsec.keys.record",
    "MintedKey": "ctsec.keys.policy",
    "PATTERN": "ctsec.keys.token",
    "PepperRing": "ctsec.keys.mac",
    "VerifiableKey": "ctsec.keys.verify",
    "parse": "ctsec.keys.token",
}
__all__ = [
    "PATTERN",
    "ApiKey",
    "ApiKeys",
    "AsyncApiKeys",
    "KeyPolicy",
    "KeyRequest",
    "KeySecret",
    "KeyStatus",
    "MintedKey",
    "PepperRing",
    "VerifiableKey",
    "parse",
]

__getattr__ = face(__name__, _HOME)
