"""What an organization says of people who leave it or do not use it, and what is kept of them.

Rules that this module keeps:

- nothing ends by itself unless the organization said so, and nobody is judged by a time before it said so;
- warned first, then suspended, then removed: of the rules that are due the hardest counts, and what was done is not done again;
- a role that sleeps wakes within its time or never.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Final

from ctsec.directory.record import Membership, MembershipStatus
from ctsec.ids import OrganizationId, UserId, WorkspaceId

LONGEST_PARK: Final = 365
LONGEST_IDLE: Final = 3650
END_WARNING: Final = timedelta(days=7)
_DAY: Final = timedelta(days=1)


class Cause(StrEnum):
    """Why somebody is no member any more."""

    ADMINISTRATOR = "administrator"
    LEFT = "left"
    PROVIDER = "provider"
    INACTIVITY = "inactivity"
    END_DATE = "end_date"
    ACCOUNT_CLOSED = "account_closed"


class Step(StrEnum):
    """What inactivity leads to."""

    WARN = "warn"
    SUSPEND = "suspend"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecyclePolicy:
    """What an organization says of leaving and of not being there.

    `park_days` (0 to 365) is how long workspace roles that people gave sleep for whoever comes back; 0: they are dropped. `heir` takes
    over what a leaver shared (None: nobody). `warn_days`, `suspend_days` and `remove_days` (1 to 3650, rising) are days without use; 0:
    never. Raises ValueError for anything else.
    """

    organization_id: OrganizationId
    park_days: int = 0
    heir: UserId | None = None
    warn_days: int = 0
    suspend_days: int = 0
    remove_days: int = 0
    changed_by: str
    changed_at: datetime

    def __post_init__(self) -> None:
        if not 0 <= self.park_days <= LONGEST_PARK:
            raise ValueError(f"expected 0 to {LONGEST_PARK} park_days")
        rules = [days for _, days in self._steps()]
        if not all(1 <= days <= LONGEST_IDLE for days in rules):
            raise ValueError(f"expected 1 to {LONGEST_IDLE} days for a rule, or 0 for none")
        if any(one >= other for one, other in pairwise(rules)):
            raise ValueError("expected people to be warned before they are suspended, and suspended before they are removed")

    def _steps(self) -> Iterator[tuple[Step, int]]:
        told = ((Step.WARN, self.warn_days), (Step.SUSPEND, self.suspend_days), (Step.REMOVE, self.remove_days))
        return (each for each in told if each[1])

    @property
    def judges(self) -> bool:
        """Whether it has a rule about people who are not there."""
        return any(self._steps())

    def due(self, membership: Membership, presence: Presence | None, *, now: datetime) -> Due | None:
        """Return what a member's absence leads to at `now`, None if nothing, or if that was done."""
        since = max((membership.created_at, self.changed_at, *((presence.used_at,) if presence is not None else ())))
        step = next((step for step, days in reversed(tuple(self._steps())) if now - since >= timedelta(days=days)), None)
        warned = presence is not None and presence.warned_at is not None and presence.warned_at >= since
        if step is None or (step is Step.SUSPEND and membership.status is MembershipStatus.SUSPENDED) or (step is Step.WARN and warned):
            return None
        asleep = step is Step.WARN and membership.status is not MembershipStatus.ACTIVE
        return None if asleep else Due(membership=membership, step=step, since=since)


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """When a member was last seen, when they were warned of their absence, and of which end of the membership they were told."""

    organization_id: OrganizationId
    user_id: UserId
    used_at: datetime
    warned_at: datetime | None = None
    end_told: datetime | None = None

    def outdates(self, kept: Presence | None, *, now: datetime) -> bool:
        """Tell whether this use has to be written over what is kept: once a day for who is there, and as it was for who is not."""
        if kept is None:
            return True
        newer = self.used_at - kept.used_at
        return newer >= _DAY or (newer > timedelta(0) and now - self.used_at >= _DAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """What the absence of a member since `since` leads to."""

    membership: Membership
    step: Step
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ParkedRole:
    """A workspace role of somebody who left, which wakes if they come back before `until`, and if who lets them in may give it then."""

    organization_id: OrganizationId
    workspace_id: WorkspaceId
    user_id: UserId
    role: str
    starts_at: datetime | None
    expires_at: datetime | None
    granted_by: str
    parked_at: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """What ends with a membership, as it stands now: ids, so that it can be named, and what is only counted."""

    user: UserId
    organization: OrganizationId
    role: str
    last_owner: bool
    sessions: tuple[str, ...]
    api_keys: tuple[str, ...]
    invitations: tuple[str, ...]
    workspace_roles: tuple[tuple[WorkspaceId, str], ...]
    parked: tuple[WorkspaceId, ...]
    elevations: int
    permits: int
    break_glass_codes: bool
    apps: int
    service_keys: int
    scim_tokens: int
    shared: tuple[tuple[str, int], ...]
    heir: UserId | None
