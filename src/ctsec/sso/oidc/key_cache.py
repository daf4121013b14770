"""A provider's keys, kept for a while: `ctsec.jose.key_cache`, for the provider of a connection."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from ctsec.jose.jwks import KeySet
from ctsec.jose.key_cache import KEYS_INTERVAL, KEYS_LIFE, KeyCache, KeySource, Steps, judge_with_source, keys_request
from ctsec.jose.rejection import Rejected
from ctsec.sso.oidc.client import OidcClient
from ctsec.sso.oidc.metadata import ProviderMetadata
from ctsec.sso.oidc.reason import OidcReason

T = TypeVar("T")
__all__ = ["KEYS_INTERVAL", "KEYS_LIFE", "KeyCache", "Steps", "judge_with_keys", "keys_request"]


def judge_with_keys(
    check: Callable[[KeySet], T | Rejected], *, client: OidcClient, metadata: ProviderMetadata, cache: KeyCache | None, now: datetime
) -> Steps[tuple[T | Rejected, KeyCache]]:
    """Return what `check` says of the provider's keys, asking for them where that is due, and the cache to keep, whatever it says."""
    source = KeySource(url=metadata.jwks_uri, rsa=client.algorithm, unavailable=OidcReason.KEYS_UNAVAILABLE)
    return judge_with_source(check, source=source, cache=cache, now=now)
