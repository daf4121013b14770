"""What is told of a stored backup."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ctsec.ids import DekId


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredBackup:
    """A backup that is kept: its id, its size in bytes, when it was made to the millisecond, and, where it was read, what it holds.

    `rows` are those of all tables, `kek` is the key that its own key is wrapped under, `signed_by` the name of the key that signed it.
    """

    id: DekId
    size: int
    created_at: datetime
    rows: int | None = None
    kek: str | None = None
    signed_by: str | None = None
