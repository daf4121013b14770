# Generated from src/ctsec/sso/_async_glass.py by tools/twin.py; edit that file.
"""Break-glass codes: made by owners, and redeemed by one whose organization is entered through a provider that fails (async source).

Rules that this module keeps:

- an owner makes a set with a second factor proved just now; it is shown once and stored as backup codes are; a new set voids the old one;
- a code is redeemed in a session of the account that proved its password and its second factor just now, by a person who is an owner then;
  an attempt is counted before the code is compared, and a code is consumed by one compare-and-set before it counts;
- it lets that session use the settings of single sign-on of that organization for an hour, and nothing else there;
- used or refused, it is an event that the host's rollback does not take back, and every owner is told by mail.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.event import Detail, EventName, Target
from ctsec.directory.record import Membership, MembershipStatus
from ctsec.errors import StoreBusy
from ctsec.guard._sync import Throttle
from ctsec.guard._sync_ports import ProofRecords
from ctsec.guard.attempts import Charge
from ctsec.guard.counters import glass_counter
from ctsec.guard.proof import Proof, Purpose
from ctsec.ids import GlassCodeSetId, OrganizationId, SessionId, UserId, new_id
from ctsec.mfa.backup_codes import generate, match_digest, normalise, slot_digest
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import FRESH, SESSIONS, CredentialKind, Factor, Principal
from ctsec.rbac.role import OWNER
from ctsec.sso._sync_ports import (
    GlassAlarm,
    GlassSessions,
    GlassStretcher,
    SsoEpochs,
    SsoMemberships,
    SsoOrganizations,
    SsoRights,
)
from ctsec.sso._sync_record_ports import EntranceRecords, GlassCodeRecords
from ctsec.sso.entrance import GLASS_LIFE, GlassCodes, GlassCodeSet

_NO_ORGANIZATION: Final = Refusal(Reason.NOT_FOUND, "there is no such organization")
_OWN_SESSION: Final = Refusal(Reason.NOT_AUTHENTICATED, "sign in with your own account first")
_OWNERS_ONLY: Final = Refusal(Reason.DENIED, "only an owner of the organization has break-glass codes")
_WRONG: Final = Refusal(Reason.INVALID_CODE, "the code is not right")
_USED: Final = Refusal(Reason.CODE_ALREADY_USED, "the break-glass code was used before")
_WHOLE: Final = Refusal(Reason.CONFLICT, "nothing is to be broken: sessions of accounts are let in")
_STEP_UP: Final = Refusal(Reason.STEP_UP_REQUIRED, "prove your second factor again to make break-glass codes", max_age=FRESH)
_SIGN_IN: Final = Refusal(
    Reason.STEP_UP_REQUIRED, "sign in again with your password and your second factor, and use the code within ten minutes", max_age=FRESH
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GlassParts:
    """What codes are kept in, compared with and told by."""

    entrances: EntranceRecords
    codes: GlassCodeRecords
    sessions: GlassSessions
    memberships: SsoMemberships
    organizations: SsoOrganizations
    rights: SsoRights
    epochs: SsoEpochs
    proofs: ProofRecords
    stretcher: GlassStretcher
    throttle: Throttle
    alarm: GlassAlarm


class Glass:
    """The codes with which owners come to the settings of single sign-on when nobody comes in through the provider."""

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: GlassParts, *, audit: Recorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    def make(self, actor: Principal, *, organization: OrganizationId) -> Outcome[GlassCodes]:
        """Return ten fresh codes of the actor, an owner, which void the earlier ones. Reasons: DENIED, STEP_UP_REQUIRED, SSO_REQUIRED."""
        now, user = self._ambient.now(), UserId(actor.id)
        refusal = self._parts.rights.may_destroy(actor, organization=organization)
        if refusal is not None and refusal.reason is Reason.DENIED:
            refusal = _OWNERS_ONLY
        if refusal is None and not (actor.credential.kind in SESSIONS and actor.credential.second_factor_fresh(now=now)):
            refusal = _STEP_UP
        if refusal is not None:
            return self._refuse(actor, organization, refusal, attempted="sso.glass_codes")
        codes = generate(random=self._ambient.random)
        set_id = new_id(GlassCodeSetId, now=now, random=self._ambient.random)
        salt = self._parts.stretcher.new_salt(random=self._ambient.random)
        digests = tuple([self._parts.stretcher.stretch(normalise(code.reveal()) or b"", salt) for code in codes])
        before = self._parts.codes.get(organization, user)
        if before is not None:
            self._parts.proofs.void(Purpose.GLASS_CODE, before.id, now=now)
        slots = [slot_digest(set_id, slot) for slot in range(len(codes))]
        self._parts.proofs.issue(
            tuple(Proof(purpose=Purpose.GLASS_CODE, digest=each, subject=set_id, issued_at=now, expires_at=None) for each in slots)
        )
        made = GlassCodeSet(id=set_id, organization_id=organization, user_id=user, salt=salt, digests=digests, created_at=now)
        self._parts.codes.put(made)
        self._parts.throttle.bind(glass_counter(user, organization), actor=actor, subject=user)
        self._note(EventName.SSO_GLASS_CODES_CREATED, actor, organization, {"codes": len(codes)})
        return GlassCodes(codes=codes)

    def redeem(self, principal: Principal, *, organization: OrganizationId, code: str) -> Outcome[datetime]:
        """Let this session use the settings of single sign-on, and return until when.

        Reasons: NOT_AUTHENTICATED for what is no session of the account, NOT_FOUND, CONFLICT where nothing is required, STEP_UP_REQUIRED,
        DENIED for who is no owner (any more), INVALID_CODE, CODE_ALREADY_USED, THROTTLED, LOCKED.
        """
        if principal.credential.kind is not CredentialKind.SESSION:
            return _OWN_SESSION
        user, now = UserId(principal.id), self._ambient.now()
        known = self._parts.organizations.lock(organization)
        member = self._parts.memberships.get(organization, user, fresh=True) if known else None
        if member is None or member.status is not MembershipStatus.ACTIVE:
            return _NO_ORGANIZATION
        due = self._parts.entrances.required_from(organization, fresh=True)
        early = _WHOLE if due is None or now < due else None if _proved(principal, now=now) else _SIGN_IN
        if early is not None:
            return self._refuse(principal, organization, early, attempted="sso.break_glass")
        charge = self._parts.throttle.charge(glass_counter(user, organization))
        if isinstance(charge, Refusal):
            return self._refused(principal, organization, charge)
        refusal = _OWNERS_ONLY if not _owns(member, now=now) else self._glass_slot(user, organization, code)
        if refusal is not None:
            self._parts.throttle.failed(charge, subject=user)
            self._parts.alarm.code_presented(organization, user=user, until=None)
            return self._refused(principal, organization, refusal)
        return self._broken(principal, organization, charge)

    def left(self, user: UserId, *, organization: OrganizationId) -> int:
        """Return how many codes of a person's set were not used yet."""
        current = self._parts.codes.get(organization, user)
        return 0 if current is None else len(self._parts.proofs.live(Purpose.GLASS_CODE, current.id, now=self._ambient.now()))

    def _glass_slot(self, user: UserId, organization: OrganizationId, code: str) -> Refusal | None:
        current, text = self._parts.codes.get(organization, user), normalise(code)
        if current is None or text is None:
            return _WRONG
        slot = match_digest(self._parts.stretcher.stretch(text, current.salt), record=current)
        if slot is None:
            return _WRONG
        taken = self._parts.proofs.consume(Purpose.GLASS_CODE, slot_digest(current.id, slot), now=self._ambient.now())
        return None if taken else _USED

    def _broken(self, principal: Principal, organization: OrganizationId, charge: Charge) -> Outcome[datetime]:
        now = self._ambient.now()
        session = self._parts.sessions.get(SessionId(principal.credential.id))
        if session is None or not session.live(now=now):
            return _OWN_SESSION
        until = now + GLASS_LIFE
        after = replace(session, glass_organization_id=organization, glass_until=until, version=session.version + 1)
        if not self._parts.sessions.replace(after):
            raise StoreBusy("the session was changed meanwhile; use another code")
        self._parts.epochs.bump(principal.id)
        self._parts.throttle.settle(charge)
        self._parts.alarm.code_presented(organization, user=UserId(principal.id), until=until)
        # Aside, since the code is used whatever becomes of the transaction; and in it, with the change of the session.
        for note, name in ((self._audit.note_aside, EventName.SSO_BREAK_GLASS_USED), (self._audit.note, EventName.SSO_SETTINGS_OPENED)):
            note(
                name,
                actor=principal,
                targets=(Target("session", session.id),),
                subject=UserId(principal.id),
                organization=organization,
                details={"until": until.isoformat()},
            )
        return until

    def _refused(self, principal: Principal, organization: OrganizationId, refusal: Refusal) -> Refusal:
        self._audit.note_aside(
            EventName.SSO_BREAK_GLASS_REFUSED,
            actor=principal,
            targets=(Target("session", principal.credential.id),),
            subject=UserId(principal.id),
            refused=refusal.reason,
            organization=organization,
        )
        return refusal

    def _refuse(self, actor: Principal, organization: OrganizationId, refusal: Refusal, *, attempted: str) -> Refusal:
        self._audit.note_aside(
            EventName.ACCESS_DENIED,
            actor=actor,
            targets=(Target("organization", organization),),
            refused=refusal.reason,
            organization=organization,
            details={"attempted": attempted},
        )
        return refusal

    def _note(self, name: EventName, actor: Principal, organization: OrganizationId, details: dict[str, Detail]) -> None:
        self._audit.note(
            name, actor=actor, targets=(Target("user", actor.id),), subject=UserId(actor.id), organization=organization, details=details
        )


def _proved(principal: Principal, *, now: datetime) -> bool:
    """Say whether password and second factor were proved just now, in this session."""
    return principal.credential.fresh(Factor.PASSWORD.value, now=now) and principal.credential.second_factor_fresh(now=now)


def _owns(member: Membership, *, now: datetime) -> bool:
    """Say whether somebody is an owner now."""
    begun = member.starts_at is None or member.starts_at <= now
    return member.role == OWNER and begun and (member.expires_at is None or now < member.expires_at)
