# Generated from src/ctsec/mfa/_async_backup_codes.py by tools/twin.py; edit that file.
"""The backup codes of a person: a set made, a code taken once, what is left (async source)."""

from __future__ import annotations

from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.event import EventName, Target
from ctsec.guard.counters import code_counter
from ctsec.guard.proof import Proof, Purpose
from ctsec.ids import BackupCodeSetId, UserId, new_id
from ctsec.mfa._sync_parts import MfaParts
from ctsec.mfa.backup_codes import generate, match_digest, normalise, slot_digest
from ctsec.mfa.enrolment import BackupCodes
from ctsec.mfa.record import BackupCodeSetRecord
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Factor, Principal, anonymous
from ctsec.user import User

FEW: Final = 3
_WRONG_CODE: Final = Refusal(Reason.INVALID_CODE, "the code is not right")


class BackupCodeBook:
    """The sets of backup codes; the guard store marks a slot by compare-and-set."""

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: MfaParts, *, audit: Recorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    def left(self, user_id: UserId) -> int:
        """Return how many codes of the person's set were not used yet."""
        current = self._parts.backup_codes.get(user_id)
        return 0 if current is None else len(self._parts.proofs.live(Purpose.BACKUP_CODE, current.id, now=self._ambient.now()))

    def redeem(self, user_id: UserId, code: str) -> Outcome[None]:
        """Take a code once; the person is told by mail, with how many are left."""
        current = self._parts.backup_codes.get(user_id)
        text = normalise(code)
        if current is None or text is None:
            return _WRONG_CODE
        slot = match_digest(self._parts.stretcher.stretch(text, current.salt), record=current)
        if slot is None:
            return _WRONG_CODE
        if not self._parts.proofs.consume(Purpose.BACKUP_CODE, slot_digest(current.id, slot), now=self._ambient.now()):
            return Refusal(Reason.CODE_ALREADY_USED, "the backup code was used before")
        self._audit.note_aside(
            EventName.BACKUP_CODE_REDEEMED,
            actor=anonymous(),
            targets=(Target("user", user_id),),
            subject=user_id,
            details={"slot": slot},
        )
        owner, left = self._parts.owners.get(user_id), self.left(user_id)
        if owner is not None:
            self._parts.post.post(self._parts.letters.notice(owner.email, what=_told(left)))
        return None

    def make(self, user: User, *, actor: Principal) -> BackupCodes:
        """Return a new set, which makes the old one void."""
        now = self._ambient.now()
        codes = generate(random=self._ambient.random)
        set_id = new_id(BackupCodeSetId, now=now, random=self._ambient.random)
        salt = self._parts.stretcher.new_salt(random=self._ambient.random)
        digests = tuple([self._parts.stretcher.stretch(normalise(code.reveal()) or b"", salt) for code in codes])
        self._parts.proofs.issue(
            tuple(
                Proof(purpose=Purpose.BACKUP_CODE, digest=slot_digest(set_id, slot), subject=set_id, issued_at=now, expires_at=None)
                for slot in range(len(codes))
            )
        )
        self._parts.backup_codes.put(BackupCodeSetRecord(id=set_id, user_id=user.id, salt=salt, digests=digests, created_at=now))
        self._parts.throttle.bind(code_counter(user.id, Factor.BACKUP_CODE), actor=actor, subject=user.id)
        return BackupCodes(codes, user.email)


def _told(left: int) -> str:
    """Return what the notice says; where few are left it asks for new ones."""
    count = "no backup code is" if left == 0 else "one backup code is" if left == 1 else f"{left} backup codes are"
    return f"a backup code was used, and {count} left" + (": make new ones" if left <= FEW else "")
