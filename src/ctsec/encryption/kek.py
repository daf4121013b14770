"""What a key service says of the key that wraps data keys."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class KekDescription:
    """A key-encryption key: its reference, and whether its provider itself binds the context to what it wraps."""

    ref: str
    provider: str
    binds_context: bool
