"""The pepper of a password hash: encryption under a key that is not in the database, bound to the user.

Rules that this module keeps:

- the whole encoded hash is sealed, so a stolen database holds nothing to guess against (NIST SP 800-63B-4, 3.1.1.2);
- the user's id is bound: a hash that was moved to another user's row does not open;
- the record names its pepper, so peppers are rotated by re-wrapping, without anybody's password.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, Protocol

from ctsec.authn.record import PasswordRecord
from ctsec.authn.schemes import scheme_of
from ctsec.errors import CorruptRecord
from ctsec.ids import Random, UserId

MAX_ENCODED: Final = 512
_PURPOSE: Final = b"ctsec/password/v1\0"


class Sealing(Protocol):
    """Authenticated encryption under a ring of keys; `ctsec.encryption.sealing.SealingRing` is one."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the keys, the current one first."""
        ...

    def seal(self, plaintext: bytes, *, context: bytes, random: Random) -> bytes:
        """Return `plaintext` sealed under the current key and bound to `context`."""
        ...

    def open(self, sealed: bytes, *, context: bytes) -> bytes:
        """Return the plaintext; raise DecryptionFailed, KeyNotFound or CorruptRecord."""
        ...

    def key_of(self, sealed: bytes) -> str:
        """Return the name of the key that `sealed` is under; raise CorruptRecord."""
        ...

    def needs_rewrap(self, sealed: bytes) -> bool:
        """Say whether `sealed` is under another than the current key."""
        ...

    def tag(self, message: bytes) -> bytes:
        """Return a keyed digest of `message`, the same in every process that holds the current key."""
        ...


def _context(user: UserId) -> bytes:
    return _PURPOSE + user.encode()


def seal_hash(encoded: str, *, user: UserId, sealing: Sealing, random: Random) -> bytes:
    """Return what is stored for an encoded password hash of `user`."""
    return sealing.seal(encoded.encode("ascii"), context=_context(user), random=random)


def open_hash(stored: bytes, *, user: UserId, sealing: Sealing) -> str:
    """Return the encoded password hash; raise DecryptionFailed if the record is another user's or was changed."""
    opened = sealing.open(stored, context=_context(user))
    if len(opened) > MAX_ENCODED or not opened.isascii():
        raise CorruptRecord("expected an encoded password hash in a sealed record")
    return opened.decode("ascii")


def renewed(record: PasswordRecord, encoded: str, *, sealing: Sealing, random: Random) -> PasswordRecord:
    """Return the next version of a record with this hash, under the current pepper; when the password was set stays as it is."""
    sealed = seal_hash(encoded, user=record.user_id, sealing=sealing, random=random)
    return replace(record, sealed=sealed, pepper=sealing.key_of(sealed), scheme=scheme_of(encoded), version=record.version + 1)
