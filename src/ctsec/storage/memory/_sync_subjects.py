# Generated from src/ctsec/storage/memory/_async_subjects.py by tools/twin.py; edit that file.
"""Keys of persons in memory (async source)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
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

    def alive(self, subjects: tuple[str, ...]) -> tuple[SubjectKey, ...]:
        """Return the keys of some persons that are not destroyed, in the order of their ids."""
        with self._state.lock:
            return tuple(sorted(self._alive(frozenset(subjects)), key=lambda key: key.id))

    def destroy(self, until: Mapping[str, datetime], *, now: datetime) -> Mapping[str, int]:
        """Take the key out of every row that still has one and was made by the moment of its person; return how many of each."""
        with self._state.lock:
            due = [key for key in self._alive(until.keys()) if key.created_at <= until[key.subject]]
            for key in due:
                self._state.subjects[key.id] = key.destroyed(now=now)
            return {each: sum(key.subject == each for key in due) for each in until}

    def _alive(self, subjects: Collection[str]) -> list[SubjectKey]:
        return [key for key in self._state.subjects.values() if key.subject in subjects and key.destroyed_at is None]
