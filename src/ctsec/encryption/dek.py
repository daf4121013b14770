"""The record of a data-encryption key: wrapped, with what is needed to find and to check it.

Rules that this module keeps:

- the key itself is never in the record, only what the KMS made of it; the commitment shows that an unwrapped key is the right one;
- a DEK belongs to one scope (an organization or the deployment) and one region;
- each change of a record raises its version, by which it is compared and set: two who re-wrap at once do not undo each other;
- a key's states go one way, active, decrypt-only, destroyed (SP 800-57 part 1, 7), and nothing comes back from destroyed;
- a destroyed key has no wrapped form any more: what it sealed is gone, whoever has the KEK;
- in a blob its id is the 128 bits that the text after `dek_` encodes: one id, one form of 16 bytes, one text.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from ctsec.ids import DekId, is_id

DEK_ID_BYTES: Final = 16
DEFAULT_REGION: Final = "default"
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUES: Final = {character: value for value, character in enumerate(_ALPHABET)}


class DekState(StrEnum):
    """What a DEK may still do: seal and open, open only, or nothing (its wrapped form is gone)."""

    ACTIVE = "active"
    DECRYPT_ONLY = "decrypt_only"
    DESTROYED = "destroyed"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrappedDek:
    """A stored DEK. `scope` is an organization's id or `deployment`, `kek` the reference of the key that wrapped it."""

    id: DekId
    scope: str
    region: str
    kek: str
    wrapped: bytes = field(repr=False)
    commitment: bytes = field(repr=False)
    state: DekState
    created_at: datetime
    version: int = 0

    def rewrapped(self, wrapped: bytes, *, kek: str) -> WrappedDek:
        """Return the record of the same key in another wrapping; raise ValueError for a destroyed one."""
        self._refuse_destroyed()
        return replace(self, wrapped=wrapped, kek=kek, version=self.version + 1)

    def retired(self) -> WrappedDek:
        """Return the record of a key that opens what it sealed and seals nothing more; raise ValueError for a destroyed one."""
        self._refuse_destroyed()
        return replace(self, state=DekState.DECRYPT_ONLY, version=self.version + 1)

    def destroyed(self) -> WrappedDek:
        """Return the record of a key that is gone: without its wrapped form."""
        return replace(self, state=DekState.DESTROYED, wrapped=b"", version=self.version + 1)

    def _refuse_destroyed(self) -> None:
        if self.state is DekState.DESTROYED:
            raise ValueError("a destroyed data key stays destroyed")


def dek_id_bytes(dek_id: DekId) -> bytes:
    """Return the 16 bytes of a DEK's id; raise ValueError if it is not one."""
    if not is_id(DekId, dek_id):
        raise ValueError("expected the id of a data key")
    number = 0
    for character in dek_id[4:]:
        number = number << 5 | _VALUES[character]
    return number.to_bytes(DEK_ID_BYTES, "big")


def dek_id_from_bytes(raw: bytes) -> DekId:
    """Return the id whose 16 bytes these are; raise ValueError for another length."""
    if len(raw) != DEK_ID_BYTES:
        raise ValueError(f"expected {DEK_ID_BYTES} bytes")
    number = int.from_bytes(raw, "big")
    return DekId("dek_" + "".join(_ALPHABET[number >> shift & 31] for shift in range(125, -5, -5)))
