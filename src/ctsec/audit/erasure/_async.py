"""Erasures as operators ask for them (async source)."""

from __future__ import annotations

from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.erasure._async_ports import AsyncErasureRecords
from ctsec.audit.erasure.record import OPEN, Erasure, ErasureState
from ctsec.audit.event import EventName, Target
from ctsec.ids import ErasureId, UserId, is_id, new_id
from ctsec.operators import Operator
from ctsec.outcome import Outcome, Reason, Refusal

MAX_PAGE: Final = 500
_NOBODY: Final = Refusal(Reason.INVALID_INPUT, "expected the id of a person")
_UNDER_WAY: Final = Refusal(Reason.CONFLICT, "an erasure of this person is under way")


class AsyncErasures:
    """Erasures of persons. What is asked for here the worker carries out, unless a legal hold keeps it waiting."""

    __slots__ = ("_ambient", "_audit", "_records")

    def __init__(self, records: AsyncErasureRecords, *, audit: AsyncRecorder, ambient: Ambient) -> None:
        self._records = records
        self._audit = audit
        self._ambient = ambient

    async def request(self, operator: Operator, *, user: UserId) -> Outcome[Erasure]:
        """Ask that what the log says of a person until it is carried out becomes unreadable, for ever.

        The account is another thing: disable or delete it first, or what it does next is written again. Reasons: INVALID_INPUT, CONFLICT
        (one is under way).
        """
        refusal = None if is_id(UserId, user) else _NOBODY
        if refusal is None and any(each.state in OPEN for each in await self._records.of_user(user)):
            refusal = _UNDER_WAY
        if refusal is not None:
            about = None if refusal is _NOBODY else user
            targets = () if about is None else (Target("user", about),)
            name, actor = EventName.PERSON_ERASURE_REQUESTED, operator.principal
            await self._audit.note_aside(name, actor=actor, targets=targets, subject=about, refused=refusal.reason)
            return refusal
        now = self._ambient.now()
        made = Erasure(
            id=new_id(ErasureId, now=now, random=self._ambient.random),
            user_id=user,
            state=ErasureState.REQUESTED,
            requested_by=operator.id,
            requested_at=now,
        )
        await self._records.add(made)
        await self._audit.note(
            EventName.PERSON_ERASURE_REQUESTED,
            actor=operator.principal,
            targets=(Target("user", user), Target("erasure", made.id)),
            subject=user,
            personal={"reason": operator.reason},
        )
        return made

    async def get(self, erasure: ErasureId) -> Erasure | None:
        """Return one."""
        return await self._records.get(erasure)

    async def page(self, *, after: str = "", limit: int = 100) -> tuple[Erasure, ...]:
        """Return those with an id above `after`, at most 500, those that are done too."""
        return await self._records.page(after=after, limit=min(limit, MAX_PAGE))
