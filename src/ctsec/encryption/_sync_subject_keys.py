# Generated from src/ctsec/encryption/_async_subject_keys.py by tools/twin.py; edit that file.
"""Sealing under the keys of persons (async source)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from ctsec.ambient import Ambient
from ctsec.encryption._sync_ports import Sealer, SubjectKeyRecords
from ctsec.encryption.context import Context
from ctsec.encryption.data_key import DataKey
from ctsec.encryption.envelope import dek_id_of, open_blob, seal
from ctsec.encryption.held_subjects import HeldSubjects
from ctsec.encryption.primitives import KEY_BYTES
from ctsec.encryption.subject_key import SubjectKey, key_context
from ctsec.ids import DekId, new_id
from ctsec.secret import Secret


class SubjectKeys:
    """The keys of persons: made when something is first sealed for somebody, held for a minute, gone with an erasure."""

    __slots__ = ("_ambient", "_held", "_records", "_sealer")

    def __init__(self, records: SubjectKeyRecords, *, sealer: Sealer, held: HeldSubjects, ambient: Ambient) -> None:
        self._records = records
        self._sealer = sealer
        self._held = held
        self._ambient = ambient

    def seal(self, plaintext: bytes, *, subject: str, context: Context) -> bytes:
        """Return a managed blob under a key of the person; a new key is committed first, so that no rollback leaves the blob without it."""
        key = self._sealing(subject)
        return seal(plaintext, key=key, context=context, random=self._ambient.random, now=self._ambient.now())

    def open(self, blob: bytes, *, context: Context) -> bytes | None:
        """Return the plaintext of a blob of a person's or of the deployment's; None if its person was erased. Raises as the sealer does."""
        key_id = dek_id_of(blob)
        key = self._held.opening(key_id)
        if key is None:
            started = self._held.begin()
            record = self._records.get(key_id)
            if record is None:
                return self._sealer.open(blob, context=context)
            if record.destroyed_at is not None:
                return None
            key = self._held.keep(record.subject, self._unwrapped(record), started=started)
        return open_blob(blob, key=key, context=context)

    def alive(self, until: Mapping[str, datetime]) -> Mapping[str, datetime]:
        """Return of some persons, and a moment each, those who have a key that was made by it and is not destroyed."""
        found = self._records.alive(tuple(until))
        return {each.subject: until[each.subject] for each in found if each.created_at <= until[each.subject]}

    def destroy(self, until: Mapping[str, datetime]) -> Mapping[str, int]:
        """Destroy each key of some persons that was made by a moment of theirs; return how many of each.

        Other processes may open with one for a minute yet.
        """
        counts = self._records.destroy(until, now=self._ambient.now())
        self.forget(until)
        return counts

    def destroyed(self, subject: str, *, since: datetime) -> int:
        """Return how many keys of a person were destroyed since a moment."""
        found = [each.destroyed_at for each in self._records.of_subject(subject)]
        return sum(each is not None and each >= since for each in found)

    def forget(self, subjects: Iterable[str]) -> None:
        """Hold no key of some persons any more, since they were destroyed."""
        self._held.forget(frozenset(subjects))

    def _sealing(self, subject: str) -> DataKey:
        now = self._ambient.now()
        held = self._held.sealing(subject)
        if held is not None and held.may_seal(now=now):
            return held
        started = self._held.begin()
        alive = [each for each in self._records.of_subject(subject) if each.destroyed_at is None]
        if alive and held is None:
            return self._held.keep(subject, self._unwrapped(alive[-1]), started=started)
        material = Secret(self._ambient.random(KEY_BYTES))
        key_id = new_id(DekId, now=now, random=self._ambient.random)
        wrapped = self._sealer.seal(material.reveal(), context=key_context(subject, key_id))
        self._records.add(SubjectKey(id=key_id, subject=subject, wrapped=wrapped, created_at=now))
        return self._held.keep(subject, DataKey(key_id, material=material), started=started)

    def _unwrapped(self, record: SubjectKey) -> DataKey:
        material = self._sealer.open(record.wrapped, context=key_context(record.subject, record.id))
        return DataKey(record.id, material=Secret(material))
