"""Cosignatures: what a witness signs of a checkpoint that it saw, and when (C2SP tlog-cosignature, version 1, Ed25519).

Rules that this module keeps:

- what is signed is the line `cosignature/v1`, the line `time` with seconds since 1970 in decimal, and the text of the checkpoint; so no
  cosignature passes for a signature of a log, nor the other way around;
- the signature of the note is 8 bytes of time, big-endian, and 64 of Ed25519; the id of the key is that of the type 0x04;
- the name of the witness is not signed: two witnesses of one key are one witness, and a policy refuses them;
- a cosignature of an unknown key is passed over, one of a known key that does not verify makes the note worth nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, Final, Protocol

from ctsec.audit.tree.note import Note, NoteKey, Signature
from ctsec.encryption.ed25519 import SIGNATURE_BYTES, is_signed

_TIME: Final = 8
# 9999-12-31T23:59:59Z: what a time can be written as.
_LAST: Final = 253_402_300_799


class _Signs(Protocol):
    @property
    def public(self) -> bytes: ...

    def sign(self, message: bytes, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class CosignerKey(NoteKey):
    """The key of a witness, under whose name its cosignatures stand."""

    KIND: ClassVar[bytes] = b"\x04"

    def is_of(self, signature: Signature) -> bool:
        """Say whether a signature claims to be of this key; it is not verified by that."""
        return signature.name == self.name and signature.key_id == self.id

    def cosigned_at(self, note: Note) -> datetime | None:
        """Return when this key last cosigned a note (UTC, to the second), None if it did not.

        Raises ValueError if any cosignature of it does not verify.
        """
        times = [self._time(each, text=note.text) for each in note.signatures if self.is_of(each)]
        return max(times, default=None)

    def _time(self, signature: Signature, *, text: str) -> datetime:
        seconds, value = int.from_bytes(signature.value[:_TIME], "big"), signature.value[_TIME:]
        sound = len(value) == SIGNATURE_BYTES and seconds <= _LAST
        if not sound or not is_signed(cosigned_text(text, seconds=seconds), signature=value, by=self.public):
            raise ValueError(f"a cosignature of {self.name} does not verify")
        return datetime.fromtimestamp(seconds, UTC)


def cosigned_text(text: str, *, seconds: int) -> bytes:
    """Return what a witness signs of the text of a checkpoint at `seconds` since 1970."""
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def cosigned(note: Note, *, name: str, signer: _Signs, now: datetime) -> Note:
    """Return a note with the cosignature of a witness beside what it has; whoever calls this has verified what the witness says by it."""
    seconds = int(now.timestamp())
    value = seconds.to_bytes(_TIME, "big") + signer.sign(cosigned_text(note.text, seconds=seconds))
    return Note(note.text, (*note.signatures, Signature(name, CosignerKey(name, signer.public).id, value)))
