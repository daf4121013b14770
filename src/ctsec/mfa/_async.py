"""Second factors: enrolled, confirmed, proved once each, and removed (async source)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.event import Detail, EventName, Target
from ctsec.encryption._async_ports import AsyncSealer
from ctsec.guard._async import AsyncThrottle
from ctsec.guard._async_ports import AsyncProofRecords, AsyncStepRecords
from ctsec.guard.attempts import Charge
from ctsec.guard.counters import code_counter
from ctsec.guard.proof import Proof, Purpose
from ctsec.ids import AuthenticatorId, BackupCodeSetId, DeviceId, SessionId, UserId, new_id
from ctsec.mail.message import Letters
from ctsec.mfa._async_ports import (
    AsyncAuthenticatorRecords,
    AsyncBackupCodeRecords,
    AsyncKnownDevices,
    AsyncOwners,
    AsyncPost,
    AsyncSessionControl,
    AsyncStretcher,
)
from ctsec.mfa.backup_codes import generate, match_digest, normalise
from ctsec.mfa.enrolment import BackupCodes, Enrolment, MfaStatus
from ctsec.mfa.provisioning import otpauth_uri
from ctsec.mfa.record import Authenticator, BackupCodeSetRecord, seed_context
from ctsec.mfa.totp import NO_STEP, generate_secret, verify
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import CredentialKind, Factor, Principal, anonymous
from ctsec.secret import Secret
from ctsec.user import User

_WRONG_CODE: Final = Refusal(Reason.INVALID_CODE, "the code is not right")
_SESSION_ONLY: Final = Refusal(Reason.NOT_AUTHENTICATED, "sign in first")
_STEP_UP: Final = Refusal(Reason.STEP_UP_REQUIRED, "prove your second factor again first")


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncMfaParts:
    """What second factors work with; `issuer` is the product's name in authenticator apps, `window` the steps accepted to either side."""

    authenticators: AsyncAuthenticatorRecords
    backup_codes: AsyncBackupCodeRecords
    owners: AsyncOwners
    sessions: AsyncSessionControl
    stretcher: AsyncStretcher
    sealer: AsyncSealer
    throttle: AsyncThrottle
    proofs: AsyncProofRecords
    devices: AsyncKnownDevices
    steps: AsyncStepRecords
    post: AsyncPost
    letters: Letters
    issuer: str
    window: int = 1


class AsyncMfa:
    """TOTP and backup codes. A code is accepted once: the guard store advances the step, or marks the slot, by compare-and-set."""

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: AsyncMfaParts, *, audit: AsyncRecorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    async def begin_totp(self, principal: Principal) -> Outcome[Enrolment]:
        """Make a pending authenticator and return what its app needs; it counts for nothing until a first code confirms it."""
        user = await self._person(principal)
        if isinstance(user, Refusal):
            return user
        if await self._confirmed(user.id) is not None:
            return Refusal(Reason.MFA_ALREADY_ENROLLED, "remove the present authenticator first")
        await self._parts.authenticators.remove(user.id, confirmed=False)
        now = self._ambient.now()
        seed = generate_secret(random=self._ambient.random)
        authenticator_id = new_id(AuthenticatorId, now=now, random=self._ambient.random)
        sealed = await self._parts.sealer.seal(seed.reveal(), context=seed_context(user.id, authenticator_id))
        await self._parts.steps.start(authenticator_id, step=NO_STEP)
        await self._parts.authenticators.add(
            Authenticator(id=authenticator_id, user_id=user.id, name="authenticator app", sealed_seed=sealed, created_at=now)
        )
        # Nothing is bound yet: whoever mistyped the codes of earlier tries begins anew.
        await self._parts.throttle.bind(code_counter(user.id, Factor.TOTP), actor=principal, subject=user.id)
        await self._record(EventName.MFA_ENROLMENT_STARTED, principal, user.id, authenticator_id)
        return Enrolment(authenticator_id, otpauth_uri(seed, issuer=self._parts.issuer, account=user.email), seed)

    async def confirm_totp(self, principal: Principal, *, code: str) -> Outcome[BackupCodes]:
        """Confirm the pending authenticator with its first code, which is burned; return backup codes. Other sessions end."""
        user = await self._person(principal)
        if isinstance(user, Refusal):
            return user
        pending = [each for each in await self._parts.authenticators.of_user(user.id) if each.confirmed_at is None]
        if not pending or await self._confirmed(user.id) is not None:
            return Refusal(Reason.NOT_FOUND, "there is no enrolment to confirm; begin one first")
        counter = code_counter(user.id, Factor.TOTP)
        charge = await self._parts.throttle.charge(counter, device=await self._parts.devices.recognise(user.id))
        if isinstance(charge, Refusal):
            return await self._refuse(charge, user.id, Factor.TOTP)
        proved = await self._check_totp(pending[-1], code)
        if isinstance(proved, Refusal):
            return await self._refuse(proved, user.id, Factor.TOTP, charge)
        confirmed = replace(pending[-1], confirmed_at=self._ambient.now(), version=pending[-1].version + 1)
        if not await self._parts.authenticators.replace(confirmed):
            return Refusal(Reason.CONFLICT, "the enrolment was changed meanwhile")
        codes = await self._new_codes(user, principal)
        session = SessionId(principal.credential.id)
        token = await self._parts.sessions.raise_assurance(session, Factor.TOTP)
        await self._parts.sessions.revoke_others(user.id, keep=session)
        await self._parts.throttle.settle(charge)
        await self._parts.throttle.bind(counter, actor=principal, subject=user.id)
        await self._parts.post.post(self._parts.letters.notice(user.email, what="multi-factor authentication was turned on"))
        await self._record(EventName.MFA_ENROLLED, principal, user.id, confirmed.id)
        return replace(codes, session_token=token)

    async def regenerate_backup_codes(self, principal: Principal) -> Outcome[BackupCodes]:
        """Return a new set, which makes the old one void; takes a fresh proof of the second factor."""
        user = await self._person(principal)
        if isinstance(user, Refusal):
            return user
        if await self._confirmed(user.id) is None:
            return Refusal(Reason.MFA_NOT_ENROLLED, "turn multi-factor authentication on first")
        if not principal.credential.second_factor_fresh(now=self._ambient.now()):
            return _STEP_UP
        codes = await self._new_codes(user, principal)
        await self._parts.post.post(self._parts.letters.notice(user.email, what="new backup codes were made"))
        await self._record(EventName.BACKUP_CODES_GENERATED, principal, user.id, "")
        return codes

    async def remove_totp(self, principal: Principal) -> Outcome[MfaStatus]:
        """Remove the authenticator and the backup codes; takes a fresh proof of the second factor. Other sessions end."""
        user = await self._person(principal)
        if isinstance(user, Refusal):
            return user
        authenticator = await self._confirmed(user.id)
        if authenticator is None:
            return Refusal(Reason.MFA_NOT_ENROLLED, "there is no authenticator to remove")
        if not principal.credential.second_factor_fresh(now=self._ambient.now()):
            return _STEP_UP
        await self._parts.authenticators.remove(user.id, confirmed=True)
        await self._parts.backup_codes.remove(user.id)
        # What is bound next is another authenticator: it starts at no failures, also after 100 of this one.
        counters = (code_counter(user.id, Factor.TOTP), code_counter(user.id, Factor.BACKUP_CODE))
        await self._parts.throttle.bind(*counters, actor=principal, subject=user.id)
        await self._parts.sessions.revoke_others(user.id, keep=SessionId(principal.credential.id))
        await self._parts.post.post(self._parts.letters.notice(user.email, what="multi-factor authentication was turned off"))
        await self._record(EventName.MFA_REMOVED, principal, user.id, authenticator.id)
        return MfaStatus(False, 0)

    async def status(self, user_id: UserId) -> MfaStatus:
        """Return the second factors of a person."""
        enrolled = await self._confirmed(user_id) is not None
        current = await self._parts.backup_codes.get(user_id)
        left = 0
        if enrolled and current is not None:
            left = len(await self._parts.proofs.live(Purpose.BACKUP_CODE, current.id, now=self._ambient.now()))
        return MfaStatus(enrolled, left)

    async def enrolled(self, user_id: UserId) -> frozenset[Factor]:
        """Return the second factors that a sign-in of this person may use, and must."""
        if await self._confirmed(user_id) is None:
            return frozenset()
        has_codes = await self._parts.backup_codes.get(user_id) is not None
        return frozenset({Factor.TOTP, Factor.BACKUP_CODE}) if has_codes else frozenset({Factor.TOTP})

    async def prove(
        self, user_id: UserId, *, factor: Factor, code: str, device: DeviceId | None = None, along: tuple[str, ...] = ()
    ) -> Outcome[Charge]:
        """Consume a code; the attempt is charged before anything is compared, and of many callers with one code one is told yes.

        `device` is the known device that it comes from; the counters `along`, of what was proved before in the same journey, count it too.
        """
        if factor not in {Factor.TOTP, Factor.BACKUP_CODE}:
            return Refusal(Reason.INVALID_INPUT, "expected a code of an authenticator or a backup code")
        authenticator = await self._confirmed(user_id)
        if authenticator is None:
            return await self._refuse(_WRONG_CODE, user_id, factor)
        charge = await self._parts.throttle.charge(code_counter(user_id, factor), device=device, along=along)
        if isinstance(charge, Refusal):
            return await self._refuse(charge, user_id, factor)
        proved = await self._check_totp(authenticator, code) if factor is Factor.TOTP else await self._check_backup(user_id, code)
        return await self._refuse(proved, user_id, factor, charge) if isinstance(proved, Refusal) else charge

    async def _check_totp(self, authenticator: Authenticator, code: str) -> Outcome[None]:
        last = await self._parts.steps.last(authenticator.id)
        if last is None:
            return _WRONG_CODE
        context = seed_context(authenticator.user_id, authenticator.id)
        seed = Secret(await self._parts.sealer.open(authenticator.sealed_seed, context=context))
        match = verify(code, secret=seed, now=self._ambient.now(), last_step=last, window=self._parts.window)
        if isinstance(match, Refusal):
            return match
        if not await self._parts.steps.advance(authenticator.id, step=match.step):
            return Refusal(Reason.CODE_ALREADY_USED, "the code was used before; wait for the next one")
        return None

    async def _check_backup(self, user_id: UserId, code: str) -> Outcome[None]:
        current = await self._parts.backup_codes.get(user_id)
        text = normalise(code)
        if current is None or text is None:
            return _WRONG_CODE
        slot = match_digest(await self._parts.stretcher.stretch(text, current.salt), record=current)
        if slot is None:
            return _WRONG_CODE
        if not await self._parts.proofs.consume(Purpose.BACKUP_CODE, slot_digest(current.id, slot), now=self._ambient.now()):
            return Refusal(Reason.CODE_ALREADY_USED, "the backup code was used before")
        await self._audit.note_aside(
            EventName.BACKUP_CODE_REDEEMED,
            actor=anonymous(),
            targets=(Target("user", user_id),),
            subject=user_id,
            details={"slot": slot},
        )
        return None

    async def _new_codes(self, user: User, actor: Principal) -> BackupCodes:
        now = self._ambient.now()
        codes = generate(random=self._ambient.random)
        set_id = new_id(BackupCodeSetId, now=now, random=self._ambient.random)
        salt = self._parts.stretcher.new_salt(random=self._ambient.random)
        digests = tuple([await self._parts.stretcher.stretch(normalise(code.reveal()) or b"", salt) for code in codes])
        await self._parts.proofs.issue(
            tuple(
                Proof(purpose=Purpose.BACKUP_CODE, digest=slot_digest(set_id, slot), subject=set_id, issued_at=now, expires_at=None)
                for slot in range(len(codes))
            )
        )
        await self._parts.backup_codes.put(BackupCodeSetRecord(id=set_id, user_id=user.id, salt=salt, digests=digests, created_at=now))
        await self._parts.throttle.bind(code_counter(user.id, Factor.BACKUP_CODE), actor=actor, subject=user.id)
        return BackupCodes(codes, user.email)

    async def _person(self, principal: Principal) -> Outcome[User]:
        if principal.credential.kind is not CredentialKind.SESSION:
            return _SESSION_ONLY
        return await self._parts.owners.get(UserId(principal.id)) or _SESSION_ONLY

    async def _confirmed(self, user_id: UserId) -> Authenticator | None:
        confirmed = [each for each in await self._parts.authenticators.of_user(user_id) if each.confirmed_at is not None]
        return confirmed[0] if confirmed else None

    async def _record(self, name: EventName, principal: Principal, user_id: UserId, authenticator: str) -> None:
        targets = (Target("authenticator", authenticator),) if authenticator else (Target("user", user_id),)
        await self._audit.note(name, actor=principal, targets=targets, subject=user_id)

    async def _refuse(self, refusal: Refusal, user_id: UserId, factor: Factor, charge: Charge | None = None) -> Refusal:
        if charge is not None:
            await self._parts.throttle.failed(charge, subject=user_id)
        details: Mapping[str, Detail] = {"factor": factor.value}
        await self._audit.note_aside(
            EventName.MFA_CODE_REFUSED,
            actor=anonymous(),
            targets=(Target("user", user_id),),
            subject=user_id,
            refused=refusal.reason,
            details=details,
        )
        return refusal


def slot_digest(set_id: BackupCodeSetId, slot: int) -> bytes:
    """Return the digest under which a slot of a set is consumed; it reveals nothing of the code."""
    return hashlib.sha256(f"{set_id}:{slot}".encode("ascii")).digest()
