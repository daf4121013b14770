# Generated from src/ctsec/authn/_async_owing.py by tools/twin.py; edit that file.
"""The steps of a sign-in that owes something: a first second factor is enrolled, or a longer password is set (async source).

Rules that this module keeps:

- a ticket is for the one duty that it was made for; it proves nobody to anything else, and completes at most one sign-in;
- a ticket enrols only while the person has no second factor, whoever enrolled one meanwhile;
- what a sign-in through a connection owes is an authenticator app, at each step only while the account is that connection's alone: a
  passkey would be a way in, which a provider could keep;
- the session that a completed duty gives is started by the function that ends every way in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.event import EventName, Target
from ctsec.authn._sync import SignIn, SignInParts
from ctsec.authn._sync_federated import OWN_SIGN_IN
from ctsec.authn._sync_ports import Enrolment, PasskeyEnrolment, PendingFactor, Post
from ctsec.authn.journey import Duty, MfaRequired, SignInStep
from ctsec.authn.ticket import Passage, passage_in, set_at_in
from ctsec.guard.attempts import LOCKED, Attempts, Charge
from ctsec.guard.counters import device_counter, password_counter
from ctsec.guard.proof import Proof, Purpose
from ctsec.mail.message import Letters
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Credential, CredentialKind, Factor, Principal, PrincipalKind
from ctsec.user import User

_CONFLICT: Final = Refusal(Reason.CONFLICT, "the password was changed meanwhile; sign in again")

_APP_ONLY: Final = Refusal(
    Reason.DENIED, "a sign-in through a provider enrols an authenticator app; add a passkey after you have signed in with your own password"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwingParts:
    """What the steps work with besides the journey's parts."""

    enrolment: Enrolment
    passkeys: PasskeyEnrolment
    post: Post
    letters: Letters


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parked:
    """A sign-in that owes something: whose it is, what was proved and charged so far, and who acts with its ticket."""

    user: User
    proof: Proof
    principal: Principal
    charges: tuple[Charge, ...]

    @property
    def factors(self) -> Mapping[str, datetime]:
        return self.principal.credential.factors


class _Journey(SignIn):
    """The journey that the steps go on with: never handed out, for `complete` believes what it is told."""

    __slots__ = ()

    def holder(self, ticket: str) -> Outcome[tuple[User, Proof]]:
        """Return whose the ticket is, with its proof."""
        return self._holder(ticket)

    def stale(self) -> Refusal:
        """Refuse a ticket."""
        return self._refuse_ticket()

    def locked(self, user: User) -> Refusal:
        """Refuse a person whose counters were disabled meanwhile."""
        return self._refuse(LOCKED, subject=user.id)

    def elsewhere(self, user: User) -> Refusal:
        """Refuse a person whose account came to be somebody's of its own meanwhile."""
        return self._refuse(OWN_SIGN_IN, subject=user.id)

    def complete(
        self, user: User, *, factors: Mapping[str, datetime], charges: tuple[Charge, ...], set_at: str = "", passage: Passage | None = None
    ) -> SignInStep:
        """End the way in."""
        return self._complete(user, factors=factors, charges=charges, set_at=set_at, passage=passage)


class Owing:
    """What a sign-in owes, done with the ticket of `EnrolmentRequired` or `PasswordChangeRequired`."""

    __slots__ = ("_ambient", "_audit", "_journey", "_parts", "_work")

    def __init__(self, parts: SignInParts, *, work: OwingParts, audit: Recorder, ambient: Ambient) -> None:
        self._parts = parts
        self._journey = _Journey(parts, audit=audit, ambient=ambient)
        self._work = work
        self._audit = audit
        self._ambient = ambient

    def begin_totp(self, ticket: str) -> Outcome[PendingFactor]:
        """Make the pending authenticator of a person who has no second factor; shown once."""
        parked = self._parked(ticket, Duty.ENROL)
        return parked if isinstance(parked, Refusal) else self._work.enrolment.begin_totp(parked.principal)

    def confirm_totp(self, ticket: str, *, code: str) -> SignInStep:
        """Confirm the pending authenticator with its first code and complete the sign-in, with backup codes that are shown once."""
        parked = self._parked(ticket, Duty.ENROL)
        if isinstance(parked, Refusal):
            return parked
        codes = self._work.enrolment.confirm_totp(parked.principal, code=code)
        if isinstance(codes, Refusal):
            return codes
        # The confirmation is what counts once: it advanced the app's step, and made every ticket of the person void, this one too.
        factors = {**parked.factors, Factor.TOTP.value: self._ambient.now()}
        set_at, passage = set_at_in(parked.proof), passage_in(parked.proof)
        step = self._journey.complete(parked.user, factors=factors, charges=parked.charges, set_at=set_at, passage=passage)
        return step if isinstance(step, Refusal) else replace(step, codes=codes.codes)

    def begin_registration(self, ticket: str) -> Outcome[Mapping[str, object]]:
        """Return what the browser is to make: the first passkey of a person who has no second factor."""
        parked = self._parked(ticket, Duty.ENROL, passkey=True)
        return parked if isinstance(parked, Refusal) else self._work.passkeys.begin_registration(parked.principal)

    def finish_registration(self, ticket: str, *, response: str, name: str) -> Outcome[MfaRequired]:
        """Keep the passkey that the browser made, and return the ticket of a second step, which signing with the passkey completes."""
        parked = self._parked(ticket, Duty.ENROL, passkey=True)
        if isinstance(parked, Refusal):
            return parked
        added = self._work.passkeys.finish_registration(parked.principal, response=response, name=name)
        if isinstance(added, Refusal):
            return added
        # The registration made the ticket void, as any change of factors does.
        codes = added.codes.codes if added.codes is not None else ()
        factors, set_at = parked.factors, set_at_in(parked.proof)
        return self._parts.duties.second_step(parked.user, factors=factors, charges=parked.charges, codes=codes, set_at=set_at)

    def set_password(self, ticket: str, *, password: str) -> SignInStep:
        """Set another password in place of one that is too short now, and complete the sign-in; other sessions end."""
        parked = self._parked(ticket, Duty.PASSWORD)
        if isinstance(parked, Refusal):
            return parked
        user, now = parked.user, self._ambient.now()
        short = self._parts.duties.short_allowed(user.id)
        accepted = self._parts.passwords.acceptable(password, email=user.email, name=user.name, mfa_enforced=short)
        if isinstance(accepted, Refusal):
            return accepted
        if not self._parts.proofs.consume(Purpose.SIGN_IN_TICKET, parked.proof.digest, now=now):
            return self._journey.stale()
        if self._parts.passwords.set_at(user.id, held=True) != set_at_in(parked.proof):
            return self._journey.stale()  # somebody else has set one meanwhile, which is not to be replaced
        if not self._parts.passwords.put(user.id, accepted):
            return _CONFLICT
        self._parts.sessions.revoke_others(user.id, keep=None)
        self._parts.proofs.void(Purpose.PASSWORD_RESET, user.id, now=now)
        counter = password_counter(user.id)
        devices = self._parts.devices.forget(user.id, keep=self._parts.devices.recognise(user.id))
        every = (counter, *(device_counter(counter, each) for each in devices))
        self._parts.throttle.bind(*every, actor=parked.principal, subject=user.id)
        self._work.post.post(self._work.letters.notice(user.email, what="your password was changed"))
        target = (Target("user", user.id),)
        self._audit.note(EventName.PASSWORD_CHANGED, actor=parked.principal, targets=target, subject=user.id)
        return self._journey.complete(user, factors=parked.factors, charges=parked.charges)

    def _parked(self, ticket: str, duty: Duty, *, passkey: bool = False) -> Outcome[_Parked]:
        held = self._journey.holder(ticket)
        if isinstance(held, Refusal):
            return held
        user, proof = held
        if proof.claims.get("duty") != duty.value:
            return self._journey.stale()
        passage = passage_in(proof)
        if passage is not None and passkey:
            return _APP_ONLY
        if passage is not None and not self._parts.origins.rests_on(user, passage):
            return self._journey.elsewhere(user)
        keys = tuple(key for key in proof.claims["counters"].split("\n") if key)
        blocks = [block for block in proof.claims["blocks"].split("\n") if block]
        if self._parts.throttle.locked(*keys):
            return self._journey.locked(user)
        factors = {
            name.removeprefix("factor:"): datetime.fromisoformat(at) for name, at in proof.claims.items() if name.startswith("factor:")
        }
        credential = Credential(kind=CredentialKind.TICKET, id=proof.digest.hex()[:16], factors=factors)
        principal = Principal(id=user.id, kind=PrincipalKind.USER, credential=credential)
        counted = Charge(tuple(Attempts(key=key) for key in keys))
        return _Parked(user=user, proof=proof, principal=principal, charges=(counted, *(Charge((), block) for block in blocks)))
