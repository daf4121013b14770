"""What a key service says of the key that wraps data keys, and what every key service asks of its callers.

Rules that this module keeps:

- a data key has 32 bytes, and its wrapped form at most 6144 (the bound of AWS KMS);
- it is wrapped for a context of 1 to 4096 bytes: one that is bound to nothing could be moved anywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ctsec.secret import Secret

DATA_KEY_BYTES: Final = 32
MAX_CONTEXT: Final = 4096
MAX_WRAPPED: Final = 6144


@dataclass(frozen=True, slots=True, kw_only=True)
class KmsCapabilities:
    """What a key service does itself.

    `binds_context`: it checks the context itself, so it can log it and decide by it; otherwise ctsec binds it inside what is wrapped.
    `rewraps_inside`: the plaintext data key does not leave the service when it is wrapped anew. `reports_state`: it tells a disabled key
    and one that is about to be deleted from a missing one. `multi_region`: the key has replicas in other regions that unwrap the same.
    """

    binds_context: bool
    rewraps_inside: bool
    reports_state: bool
    multi_region: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class KekDescription:
    """A key-encryption key: its reference and provider, and what its service can do.

    `region` and `account` are where the key is and whose it is, if the service knows of such; `replicas` are the references of the same
    key in other regions.
    """

    ref: str
    provider: str
    capabilities: KmsCapabilities
    region: str | None = None
    account: str | None = None
    replicas: tuple[str, ...] = ()


def check_context(context: bytes) -> bytes:
    """Return `context`; raise ValueError unless it has 1 to 4096 bytes."""
    if not 1 <= len(context) <= MAX_CONTEXT:
        raise ValueError(f"expected a context of 1 to {MAX_CONTEXT} bytes")
    return context


def check_data_key(key: Secret) -> Secret:
    """Return `key`; raise ValueError unless it has the 32 bytes of a data key."""
    if len(key) != DATA_KEY_BYTES:
        raise ValueError(f"expected a data key of {DATA_KEY_BYTES} bytes")
    return key
