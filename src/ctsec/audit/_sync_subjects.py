# Generated from src/ctsec/audit/_async_subjects.py by tools/twin.py; edit that file.
"""Sealing what an event says of persons, under their own keys (async source)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import cast

from ctsec.ambient import Ambient
from ctsec.audit.event import Event
from ctsec.audit.held_subjects import HeldSubjects
from ctsec.audit.record import StoredEvent
from ctsec.audit.subject import SubjectKey, key_context, merged, parted, pieces_of
from ctsec.audit.subject import joined as as_one
from ctsec.encryption._sync_ports import Sealer
from ctsec.encryption.context import Context
from ctsec.encryption.data_key import DataKey
from ctsec.encryption.envelope import dek_id_of, open_blob, seal
from ctsec.encryption.primitives import KEY_BYTES
from ctsec.errors import CorruptRecord
from ctsec.guard._sync_ports import SubjectKeyRecords
from ctsec.ids import DekId, new_id
from ctsec.secret import Secret


def personal_context(event_id: str, log: str) -> Context:
    """Return the context that the personal part of an event is bound to."""
    return Context(organization=None, table="audit_event", row=event_id, field="personal", purpose=f"audit:{log}")


class SubjectKeys:
    """The keys of persons: made at the first event about somebody, held for a minute, gone with an erasure."""

    __slots__ = ("_ambient", "_held", "_records", "_sealer")

    def __init__(self, records: SubjectKeyRecords, *, sealer: Sealer, held: HeldSubjects, ambient: Ambient) -> None:
        self._records = records
        self._sealer = sealer
        self._held = held
        self._ambient = ambient

    def sealing(self, subject: str) -> DataKey:
        """Return a key of a person; a new one is committed before it is used, so that no rollback leaves what it sealed without it."""
        now = self._ambient.now()
        held = self._held.sealing(subject)
        if held is not None and held.may_seal(now=now):
            return held
        alive = [each for each in self._records.of_subject(subject) if each.destroyed_at is None]
        if alive and held is None:
            return self._held.keep(subject, self._unwrapped(alive[-1]))
        material = Secret(self._ambient.random(KEY_BYTES))
        key_id = new_id(DekId, now=now, random=self._ambient.random)
        wrapped = self._sealer.seal(material.reveal(), context=key_context(subject, key_id))
        self._records.add(SubjectKey(id=key_id, subject=subject, wrapped=wrapped, created_at=now))
        return self._held.keep(subject, DataKey(key_id, material=material))

    def opening(self, key_id: DekId) -> DataKey | SubjectKey | None:
        """Return the key of a person, its record if it was destroyed, None if the id is of no person's key."""
        held = self._held.opening(key_id)
        if held is not None:
            return held
        record = self._records.get(key_id)
        if record is None or record.destroyed_at is not None:
            return record
        return self._held.keep(record.subject, self._unwrapped(record))

    def destroy(self, subject: str, *, made_by: Ambient) -> int:
        """Destroy every key of a person that was made until now; return how many."""
        count = self._records.destroy(subject, now=made_by.now())
        self._held.forget(subject)
        return count

    def _unwrapped(self, record: SubjectKey) -> DataKey:
        material = self._sealer.open(record.wrapped, context=key_context(record.subject, record.id))
        return DataKey(record.id, material=Secret(material))


class PersonalParts:
    """The personal parts of events: sealed in pieces, each under the key of whose it is, and opened as far as those are there."""

    __slots__ = ("_ambient", "_sealer", "_subjects")

    def __init__(self, sealer: Sealer, *, subjects: SubjectKeys | None, ambient: Ambient) -> None:
        self._sealer = sealer
        self._subjects = subjects
        self._ambient = ambient

    def seal(self, event: Event) -> bytes:
        """Return the sealed personal part of an event, empty if it has none."""
        context = personal_context(event.id, event.log)
        made: list[bytes] = []
        for whose, fields in pieces_of(event).items():
            plain = json.dumps(fields, sort_keys=True).encode()
            if not whose:
                made.append(self._sealer.seal(plain, context=context))
            elif self._subjects is None:
                raise TypeError("expected the keys of persons: this log writes events of jobs only")
            else:
                key = self._subjects.sealing(whose)
                made.append(seal(plain, key=key, context=context, random=self._ambient.random, now=self._ambient.now()))
        return as_one(made)

    def open(self, event: StoredEvent) -> Mapping[str, str]:
        """Return the personal fields of an event, without those of persons who were erased; raise CorruptRecord or DecryptionFailed."""
        context = personal_context(event.id, event.log)
        return merged([self._opened(piece, context, event) for piece in parted(event.personal)])

    def _opened(self, piece: bytes, context: Context, event: StoredEvent) -> Mapping[str, str]:
        key = self._subjects.opening(dek_id_of(piece)) if self._subjects is not None else None
        if isinstance(key, SubjectKey):
            return {}
        plain = open_blob(piece, key=key, context=context) if key is not None else self._sealer.open(piece, context=context)
        try:
            fields = json.loads(plain)
        except ValueError:
            raise CorruptRecord(f"the personal part of event {event.id} does not decode") from None
        return cast(Mapping[str, str], fields)
