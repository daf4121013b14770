# Generated from src/ctsec/audit/_async_subjects.py by tools/twin.py; edit that file.
"""Sealing what an event says of persons, each under their own key (async source)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, cast

from ctsec.audit.event import Event
from ctsec.audit.pieces import joined as as_one
from ctsec.audit.pieces import merged, parted, personal_context, pieces_of
from ctsec.audit.record import StoredEvent
from ctsec.encryption._sync_ports import Sealer, SubjectSealer
from ctsec.errors import CorruptRecord

MAX_PERSONAL: Final = 60_000


class PersonalParts:
    """The personal parts of events: sealed in pieces, each under the key of whose it is, and opened as far as those are there."""

    __slots__ = ("_sealer", "_subjects")

    def __init__(self, sealer: Sealer, *, subjects: SubjectSealer | None) -> None:
        self._sealer = sealer
        self._subjects = subjects

    def seal(self, event: Event) -> bytes:
        """Return the sealed personal part of an event, empty if it has none; raise ValueError if it is too long."""
        context = personal_context(event.id, event.log)
        pieces = {whose: json.dumps(fields, sort_keys=True).encode() for whose, fields in pieces_of(event).items()}
        size = sum(map(len, pieces.values()))
        if size > MAX_PERSONAL:
            raise ValueError(f"the personal part of an event has at most {MAX_PERSONAL} bytes, this one has {size}")
        made: list[bytes] = []
        for whose, plain in pieces.items():
            if not whose:
                made.append(self._sealer.seal(plain, context=context))
            elif self._subjects is None:
                raise TypeError("expected the keys of persons: this log writes events of jobs only")
            else:
                made.append(self._subjects.seal(plain, subject=whose, context=context))
        return as_one(made)

    def open(self, event: StoredEvent) -> Mapping[str, str]:
        """Return the personal fields of an event, without those of persons who were erased; raise CorruptRecord or DecryptionFailed."""
        return self.opened(event.personal, event_id=event.id, log=event.log)

    def opened(self, sealed: bytes, *, event_id: str, log: str) -> Mapping[str, str]:
        """Do what `open` does, with the part as its column has it."""
        found: list[Mapping[str, str]] = []
        for piece in parted(sealed):
            sealer = self._subjects or self._sealer
            plain = sealer.open(piece, context=personal_context(event_id, log))
            if plain is not None:
                found.append(_read(plain, event_id))
        return merged(found)


def _read(plain: bytes, event_id: str) -> Mapping[str, str]:
    try:
        fields = json.loads(plain)
    except ValueError:
        raise CorruptRecord(f"the personal part of event {event_id} does not decode") from None
    return cast(Mapping[str, str], fields)
