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

from ctsec.ids import OrganizationId, SessionId, UserId
from ctsec.principal import SECOND_FACTORS, Factor


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
    """A signed-in device of a person."""

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

    def live(self, *, now: datetime) -> bool:
        """Say whether the session may still be used at `now`."""
        idle_until = self.last_seen_at + timedelta(seconds=self.idle_seconds)
        return self.revoked_at is None and now < self.expires_at and now < idle_until


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPolicy:
    """How long a session lives, by assurance level: the defaults of NIST SP 800-63B-4, 2.1.3, 2.2.3."""

    aal1: timedelta = timedelta(days=30)
    aal1_idle: timedelta = timedelta(days=30)
    aal2: timedelta = timedelta(hours=24)
    aal2_idle: timedelta = timedelta(hours=1)
    touch_every: timedelta = timedelta(minutes=1)

    def __post_init__(self) -> None:
        if min(self.aal1, self.aal1_idle, self.aal2, self.aal2_idle, self.touch_every) <= timedelta(0):
            raise ValueError("expected positive life times")

    def life(self, *, aal: int) -> tuple[timedelta, timedelta]:
        """Return (absolute, idle) limits for an assurance level."""
        return (self.aal2, self.aal2_idle) if aal >= 2 else (self.aal1, self.aal1_idle)


def assurance_level(factors: Mapping[str, datetime]) -> int:
    """Return the assurance level that the proved factors give: 2 with a password and a second factor, or with a passkey, else 1.

    A passkey without a password counts twice, as what one has and as what one knows or is: it starts a session only if its authenticator
    verified the person (NIST SP 800-63B-4, 3.1.7).
    """
    two = Factor.PASSWORD in factors and not SECOND_FACTORS.isdisjoint(factors)
    return 2 if two or Factor.PASSKEY in factors else 1
