# Generated from src/ctsec/authn/_async_sessions.py by tools/twin.py; edit that file.
"""Sessions: started by one function, listed, narrowed to an organization, and ended (async source)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.event import EventName, Target
from ctsec.authn._sync_ports import (
    AccountRecords,
    DeviceRecords,
    EpochRecords,
    Memberships,
    Requirements,
    SessionConnections,
    SessionRecords,
)
from ctsec.authn.record import Session, SessionPolicy, assurance_level
from ctsec.authn.session_token import check_session, mint_session_token, parse_session_token
from ctsec.authn.ticket import Passage
from ctsec.guard._sync_ports import ProofRecords
from ctsec.guard.proof import Purpose
from ctsec.ids import OrganizationId, SessionId, UserId, new_id
from ctsec.operators import Operator
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import PARTIAL, SESSIONS, CredentialKind, Factor, Principal
from ctsec.secret import SecretText
from ctsec.user import User

_NO_SESSION = Refusal(Reason.NOT_AUTHENTICATED, "sign in first")


class Sessions:
    """The sessions of people."""

    __slots__ = (
        "_accounts",
        "_ambient",
        "_audit",
        "_connections",
        "_devices",
        "_epochs",
        "_memberships",
        "_policy",
        "_proofs",
        "_records",
        "_requirements",
    )  # fmt: skip

    def __init__(
        self,
        *,
        records: SessionRecords,
        accounts: AccountRecords,
        memberships: Memberships,
        requirements: Requirements,
        epochs: EpochRecords,
        proofs: ProofRecords,
        devices: DeviceRecords,
        connections: SessionConnections,
        policy: SessionPolicy,
        audit: Recorder,
        ambient: Ambient,
    ) -> None:
        self._records = records
        self._accounts = accounts
        self._memberships = memberships
        self._requirements = requirements
        self._epochs = epochs
        self._proofs = proofs
        self._devices = devices
        self._connections = connections
        self._policy = policy
        self._audit = audit
        self._ambient = ambient

    def start(self, user: User, *, factors: Mapping[str, datetime], passage: Passage | None = None) -> tuple[Session, SecretText]:
        """Write a session for a person who proved `factors` (each at its moment), and return it with its token.

        Only the end of the sign-in journey calls this: it has checked the person's live state. One with a `passage` counts in its
        organization alone.
        """
        now = self._ambient.now()
        session_id = new_id(SessionId, now=now, random=self._ambient.random) if passage is None else passage.session
        token, digest = mint_session_token(session_id, random=self._ambient.random)
        aal = assurance_level(factors)
        # Who has a second factor does not get the longer session by leaving it out.
        absolute, idle = self._policy.life(aal=2 if Factor.TRUSTED_DEVICE in factors else aal)
        session = Session(
            id=session_id,
            user_id=user.id,
            secret_digest=digest,
            created_at=now,
            last_seen_at=now,
            idle_seconds=int(idle.total_seconds()),
            expires_at=now + absolute if passage is None else min(now + absolute, passage.ends_at),
            aal=aal,
            factors=factors,
            organization_id=self._memberships.first_organization(user.id) if passage is None else passage.organization,
            user_agent=self._ambient.request.user_agent[:256],
            address=self._ambient.request.address[:64],
            connection_id=None if passage is None else passage.connection,
        )
        self._make_room(user.id)
        self._records.add(session)
        return session, token

    def authenticate(self, token: str) -> Outcome[Principal]:
        """Return the principal that a session token proves now, read from the store."""
        presented = parse_session_token(token)
        if isinstance(presented, Refusal):
            return presented
        session = self._records.get(presented.session_id)
        user = self._accounts.get(session.user_id) if session is not None else None
        now = self._ambient.now()
        until = self._connections.carried_until(session) if session is not None and session.connection_id is not None else None
        return check_session(presented, session=session, user=user, connected=until is not None and now < until, now=now)

    def rotate(self, session_id: SessionId, factor: Factor) -> Outcome[tuple[Session, SecretText]]:
        """Note that `factor` was proved now and give the session a new token: assurance rose, so the old token ends."""
        session = self._live(session_id)
        if session is None:
            return _NO_SESSION
        token, digest = mint_session_token(session.id, random=self._ambient.random)
        after = replace(self._with_factor(session, factor), secret_digest=digest)
        if not self._records.replace(after):
            return _NO_SESSION
        self._epochs.bump(session.user_id)
        return after, token

    def raise_assurance(self, session_id: SessionId, factor: Factor) -> SecretText | None:
        """Do what `rotate` does and return the new token alone; None if the session is not live."""
        rotated = self.rotate(session_id, factor)
        return None if isinstance(rotated, Refusal) else rotated[1]

    def of(self, user_id: UserId) -> tuple[Session, ...]:
        """Return the live sessions of a person."""
        now = self._ambient.now()
        return tuple(session for session in self._records.of_user(user_id) if session.live(now=now))

    def revoke(self, principal: Principal, session_id: SessionId) -> Outcome[bool]:
        """End one of the principal's own sessions; False if it was not live, or another person's."""
        return bool(self._end(principal, session_id, keep=None))

    def sign_out(self, principal: Principal) -> Outcome[bool]:
        """End the session that this request came with."""
        if principal.credential.kind not in SESSIONS:
            return _NO_SESSION
        return bool(self._end(principal, SessionId(principal.credential.id), keep=None))

    def sign_out_everywhere(self, principal: Principal, *, keep_this: bool = False) -> int:
        """End every session of the person, or every other one, trust in devices, and begun sign-ins; return how many sessions ended."""
        keep = SessionId(principal.credential.id) if keep_this and principal.credential.kind is CredentialKind.SESSION else None
        return self._end(principal, None, keep=keep)

    def end_all(self, operator: Operator, user_id: UserId) -> Outcome[int]:
        """End every session of a person, trust in devices and begun sign-ins, in the name of who runs the deployment; return how many.

        Whoever knows a factor can sign in again: a password that others know is withdrawn, an account that must not be used disabled.
        NOT_FOUND for nobody's id.
        """
        if self._accounts.get(user_id) is None:
            refusal = Refusal(Reason.NOT_FOUND, "there is no such account")
            self._audit.note_aside(
                EventName.ACCESS_DENIED,
                actor=operator.principal,
                targets=(Target("user", user_id),),
                refused=refusal.reason,
                details={"attempted": "sessions.end_all"},
            )
            return refusal
        ended = self.revoke_others(user_id, keep=None)
        self._audit.note(
            EventName.SESSION_REVOKED,
            actor=operator.principal,
            targets=(Target("session", "all"),),
            subject=user_id,
            details={"ended": ended},
            personal={"reason": operator.reason},
        )
        return ended

    def revoke_others(self, user_id: UserId, *, keep: SessionId | None) -> int:
        """End every session of a person except `keep`, trust in devices, and what sign-ins go on with; the reason has its own event."""
        self._devices.distrust(user_id, None)
        ended = self._records.revoke(user_id, None, keep=keep, now=self._ambient.now())
        self._epochs.bump(user_id)
        self._void_begun(user_id)
        return ended

    def switch_organization(self, principal: Principal, organization: OrganizationId) -> Outcome[Session]:
        """Make `organization` the session's active one; the person must be an active member, and have proved what it requires."""
        if principal.credential.kind is not CredentialKind.SESSION:
            return _NO_SESSION
        session = self._live(SessionId(principal.credential.id))
        if session is None:
            return _NO_SESSION
        if not self._memberships.is_member(session.user_id, organization):
            return Refusal(Reason.NOT_FOUND, "there is no such organization")
        refusal = self._requirements.refusal(principal, organization)
        if refusal is not None:
            return refusal
        after = replace(session, organization_id=organization, last_seen_at=self._ambient.now(), version=session.version + 1)
        if not self._records.replace(after):
            return _NO_SESSION
        self._epochs.bump(session.user_id)
        self._audit.note(
            EventName.SESSION_ORGANIZATION_SWITCHED,
            actor=principal,
            targets=(Target("session", session.id),),
            organization=organization,
        )
        return after

    def _make_room(self, user_id: UserId) -> None:
        """End what is over the limit before another session is added: those that were used longest ago."""
        by_use = sorted(self.of(user_id), key=lambda session: (session.last_seen_at, session.id))
        for old in by_use[: max(0, len(by_use) - self._policy.most + 1)]:
            self._records.revoke(user_id, old.id, keep=None, now=self._ambient.now())
            self._epochs.bump(user_id)

    def _void_begun(self, user_id: UserId) -> None:
        """Make void what a sign-in goes on with: links on their way, and the tickets of second steps."""
        for purpose in (Purpose.SIGN_IN_LINK, Purpose.SIGN_IN_TICKET):
            self._proofs.void(purpose, user_id, now=self._ambient.now())

    def _live(self, session_id: SessionId) -> Session | None:
        session = self._records.get(session_id)
        return session if session is not None and session.live(now=self._ambient.now()) else None

    def _end(self, principal: Principal, session_id: SessionId | None, *, keep: SessionId | None) -> int:
        if principal.credential.kind in PARTIAL and session_id != principal.credential.id:
            return 0  # what does less than its person may ends no session of theirs but itself
        if session_id is None:
            self._void_begun(UserId(principal.id))
        ended = self._records.revoke(UserId(principal.id), session_id, keep=keep, now=self._ambient.now())
        distrusted = self._devices.distrust(UserId(principal.id), None) if session_id is None else 0
        if ended or distrusted:
            self._epochs.bump(principal.id)
            self._audit.note(
                EventName.SESSION_REVOKED,
                actor=principal,
                targets=(Target("session", session_id or "all"),),
                details={"ended": ended},
            )
        return ended

    def _with_factor(self, session: Session, factor: Factor) -> Session:
        now = self._ambient.now()
        factors = {**session.factors, factor.value: now}
        aal = max(session.aal, assurance_level(factors))
        absolute, idle = self._policy.life(aal=aal)
        # A step up shortens the session's life to that of its new level; nothing lengthens a session that exists.
        expires_at = min(session.expires_at, now + absolute)
        return replace(
            session,
            factors=factors,
            aal=aal,
            last_seen_at=now,
            idle_seconds=min(session.idle_seconds, int(idle.total_seconds())),
            expires_at=expires_at,
            version=session.version + 1,
        )
