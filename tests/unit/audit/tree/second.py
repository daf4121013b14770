"""A second implementation of the tree and of notes, from the words of RFC 9162 (2.1) and C2SP alone: it shares no code with ctsec.

Everything is recursion over the list of entries, as the RFC defines it, and slow.
"""

from __future__ import annotations

import base64
import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def digest(*parts: bytes) -> bytes:
    """HASH() of the RFC, with SHA-256."""
    return hashlib.sha256(b"".join(parts)).digest()


def split(n: int) -> int:
    """Return the largest power of two smaller than n."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def mth(entries: list[bytes]) -> bytes:
    """Return the Merkle tree hash of a list of entries (2.1.1)."""
    if not entries:
        return digest()
    if len(entries) == 1:
        return digest(b"\x00", entries[0])
    k = split(len(entries))
    return digest(b"\x01", mth(entries[:k]), mth(entries[k:]))


def path(m: int, entries: list[bytes]) -> list[bytes]:
    """Return the inclusion proof of entry m (2.1.3.1)."""
    if len(entries) == 1:
        return []
    k = split(len(entries))
    if m < k:
        return [*path(m, entries[:k]), mth(entries[k:])]
    return [*path(m - k, entries[k:]), mth(entries[:k])]


def proof(m: int, entries: list[bytes]) -> list[bytes]:
    """Return the consistency proof of the first m entries (2.1.4.1), for 0 < m < n."""
    return subproof(m, entries, whole=True)


def subproof(m: int, entries: list[bytes], *, whole: bool) -> list[bytes]:
    """SUBPROOF of 2.1.4.1."""
    if m == len(entries):
        return [] if whole else [mth(entries)]
    k = split(len(entries))
    if m <= k:
        return [*subproof(m, entries[:k], whole=whole), mth(entries[k:])]
    return [*subproof(m - k, entries[k:], whole=False), mth(entries[:k])]


def included(leaf: bytes, index: int, size: int, root: bytes, hashes: list[bytes]) -> bool:
    """Verify an inclusion proof by going down the tree from its top (the definition of 2.1.3.1 read backwards)."""

    def climb(m: int, n: int, rest: list[bytes]) -> bytes | None:
        if n == 1:
            return leaf if not rest else None
        if not rest:
            return None
        k = split(n)
        below = climb(m, k, rest[:-1]) if m < k else climb(m - k, n - k, rest[:-1])
        if below is None:
            return None
        return digest(b"\x01", below, rest[-1]) if m < k else digest(b"\x01", rest[-1], below)

    return 0 <= index < size and climb(index, size, hashes) == root


def consistent(old: int, size: int, old_root: bytes, root: bytes, hashes: list[bytes]) -> bool:
    """Verify a consistency proof by going down the tree from its top (the definition of 2.1.4.1 read backwards)."""

    def climb(m: int, n: int, rest: list[bytes], *, whole: bool) -> tuple[bytes, bytes] | None:
        """Return the hash of the first m of these n leaves, and of all of them."""
        if m == n:
            if whole:
                return (old_root, old_root) if not rest else None
            return (rest[0], rest[0]) if len(rest) == 1 else None
        if not rest:
            return None
        k = split(n)
        if m <= k:
            found = climb(m, k, rest[:-1], whole=whole)
            return found and (found[0], digest(b"\x01", found[1], rest[-1]))
        found = climb(m - k, n - k, rest[:-1], whole=False)
        return found and (digest(b"\x01", rest[-1], found[0]), digest(b"\x01", rest[-1], found[1]))

    return 0 < old <= size and climb(old, size, hashes, whole=True) == (old_root, root)


def opened(note: bytes, name: str, public: bytes) -> tuple[str, int, bytes] | None:
    """Return origin, size and root of a signed checkpoint, or None if the key did not sign it."""
    text, _, signatures = note.rpartition(b"\n\n")
    text += b"\n"
    key_id = digest(name.encode(), b"\n", b"\x01", public)[:4]
    for line in signatures.decode().splitlines():
        dash, by, value = line.split(" ")
        raw = base64.b64decode(value)
        if dash == "—" and by == name and raw[:4] == key_id:
            try:
                Ed25519PublicKey.from_public_bytes(public).verify(raw[4:], text)
            except InvalidSignature:
                return None
            origin, size, root, end = text.decode().split("\n")
            return None if end else (origin, int(size), base64.b64decode(root))
    return None
