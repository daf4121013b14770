"""What sign-in stores: the sealed password hash, and sessions.

Rules that this module keeps:

- a password is stored as an Argon2id string, sealed under a pepper and bound to the user id, never otherwise;
- a session is found by its id and proved by a 256-bit secret of which only a digest is stored;
- a session ends at its absolute limit, when it was idle for too long, or when it is revoked; whichever comes first;
- assurance belongs to the session: which factors were proved and when, never to a route.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from ctsec.ids import ConnectionId, OrganizationId, SessionId, UserId
from ctsec.principal import SECOND_FACTORS, Factor

# What NIST says SHOULD of AAL1 and AAL2 leaves room, with a reason; what it says SHALL of AAL3 does not.
CEILINGS: Final = (timedelta(days=90), timedelta(days=30), timedelta(hours=12))


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordRecord:
    """The sealed hash of a user's password.

    `changed_at` is when the person set it: sealing or hashing it anew changes `version` only. `pepper` names the key that `sealed` is under
    and `scheme` what a comparison costs (`ctsec.authn.schemes`); both repeat what is inside, so that a store can count and page by them.
    `minimum` is the highest minimum of length that the password was seen to reach when it was set, 15 or 8; 0 where nobody has seen it. Its
    length itself is kept nowhere.
    """

    user_id: UserId
    sealed: bytes
    changed_at: datetime
    version: int = 1
    pepper: str = ""
    scheme: str = ""
    minimum: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordGroup:
    """How many passwords are sealed under `pepper` and cost what `scheme` says."""

    pepper: str
    scheme: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A signed-in device of a person; one of a `connection_id` counts in the organization of that connection, `organization_id`, alone.

    In `glass_organization_id` a break-glass code lets it use the settings of single sign-on before `glass_until`.
    """

    id: SessionId
    user_id: UserId
    secret_digest: bytes
    created_at: datetime
    last_seen_at: datetime
    idle_seconds: int
    expires_at: datetime
    aal: int
    factors: Mapping[str, datetime]
    organization_id: OrganizationId | None
    user_agent: str
    address: str
    revoked_at: datetime | None = None
    version: int = 1
    connection_id: ConnectionId | None = None
    glass_organization_id: OrganizationId | None = None
    glass_until: datetime | None = None

    def live(self, *, now: datetime) -> bool:
        """Say whether the session may still be used at `now`."""
        idle_until = self.last_seen_at + timedelta(seconds=self.idle_seconds)
        return self.revoked_at is None and now < self.expires_at and now < idle_until


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPolicy:
    """How long a session lives, by assurance level, and how many a person may have at once.

    The defaults are those of NIST SP 800-63B-4, 2.1.3, 2.2.3 and 2.3.3. No absolute limit is above its ceiling (`CEILINGS`), no level lives
    longer than a lower one, and no idle limit is above its absolute one. `touch_every` is how old the stored last use may get before it is
    written again; `most` is how many sessions a person has (1 to 1,000): the one that was used longest ago makes room.
    """

    aal1: timedelta = timedelta(days=30)
    aal1_idle: timedelta = timedelta(days=30)
    aal2: timedelta = timedelta(hours=24)
    aal2_idle: timedelta = timedelta(hours=1)
    aal3: timedelta = timedelta(hours=12)
    aal3_idle: timedelta = timedelta(minutes=15)
    touch_every: timedelta = timedelta(minutes=1)
    most: int = 100

    def __post_init__(self) -> None:
        limits = [self.life(aal=level) for level in (1, 2, 3)]
        if min(self.touch_every, *(each for limit in limits for each in limit)) <= timedelta(0):
            raise ValueError("expected positive life times")
        if any(absolute > ceiling for (absolute, _), ceiling in zip(limits, CEILINGS, strict=True)):
            raise ValueError("expected at most 90 days at AAL1, 30 days at AAL2 and 12 hours at AAL3")
        if any(idle > absolute for absolute, idle in limits) or any(low < high for low, high in pairwise(limit[0] for limit in limits)):
            raise ValueError("expected idle limits within absolute ones, and none longer than that of a lower level")
        if self.touch_every > min(idle for _, idle in limits) / 2:
            raise ValueError("expected the last use to be written at least twice in an idle limit")
        if not 1 <= self.most <= 1000:
            raise ValueError("expected 1 to 1,000 sessions for a person")

    def life(self, *, aal: int) -> tuple[timedelta, timedelta]:
        """Return (absolute, idle) limits for an assurance level."""
        if aal >= 3:
            return self.aal3, self.aal3_idle
        return (self.aal2, self.aal2_idle) if aal == 2 else (self.aal1, self.aal1_idle)


def assurance_level(factors: Mapping[str, datetime]) -> int:
    """Return the assurance level that the proved factors give: 2 with a password and a second factor, or with a passkey, else 1.

    What a trusted provider says of its own second factor counts as one; without it, a provider counts as a password does.

    A passkey without a password counts twice, as what one has and as what one knows or is: it starts a session only if its authenticator
    verified the person (NIST SP 800-63B-4, 3.1.7).
    """
    own = not SECOND_FACTORS.isdisjoint(factors)
    two = (Factor.PASSWORD in factors and own) or (Factor.SSO in factors and (own or Factor.SSO_MFA in factors))
    return 2 if two or Factor.PASSKEY in factors else 1
