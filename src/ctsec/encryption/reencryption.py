"""Rows that hold a sealed value, as whoever keeps them hands them in to be sealed anew, and how far that came."""

from __future__ import annotations

from dataclasses import dataclass, field

from ctsec.encryption.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedRow:
    """A managed blob where it is stored: `position` orders the rows and names this one."""

    position: str
    blob: bytes = field(repr=False)
    context: Context


@dataclass(frozen=True, slots=True)
class Reencrypted:
    """How many rows were written, which did not open, and the position to go on after (None: the end)."""

    written: int = 0
    failed: tuple[str, ...] = ()
    after: str | None = None
