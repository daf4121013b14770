# Generated from src/ctsec/recovery/_async_cases.py by tools/twin.py; edit that file.
"""What resets of both kinds have in common: opened and told, canceled, and carried out when they are due (async source).

Rules that this module keeps:

- at every known address the person is told when a reset is asked for, with a link that cancels it, and when it is carried out or canceled;
- everything that was true when it was asked for is asked again when it is carried out, with locking reads, and a no cancels it;
- the trail of the account, the reset, the removed factors and the ended sessions are one transaction with the event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.event import Detail, EventName, Target
from ctsec.encryption._sync_ports import Sealer
from ctsec.errors import StoreBusy
from ctsec.guard._sync import Throttle
from ctsec.guard._sync_ports import ProofRecords
from ctsec.guard.proof import Proof, Purpose, mint_token
from ctsec.ids import OrganizationId, RecoveryId, UserId, new_id
from ctsec.mail.message import Letters
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Credential, CredentialKind, Principal, PrincipalKind
from ctsec.recovery._sync_ports import (
    Accounts,
    Administrators,
    Belonging,
    FactorControl,
    PasswordTimes,
    Post,
    RecoveryRecords,
    SessionControl,
    TermsRecords,
    TrailRecords,
)
from ctsec.recovery.record import Recovery, RecoveryPolicy, RecoveryState, Trail, words_context
from ctsec.recovery.separation import factors_reset, reset_refusal, takes_two, written
from ctsec.user import User, UserStatus

FORMER_LIFE: Final = timedelta(days=90)
NOT_FOUND: Final = Refusal(Reason.NOT_FOUND, "there is no such reset")
OVER: Final = Refusal(Reason.CONFLICT, "this reset was decided, carried out or canceled already")
NO_ACCOUNT: Final = Refusal(Reason.NOT_FOUND, "there is no active account with this id")
ELSEWHERE: Final = Refusal(
    Reason.SUPPORT_REQUIRED, "the person's address is of no domain that you have verified, or belongs elsewhere too; open a support case"
)
_EXPIRED: Final = Refusal(Reason.EXPIRED, "this reset has waited too long; ask for it again")
_ALONE: Final = Refusal(
    Reason.SUPPORT_REQUIRED, "one person alone can not decide this reset; let a second one approve it, or ask the support"
)
_MOVED: Final = "the account or its reset was changed by somebody else meanwhile; roll back and try again"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryParts:
    """What recovery works with."""

    records: RecoveryRecords
    trails: TrailRecords
    terms: TermsRecords
    accounts: Accounts
    factors: FactorControl
    passwords: PasswordTimes
    sessions: SessionControl
    belonging: Belonging
    administrators: Administrators
    throttle: Throttle
    proofs: ProofRecords
    sealer: Sealer
    post: Post
    letters: Letters
    policy: RecoveryPolicy


class Cases:
    """Resets of both kinds; who may decide them is the business of the services around it."""

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: RecoveryParts, *, audit: Recorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    def resettable(self, user_id: UserId) -> Outcome[tuple[User, Trail | None]]:
        """Return the account whose second factors may be reset now, with its trail, or why they may not."""
        now = self._ambient.now()
        user = self._parts.accounts.get(user_id)
        if user is None or user.status is not UserStatus.ACTIVE:
            return NO_ACCOUNT
        trail = self._parts.trails.get(user_id)
        held = trail is not None and trail.factors_reset_at is not None and trail.password_proved_at is None
        if not held and not self._parts.factors.enrolled(user_id):
            return Refusal(Reason.MFA_NOT_ENROLLED, "there is no second factor to reset")
        if self._parts.records.pending(user_id, now=now):
            return Refusal(Reason.CONFLICT, "a reset for this person is under way already")
        refusal = reset_refusal(trail, now=now, separation=self._parts.policy.separation)
        return refusal if refusal is not None else (user, trail)

    def takes_two(self, user: User, trail: Trail | None) -> bool:
        """Say whether one person alone may not reset this account's second factors."""
        return takes_two(trail, has_password=bool(self._parts.passwords.set_at(user.id)))

    def made(
        self, user: User, *, by: Principal, organization: OrganizationId | None, words: bytes, delay: timedelta, state: RecoveryState
    ) -> Recovery:
        """Write a reset that waits `delay` from now on."""
        now = self._ambient.now()
        recovery_id = new_id(RecoveryId, now=now, random=self._ambient.random)
        recovery = Recovery(
            id=recovery_id,
            organization_id=organization,
            user_id=user.id,
            state=state,
            sealed=self._parts.sealer.seal(words, context=words_context(recovery_id)),
            requested_by=by.id,
            requested_at=now,
            due_at=now + delay,
            expires_at=now + delay + self._parts.policy.request_life,
        )
        self._parts.records.add(recovery)
        return recovery

    def words(self, recovery: Recovery) -> bytes:
        """Return the words that were sealed for a reset."""
        return self._parts.sealer.open(recovery.sealed, context=words_context(recovery.id))

    def announce(self, recovery: Recovery, user: User, *, who: str) -> None:
        """Tell the person at every known address what was asked for, each with a link of its own that cancels it."""
        now = self._ambient.now()
        for address in self._addresses(user):
            token, digest = mint_token(random=self._ambient.random)
            proof = Proof(
                purpose=Purpose.RECOVERY_CANCEL,
                digest=digest,
                subject=recovery.id,
                issued_at=now,
                expires_at=recovery.expires_at,
            )
            self._parts.proofs.issue((proof,))
            self._parts.post.post(self._parts.letters.recovery.requested(address, token, who=who, due=recovery.due_at))

    def approved(self, recovery_id: RecoveryId, *, by: Principal) -> Outcome[Recovery]:
        """Write the approval of a second person; CONFLICT if it is not waiting for one, EXPIRED if it has waited too long."""
        recovery, now = self._parts.records.get(recovery_id, fresh=True), self._ambient.now()
        if recovery is None:
            return NOT_FOUND
        if recovery.state is not RecoveryState.REQUESTED:
            return OVER
        if not recovery.pending(now):
            return _EXPIRED
        after = replace(recovery, state=RecoveryState.APPROVED, approved_by=by.id, approved_at=now)
        return after if self._parts.records.change(after, before=RecoveryState.REQUESTED) else OVER

    def cancel(self, recovery_id: RecoveryId, *, by: Principal, why: str, personal: Mapping[str, str] | None = None) -> Outcome[Recovery]:
        """End a pending reset before it is carried out, and tell the person; CONFLICT if it is over."""
        recovery, now = self._parts.records.get(recovery_id, fresh=True), self._ambient.now()
        if recovery is None:
            return NOT_FOUND
        if recovery.state not in {RecoveryState.REQUESTED, RecoveryState.APPROVED}:
            return OVER
        after = replace(recovery, state=RecoveryState.CANCELED, ended_by=by.id, ended_at=now)
        if not self._parts.records.change(after, before=recovery.state):
            return OVER
        self._parts.proofs.void(Purpose.RECOVERY_CANCEL, recovery.id, now=now)
        user = self._parts.accounts.get(recovery.user_id)
        if user is not None:
            for address in self._addresses(user):
                self._parts.post.post(self._parts.letters.notice(address, what="the reset of its second factors was canceled"))
        name = EventName.SUPPORT_CASE_CANCELED if recovery.organization_id is None else EventName.MFA_RESET_CANCELED
        self.note(name, after, by=by, details={"why": why}, personal=personal)
        return after

    def carry_out(self, recovery_id: RecoveryId, *, by: Principal) -> Outcome[Recovery]:
        """Reset the second factors if the reset is approved and due and nothing speaks against it; else say what does.

        ON_HOLD before it is due. What speaks against a due one, or its age, cancels it.
        """
        seen = self._parts.records.get(recovery_id)
        if seen is None:
            return NOT_FOUND
        refusal = self._still(seen)
        recovery, now = self._parts.records.get(recovery_id, fresh=True), self._ambient.now()
        if recovery is None or recovery.state not in {RecoveryState.REQUESTED, RecoveryState.APPROVED}:
            return OVER
        if not recovery.pending(now):
            refusal = _EXPIRED
        elif recovery.state is RecoveryState.REQUESTED:
            return Refusal(Reason.ON_HOLD, "this reset waits for its approval")
        elif now < recovery.due_at:
            return Refusal(Reason.ON_HOLD, "this reset is not due yet", recovery.due_at - now)
        user, trail = self._parts.accounts.get(recovery.user_id), self._parts.trails.get(recovery.user_id)
        if refusal is None:
            refusal = self._judge(recovery, user, trail)
        if refusal is not None or user is None:
            reason = refusal.reason if refusal is not None else Reason.NOT_FOUND
            self.cancel(recovery.id, by=by, why=reason.value)
            return refusal if refusal is not None else NO_ACCOUNT
        return self._reset(recovery, user, trail, by=by)

    def note(
        self,
        name: EventName,
        recovery: Recovery,
        *,
        by: Principal,
        details: Mapping[str, Detail] | None = None,
        personal: Mapping[str, str] | None = None,
    ) -> None:
        """Write the event of a reset, into the log of its organization or the deployment's."""
        self._audit.note(
            name,
            actor=by,
            targets=(Target("recovery", recovery.id),),
            subject=recovery.user_id,
            organization=recovery.organization_id,
            details={"due_at": recovery.due_at.isoformat(), **(details or {})},
            personal=personal,
        )

    def refuse(
        self, refusal: Refusal, *, by: Principal, user: UserId | None, organization: OrganizationId | None, attempted: str
    ) -> Refusal:
        """Write a refusal aside, so that no rollback takes it away, and return it."""
        self._audit.note_aside(
            EventName.ACCESS_DENIED,
            actor=by,
            targets=(Target("user", user),) if user is not None else (),
            refused=refusal.reason,
            organization=organization,
            details={"attempted": attempted},
        )
        return refusal

    def _still(self, recovery: Recovery) -> Refusal | None:
        """Return why those who decided a reset may not do so any more, or None; locks the organization."""
        organization = recovery.organization_id
        if organization is None:
            return None
        for decider in (recovery.requested_by, recovery.approved_by):
            if decider is not None:
                account = self._parts.accounts.get(UserId(decider))
                if account is None or account.status is not UserStatus.ACTIVE:
                    return Refusal(Reason.DENIED, "who decided this reset has no active account any more")
                refusal = self._parts.administrators.may_reset(_acting(decider), organization=organization, user=recovery.user_id)
                if refusal is not None:
                    return refusal
        return None

    def _judge(self, recovery: Recovery, user: User | None, trail: Trail | None) -> Refusal | None:
        if user is None or user.status is not UserStatus.ACTIVE:
            return NO_ACCOUNT
        refusal = reset_refusal(trail, now=self._ambient.now(), separation=self._parts.policy.separation)
        if refusal is not None:
            return refusal
        if recovery.organization_id is not None and not self._parts.belonging.vouches(recovery.organization_id, user):
            return ELSEWHERE
        return _ALONE if recovery.deciders < 2 and self.takes_two(user, trail) else None

    def _reset(self, recovery: Recovery, user: User, trail: Trail | None, *, by: Principal) -> Recovery:
        now = self._ambient.now()
        after = replace(recovery, state=RecoveryState.DONE, ended_by=by.id, ended_at=now)
        marked = written(trail, factors_reset(trail or Trail(user_id=user.id), now=now, deciders=recovery.deciders))
        if not self._parts.trails.put(marked) or not self._parts.records.change(after, before=RecoveryState.APPROVED):
            raise StoreBusy(_MOVED)
        had = self._parts.factors.remove_all(user.id, actor=by)
        self._parts.sessions.revoke_others(user.id, keep=None)
        for purpose, subject in (
            (Purpose.PASSWORD_RESET, user.id),
            (Purpose.EMAIL_CHANGE, user.id),
            (Purpose.RECOVERY_CANCEL, recovery.id),
        ):
            self._parts.proofs.void(purpose, subject, now=now)
        until = now + self._parts.policy.separation
        for address in self._addresses(user):
            self._parts.post.post(self._parts.letters.recovery.done(address, until=until))
        details: Mapping[str, Detail] = {
            "factors": tuple(sorted(had)),
            "requested_by": recovery.requested_by,
            "approved_by": recovery.approved_by,
        }
        self.note(EventName.MFA_RESET, after, by=by, details=details)
        return after

    def _addresses(self, user: User) -> tuple[str, ...]:
        """Return the address of an account, and the one that it had until some weeks ago."""
        trail = self._parts.trails.get(user.id)
        if trail is None or trail.address_changed_at is None or not trail.former_address:
            return (user.email,)
        known = self._ambient.now() < trail.address_changed_at + FORMER_LIFE
        return (user.email, trail.former_address) if known and trail.former_address != user.email else (user.email,)


def _acting(user_id: str) -> Principal:
    """Return who decided a reset, as judged again when it is carried out."""
    credential = Credential(kind=CredentialKind.INTERNAL, id="recovery")
    return Principal(id=user_id, kind=PrincipalKind.USER, credential=credential)
