# Generated from src/ctsec/authn/_async_accounts.py by tools/twin.py; edit that file.
"""Accounts: signed up, verified, and given a new password (async source)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.event import Detail, EventName, Target
from ctsec.authn._sync_devices import Devices
from ctsec.authn._sync_duties import Duties
from ctsec.authn._sync_links import RESET, VERIFICATION, Links
from ctsec.authn._sync_passwords import PasswordVault
from ctsec.authn._sync_ports import AccountRecords, Post, RecoveryTrails, SecondFactors
from ctsec.authn._sync_sessions import Sessions
from ctsec.authn.journey import VERIFICATION_LIFE, ImportedAccount
from ctsec.authn.record import Session
from ctsec.authn.schemes import accept_foreign, scheme_of
from ctsec.authn.strength import PasswordHint
from ctsec.errors import CorruptRecord
from ctsec.guard._sync import Throttle
from ctsec.guard._sync_ports import ProofRecords
from ctsec.guard.attempts import Charge
from ctsec.guard.counters import device_counter, password_counter
from ctsec.guard.proof import Proof, Purpose, check_proof, mint_token, token_digest
from ctsec.ids import DeviceId, SessionId, UserId, new_id
from ctsec.mail.message import Letters
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import CredentialKind, Factor, Principal, anonymous, system
from ctsec.secret import SecretText
from ctsec.user import User, UserStatus, parse_email, parse_name

_CONFLICT: Final = Refusal(Reason.CONFLICT, "it was changed by somebody else meanwhile")
_INVALID: Final = Refusal(Reason.INVALID_TOKEN, "the link is not valid any more; ask for a new one")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountParts:
    """What accounts work with."""

    accounts: AccountRecords
    passwords: PasswordVault
    sessions: Sessions
    second_factors: SecondFactors
    throttle: Throttle
    proofs: ProofRecords
    devices: Devices
    duties: Duties
    post: Post
    letters: Letters
    trails: RecoveryTrails
    links: Links


@dataclass(frozen=True, slots=True)
class Accepted:
    """The request was taken; what follows comes by mail, if there is anything to follow."""


class Accounts:
    """Sign-up, verification, password change and reset. Known and unknown addresses get the same answer."""

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: AccountParts, *, audit: Recorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    def sign_up(self, *, email: str, password: str, name: str) -> Outcome[Accepted]:
        """Make an account that waits for its address to be confirmed; a taken address gets a mail instead, and the same answer."""
        try:
            address, key = parse_email(email)
            label = parse_name(name)
        except ValueError as error:
            return Refusal(Reason.INVALID_INPUT, str(error))
        # Before the password is looked at, for which others may be asked: the mails of a sign-up go wherever a stranger says.
        charge = self._parts.throttle.charge_address()
        if isinstance(charge, Refusal):
            return charge
        accepted = self._parts.passwords.acceptable(password, email=address, name=label)
        if isinstance(accepted, Refusal):
            return accepted
        refusal = self._parts.throttle.charge_mail(key)
        if refusal is not None:
            return refusal
        now = self._ambient.now()
        user = User(
            id=new_id(UserId, now=now, random=self._ambient.random),
            email=address,
            email_key=key,
            name=label,
            status=UserStatus.ACTIVE,
            email_verified_at=None,
            created_at=now,
        )
        if not self._parts.accounts.add(user):
            # The same work as for a new account, so that the time of the answer tells nothing.
            self._parts.passwords.prove(None, password)
            known = self._parts.accounts.by_email(user.email_key)
            if known is not None:  # the mail goes where the account's goes: another writing of an address may be another mailbox
                self._parts.post.post(self._parts.letters.already_registered(known.email))
            return Accepted()
        self._parts.passwords.put(user.id, accepted)
        self._record(EventName.USER_SIGNED_UP, anonymous(), user.id, personal={"email": address})
        self._send_verification(user, charge)
        return Accepted()

    def request_verification(self, *, email: str) -> Outcome[Accepted]:
        """Send the confirmation mail again, if the address waits for it."""
        refusal = self._parts.links.request(VERIFICATION, email)
        return Accepted() if refusal is None else refusal

    def verify_email(self, *, token: str) -> Outcome[User]:
        """Confirm an address with the token of its mail, once."""
        charge = self._parts.throttle.charge_address()
        if isinstance(charge, Refusal):
            return self._refuse_token(Purpose.EMAIL_VERIFICATION, charge)
        redeemed = self._redeem(Purpose.EMAIL_VERIFICATION, token)
        if isinstance(redeemed, Refusal):
            return redeemed
        user, asked = redeemed
        self._parts.throttle.settle(charge, asked)
        if user.email_verified_at is not None:
            return user
        after = replace(user, email_verified_at=self._ambient.now(), version=user.version + 1)
        if not self._parts.accounts.replace(after):
            return _CONFLICT
        self._record(EventName.USER_EMAIL_VERIFIED, anonymous(), user.id)
        return after

    def request_password_reset(self, *, email: str) -> Outcome[Accepted]:
        """Mail a link that sets a new password, if the address has an account; the answer is the same if it has none."""
        refusal = self._parts.links.request(RESET, email)
        return Accepted() if refusal is None else refusal

    def reset_password(self, *, token: str, password: str) -> Outcome[Accepted]:
        """Set a new password with the token of its mail, once; every session ends, nobody is signed in, second factors stay."""
        charge = self._parts.throttle.charge_address()
        if isinstance(charge, Refusal):
            return self._refuse_token(Purpose.PASSWORD_RESET, charge)
        digest = token_digest(token)
        proof = None if isinstance(digest, Refusal) else self._parts.proofs.peek(Purpose.PASSWORD_RESET, digest)
        live = check_proof(proof, now=self._ambient.now())
        user = None if isinstance(live, Refusal) else self._parts.accounts.get(UserId(live.subject))
        # A link from before another change of the password is void: it is bound to when the password was set.
        if user is None or isinstance(live, Refusal) or live.claims.get("set_at") != self._parts.passwords.set_at(user.id):
            return self._refuse_token(Purpose.PASSWORD_RESET, _INVALID)
        held = self._parts.trails.mail_refusal(user.id)
        if held is not None:
            return self._refuse_token(Purpose.PASSWORD_RESET, held)
        self._parts.throttle.settle(charge)
        short = self._parts.duties.short_allowed(user.id)
        accepted = self._parts.passwords.acceptable(password, email=user.email, name=user.name, mfa_enforced=short)
        if isinstance(accepted, Refusal):
            return accepted
        found = self._redeem(Purpose.PASSWORD_RESET, token)
        if isinstance(found, Refusal):
            return found
        redeemed, asked = found
        self._parts.throttle.settle(asked)
        held = self._parts.trails.password_reset(redeemed.id)
        if held is not None:
            return self._refuse_token(Purpose.PASSWORD_RESET, held)
        if redeemed.email_verified_at is None:
            # The token came by mail to this address, which is what verification asks for.
            verified = replace(redeemed, email_verified_at=self._ambient.now(), version=redeemed.version + 1)
            if not self._parts.accounts.replace(verified):
                return _CONFLICT
        if not self._parts.passwords.put(redeemed.id, accepted):
            return _CONFLICT
        self._parts.sessions.revoke_others(redeemed.id, keep=None)
        self._parts.proofs.void(Purpose.PASSWORD_RESET, redeemed.id, now=self._ambient.now())
        self._bind(redeemed, anonymous(), keep=None)
        self._parts.post.post(self._parts.letters.notice(redeemed.email, what="your password was reset"))
        self._record(EventName.PASSWORD_RESET, anonymous(), redeemed.id)
        return Accepted()

    def change_password(self, principal: Principal, *, current: str, new: str) -> Outcome[tuple[Session, SecretText]]:
        """Set a new password; takes the current one and, where a second factor is enrolled, a fresh proof of it.

        Other sessions end, and this one gets a new token, which is returned: the person was authenticated again (ASVS 7.2.4).
        """
        user = self._parts.accounts.get(UserId(principal.id))
        if user is None or principal.credential.kind is not CredentialKind.SESSION:
            return Refusal(Reason.NOT_AUTHENTICATED, "sign in first")
        if self._parts.second_factors.enrolled(user.id) and not principal.credential.second_factor_fresh(now=self._ambient.now()):
            return self._refuse_change(principal, Refusal(Reason.STEP_UP_REQUIRED, "prove your second factor again first"))
        device = self._parts.devices.recognise(user.id)
        charge = self._parts.throttle.charge(password_counter(user.id), device=device)
        if isinstance(charge, Refusal):
            return self._refuse_change(principal, charge)
        proved = self._parts.passwords.prove(user, current)
        if isinstance(proved, Refusal):
            self._parts.throttle.failed(charge, subject=user.id)
            return self._refuse_change(principal, proved)
        short = self._parts.duties.short_allowed(user.id)
        accepted = self._parts.passwords.acceptable(new, email=user.email, name=user.name, mfa_enforced=short)
        if isinstance(accepted, Refusal):
            return accepted
        session = SessionId(principal.credential.id)
        rotated = self._parts.sessions.rotate(session, Factor.PASSWORD)
        if isinstance(rotated, Refusal):
            return rotated
        if not self._parts.passwords.put(user.id, accepted):
            return _CONFLICT
        self._parts.sessions.revoke_others(user.id, keep=session)
        self._parts.throttle.settle(charge)
        self._bind(user, principal, keep=device)
        self._parts.post.post(self._parts.letters.notice(user.email, what="your password was changed"))
        self._record(EventName.PASSWORD_CHANGED, principal, user.id)
        return rotated

    def import_account(self, account: ImportedAccount) -> Outcome[User]:
        """Make an account that comes from another system, in the name of the system; no mail is sent.

        Reasons: ALREADY_EXISTS, INVALID_INPUT (address, name, or a hash that is in no known format or above its ceiling). Raises
        ConfigurationError for a bcrypt hash where the library bcrypt is not installed.
        """
        try:
            address, key = parse_email(account.email)
            label = parse_name(account.name)
            encoded = accept_foreign(account.password_hash.reveal()) if account.password_hash is not None else None
        except (ValueError, CorruptRecord) as error:
            return Refusal(Reason.INVALID_INPUT, str(error))
        now = self._ambient.now()
        user = User(
            id=new_id(UserId, now=now, random=self._ambient.random),
            email=address,
            email_key=key,
            name=label,
            status=UserStatus.ACTIVE,
            email_verified_at=now if account.email_verified else None,
            created_at=now,
        )
        if not self._parts.accounts.add(user):
            return Refusal(Reason.ALREADY_EXISTS, "this address has an account already")
        if encoded is not None:
            self._parts.passwords.bring(user.id, encoded)
        scheme = scheme_of(encoded) if encoded is not None else ""
        self._record(EventName.USER_IMPORTED, system("import"), user.id, personal={"email": address}, details={"scheme": scheme})
        return user

    def withdraw_password(self, user_id: UserId, *, reason: str) -> Outcome[Accepted]:
        """Make a password useless that others may know, in the name of the system: sessions end, and the person is told to reset it.

        `reason` is for the audit log. Reasons: NOT_FOUND, CONFLICT.
        """
        user = self._parts.accounts.get(user_id)
        if user is None or user.status is not UserStatus.ACTIVE:
            return Refusal(Reason.NOT_FOUND, "there is no active account with this id")
        if not self._parts.passwords.put(user.id, self._ambient.random(32).hex().encode()):
            return _CONFLICT
        self._parts.sessions.revoke_others(user.id, keep=None)
        what = "your password does not work any more, because others may know it; reset it to sign in again"
        self._parts.post.post(self._parts.letters.notice(user.email, what=what))
        self._record(EventName.PASSWORD_WITHDRAWN, system("passwords"), user.id, details={"reason": reason})
        return Accepted()

    def rate_password(self, password: str, *, email: str = "", name: str = "") -> PasswordHint:
        """Return what is weak about a password that a person with this address and name is typing; nothing is stored or asked."""
        return self._parts.passwords.hint(password, email=email, name=name)

    def profile(self, user_id: UserId) -> User | None:
        """Return the account of a person, as its own pages show it."""
        return self._parts.accounts.get(user_id)

    def _refuse_token(self, purpose: Purpose, refusal: Refusal) -> Refusal:
        self._audit.note_aside(
            EventName.TOKEN_REFUSED,
            actor=anonymous(),
            refused=refusal.reason,
            details={"purpose": purpose.value},
        )
        return refusal

    def _refuse_change(self, principal: Principal, refusal: Refusal) -> Refusal:
        self._audit.note_aside(
            EventName.PASSWORD_CHANGE_REFUSED,
            actor=principal,
            targets=(Target("user", principal.id),),
            refused=refusal.reason,
        )
        return refusal

    def _bind(self, user: User, actor: Principal, *, keep: DeviceId | None) -> None:
        """Begin anew with a new password: no failure counts any more, and no device but `keep` is known."""
        counter = password_counter(user.id)
        devices = self._parts.devices.forget(user.id, keep=keep)
        self._parts.throttle.bind(counter, *(device_counter(counter, each) for each in devices), actor=actor, subject=user.id)

    def _send_verification(self, user: User, charge: Charge) -> None:
        now = self._ambient.now()
        token, digest = mint_token(random=self._ambient.random)
        proof = Proof(
            purpose=Purpose.EMAIL_VERIFICATION,
            digest=digest,
            subject=user.id,
            issued_at=now,
            expires_at=now + VERIFICATION_LIFE,
            claims={"email": user.email_key, "block": charge.block or ""},
        )
        self._parts.proofs.issue((proof,))
        self._parts.post.post(self._parts.letters.verification(user.email, token))

    def _redeem(self, purpose: Purpose, token: str) -> Outcome[tuple[User, Charge]]:
        """Consume a mailed token and return its person, if the account is active and still has the address that the mail went to.

        Beside the person stands what asking for the mail took from an address block.
        """
        digest = token_digest(token)
        if isinstance(digest, Refusal):
            return self._refuse_token(purpose, _INVALID)
        now = self._ambient.now()
        proof = check_proof(self._parts.proofs.peek(purpose, digest), now=now)
        if isinstance(proof, Refusal):
            return self._refuse_token(purpose, proof)
        if not self._parts.proofs.consume(purpose, digest, now=now):
            return self._refuse_token(purpose, Refusal(Reason.CODE_ALREADY_USED, "the link was used before"))
        user = self._parts.accounts.get(UserId(proof.subject))
        if user is None or user.status is not UserStatus.ACTIVE or user.email_key != proof.claims.get("email"):
            return self._refuse_token(purpose, _INVALID)
        return user, Charge((), proof.claims.get("block") or None)

    def _record(
        self,
        name: EventName,
        actor: Principal,
        user_id: UserId,
        *,
        personal: dict[str, str] | None = None,
        details: Mapping[str, Detail] | None = None,
    ) -> None:
        target = (Target("user", user_id),)
        self._audit.note(name, actor=actor, targets=target, subject=user_id, personal=personal, details=details or {})
