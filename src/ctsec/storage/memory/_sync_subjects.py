# Generated from src/ctsec/storage/memory/_async_subjects.py by tools/twin.py; edit that file.
"""Keys of persons in memory (async source)."""

from __future__ import annotations

from datetime import datetime

from ctsec.encryption.subject_key import SubjectKey
from ctsec.errors import StoreError
from ctsec.ids import DekId
from ctsec.storage.memory.guard_state import GuardState


class MemorySubjectKeys:
    """See `ctsec.encryption.ports.SubjectKeyRecords`."""

    __slots__ = ("_state",)

    def __init__(self, state: GuardState) -> None:
        self._state = state

    def add(self, key: SubjectKey) -> None:
        """Insert one row."""
        with self._state.lock:
            if key.id in self._state.subjects:
                raise StoreError("a key with this id is there already")
            self._state.subjects[key.id] = key

    def get(self, key_id: DekId) -> SubjectKey | None:
        """Return a key, a destroyed one too."""
        with self._state.lock:
            return self._state.subjects.get(key_id)

    def of_subject(self, subject: str) -> tuple[SubjectKey, ...]:
        """Return the keys of a person, in the order of their ids."""
        with self._state.lock:
            return tuple(sorted((key for key in self._state.subjects.values() if key.subject == subject), key=lambda key: key.id))

    def destroy(self, subject: str, *, until: datetime, now: datetime) -> int:
        """Take the key out of every row of a person that was made by `until` and still has one; return how many."""
        with self._state.lock:
            found = [key for key in self._state.subjects.values() if key.subject == subject and key.destroyed_at is None]
            due = [key for key in found if key.created_at <= until]
            for key in due:
                self._state.subjects[key.id] = key.destroyed(now=now)
            return len(due)
