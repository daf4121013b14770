"""What a ciphertext belongs to: the context that is bound to it and never stored with it.

Rules that this module keeps:

- the encoding is injective: the number of entries, then each name and value in the order of the names, each behind its length in two
  big-endian bytes; no two contexts share their bytes (plain concatenation makes `tenant=acme` and `tenanta=cme` the same);
- a context belongs to one organization or to the deployment, never to neither;
- it is encoded when it is built, once.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Final

from ctsec.ids import OrganizationId

DEPLOYMENT: Final = "deployment"
MAX_VALUE: Final = 1024


def _sized(text: str) -> bytes:
    try:
        raw = text.encode()
    except UnicodeEncodeError:
        raise ValueError("expected a context without lone surrogates") from None
    if len(raw) > MAX_VALUE:
        raise ValueError(f"expected context values of at most {MAX_VALUE} bytes")
    return len(raw).to_bytes(2, "big") + raw


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The place of a ciphertext: `organization` (None: the deployment's own), table, row, field and purpose; `encoded` is its bytes.

    Raises ValueError for an empty organization or purpose, a value over 1024 bytes and lone surrogates.
    """

    organization: OrganizationId | None
    purpose: str
    table: str = ""
    row: str = ""
    field: str = ""
    encoded: bytes = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.organization in {"", DEPLOYMENT} or not self.purpose:
            raise ValueError("expected a context with an organization (or None for the deployment) and a purpose")
        entries = {"field": self.field, "purpose": self.purpose, "row": self.row, "table": self.table}
        if self.organization is not None:
            entries["organization"] = self.organization
        body = b"".join(_sized(name) + _sized(entries[name]) for name in sorted(entries))
        object.__setattr__(self, "encoded", bytes([len(entries)]) + body)

    @property
    def scope(self) -> str:
        """The organization's id, or `deployment`."""
        return DEPLOYMENT if self.organization is None else self.organization


def wrap_context(scope: str, region: str) -> bytes:
    """Return the context that the wrapped data key of `scope` (an organization's id, or `deployment`) in `region` is bound to."""
    organization = None if scope == DEPLOYMENT else OrganizationId(scope)
    return Context(organization=organization, purpose="dek", field=region).encoded
