"""API keys: the token's format, its verification, and their life.

Names are resolved at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.keys._async import AsyncApiKeys as AsyncApiKeys
    from ctsec.keys._async_leaks import AsyncKeyLeaks as AsyncKeyLeaks
    from ctsec.keys._async_usage import AsyncKeyUsage as AsyncKeyUsage
    from ctsec.keys._sync import ApiKeys as ApiKeys
    from ctsec.keys._sync_leaks import KeyLeaks as KeyLeaks
    from ctsec.keys._sync_usage import KeyUsage as KeyUsage
    from ctsec.keys.credential import AdmittedKey as AdmittedKey
    from ctsec.keys.leak_reports import HmacReporter as HmacReporter
    from ctsec.keys.leak_reports import LeakedToken as LeakedToken
    from ctsec.keys.leak_reports import SignedReporter as SignedReporter
    from ctsec.keys.mac import PepperRing as PepperRing
    from ctsec.keys.policy import KeyPolicy as KeyPolicy
    from ctsec.keys.policy import KeyRequest as KeyRequest
    from ctsec.keys.policy import MintedKey as MintedKey
    from ctsec.keys.rate import RateRefusal as RateRefusal
    from ctsec.keys.rate import RateState as RateState
    from ctsec.keys.record import ApiKey as ApiKey
    from ctsec.keys.record import KeySecret as KeySecret
    from ctsec.keys.record import KeyStatus as KeyStatus
    from ctsec.keys.token import PATTERN as PATTERN
    from ctsec.keys.token import parse as parse
    from ctsec.keys.usage import KeyDay as KeyDay
    from ctsec.keys.usage import KeyFigures as KeyFigures
    from ctsec.keys.verify import VerifiableKey as VerifiableKey

_HOME = {
    "AdmittedKey": "ctsec.keys.credential",
    "ApiKey": "ctsec.keys.record",
    "ApiKeys": "ctsec.keys._sync",
    "AsyncApiKeys": "ctsec.keys._async",
    "AsyncKeyLeaks": "ctsec.keys._async_leaks",
    "AsyncKeyUsage": "ctsec.keys._async_usage",
    "HmacReporter": "ctsec.keys.leak_reports",
    "KeyDay": "ctsec.keys.usage",
    "KeyFigures": "ctsec.keys.usage",
    "KeyLeaks": "ctsec.keys._sync_leaks",
    "KeyPolicy": "ctsec.keys.policy",
    "KeyRequest": "ctsec.keys.policy",
    "KeySecret": "ctsec.keys.record",
    "KeyStatus": "ctsec.keys.record",
    "KeyUsage": "ctsec.keys._sync_usage",
    "LeakedToken": "ctsec.keys.leak_reports",
    "MintedKey": "ctsec.keys.policy",
    "PATTERN": "ctsec.keys.token",
    "PepperRing": "ctsec.keys.mac",
    "RateRefusal": "ctsec.keys.rate",
    "RateState": "ctsec.keys.rate",
    "SignedReporter": "ctsec.keys.leak_reports",
    "VerifiableKey": "ctsec.keys.verify",
    "parse": "ctsec.keys.token",
}
__all__ = [
    "PATTERN",
    "AdmittedKey",
    "ApiKey",
    "ApiKeys",
    "AsyncApiKeys",
    "AsyncKeyLeaks",
    "AsyncKeyUsage",
    "HmacReporter",
    "KeyDay",
    "KeyFigures",
    "KeyLeaks",
    "KeyPolicy",
    "KeyRequest",
    "KeySecret",
    "KeyStatus",
    "KeyUsage",
    "LeakedToken",
    "MintedKey",
    "PepperRing",
    "RateRefusal",
    "RateState",
    "SignedReporter",
    "VerifiableKey",
    "parse",
]

__getattr__ = face(__name__, _HOME)
