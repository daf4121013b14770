"""The stored form of an API key's secret: HMAC-SHA-256 under a ring of peppers.

Rules that this module keeps:

- a key has 256 random bits, so a fast keyed hash is enough (ASVS 6.5.2, 11.4.2), and without the pepper, which is not in the database, a
  stolen table can not even be tested against;
- every MAC names its pepper: peppers are rotated by computing the MAC anew when the key is next used, with the token in hand;
- comparison is in constant time; an unknown pepper verifies nothing;
- the hash states are keyed once: a MAC costs two copies and two updates.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from hmac import compare_digest
from typing import Final

from ctsec.secret import Secret

MINIMUM_PEPPER: Final = 32
_BLOCK: Final = 64
_INNER: Final = bytes(x ^ 0x36 for x in range(256))
_OUTER: Final = bytes(x ^ 0x5C for x in range(256))


class HmacSha256:
    """HMAC-SHA-256 (RFC 2104) with one key, whose states are made once; shows nothing of the key."""

    __slots__ = ("inner", "outer")

    def __init__(self, key: bytes) -> None:
        block = (sha256(key).digest() if len(key) > _BLOCK else key).ljust(_BLOCK, b"\0")
        # bound once: a copy of each keyed state
        self.inner = sha256(block.translate(_INNER)).copy
        self.outer = sha256(block.translate(_OUTER)).copy

    def __repr__(self) -> str:
        return "HmacSha256(<hidden>)"

    def digest(self, message: bytes) -> bytes:
        """Return the MAC of `message`, 32 bytes."""
        inner, outer = self.inner(), self.outer()
        inner.update(message)
        outer.update(inner.digest())
        return outer.digest()


class PepperRing:
    """Named peppers of at least 32 bytes each; the current one makes new MACs, all of them verify."""

    __slots__ = ("_current", "_macs")

    def __init__(self, *, current: str, peppers: Mapping[str, Secret]) -> None:
        """Raise ValueError if the current pepper is not among `peppers` or one is shorter than 32 bytes."""
        if current not in peppers:
            raise ValueError("expected the current pepper to be one of the ring")
        if any(len(pepper) < MINIMUM_PEPPER for pepper in peppers.values()):
            raise ValueError(f"expected peppers of at least {MINIMUM_PEPPER} bytes")
        self._current = current
        self._macs = {name: HmacSha256(pepper.reveal()) for name, pepper in peppers.items()}

    def __repr__(self) -> str:
        return f"PepperRing(current={self._current!r}, peppers=<{len(self._macs)} hidden>)"

    @property
    def current(self) -> str:
        """The id of the pepper that new MACs are made with."""
        return self._current

    @property
    def names(self) -> tuple[str, ...]:
        """The ids of the peppers, the current one first."""
        return (self._current, *(name for name in self._macs if name != self._current))

    def mac(self, token: bytes) -> tuple[str, bytes]:
        """Return (pepper id, MAC of 32 bytes) for the bytes of a whole token."""
        return self._current, self._macs[self._current].digest(token)

    def verify(self, pepper_id: str, mac: bytes, token: bytes) -> bool:
        """Say whether `mac` is that of `token` under the named pepper, in constant time; False for a pepper that the ring has not."""
        state = self._macs.get(pepper_id)
        if state is None:
            return False
        # HmacSha256.digest, written out: this is the hot path of every request with a key
        inner, outer = state.inner(), state.outer()
        inner.update(token)
        outer.update(inner.digest())
        return compare_digest(outer.digest(), mac)
