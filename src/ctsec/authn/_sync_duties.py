# Generated from src/ctsec/authn/_async_duties.py by tools/twin.py; edit that file.
"""What a sign-in owes after all that it was asked for was proved: a first second factor, or a longer password (async source).

Rules that this module keeps:

- a person without a second factor, of whom an organization requires one after its grace, gets no session: the sign-in ends in a ticket
  that enrols one and does nothing else, whatever other organizations the person belongs to;
- a sign-in through a connection owes a factor to the connection's organization alone, and its ticket enrols an app, which is no way in;
- a password of fewer than 15 characters was set while a second factor was enforced; where that is not so any more, a sign-in with it ends
  in a ticket that sets another one;
- nothing that was charged is forgiven before the session exists; what it has disabled ends the journey.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.event import EventName, Target
from ctsec.authn._sync_passwords import PasswordVault
from ctsec.authn._sync_ports import Requirements, SecondFactors
from ctsec.authn.journey import TICKET_LIFE, Duty, EnrolmentRequired, MfaRequired, PasswordChangeRequired
from ctsec.authn.record import Session, assurance_level
from ctsec.authn.ticket import MOMENT, Passage
from ctsec.guard._sync import Throttle
from ctsec.guard._sync_ports import ProofRecords
from ctsec.guard.attempts import Charge
from ctsec.guard.proof import Proof, Purpose, mint_token
from ctsec.ids import OrganizationId, UserId
from ctsec.principal import SECOND_FACTORS, Factor, anonymous
from ctsec.secret import SecretText
from ctsec.user import User

_PAST_SECOND: Final = SECOND_FACTORS | {Factor.TRUSTED_DEVICE.value}


class Duties:
    """Decides what a sign-in owes, and parks it in a ticket until that is done."""

    __slots__ = ("_ambient", "_audit", "_factors", "_passwords", "_proofs", "_requirements", "_throttle")

    def __init__(
        self,
        *,
        requirements: Requirements,
        factors: SecondFactors,
        passwords: PasswordVault,
        throttle: Throttle,
        proofs: ProofRecords,
        audit: Recorder,
        ambient: Ambient,
    ) -> None:
        self._requirements = requirements
        self._factors = factors
        self._passwords = passwords
        self._throttle = throttle
        self._proofs = proofs
        self._audit = audit
        self._ambient = ambient

    def owed(
        self, user: User, *, factors: Mapping[str, datetime], charges: tuple[Charge, ...], set_at: str
    ) -> MfaRequired | EnrolmentRequired | PasswordChangeRequired | None:
        """Return the step that a sign-in with these proofs ends in, or None if a session may start; `set_at` is of the password."""
        enrolled = bool(self._factors.enrolled(user.id)) if assurance_level(factors) < 2 else None
        if enrolled and _PAST_SECOND.isdisjoint(factors):
            # It was enrolled since the first step was judged, which ended the sessions that there were.
            return self.second_step(user, factors=factors, charges=charges, codes=(), set_at=set_at)
        if enrolled is False and self._enforced(user.id):
            return EnrolmentRequired(self._park(user, Duty.ENROL, factors, charges, set_at=set_at), self._ends())
        if Factor.PASSWORD.value in factors and self._passwords.is_short(user.id) and not self.short_allowed(user.id):
            return PasswordChangeRequired(self._park(user, Duty.PASSWORD, factors, charges, set_at=set_at), self._ends())
        return None

    def enforces(self, organization: OrganizationId, user_id: UserId) -> bool:
        """Say whether an organization refuses to let a person go without a second factor, now."""
        due = (self._requirements.due(user_id)).get(organization)
        return due is not None and due <= self._ambient.now()

    def enrolment(self, user: User, *, factors: Mapping[str, datetime], passage: Passage) -> EnrolmentRequired:
        """Return the step that ends a sign-in through a connection by somebody who owes its organization a second factor."""
        ticket = self._park(user, Duty.ENROL, factors, (), passage=passage)
        return EnrolmentRequired(ticket, self._ends(), factors=(Factor.TOTP,))

    def second_step(
        self, user: User, *, factors: Mapping[str, datetime], charges: tuple[Charge, ...], codes: tuple[SecretText, ...], set_at: str
    ) -> MfaRequired:
        """Return the step of a person who has just enrolled a passkey, which has not signed yet; `codes` are shown with it."""
        enrolled = self._factors.enrolled(user.id)
        ticket = self._park(user, Duty.SIGN, factors, charges, set_at=set_at)
        return MfaRequired(ticket, tuple(sorted(enrolled)), self._ends(), codes)

    def due(self, user_id: UserId, *, factors: Mapping[str, datetime]) -> datetime | None:
        """Return from when on an organization of the person refuses a session with these proofs, or None if none does."""
        return None if assurance_level(factors) >= 2 else min((self._requirements.due(user_id)).values(), default=None)

    def entered_from(self, session: Session) -> datetime | None:
        """Return from when on an organization of the person refuses this session for it did not come through its provider, or None."""
        if session.connection_id is not None:
            return None
        return min((self._requirements.entered_from(session.user_id)).values(), default=None)

    def short_allowed(self, user_id: UserId) -> bool:
        """Say whether a password of 8 characters will do: there is a confirmed second factor, and it is enforced without grace."""
        return bool(self._factors.enrolled(user_id)) and self._enforced(user_id)

    def _enforced(self, user_id: UserId) -> bool:
        now = self._ambient.now()
        return any(due <= now for due in (self._requirements.due(user_id)).values())

    def _ends(self) -> datetime:
        return self._ambient.now() + TICKET_LIFE

    def _park(
        self,
        user: User,
        duty: Duty,
        factors: Mapping[str, datetime],
        charges: tuple[Charge, ...],
        *,
        set_at: str = "",
        passage: Passage | None = None,
    ) -> SecretText:
        for each in charges:
            self._throttle.failed(each, subject=user.id)
        ticket, digest = mint_token(random=self._ambient.random)
        keys = [record.key for each in charges for record in each.records]
        blocks = [each.block for each in charges if each.block is not None]
        claims = {
            "duty": duty.value,
            "counters": "\n".join(keys),
            "blocks": "\n".join(blocks),
            "set_at": set_at,
            **{f"factor:{name}": at.isoformat() for name, at in factors.items()},
        }
        # What a second step reads: a passkey that was enrolled with this sign-in is proved in one.
        claims |= {MOMENT[factor]: factors[factor.value].isoformat() for factor in MOMENT if factor.value in factors}
        claims |= {"counter": keys[0] if keys else "", "block": blocks[0] if blocks else ""}
        claims |= passage.as_claims() if passage is not None else {}
        proof = Proof(
            purpose=Purpose.SIGN_IN_TICKET,
            digest=digest,
            subject=user.id,
            issued_at=self._ambient.now(),
            expires_at=self._ends(),
            claims=claims,
        )
        self._proofs.issue((proof,))
        self._audit.note_aside(
            EventName.USER_SIGN_IN_STARTED,
            actor=anonymous(),
            targets=(Target("user", user.id),),
            subject=user.id,
            details={"factors": tuple(factors), "owes": duty.value},
        )
        return ticket
