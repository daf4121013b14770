"""The outside of a backup: a header in clear with the wrapped key, a stream, and an end mark with a signature.

Rules that this module keeps:

- each backup has a data key of its own, whose id is the id of the backup; it is wrapped for a context that names the backup;
- the stream belongs to the header, byte by byte: its context holds the digest of the header;
- the end mark holds the length of everything before it and a signature over its digest, so a file that was cut shows before it is read.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from ctsec.encryption.context import Context
from ctsec.encryption.dek import DEK_ID_BYTES, dek_id_bytes, dek_id_from_bytes
from ctsec.encryption.ed25519 import PUBLIC_BYTES, SIGNATURE_BYTES, Signer
from ctsec.encryption.kek import MAX_WRAPPED
from ctsec.encryption.suites import MAGIC
from ctsec.ids import DekId
from ctsec.storage.backup.failures import BackupChanged, BackupTooNew, NotABackup

VERSION: Final = 0x41
LATER_VERSIONS: Final = range(0x42, 0x4F)
START: Final = bytes((MAGIC, VERSION))
END: Final = bytes((MAGIC, 0x4F))
MAX_REF: Final = 1024
LENGTH_BYTES: Final = 8
END_BYTES: Final = len(END) + LENGTH_BYTES + PUBLIC_BYTES + SIGNATURE_BYTES
MAX_HEADER: Final = len(START) + DEK_ID_BYTES + 2 + MAX_REF + 2 + MAX_WRAPPED
SIGNED_LABEL: Final = b"ctsec/backup/v1/signature/"
SIGNING_LABEL: Final = b"backup-signature/1"
PURPOSE: Final = "backup"


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The beginning of a backup: its id, the reference of the KEK and the data key that it wrapped."""

    id: DekId
    kek: str
    wrapped: bytes

    @property
    def encoded(self) -> bytes:
        """The bytes of the header; raises ValueError for a reference or a wrapped key that is too long."""
        kek = self.kek.encode()
        if not 1 <= len(kek) <= MAX_REF or not 1 <= len(self.wrapped) <= MAX_WRAPPED:
            raise ValueError(f"expected a reference of at most {MAX_REF} and a wrapped key of at most {MAX_WRAPPED} bytes")
        return START + dek_id_bytes(self.id) + _sized(kek) + _sized(self.wrapped)

    @property
    def context(self) -> Context:
        """What the stream belongs to: this backup with this header."""
        return Context(organization=None, purpose=PURPOSE, row=self.id, field=hashlib.sha256(self.encoded).hexdigest())


@dataclass(frozen=True, slots=True, kw_only=True)
class EndMark:
    """The end of a backup: the length of what stands before it, the public key of who signed, and the signature."""

    length: int
    public: bytes
    signature: bytes

    @property
    def encoded(self) -> bytes:
        """The bytes of the mark."""
        return END + self.length.to_bytes(LENGTH_BYTES, "big") + self.public + self.signature


def wrapping_context(backup: DekId) -> bytes:
    """Return what the data key of a backup is bound to at its key service."""
    return Context(organization=None, purpose=PURPOSE, row=backup).encoded


def signed_message(digest: bytes) -> bytes:
    """Return what is signed for a file whose SHA-256, up to the end mark, is `digest`."""
    return SIGNED_LABEL + digest


def end_mark(length: int, *, digest: bytes, signer: Signer) -> EndMark:
    """Return the end mark of a file of `length` bytes."""
    return EndMark(length=length, public=signer.public, signature=signer.sign(signed_message(digest)))


def read_header(start: bytes) -> Header:
    """Return the header at the start of a file; raise NotABackup, BackupTooNew or BackupChanged."""
    if start[:1] == START[:1] and start[1:2] and start[1] in LATER_VERSIONS:
        raise BackupTooNew("the backup is of a later format than this package knows; install a newer ctsec")
    if start[: len(START)] != START:
        raise NotABackup("the file does not begin as a backup of ctsec does")
    place = len(START) + DEK_ID_BYTES
    kek, place = _part(start, place)
    wrapped, _ = _part(start, place)
    try:
        header = Header(id=dek_id_from_bytes(start[len(START) : len(START) + DEK_ID_BYTES]), kek=kek.decode(), wrapped=wrapped)
        if start.startswith(header.encoded):
            return header
    except ValueError:
        pass
    raise BackupChanged("the header of the backup does not decode")


def read_end_mark(end: bytes) -> EndMark | None:
    """Return the mark in the last bytes of a file, None if there is none."""
    if len(end) != END_BYTES or end[: len(END)] != END:
        return None
    place = len(END) + LENGTH_BYTES
    length = int.from_bytes(end[len(END) : place], "big")
    return EndMark(length=length, public=end[place : place + PUBLIC_BYTES], signature=end[place + PUBLIC_BYTES :])


def _sized(raw: bytes) -> bytes:
    return len(raw).to_bytes(2, "big") + raw


def _part(start: bytes, place: int) -> tuple[bytes, int]:
    end = place + 2 + int.from_bytes(start[place : place + 2], "big")
    return start[place + 2 : end], end
