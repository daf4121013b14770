"""Leaked links of invitations: the invitation is revoked, and who invited is told (async source)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.event import Detail, EventName, Target
from ctsec.directory._async_ports import AsyncInvitationRecords, AsyncPost, AsyncUserRecords
from ctsec.guard.proof import token_digest
from ctsec.ids import UserId
from ctsec.mail.message import Letters
from ctsec.outcome import Refusal
from ctsec.principal import system


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncInvitationLeakParts:
    """Where invitations are, and how who invited is told."""

    invitations: AsyncInvitationRecords
    users: AsyncUserRecords
    post: AsyncPost
    letters: Letters


class AsyncInvitationLeaks:
    """The judge of these links."""

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: AsyncInvitationLeakParts, *, audit: AsyncRecorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    async def link(self, token: str, *, told: Mapping[str, Detail]) -> bool:
        """Revoke the invitation of this link; one that was accepted stays, and so does the membership that came of it."""
        digest, now = token_digest(token), self._ambient.now()
        found = None if isinstance(digest, Refusal) else await self._parts.invitations.by_digest(digest)
        if found is None:
            return False
        if found.accepted_at is not None or found.revoked_at is not None:
            return True
        works = now < found.expires_at and await self._parts.invitations.revoke(found.organization_id, found.id, now=now)
        await self._audit.note(
            EventName.CREDENTIAL_LEAK_REPORTED,
            actor=system("leak_report"),
            targets=(Target("invitation", found.id),),
            organization=found.organization_id,
            details={**told, "was": "valid" if works else "expired", "ended": works},
        )
        inviter = await self._parts.users.get(UserId(found.invited_by)) if works else None
        if inviter is not None:
            what = f"the invitation of {found.email[:120]} was found in public and is revoked; invite them again"
            await self._parts.post.post(self._parts.letters.notice(inviter.email, what=what))
        return True
