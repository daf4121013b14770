"""Keys of persons: what is sealed under one ends with it.

Rules that this module keeps:

- a key is wrapped under the deployment's own data key, never under a customer's: what an organization switches off does not stop the log;
- a person may have several keys, of processes that did not know of each other; to erase is to destroy all of them. Their rows stay,
  without the key, so that what is erased is not taken for what is broken.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from ctsec.encryption.context import Context
from ctsec.ids import DekId


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectKey:
    """A key of `subject`, wrapped; `wrapped` is empty and `destroyed_at` set after an erasure."""

    id: DekId
    subject: str
    wrapped: bytes
    created_at: datetime
    destroyed_at: datetime | None = None

    def destroyed(self, *, now: datetime) -> SubjectKey:
        """Return the record without its key."""
        return self if self.destroyed_at is not None else replace(self, wrapped=b"", destroyed_at=now)


def key_context(subject: str, key: DekId) -> Context:
    """Return what the wrapped key of a person is bound to."""
    return Context(organization=None, table="subject_key", row=key, field=f"key:{subject}", purpose="audit")
