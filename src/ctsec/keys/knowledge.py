"""Which secrets of service accounts somebody knows, from who was shown them.

Rules that this module keeps:

- who was shown a secret of a service account can act as that account for as long as the secret works;
- so they know, too, what the account was shown in that time: a key that renews itself hides nobody;
- a moment at which one secret ends and the next begins counts for both: in doubt somebody knows.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from ctsec.keys.record import ApiKey, KeySecret, KeyStatus, status_at


@dataclass(frozen=True, slots=True)
class HeldSecret:
    """A secret beside its key."""

    key: ApiKey
    secret: KeySecret

    def worked_at(self, moment: datetime) -> bool:
        """Tell whether it worked at a moment that is not after now."""
        ends = (self.secret.expires_at, self.key.expires_at, self.key.revoked_at)
        return self.secret.created_at <= moment and all(end is None or moment <= end for end in ends)

    def works(self, now: datetime) -> bool:
        """Tell whether it works on after now."""
        return status_at(self.key, now) is KeyStatus.VALID and (self.secret.expires_at is None or now < self.secret.expires_at)


def known_to(person: str, held: Collection[HeldSecret]) -> tuple[HeldSecret, ...]:
    """Return those of `held` that `person` was shown, or could have had shown to a service account while acting as it."""
    known = [each for each in held if each.secret.minted_by == person]
    rest = [each for each in held if each.secret.minted_by != person]
    while True:
        more = [each for each in rest if any(_could_make(one, each) for one in known)]
        if not more:
            return tuple(known)
        known += more
        rest = [each for each in rest if each not in more]


def _could_make(known: HeldSecret, other: HeldSecret) -> bool:
    return known.key.owner_id == other.secret.minted_by and known.worked_at(other.secret.created_at)
