"""The backup codes of a person: a set made, a code taken once, what is left (async source)."""

from __future__ import annotations

from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.event import EventName, Target
from ctsec.guard.counters import code_counter
from ctsec.guard.proof import Proof, Purpose
from ctsec.ids import BackupCodeSetId, UserId, new_id
from ctsec.mfa._async_parts import AsyncMfaParts
from ctsec.mfa.backup_codes import generate, match_digest, normalise, slot_digest
from ctsec.mfa.enrolment import BackupCodes
from ctsec.mfa.record import BackupCodeSetRecord
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Factor, Principal, anonymous
from ctsec.user import User

FEW: Final = 3
_WRONG_CODE: Final = Refusal(Reason.INVALID_CODE, "the code is not right")


class AsyncBackupCodeBook:
    """The sets of backup codes; the guard store marks a slot by compare-and-set."""

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: AsyncMfaParts, *, audit: AsyncRecorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    async def left(self, user_id: UserId) -> int:
        """Return how many codes of the person's set were not used yet."""
        current = await self._parts.backup_codes.get(user_id)
        return 0 if current is None else len(await self._parts.proofs.live(Purpose.BACKUP_CODE, current.id, now=self._ambient.now()))

    async def redeem(self, user_id: UserId, code: str) -> Outcome[None]:
        """Take a code once; the person is told by mail, with how many are left."""
        current = await self._parts.backup_codes.get(user_id)
        text = normalise(code)
        if current is None or text is None:
            return _WRONG_CODE
        slot = match_digest(await self._parts.stretcher.stretch(text, current.salt), record=current)
        if slot is None:
            return _WRONG_CODE
        if not await self._parts.proofs.consume(Purpose.BACKUP_CODE, slot_digest(current.id, slot), now=self._ambient.now()):
            return Refusal(Reason.CODE_ALREADY_USED, "the backup code was used before")
        await self._audit.note_aside(
            EventName.BACKUP_CODE_REDEEMED,
            actor=anonymous(),
            targets=(Target("user", user_id),),
            subject=user_id,
            details={"slot": slot},
        )
        owner, left = await self._parts.owners.get(user_id), await self.left(user_id)
        if owner is not None:
            await self._parts.post.post(self._parts.letters.notice(owner.email, what=_told(left)))
        return None

    async def make(self, user: User, *, actor: Principal) -> BackupCodes:
        """Return a new set, which makes the old one void."""
        now = self._ambient.now()
        codes = generate(random=self._ambient.random)
        set_id = new_id(BackupCodeSetId, now=now, random=self._ambient.random)
        salt = self._parts.stretcher.new_salt(random=self._ambient.random)
        digests = tuple([await self._parts.stretcher.stretch(normalise(code.reveal()) or b"", salt) for code in codes])
        await self._parts.proofs.issue(
            tuple(
                Proof(purpose=Purpose.BACKUP_CODE, digest=slot_digest(set_id, slot), subject=set_id, issued_at=now, expires_at=None)
                for slot in range(len(codes))
            )
        )
        await self._parts.backup_codes.put(BackupCodeSetRecord(id=set_id, user_id=user.id, salt=salt, digests=digests, created_at=now))
        await self._parts.throttle.bind(code_counter(user.id, Factor.BACKUP_CODE), actor=actor, subject=user.id)
        return BackupCodes(codes, user.email)


def _told(left: int) -> str:
    """Return what the notice says; where few are left it asks for new ones."""
    count = "no backup code is" if left == 0 else "one backup code is" if left == 1 else f"{left} backup codes are"
    return f"a backup code was used, and {count} left" + (": make new ones" if left <= FEW else "")
