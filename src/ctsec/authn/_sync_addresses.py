# Generated from src/ctsec/authn/_async_addresses.py by tools/twin.py; edit that file.
"""The address of an account: changed by who can sign in, confirmed by who reads its mail (async source).

Rules that this module keeps:

- a change takes the password and, where a second factor is enrolled, a fresh proof of it; it counts for nothing until the link that was
  mailed to the new address is opened, once;
- both addresses are told: the old one when the change is asked for and again when it is made, the new one when it is made;
- an address that another account has is answered as a free one is, and its owner gets a mail that says so;
- the link is void when the account's address or its password was changed meanwhile: who resets a password that somebody else knew does
  not lose the account to a change that was asked for before; every other session ends with the change.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.change import Change
from ctsec.audit.event import EventName, Target
from ctsec.authn._sync_accounts import Accepted, AccountParts
from ctsec.guard.counters import password_counter
from ctsec.guard.proof import Proof, Purpose, check_proof, mint_token, token_digest
from ctsec.ids import SessionId, UserId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import CredentialKind, Principal, anonymous
from ctsec.user import User, UserStatus, parse_email

CHANGE_LIFE: Final = timedelta(hours=1)
_INVALID: Final = Refusal(Reason.INVALID_TOKEN, "the link is not valid any more; ask for the change again")


class Addresses:
    """Changes of the address that an account is signed in with."""

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: AccountParts, *, audit: Recorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    def request_change(self, principal: Principal, *, email: str, password: str) -> Outcome[Accepted]:
        """Mail a link to the new address; nothing changes before it is opened. Whether the address is taken is not told."""
        user = self._parts.accounts.get(UserId(principal.id))
        if user is None or principal.credential.kind is not CredentialKind.SESSION:
            return Refusal(Reason.NOT_AUTHENTICATED, "sign in first")
        try:
            address, key = parse_email(email)
        except ValueError as error:
            return Refusal(Reason.INVALID_INPUT, str(error))
        refusal = self._prove(principal, user, password)
        if refusal is not None:
            return self._refuse(principal, refusal)
        if key == user.email_key:
            return Refusal(Reason.INVALID_INPUT, "this is the account's address already")
        refusal = self._parts.throttle.charge_mail(key)
        if refusal is not None:
            return self._refuse(principal, refusal)
        self._parts.proofs.void(Purpose.EMAIL_CHANGE, user.id, now=self._ambient.now())
        taken = self._parts.accounts.by_email(key)
        if taken is not None:  # the mail goes where the account's goes: another writing of an address may be another mailbox
            self._parts.post.post(self._parts.letters.already_registered(taken.email))
        else:
            self._mail(user, address)
        self._parts.post.post(self._parts.letters.notice(user.email, what="a change of its e-mail address was asked for"))
        self._record(EventName.EMAIL_CHANGE_REQUESTED, principal, user.id, personal={"email": address})
        return Accepted()

    def confirm_change(self, *, token: str, principal: Principal | None = None) -> Outcome[User]:
        """Give the account the address that the link was mailed to; every session ends but that of `principal`, if it is the person's."""
        charge = self._parts.throttle.charge_address()
        if isinstance(charge, Refusal):
            return self._refuse_token(charge)
        digest = token_digest(token)
        now = self._ambient.now()
        proof = None if isinstance(digest, Refusal) else self._parts.proofs.peek(Purpose.EMAIL_CHANGE, digest)
        live = check_proof(proof, now=now)
        if isinstance(live, Refusal) or isinstance(digest, Refusal):
            return self._refuse_token(live if isinstance(live, Refusal) else _INVALID)
        if not self._parts.proofs.consume(Purpose.EMAIL_CHANGE, digest, now=now):
            return self._refuse_token(Refusal(Reason.CODE_ALREADY_USED, "the link was used before"))
        user = self._parts.accounts.get(UserId(live.subject))
        if user is None or user.status is not UserStatus.ACTIVE or user.email_key != live.claims.get("email"):
            return self._refuse_token(_INVALID)
        # Held, so that a reset on its way is waited for, or waits.
        if live.claims.get("set_at") != self._parts.passwords.set_at(user.id, held=True):
            return self._refuse_token(_INVALID)
        self._parts.throttle.settle(charge)
        address, key = parse_email(live.claims["new"])
        after = replace(user, email=address, email_key=key, email_verified_at=now, version=user.version + 1)
        if not self._parts.accounts.replace(after):
            return self._refuse_token(Refusal(Reason.CONFLICT, "the address is not free any more, or the account was changed"))
        self._parts.trails.address_changed(user.id, former=user.email)
        own = principal is not None and principal.id == user.id and principal.credential.kind is CredentialKind.SESSION
        self._parts.sessions.revoke_others(user.id, keep=SessionId(principal.credential.id) if own and principal else None)
        self._parts.proofs.void(Purpose.PASSWORD_RESET, user.id, now=now)
        for recipient in (user.email, address):
            self._parts.post.post(self._parts.letters.notice(recipient, what="its e-mail address was changed"))
        actor = principal if own and principal is not None else anonymous()
        changes = (Change(path="email", before=user.email, after=address),)
        self._audit.note(EventName.EMAIL_CHANGED, actor=actor, targets=(Target("user", user.id),), subject=user.id, changes=changes)
        return after

    def _prove(self, principal: Principal, user: User, password: str) -> Refusal | None:
        if self._parts.second_factors.enrolled(user.id) and not principal.credential.second_factor_fresh(now=self._ambient.now()):
            return Refusal(Reason.STEP_UP_REQUIRED, "prove your second factor again first")
        device = self._parts.devices.recognise(user.id)
        charge = self._parts.throttle.charge(password_counter(user.id), device=device)
        if isinstance(charge, Refusal):
            return charge
        proved = self._parts.passwords.prove(user, password)
        if isinstance(proved, Refusal):
            self._parts.throttle.failed(charge, subject=user.id)
            return proved
        self._parts.throttle.settle(charge)
        return None

    def _mail(self, user: User, address: str) -> None:
        now = self._ambient.now()
        token, digest = mint_token(random=self._ambient.random)
        proof = Proof(
            purpose=Purpose.EMAIL_CHANGE,
            digest=digest,
            subject=user.id,
            issued_at=now,
            expires_at=now + CHANGE_LIFE,
            claims={"email": user.email_key, "new": address, "set_at": self._parts.passwords.set_at(user.id)},
        )
        self._parts.proofs.issue((proof,))
        self._parts.post.post(self._parts.letters.email_change(address, token))

    def _refuse(self, principal: Principal, refusal: Refusal) -> Refusal:
        self._audit.note_aside(
            EventName.EMAIL_CHANGE_REFUSED, actor=principal, targets=(Target("user", principal.id),), refused=refusal.reason
        )
        return refusal

    def _refuse_token(self, refusal: Refusal) -> Refusal:
        details = {"purpose": Purpose.EMAIL_CHANGE.value}
        self._audit.note_aside(EventName.TOKEN_REFUSED, actor=anonymous(), refused=refusal.reason, details=details)
        return refusal

    def _record(self, name: EventName, actor: Principal, user_id: UserId, *, personal: dict[str, str]) -> None:
        self._audit.note(name, actor=actor, targets=(Target("user", user_id),), subject=user_id, personal=personal)
