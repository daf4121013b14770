"""Randomness that can be repeated: for tests only."""

from __future__ import annotations

import hashlib


class UnsafeSeededRandom:
    """A `ctsec.ids.Random` whose bytes follow from its seed: SHA-256 of seed and counter. Whoever knows the seed knows every secret."""

    __slots__ = ("_count", "_seed")

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._count = 0

    def __call__(self, length: int) -> bytes:
        """Return the next `length` bytes."""
        made = b""
        while len(made) < length:
            made += hashlib.sha256(f"{self._seed}:{self._count}".encode()).digest()
            self._count += 1
        return made[:length]
