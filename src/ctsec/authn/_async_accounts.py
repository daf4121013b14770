"""Accounts: signed up, verified, and given a new password (async source)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.event import Detail, EventName, Target
from ctsec.authn._async_devices import AsyncDevices
from ctsec.authn._async_duties import AsyncDuties
from ctsec.authn._async_links import RESET, VERIFICATION, AsyncLinks
from ctsec.authn._async_passwords import AsyncPasswordVault
from ctsec.authn._async_ports import AsyncAccountRecords, AsyncPost, AsyncRecoveryTrails, AsyncSecondFactors
from ctsec.authn._async_sessions import AsyncSessions
from ctsec.authn.journey import VERIFICATION_LIFE, ImportedAccount
from ctsec.authn.record import Session
from ctsec.authn.schemes import accept_foreign, scheme_of
from ctsec.authn.strength import PasswordHint
from ctsec.errors import CorruptRecord
from ctsec.guard._async import AsyncThrottle
from ctsec.guard._async_ports import AsyncProofRecords
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
class AsyncAccountParts:
    """What accounts work with."""

    accounts: AsyncAccountRecords
    passwords: AsyncPasswordVault
    sessions: AsyncSessions
    second_factors: AsyncSecondFactors
    throttle: AsyncThrottle
    proofs: AsyncProofRecords
    devices: AsyncDevices
    duties: AsyncDuties
    post: AsyncPost
    letters: Letters
    trails: AsyncRecoveryTrails
    links: AsyncLinks


@dataclass(frozen=True, slots=True)
class Accepted:
    """The request was taken; what follows comes by mail, if there is anything to follow."""


class AsyncAccounts:
    """Sign-up, verification, password change and reset. Known and unknown addresses get the same answer."""

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: AsyncAccountParts, *, audit: AsyncRecorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    async def sign_up(self, *, email: str, password: str, name: str) -> Outcome[Accepted]:
        """Make an account that waits for its address to be confirmed; a taken address gets a mail instead, and the same answer."""
        try:
            address, key = parse_email(email)
            label = parse_name(name)
        except ValueError as error:
            return Refusal(Reason.INVALID_INPUT, str(error))
        # Before the password is looked at, for which others may be asked: the mails of a sign-up go wherever a stranger says.
        charge = await self._parts.throttle.charge_address()
        if isinstance(charge, Refusal):
            return charge
        accepted = await self._parts.passwords.acceptable(password, email=address, name=label)
        if isinstance(accepted, Refusal):
            return accepted
        refusal = await self._parts.throttle.charge_mail(key)
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
        if not await self._parts.accounts.add(user):
            # The same work as for a new account, so that the time of the answer tells nothing.
            await self._parts.passwords.prove(None, password)
            known = await self._parts.accounts.by_email(user.email_key)
            if known is not None:  # the mail goes where the account's goes: another writing of an address may be another mailbox
                await self._parts.post.post(self._parts.letters.already_registered(known.email))
            return Accepted()
        await self._parts.passwords.put(user.id, accepted)
        await self._record(EventName.USER_SIGNED_UP, anonymous(), user.id, personal={"email": address})
        await self._send_verification(user, charge)
        return Accepted()

    async def request_verification(self, *, email: str) -> Outcome[Accepted]:
        """Send the confirmation mail again, if the address waits for it."""
        refusal = await self._parts.links.request(VERIFICATION, email)
        return Accepted() if refusal is None else refusal

    async def verify_email(self, *, token: str) -> Outcome[User]:
        """Confirm an address with the token of its mail, once."""
        charge = await self._parts.throttle.charge_address()
        if isinstance(charge, Refusal):
            return await self._refuse_token(Purpose.EMAIL_VERIFICATION, charge)
        redeemed = await self._redeem(Purpose.EMAIL_VERIFICATION, token)
        if isinstance(redeemed, Refusal):
            return redeemed
        user, asked = redeemed
        await self._parts.throttle.settle(charge, asked)
        if user.email_verified_at is not None:
            return user
        after = replace(user, email_verified_at=self._ambient.now(), version=user.version + 1)
        if not await self._parts.accounts.replace(after):
            return _CONFLICT
        await self._record(EventName.USER_EMAIL_VERIFIED, anonymous(), user.id)
        return after

    async def request_password_reset(self, *, email: str) -> Outcome[Accepted]:
        """Mail a link that sets a new password, if the address has an account; the answer is the same if it has none."""
        refusal = await self._parts.links.request(RESET, email)
        return Accepted() if refusal is None else refusal

    async def reset_password(self, *, token: str, password: str) -> Outcome[Accepted]:
        """Set a new password with the token of its mail, once; every session ends, nobody is signed in, second factors stay."""
        charge = await self._parts.throttle.charge_address()
        if isinstance(charge, Refusal):
            return await self._refuse_token(Purpose.PASSWORD_RESET, charge)
        digest = token_digest(token)
        proof = None if isinstance(digest, Refusal) else await self._parts.proofs.peek(Purpose.PASSWORD_RESET, digest)
        live = check_proof(proof, now=self._ambient.now())
        user = None if isinstance(live, Refusal) else await self._parts.accounts.get(UserId(live.subject))
        # A link from before another change of the password is void: it is bound to when the password was set.
        if user is None or isinstance(live, Refusal) or live.claims.get("set_at") != await self._parts.passwords.set_at(user.id):
            return await self._refuse_token(Purpose.PASSWORD_RESET, _INVALID)
        held = await self._parts.trails.mail_refusal(user.id)
        if held is not None:
            return await self._refuse_token(Purpose.PASSWORD_RESET, held)
        await self._parts.throttle.settle(charge)
        short = await self._parts.duties.short_allowed(user.id)
        accepted = await self._parts.passwords.acceptable(password, email=user.email, name=user.name, mfa_enforced=short)
        if isinstance(accepted, Refusal):
            return accepted
        found = await self._redeem(Purpose.PASSWORD_RESET, token)
        if isinstance(found, Refusal):
            return found
        redeemed, asked = found
        await self._parts.throttle.settle(asked)
        held = await self._parts.trails.password_reset(redeemed.id)
        if held is not None:
            return await self._refuse_token(Purpose.PASSWORD_RESET, held)
        if redeemed.email_verified_at is None:
            # The token came by mail to this address, which is what verification asks for.
            verified = replace(redeemed, email_verified_at=self._ambient.now(), version=redeemed.version + 1)
            if not await self._parts.accounts.replace(verified):
                return _CONFLICT
        if not await self._parts.passwords.put(redeemed.id, accepted):
            return _CONFLICT
        await self._parts.sessions.revoke_others(redeemed.id, keep=None)
        await self._parts.proofs.void(Purpose.PASSWORD_RESET, redeemed.id, now=self._ambient.now())
        await self._bind(redeemed, anonymous(), keep=None)
        await self._parts.post.post(self._parts.letters.notice(redeemed.email, what="your password was reset"))
        await self._record(EventName.PASSWORD_RESET, anonymous(), redeemed.id)
        return Accepted()

    async def change_password(self, principal: Principal, *, current: str, new: str) -> Outcome[tuple[Session, SecretText]]:
        """Set a new password; takes the current one and, where a second factor is enrolled, a fresh proof of it.

        Other sessions end, and this one gets a new token, which is returned: the person was authenticated again (ASVS 7.2.4).
        """
        user = await self._parts.accounts.get(UserId(principal.id))
        if user is None or principal.credential.kind is not CredentialKind.SESSION:
            return Refusal(Reason.NOT_AUTHENTICATED, "sign in first")
        if await self._parts.second_factors.enrolled(user.id) and not principal.credential.second_factor_fresh(now=self._ambient.now()):
            return await self._refuse_change(principal, Refusal(Reason.STEP_UP_REQUIRED, "prove your second factor again first"))
        device = await self._parts.devices.recognise(user.id)
        charge = await self._parts.throttle.charge(password_counter(user.id), device=device)
        if isinstance(charge, Refusal):
            return await self._refuse_change(principal, charge)
        proved = await self._parts.passwords.prove(user, current)
        if isinstance(proved, Refusal):
            await self._parts.throttle.failed(charge, subject=user.id)
            return await self._refuse_change(principal, proved)
        short = await self._parts.duties.short_allowed(user.id)
        accepted = await self._parts.passwords.acceptable(new, email=user.email, name=user.name, mfa_enforced=short)
        if isinstance(accepted, Refusal):
            return accepted
        session = SessionId(principal.credential.id)
        rotated = await self._parts.sessions.rotate(session, Factor.PASSWORD)
        if isinstance(rotated, Refusal):
            return rotated
        if not await self._parts.passwords.put(user.id, accepted):
            return _CONFLICT
        await self._parts.sessions.revoke_others(user.id, keep=session)
        await self._parts.throttle.settle(charge)
        await self._bind(user, principal, keep=device)
        await self._parts.post.post(self._parts.letters.notice(user.email, what="your password was changed"))
        await self._record(EventName.PASSWORD_CHANGED, principal, user.id)
        return rotated

    async def import_account(self, account: ImportedAccount) -> Outcome[User]:
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
        if not await self._parts.accounts.add(user):
            return Refusal(Reason.ALREADY_EXISTS, "this address has an account already")
        if encoded is not None:
            await self._parts.passwords.bring(user.id, encoded)
        scheme = scheme_of(encoded) if encoded is not None else ""
        await self._record(EventName.USER_IMPORTED, system("import"), user.id, personal={"email": address}, details={"scheme": scheme})
        return user

    async def withdraw_password(self, user_id: UserId, *, reason: str) -> Outcome[Accepted]:
        """Make a password useless that others may know, in the name of the system: sessions end, and the person is told to reset it.

        `reason` is for the audit log. Reasons: NOT_FOUND, CONFLICT.
        """
        user = await self._parts.accounts.get(user_id)
        if user is None or user.status is not UserStatus.ACTIVE:
            return Refusal(Reason.NOT_FOUND, "there is no active account with this id")
        if not await self._parts.passwords.put(user.id, self._ambient.random(32).hex().encode()):
            return _CONFLICT
        await self._parts.sessions.revoke_others(user.id, keep=None)
        what = "your password does not work any more, because others may know it; reset it to sign in again"
        await self._parts.post.post(self._parts.letters.notice(user.email, what=what))
        await self._record(EventName.PASSWORD_WITHDRAWN, system("passwords"), user.id, details={"reason": reason})
        return Accepted()

    async def rate_password(self, password: str, *, email: str = "", name: str = "") -> PasswordHint:
        """Return what is weak about a password that a person with this address and name is typing; nothing is stored or asked."""
        return self._parts.passwords.hint(password, email=email, name=name)

    async def profile(self, user_id: UserId) -> User | None:
        """Return the account of a person, as its own pages show it."""
        return await self._parts.accounts.get(user_id)

    async def _refuse_token(self, purpose: Purpose, refusal: Refusal) -> Refusal:
        await self._audit.note_aside(
            EventName.TOKEN_REFUSED,
            actor=anonymous(),
            refused=refusal.reason,
            details={"purpose": purpose.value},
        )
        return refusal

    async def _refuse_change(self, principal: Principal, refusal: Refusal) -> Refusal:
        await self._audit.note_aside(
            EventName.PASSWORD_CHANGE_REFUSED,
            actor=principal,
            targets=(Target("user", principal.id),),
            refused=refusal.reason,
        )
        return refusal

    async def _bind(self, user: User, actor: Principal, *, keep: DeviceId | None) -> None:
        """Begin anew with a new password: no failure counts any more, and no device but `keep` is known."""
        counter = password_counter(user.id)
        devices = await self._parts.devices.forget(user.id, keep=keep)
        await self._parts.throttle.bind(counter, *(device_counter(counter, each) for each in devices), actor=actor, subject=user.id)

    async def _send_verification(self, user: User, charge: Charge) -> None:
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
        await self._parts.proofs.issue((proof,))
        await self._parts.post.post(self._parts.letters.verification(user.email, token))

    async def _redeem(self, purpose: Purpose, token: str) -> Outcome[tuple[User, Charge]]:
        """Consume a mailed token and return its person, if the account is active and still has the address that the mail went to.

        Beside the person stands what asking for the mail took from an address block.
        """
        digest = token_digest(token)
        if isinstance(digest, Refusal):
            return await self._refuse_token(purpose, _INVALID)
        now = self._ambient.now()
        proof = check_proof(await self._parts.proofs.peek(purpose, digest), now=now)
        if isinstance(proof, Refusal):
            return await self._refuse_token(purpose, proof)
        if not await self._parts.proofs.consume(purpose, digest, now=now):
            return await self._refuse_token(purpose, Refusal(Reason.CODE_ALREADY_USED, "the link was used before"))
        user = await self._parts.accounts.get(UserId(proof.subject))
        if user is None or user.status is not UserStatus.ACTIVE or user.email_key != proof.claims.get("email"):
            return await self._refuse_token(purpose, _INVALID)
        return user, Charge((), proof.claims.get("block") or None)

    async def _record(
        self,
        name: EventName,
        actor: Principal,
        user_id: UserId,
        *,
        personal: dict[str, str] | None = None,
        details: Mapping[str, Detail] | None = None,
    ) -> None:
        target = (Target("user", user_id),)
        await self._audit.note(name, actor=actor, targets=target, subject=user_id, personal=personal, details=details or {})
