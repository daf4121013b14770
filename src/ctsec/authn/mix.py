"""What an address without an account costs, where accounts do not all cost the same.

Rules that this module keeps:

- among accounts, each scheme has a share; an address without account is given a scheme with that probability, so its cost says nothing of
  whether there is an account (ASVS 6.3.8, CVE-2025-54999);
- the scheme of an address is the same at each attempt and in each process: it follows from a keyed tag of the address, which nobody
  without the key can compute;
- the shares are counted seldom (every ten minutes), and by whoever comes first, whether the address has an account or not.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ctsec.authn.record import PasswordGroup

COUNT_EVERY: Final = 600.0
_TAG: Final = 8


class Mix:
    """The schemes of all accounts with their counts, as counted last; shared by everything in a process."""

    __slots__ = ("_counted_at", "_shares", "_total")

    def __init__(self) -> None:
        self._counted_at: float | None = None
        self._shares: tuple[tuple[str, int], ...] = ()
        self._total = 0

    def is_due(self, *, now: float) -> bool:
        """Say whether to count again at `now` (monotonic seconds); it counts as begun with the answer, so that one caller does it."""
        if self._counted_at is not None and now - self._counted_at < COUNT_EVERY:
            return False
        self._counted_at = now
        return True

    def counted(self, groups: Iterable[PasswordGroup]) -> None:
        """Take a new count."""
        shares: dict[str, int] = {}
        for group in groups:
            if group.scheme:
                shares[group.scheme] = shares.get(group.scheme, 0) + group.count
        self._shares, self._total = tuple(sorted(shares.items())), sum(shares.values())

    def scheme_for(self, tag: bytes) -> str:
        """Return the scheme that an address with this tag (at least 8 bytes) is given; empty before anything was counted."""
        place = int.from_bytes(tag[:_TAG], "big") * self._total >> 8 * _TAG
        for scheme, count in self._shares:
            if place < count:
                return scheme
            place -= count
        return ""
