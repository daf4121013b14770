"""Requests for a role for a time, and permits to break the glass: what is stored of them.

Rules that this module keeps:

- an elevation is asked for with a reason, ends by itself, and is decided by somebody else before its request grows old;
- breaking the glass needs a permit, given beforehand by somebody who could give the role, and lasts no longer than the permit says, and
  never longer than the policy's hard maximum;
- what is over stays as a record: nothing is deleted but permits.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from ctsec.ids import BreakGlassId, ElevationId, OrganizationId, UserId, WorkspaceId
from ctsec.rbac.standing import Elevation

MAX_REASON: Final = 1000
LONGEST: Final = timedelta(days=7)
LONGEST_BREAK_GLASS: Final = timedelta(hours=12)
_SHORTEST: Final = timedelta(minutes=1)


class ElevationKind(StrEnum):
    """How a role for a time came about."""

    REQUESTED = "requested"
    BREAK_GLASS = "break_glass"


class ElevationState(StrEnum):
    """Where a request is; an active one counts from its start until its end."""

    OPEN = "open"
    ACTIVE = "active"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    ENDED = "ended"


@dataclass(frozen=True, slots=True, kw_only=True)
class ElevationRequest:
    """`user_id` asks for `role` for `seconds`, in `workspace_id` or (None) in the organization; times are set as it goes on."""

    id: ElevationId
    organization_id: OrganizationId
    workspace_id: WorkspaceId | None
    user_id: UserId
    role: str
    kind: ElevationKind
    state: ElevationState
    reason: str
    seconds: int
    requested_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    starts_at: datetime | None = None
    expires_at: datetime | None = None
    ended_at: datetime | None = None

    def granted(self, now: datetime) -> Elevation:
        """Return what the request adds if it is granted at `now`."""
        return Elevation(role=self.role, starts_at=now, expires_at=now + timedelta(seconds=self.seconds), workspace=self.workspace_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakGlassPermit:
    """`user_id` may take `role` in an emergency, for at most `seconds` each time, until `expires_at` (None: until it is taken back)."""

    id: BreakGlassId
    organization_id: OrganizationId
    workspace_id: WorkspaceId | None
    user_id: UserId
    role: str
    seconds: int
    granted_by: str
    created_at: datetime
    expires_at: datetime | None = None

    def covers(self, role: str, *, workspace: WorkspaceId | None, now: datetime) -> bool:
        """Say whether the permit is for this role in this place, at `now`."""
        lasting = self.expires_at is None or now < self.expires_at
        return lasting and self.role == role and self.workspace_id == workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class ElevationPolicy:
    """The longest that a role is given for, on request (at most 7 days) and behind the glass (at most 12 hours), and how long a request
    waits for somebody to decide it.
    """

    longest: timedelta = timedelta(hours=8)
    longest_break_glass: timedelta = timedelta(hours=1)
    request_life: timedelta = timedelta(days=1)

    def __post_init__(self) -> None:
        if not _SHORTEST <= self.longest <= LONGEST:
            raise ValueError("expected an elevation of 1 minute to 7 days at the longest")
        if not _SHORTEST <= self.longest_break_glass <= LONGEST_BREAK_GLASS:
            raise ValueError("expected a break-glass of 1 minute to 12 hours at the longest")
        if not _SHORTEST <= self.request_life <= LONGEST:
            raise ValueError("expected a request to wait for 1 minute to 7 days")


def parse_reason(text: str) -> str:
    """Return the reason somebody gives, without surrounding space; raise ValueError if it is empty, too long or not one piece of text."""
    reason = text.strip()
    if not 1 <= len(reason) <= MAX_REASON or not all(each.isprintable() or each == "\n" for each in reason):
        raise ValueError(f"expected a reason of 1 to {MAX_REASON} printable characters")
    return reason


def parse_duration(length: timedelta, *, longest: timedelta) -> int:
    """Return a length of time in whole seconds; raise ValueError if it is under a minute or over `longest`."""
    if not _SHORTEST <= length <= longest:
        raise ValueError(f"expected 60 to {int(longest.total_seconds())} seconds")
    return int(length.total_seconds())
