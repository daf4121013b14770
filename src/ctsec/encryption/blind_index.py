"""Blind indexes: a short keyed hash beside an encrypted value, by which rows can be found without opening all of them.

Rules that this module keeps:

- a term is HMAC-SHA-256 under a key of one organization, table and column, over a label, the name of the transformation and the
  transformed value; of it the first `bits` bits are kept, in whole bytes with the rest zero;
- a term is short on purpose: several values share one, so that a term does not tell which value it stands for. So it is never unique,
  and what a search finds is a candidate until the value was opened and compared;
- equal values have equal terms: an index tells who reads the database which rows may be equal and how often. `plan_index` says how much.
"""

from __future__ import annotations

import hmac
import math
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from ctsec.ids import OrganizationId
from ctsec.secret import Secret

KEY_BYTES: Final = 32
MAX_BITS: Final = 64
MOST_CANDIDATES: Final = 1000
_LABEL: Final = b"ctsec blind index 1\x00"


class Transform(StrEnum):
    """What is the same for a search: nothing but the value itself; the letters whatever their case; or the digits alone."""

    EXACT = "exact"
    FOLDED = "folded"
    DIGITS = "digits"
    LAST_FOUR_DIGITS = "last_four_digits"

    def apply(self, text: str) -> str:
        """Return what is hashed and compared."""
        if self is Transform.EXACT:
            return text
        if self is Transform.FOLDED:
            return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
        digits = "".join(str(unicodedata.decimal(c)) for c in text if c.isdecimal())
        return digits if self is Transform.DIGITS else digits[-4:]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlindIndex:
    """How a column is indexed: the attribute that holds the term, how values are transformed, and how many bits are kept (1 to 64).

    `earlier` are definitions that rows may still have terms of, while the index is renewed: searches look for those too.
    """

    column: str
    bits: int
    transform: Transform = Transform.EXACT
    earlier: tuple[BlindIndex, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= MAX_BITS:
            raise ValueError(f"expected 1 to {MAX_BITS} bits; plan_index says how many")

    def term(self, text: str, *, key: Secret) -> bytes:
        """Return the term of a value under a key of 32 bytes."""
        message = _LABEL + self.transform.value.encode() + b"\x00" + self.transform.apply(text).encode("utf-8", "surrogatepass")
        digest = hmac.digest(key.reveal(), message, "sha256")
        size = -(-self.bits // 8)
        kept = int.from_bytes(digest[:size], "big") >> (8 * size - self.bits) << (8 * size - self.bits)
        return kept.to_bytes(size, "big")

    def same(self, one: str, other: str) -> bool:
        """Say whether two values are equal for a search of this index."""
        return self.transform.apply(one) == self.transform.apply(other)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexKey:
    """The sealed key of one generation of a column's index in an organization; `place` is `<table>.<column>`."""

    organization_id: OrganizationId
    place: str
    generation: int
    sealed: bytes
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexPlan:
    """What a number of bits means: rows that a search opens in vain, and how many values share a term (1 or less: none is hidden).

    `sound` is False where no number of bits serves both; `advice` says why in a sentence.
    """

    bits: int
    vain_rows: float
    values_per_term: float
    sound: bool
    advice: str


def plan_index(*, rows: int, distinct: int, bits: int | None = None, most: int = MOST_CANDIDATES) -> IndexPlan:
    """Return what `bits` mean for a column of `rows` rows with `distinct` different values, in one organization; None recommends.

    Recommended are the most bits with which two values or more share a term on average. `most` is how many rows a search may open in vain.
    Raises ValueError for numbers that can not be. The sizing follows CipherSweet's planner (between 2 and sqrt(rows) values a term).
    """
    if not 1 <= distinct <= rows or most < 1:
        raise ValueError("expected 1 <= distinct <= rows, and most of at least 1")
    chosen = bits if bits is not None else min(MAX_BITS, max(1, math.floor(math.log2(distinct)) - 1))
    if not 1 <= chosen <= MAX_BITS:
        raise ValueError(f"expected 1 to {MAX_BITS} bits")
    terms = 2.0**chosen
    vain = rows * (distinct - 1) / distinct / terms
    shared = distinct / terms
    if shared < 2:
        advice = f"each term stands for {shared:.2g} values on average: it tells which rows are equal, and how often each value occurs"
    elif vain > most:
        advice = f"a search opens about {vain:.0f} rows in vain: more bits are faster and hide less"
    else:
        advice = f"each term stands for about {shared:.0f} values, and a search opens about {vain:.0f} rows in vain"
    return IndexPlan(bits=chosen, vain_rows=vain, values_per_term=shared, sound=shared >= 2 and vain <= most, advice=advice)
