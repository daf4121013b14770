# Generated from src/ctsec/directory/_async_leaks.py by tools/twin.py; edit that file.
"""Leaked links of invitations: the invitation is revoked, and who invited is told (async source)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.event import Detail, EventName, Target
from ctsec.directory._sync_ports import InvitationRecords, Post, UserRecords
from ctsec.guard.proof import token_digest
from ctsec.ids import UserId
from ctsec.mail.message import Letters
from ctsec.outcome import Refusal
from ctsec.principal import system


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationLeakParts:
    """Where invitations are, and how who invited is told."""

    invitations: InvitationRecords
    users: UserRecords
    post: Post
    letters: Letters


class InvitationLeaks:
    """The judge of these links."""

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: InvitationLeakParts, *, audit: Recorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    def link(self, token: str, *, told: Mapping[str, Detail]) -> bool:
        """Revoke the invitation of this link; one that was accepted stays, and so does the membership that came of it."""
        digest, now = token_digest(token), self._ambient.now()
        found = None if isinstance(digest, Refusal) else self._parts.invitations.by_digest(digest)
        if found is None:
            return False
        if found.accepted_at is not None or found.revoked_at is not None:
            return True
        works = now < found.expires_at and self._parts.invitations.revoke(found.organization_id, found.id, now=now)
        self._audit.note(
            EventName.CREDENTIAL_LEAK_REPORTED,
            actor=system("leak_report"),
            targets=(Target("invitation", found.id),),
            organization=found.organization_id,
            details={**told, "was": "valid" if works else "expired", "ended": works},
        )
        inviter = self._parts.users.get(UserId(found.invited_by)) if works else None
        if inviter is not None:
            what = f"the invitation of {found.email[:120]} was found in public and is revoked; invite them again"
            self._parts.post.post(self._parts.letters.notice(inviter.email, what=what))
        return True
