"""API keys: the token's format, its verification, and their life.

Names are resolved at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.keys._async import AsyncApiKeys as AsyncApiKeys
    from ctsec.keys._async_key_rules import AsyncKeyRules as AsyncKeyRules
    from ctsec.keys._async_leaks import AsyncLeaks as AsyncLeaks
    from ctsec.keys._async_usage import AsyncKeyUsage as AsyncKeyUsage
    from ctsec.keys._sync import ApiKeys as ApiKeys
    from ctsec.keys._sync_key_rules import KeyRules as KeyRules
    from ctsec.keys._sync_leaks import Leaks as Leaks
    from ctsec.keys._sync_usage import KeyUsage as KeyUsage
    from ctsec.keys.attenuation import DERIVED_PATTERN as DERIVED_PATTERN
    from ctsec.keys.attenuation import derive as derive
    from ctsec.keys.credential import AdmittedKey as AdmittedKey
    from ctsec.keys.leak_reports import HmacReporter as HmacReporter
    from ctsec.keys.leak_reports import LeakedToken as LeakedToken
    from ctsec.keys.leak_reports import SignedReporter as SignedReporter
    from ctsec.keys.mac import PepperRing as PepperRing
    from ctsec.keys.organization_policy import OrganizationKeyPolicy as OrganizationKeyPolicy
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
    "AsyncLeaks": "ctsec.keys._async_leaks",
    "AsyncKeyUsage": "ctsec.keys._async_usage",
    "HmacReporter": "ctsec.keys.leak_reports",
    "KeyDay": "ctsec.keys.usage",
    "KeyFigures": "ctsec.keys.usage",
    "Leaks": "ctsec.keys._sync_leaks",
    "AsyncKeyRules": "ctsec.keys._async_key_rules",
    "DERIVED_PATTERN": "ctsec.keys.attenuation",
    "KeyPolicy": "ctsec.keys.policy",
    "KeyRequest": "ctsec.keys.policy",
    "KeyRules": "ctsec.keys._sync_key_rules",
    "KeySecret": "ctsec.keys.record",
    "KeyStatus": "ctsec.keys.record",
    "KeyUsage": "ctsec.keys._sync_usage",
    "LeakedToken": "ctsec.keys.leak_reports",
    "MintedKey": "ctsec.keys.policy",
    "OrganizationKeyPolicy": "ctsec.keys.organization_policy",
    "PATTERN": "ctsec.keys.token",
    "PepperRing": "ctsec.keys.mac",
    "RateRefusal": "ctsec.keys.rate",
    "RateState": "ctsec.keys.rate",
    "SignedReporter": "ctsec.keys.leak_reports",
    "VerifiableKey": "ctsec.keys.verify",
    "derive": "ctsec.keys.attenuation",
    "parse": "ctsec.keys.token",
}
__all__ = [
    "DERIVED_PATTERN",
    "PATTERN",
    "AdmittedKey",
    "ApiKey",
    "ApiKeys",
    "AsyncApiKeys",
    "AsyncKeyRules",
    "AsyncKeyUsage",
    "AsyncLeaks",
    "HmacReporter",
    "KeyDay",
    "KeyFigures",
    "KeyPolicy",
    "KeyRequest",
    "KeyRules",
    "KeySecret",
    "KeyStatus",
    "KeyUsage",
    "LeakedToken",
    "Leaks",
    "MintedKey",
    "OrganizationKeyPolicy",
    "PepperRing",
    "RateRefusal",
    "RateState",
    "SignedReporter",
    "VerifiableKey",
    "derive",
    "parse",
]

__getattr__ = face(__name__, _HOME)
