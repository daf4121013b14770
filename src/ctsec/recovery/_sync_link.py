# Generated from src/ctsec/recovery/_async_link.py by tools/twin.py; edit that file.
"""What no administrator and no operator does: the person cancels by a mailed link, and what is due is carried out (async source)."""

from __future__ import annotations

from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.event import EventName
from ctsec.guard.proof import Purpose, check_proof, token_digest
from ctsec.ids import RecoveryId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import anonymous, system
from ctsec.recovery._sync_cases import Cases, RecoveryParts
from ctsec.recovery.record import Recovery

MAX_DUE: Final = 100
_INVALID: Final = Refusal(Reason.INVALID_TOKEN, "the link is not valid any more; the reset is over")


class Recoveries:
    """Resets of both kinds, on their way."""

    __slots__ = ("_ambient", "_audit", "_cases", "_parts")

    def __init__(self, parts: RecoveryParts, *, audit: Recorder, ambient: Ambient) -> None:
        self._parts = parts
        self._cases = Cases(parts, audit=audit, ambient=ambient)
        self._audit = audit
        self._ambient = ambient

    def cancel(self, *, token: str) -> Outcome[Recovery]:
        """Cancel a reset with the token of its mail, once; nobody has to sign in for it."""
        charge = self._parts.throttle.charge_address()
        if isinstance(charge, Refusal):
            return self._refuse(charge)
        digest, now = token_digest(token), self._ambient.now()
        if isinstance(digest, Refusal):
            return self._refuse(_INVALID)
        proof = check_proof(self._parts.proofs.peek(Purpose.RECOVERY_CANCEL, digest), now=now)
        if isinstance(proof, Refusal):
            return self._refuse(proof)
        if not self._parts.proofs.consume(Purpose.RECOVERY_CANCEL, digest, now=now):
            return self._refuse(Refusal(Reason.CODE_ALREADY_USED, "the link was used before"))
        canceled = self._cases.cancel(RecoveryId(proof.subject), by=anonymous(), why="link")
        if isinstance(canceled, Refusal):
            return self._refuse(_INVALID)
        self._parts.throttle.settle(charge)
        return canceled

    def carry_out(self, recovery: RecoveryId) -> Outcome[Recovery]:
        """Carry out a reset that is approved and due, in the name of the system; the worker does it by itself.

        Nothing else is carried out: ON_HOLD with `retry_after` before it is due. What speaks against it by now cancels it, and is returned.
        """
        return self._cases.carry_out(recovery, by=system("recovery"))

    def due(self, *, limit: int = MAX_DUE) -> tuple[RecoveryId, ...]:
        """Return what is to be carried out now, or has waited too long, the oldest first."""
        return self._parts.records.due(now=self._ambient.now(), limit=min(limit, MAX_DUE))

    def _refuse(self, refusal: Refusal) -> Refusal:
        details = {"purpose": Purpose.RECOVERY_CANCEL.value}
        self._audit.note_aside(EventName.TOKEN_REFUSED, actor=anonymous(), refused=refusal.reason, details=details)
        return refusal
