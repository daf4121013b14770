"""Whoever may change how a log is kept and watched: its plan and holds, what is acknowledged and muted (async source).

Rules that this module keeps:

- it takes `organization:manage` in the permission matrix (owners and admins), in a session with a fresh second factor, the account's own or
  one through the organization's provider: a credential that nobody sits in front of could take away what tells of its own use;
- a refusal is an event of that log, written aside.
"""

from __future__ import annotations

from typing import Final, TypeVar

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncLogRights, AsyncRecorder
from ctsec.audit.event import EventName, Target, log_of
from ctsec.ids import OrganizationId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import SESSIONS, Principal

T = TypeVar("T")
MANAGE: Final = "organization:manage"
_SIGN_IN: Final = Refusal(Reason.NOT_AUTHENTICATED, "sign in yourself to do this; an API key can not")
_STEP_UP: Final = Refusal(Reason.STEP_UP_REQUIRED, "prove your second factor again first")


class AsyncManagers:
    """Answers who may change how an organization's log is kept and watched, and tells of those who may not."""

    __slots__ = ("_ambient", "_audit", "_rights")

    def __init__(self, rights: AsyncLogRights, *, audit: AsyncRecorder, ambient: Ambient) -> None:
        self._rights = rights
        self._audit = audit
        self._ambient = ambient

    async def refusal(self, actor: Principal, organization: OrganizationId) -> Refusal | None:
        """Return why `actor` may not, or None."""
        refusal = await self._rights.may(actor, organization=organization, permission=MANAGE)
        if refusal is None and actor.credential.kind not in SESSIONS:
            refusal = _SIGN_IN
        if refusal is None and not actor.credential.second_factor_fresh(now=self._ambient.now()):
            refusal = _STEP_UP
        return refusal

    async def answered(self, done: Outcome[T], actor: Principal, organization: OrganizationId | None, *, attempted: str) -> Outcome[T]:
        """Return an outcome, after a refusal was written aside."""
        if isinstance(done, Refusal):
            await self._audit.note_aside(
                EventName.ACCESS_DENIED,
                actor=actor,
                targets=(Target("log", log_of(organization)),),
                refused=done.reason,
                organization=organization,
                details={"attempted": attempted},
            )
        return done
