"""The portable stream: a stream behind a header with the wrapped key that opens it, for files that leave.

Rules that this module keeps:

- the header is magic (1 byte, 0xC7), kind and version (1: 0x32), then four parts as in a portable blob, each behind its length: the
  reference of the KEK (1 to 1024), the scope (1 to 1024), the region (0 to 255), the wrapped DEK (1 to 6144); then one stream;
- the stream is bound to the header: its context holds the SHA-256 of it, so an edited or exchanged header opens nothing;
- what is read from a header is a claim until the first chunk was opened: it says whom to ask, not whom to trust;
- nothing here asks a key service.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Final

from ctsec.encryption.context import DEPLOYMENT, Context
from ctsec.encryption.portable import MAX_KEK, MAX_REGION, MAX_SCOPE, MAX_WRAPPED
from ctsec.encryption.suites import MAGIC
from ctsec.errors import CorruptRecord
from ctsec.ids import OrganizationId

PORTABLE_STREAM_START: Final = bytes((MAGIC, 0x32))
_FIELDS: Final = ((1, MAX_KEK), (1, MAX_SCOPE), (0, MAX_REGION), (1, MAX_WRAPPED))
MAX_HEADER: Final = 2 + sum(2 + most for _, most in _FIELDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamHeader:
    """What a portable stream says of its key, unproved until it opens: who wrapped it, and for which scope and region."""

    kek: str
    scope: str
    region: str
    wrapped: bytes = field(repr=False)

    @property
    def encoded(self) -> bytes:
        """The bytes of the header; raises ValueError for a part that is too long or empty."""
        parts = (self.kek.encode(), self.scope.encode(), self.region.encode(), self.wrapped)
        if not all(low <= len(part) <= high for part, (low, high) in zip(parts, _FIELDS, strict=True)):
            raise ValueError("expected a wrapped key whose parts fit into a portable stream")
        return PORTABLE_STREAM_START + b"".join(len(part).to_bytes(2, "big") + part for part in parts)

    def context(self, purpose: str) -> Context:
        """Return what the stream belongs to: this header, for a purpose."""
        organization = None if self.scope == DEPLOYMENT else OrganizationId(self.scope)
        return Context(organization=organization, purpose=purpose, field=hashlib.sha256(self.encoded).hexdigest())


def read_stream_header(start: bytes) -> tuple[StreamHeader, int]:
    """Return the header at the beginning of a file, `MAX_HEADER` bytes of it or the whole, and its length; raise CorruptRecord."""
    if start[:2] != PORTABLE_STREAM_START:
        raise CorruptRecord("expected a portable stream of version 1")
    parts: list[bytes] = []
    end = 2
    for low, high in _FIELDS:
        first = end + 2
        size = int.from_bytes(start[end:first], "big")
        end = first + size
        if not low <= size <= high or end > len(start):
            raise CorruptRecord("expected a portable stream of version 1; a part of its header has an impossible length")
        parts.append(start[first:end])
    try:
        kek, scope, region = (part.decode() for part in parts[:3])
    except UnicodeDecodeError:
        raise CorruptRecord("expected a portable stream of version 1; a part of its header is no text") from None
    return StreamHeader(kek=kek, scope=scope, region=region, wrapped=parts[3]), end
