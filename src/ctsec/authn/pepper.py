"""The pepper of a password hash: encryption under a key that is not in the database, bound to the user.

Rules that this module keeps:

- the whole encoded hash is sealed, so a stolen database holds nothing to guess against (NIST SP 800-63B-4, 3.1.1.2);
- the user's id is bound: a hash that was moved to another user's row does not open;
- the record names its pepper, so peppers are rotated by re-wrapping, without anybody's password.
"""

from __future__ import annotations

from typing import Final, Protocol

from ctsec.errors import CorruptRecord
from ctsec.ids import Random, UserId

MAX_ENCODED: Final = 512
_PURPOSE: Final = b"ctsec/password/v1\0"


class Sealing(Protocol):
    """Authenticated encryption under a ring of keys; `ctsec.encryption.sealing.SealingRing` is one."""

    def seal(self, plaintext: bytes, *, context: bytes, random: Random) -> bytes:
        """Return `plaintext` sealed under the current key and bound to `context`."""
        ...

    def open(self, sealed: bytes, *, context: bytes) -> bytes:
        """Return the plaintext; raise DecryptionFailed, KeyNotFound or CorruptRecord."""
        ...

    def needs_rewrap(self, sealed: bytes) -> bool:
        """Say whether `sealed` is under another than the current key."""
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


def rewrap_hash(stored: bytes, *, user: UserId, sealing: Sealing, random: Random) -> bytes:
    """Return the record under the current pepper: the same bytes if it is there already, sealed anew if not."""
    if not sealing.needs_rewrap(stored):
        return stored
    return sealing.seal(sealing.open(stored, context=_context(user)), context=_context(user), random=random)
