"""Second factors: enrolled, confirmed, proved once each, and removed (async source).

What passkeys add to it is in `ctsec.mfa._async_prover` and `ctsec.mfa._async_passkeys`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.event import Detail, EventName, Target
from ctsec.guard.attempts import Charge
from ctsec.guard.counters import code_counter, passkey_counter, pending_counter
from ctsec.ids import AuthenticatorId, DeviceId, SessionId, UserId, new_id
from ctsec.mfa._async_backup_codes import AsyncBackupCodeBook
from ctsec.mfa._async_parts import AsyncMfaParts
from ctsec.mfa._async_prover import AsyncPasskeyProver
from ctsec.mfa.enrolment import BackupCodes, Enrolment, MfaStatus
from ctsec.mfa.passkey import parse_factor_name
from ctsec.mfa.passkey_options import Options
from ctsec.mfa.passkey_response import parse_assertion
from ctsec.mfa.provisioning import otpauth_uri
from ctsec.mfa.record import MAX_AUTHENTICATORS, Authenticator, seed_context
from ctsec.mfa.totp import NO_STEP, drift_of, generate_secret, verify
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import ENROLLING, SECOND_FACTORS, Factor, Principal, anonymous
from ctsec.secret import Secret
from ctsec.user import User

_WRONG_CODE: Final = Refusal(Reason.INVALID_CODE, "the code is not right")
_USED: Final = Refusal(Reason.CODE_ALREADY_USED, "the code was used before; wait for the next one")
_FULL: Final = Refusal(Reason.CEILING_EXCEEDED, f"there are {MAX_AUTHENTICATORS} authenticator apps already; remove one first")
_SESSION_ONLY: Final = Refusal(Reason.NOT_AUTHENTICATED, "sign in first")
_SIGN_IN: Final = Refusal(Reason.STEP_UP_REQUIRED, "sign in again first; adding a factor takes a fresh proof of who you are")
_STEP_UP: Final = Refusal(Reason.STEP_UP_REQUIRED, "prove your second factor again first")


class AsyncMfa:
    """TOTP and backup codes. A code is accepted once: the guard store advances the step, or marks the slot, by compare-and-set."""

    __slots__ = ("_ambient", "_audit", "_codes", "_parts", "_prover")

    def __init__(self, parts: AsyncMfaParts, *, audit: AsyncRecorder, ambient: Ambient) -> None:
        self._parts = parts
        self._prover = AsyncPasskeyProver(parts, audit=audit, ambient=ambient)
        self._codes = AsyncBackupCodeBook(parts, audit=audit, ambient=ambient)
        self._audit = audit
        self._ambient = ambient

    async def begin_totp(self, principal: Principal, *, name: str = "authenticator app") -> Outcome[Enrolment]:
        """Make a pending authenticator and return what its app needs; it counts for nothing until a first code confirms it.

        `name` tells it from others, of 1 to 64 characters. It takes a fresh proof: of a second factor where there is one, else of what the
        person signed in with (STEP_UP_REQUIRED). A person has at most MAX_AUTHENTICATORS (CEILING_EXCEEDED).
        """
        user = await self._person(principal)
        if isinstance(user, Refusal):
            return user
        label = parse_factor_name(name)
        if isinstance(label, Refusal):
            return label
        present = await self._parts.authenticators.of_user(user.id)
        if sum(each.confirmed_at is not None for each in present) >= MAX_AUTHENTICATORS:
            return _FULL
        if await self._lacks_proof(principal, user):
            return _STEP_UP
        # Else whoever found a session that was left open would bind a factor to it, and have what takes a fresh one.
        if not any(principal.credential.fresh(each, now=self._ambient.now()) for each in principal.credential.factors):
            return _SIGN_IN
        earlier = [pending_counter(each.id) for each in present if each.confirmed_at is None]
        await self._parts.throttle.bind(*earlier, actor=principal, subject=user.id)
        await self._parts.authenticators.remove(user.id, confirmed=False)
        now = self._ambient.now()
        seed = generate_secret(random=self._ambient.random)
        authenticator_id = new_id(AuthenticatorId, now=now, random=self._ambient.random)
        sealed = await self._parts.sealer.seal(seed.reveal(), context=seed_context(user.id, authenticator_id))
        await self._parts.steps.start(authenticator_id, step=NO_STEP)
        await self._parts.authenticators.add(
            Authenticator(id=authenticator_id, user_id=user.id, name=label, sealed_seed=sealed, created_at=now)
        )
        await self._record(EventName.MFA_ENROLMENT_STARTED, principal, user.id, authenticator_id)
        return Enrolment(authenticator_id, otpauth_uri(seed, issuer=self._parts.issuer, account=user.email), seed)

    async def confirm_totp(self, principal: Principal, *, code: str) -> Outcome[BackupCodes]:
        """Confirm the pending authenticator with its first code, which is burned. Other sessions end.

        Returns backup codes with the first second factor; a person who has some keeps them. Authenticators that wrong codes had ended
        (LOCKED) go: this one is bound in their place.
        """
        user = await self._person(principal)
        if isinstance(user, Refusal):
            return user
        present = await self._parts.authenticators.of_user(user.id)
        pending = [each for each in present if each.confirmed_at is None]
        if not pending:
            return Refusal(Reason.NOT_FOUND, "there is no enrolment to confirm; begin one first")
        if len(present) > MAX_AUTHENTICATORS:
            return _FULL
        if await self._lacks_proof(principal, user):
            return _STEP_UP
        # What is mistyped here counts on a counter of its own: nobody who guesses at the present ones keeps the person from a new one.
        counter = pending_counter(pending[-1].id)
        charge = await self._parts.throttle.charge(counter, device=await self._parts.devices.recognise(user.id))
        if isinstance(charge, Refusal):
            return await self._refuse(charge, user.id, Factor.TOTP)
        proved = await self._check_totp(pending[-1:], code)
        if isinstance(proved, Refusal):
            return await self._refuse(proved, user.id, Factor.TOTP, charge)
        now = self._ambient.now()
        confirmed = replace(proved, confirmed_at=now, last_used_at=now, version=proved.version + 1)
        kept = await self._keep_or_end(user, principal, alone=len(present) == len(pending))
        if not await self._parts.authenticators.replace(confirmed):
            return Refusal(Reason.CONFLICT, "the enrolment was changed meanwhile")
        codes = await self.first_codes(user, actor=principal) or BackupCodes((), user.email)
        session = SessionId(principal.credential.id)
        token = await self._parts.sessions.raise_assurance(session, Factor.TOTP)
        await self._parts.sessions.revoke_others(user.id, keep=session)
        await self._parts.throttle.settle(charge)
        await self._parts.throttle.bind(counter, actor=principal, subject=user.id)
        what = "multi-factor authentication was turned on" if codes.codes else f"the authenticator app {confirmed.name} was added{kept}"
        await self._parts.post.post(self._parts.letters.notice(user.email, what=what))
        await self._record(EventName.MFA_ENROLLED, principal, user.id, confirmed.id)
        return replace(codes, session_token=token)

    async def regenerate_backup_codes(self, principal: Principal) -> Outcome[BackupCodes]:
        """Return a new set, which makes the old one void; takes a fresh proof of the second factor."""
        user = await self._person(principal)
        if isinstance(user, Refusal):
            return user
        if not await self.enrolled(user.id):
            return Refusal(Reason.MFA_NOT_ENROLLED, "turn multi-factor authentication on first")
        if not principal.credential.second_factor_fresh(now=self._ambient.now()):
            return _STEP_UP
        codes = await self._codes.make(user, actor=principal)
        await self._parts.devices.distrust(user.id)
        await self._parts.post.post(self._parts.letters.notice(user.email, what="new backup codes were made"))
        await self._record(EventName.BACKUP_CODES_GENERATED, principal, user.id, "")
        return codes

    async def remove_totp(self, principal: Principal) -> Outcome[MfaStatus]:
        """Remove every authenticator, and without passkeys the backup codes; takes a fresh proof of a second factor. Other sessions end.

        `AsyncAuthenticators.remove` removes one.
        """
        user = await self._person(principal)
        if isinstance(user, Refusal):
            return user
        removed = await self._confirmed(user.id)
        if not removed:
            return Refusal(Reason.MFA_NOT_ENROLLED, "there is no authenticator to remove")
        if not principal.credential.second_factor_fresh(now=self._ambient.now()):
            return _STEP_UP
        await self._parts.authenticators.remove(user.id, confirmed=True)
        # What is bound next is another authenticator: it starts at no failures, also after 100 of this one.
        await self._parts.throttle.bind(code_counter(user.id, Factor.TOTP), actor=principal, subject=user.id)
        off = await self.drop_codes(user.id, actor=principal)
        what = "multi-factor authentication was turned off" if off else "your authenticator apps were removed"
        await self._parts.sessions.revoke_others(user.id, keep=SessionId(principal.credential.id))
        await self._parts.post.post(self._parts.letters.notice(user.email, what=what))
        for each in removed:
            await self._record(EventName.MFA_REMOVED, principal, user.id, each.id)
        return await self.status(user.id)

    async def status(self, user_id: UserId) -> MfaStatus:
        """Return the second factors of a person."""
        factors = await self.enrolled(user_id)
        left = await self._codes.left(user_id) if factors else 0
        passkeys, apps = await self._parts.passkeys.of_user(user_id), await self._confirmed(user_id)
        return MfaStatus(bool(factors), left, len(passkeys), len(apps))

    async def enrolled(self, user_id: UserId) -> frozenset[Factor]:
        """Return the second factors that a sign-in of this person may use, and must."""
        totp = bool(await self._confirmed(user_id))
        passkeys = bool(await self._parts.passkeys.of_user(user_id))
        codes = (totp or passkeys) and await self._parts.backup_codes.get(user_id) is not None
        found = {Factor.TOTP: totp, Factor.PASSKEY: passkeys, Factor.BACKUP_CODE: codes}
        return frozenset(factor for factor, has in found.items() if has)

    async def prove(
        self,
        user_id: UserId,
        *,
        factor: Factor,
        code: str,
        device: DeviceId | None = None,
        along: tuple[str, ...] = (),
        sole: bool = False,
    ) -> Outcome[Charge]:
        """Consume a code; the attempt is charged before anything is compared, and of many callers with one code one is told yes.

        `device` is the known device that it comes from; the counters `along`, of what was proved before in the same journey, count it too.
        The code of a passkey is what the browser answered, as JSON text; `sole`: no password was proved beside it, so it has to verify
        the person.
        """
        if factor.value not in SECOND_FACTORS:
            return Refusal(Reason.INVALID_INPUT, "expected a code of an authenticator, a passkey or a backup code")
        if not await self.enrolled(user_id):
            return await self._refuse(_WRONG_CODE, user_id, factor)
        charge = await self._parts.throttle.charge(code_counter(user_id, factor), device=device, along=along)
        if isinstance(charge, Refusal):
            return await self._refuse(charge, user_id, factor)
        proved = await self._check_code(user_id, factor, code, sole=sole)
        return await self._refuse(proved, user_id, factor, charge) if isinstance(proved, Refusal) else charge

    async def passkey_options(self, user_id: UserId | None, *, sole: bool = False) -> Outcome[Options]:
        """Return what a browser is to ask a passkey of this person for, or (None) one of anybody's; it is good for five minutes.

        MFA_NOT_ENROLLED for a person without passkeys.
        """
        return await self._prover.options(user_id, sole=sole)

    async def identify(self, response: str) -> Outcome[tuple[UserId, Charge]]:
        """Return whose passkey answered a challenge that was for anybody, and the charge; it verified the person, so nothing else is asked.

        A passkey that nobody has is charged and answered like one that signed wrongly.
        """
        given = parse_assertion(response)
        if isinstance(given, Refusal):
            return await self._refuse(given, None, Factor.PASSKEY)
        owner = await self._prover.owner(given)
        counter = code_counter(owner, Factor.PASSKEY) if owner is not None else passkey_counter(given.credential_id)
        charge = await self._parts.throttle.charge(counter, device=await self._parts.devices.recognise(owner))
        if isinstance(charge, Refusal):
            return await self._refuse(charge, owner, Factor.PASSKEY)
        proved = await self._prover.prove(given, None, sole=True)
        return await self._refuse(proved, owner, Factor.PASSKEY, charge) if isinstance(proved, Refusal) else (proved.user_id, charge)

    async def first_codes(self, user: User, *, actor: Principal) -> BackupCodes | None:
        """Return backup codes for a person who has none yet."""
        return None if await self._parts.backup_codes.get(user.id) is not None else await self._codes.make(user, actor=actor)

    async def drop_codes(self, user_id: UserId, *, actor: Principal) -> bool:
        """Remove the backup codes of a person who has no other second factor left, and say whether that is so."""
        off = not await self.enrolled(user_id)
        if off:
            await self._parts.backup_codes.remove(user_id)
            await self._parts.throttle.bind(code_counter(user_id, Factor.BACKUP_CODE), actor=actor, subject=user_id)
        return off

    async def _check_code(self, user_id: UserId, factor: Factor, code: str, *, sole: bool) -> Outcome[object]:
        if factor is Factor.PASSKEY:
            given = parse_assertion(code)
            return given if isinstance(given, Refusal) else await self._prover.prove(given, user_id, sole=sole)
        if factor is Factor.BACKUP_CODE:
            return await self._codes.redeem(user_id, code)
        proved = await self._check_totp(await self._confirmed(user_id), code)
        if not isinstance(proved, Refusal):
            # Two sign-ins at once may write this; either moment is right.
            await self._parts.authenticators.replace(replace(proved, last_used_at=self._ambient.now(), version=proved.version + 1))
        return proved

    async def _check_totp(self, authenticators: Sequence[Authenticator], code: str) -> Outcome[Authenticator]:
        """Return the authenticator whose code this is; every one is tried, and each that has the code now will not take it again.

        Where two have the same code, one that took it before refuses for both, and of many callers the one that wins the first is told yes.
        """
        refusal, proved = _WRONG_CODE, list[tuple[Authenticator, int]]()
        for each in authenticators:
            last = await self._parts.steps.last(each.id)
            if last is None:
                continue
            context = seed_context(each.user_id, each.id)
            seed = Secret(await self._parts.sealer.open(each.sealed_seed, context=context))
            now, window = self._ambient.now(), self._parts.window
            match = verify(code, secret=seed, now=now, last_step=last, window=window, drift=each.drift if window else 0)
            if not isinstance(match, Refusal):
                proved.append((replace(each, drift=drift_of(match.step, now=now)), match.step))
            elif match.reason is Reason.CODE_ALREADY_USED:
                refusal = match
        if not proved or refusal.reason is Reason.CODE_ALREADY_USED:
            return refusal
        won = [await self._parts.steps.advance(each.id, step=step) for each, step in proved]
        return proved[0][0] if won[0] else _USED

    async def _keep_or_end(self, user: User, principal: Principal, *, alone: bool) -> str:
        """Before another authenticator counts: remove those that wrong codes have ended, and say so; begin counting anew."""
        counter = code_counter(user.id, Factor.TOTP)
        ended = not alone and await self._parts.throttle.is_disabled(counter)
        if ended:
            await self._parts.authenticators.remove(user.id, confirmed=True)
        if alone or ended:
            await self._parts.throttle.bind(counter, actor=principal, subject=user.id)
        return ", in place of what too many wrong codes had ended" if ended else ""

    async def _person(self, principal: Principal) -> Outcome[User]:
        if principal.credential.kind not in ENROLLING:
            return _SESSION_ONLY
        return await self._parts.owners.get(UserId(principal.id)) or _SESSION_ONLY

    async def _lacks_proof(self, principal: Principal, user: User) -> bool:
        """Say whether there is a second factor already, and no fresh proof of one."""
        return not principal.credential.second_factor_fresh(now=self._ambient.now()) and bool(await self.enrolled(user.id))

    async def _confirmed(self, user_id: UserId) -> tuple[Authenticator, ...]:
        return tuple([each for each in await self._parts.authenticators.of_user(user_id) if each.confirmed_at is not None])

    async def _record(self, name: EventName, principal: Principal, user_id: UserId, authenticator: str) -> None:
        targets = (Target("authenticator", authenticator),) if authenticator else (Target("user", user_id),)
        await self._audit.note(name, actor=principal, targets=targets, subject=user_id)

    async def _refuse(self, refusal: Refusal, user_id: UserId | None, factor: Factor, charge: Charge | None = None) -> Refusal:
        if charge is not None:
            await self._parts.throttle.failed(charge, subject=user_id or "")
        details: Mapping[str, Detail] = {"factor": factor.value}
        await self._audit.note_aside(
            EventName.MFA_CODE_REFUSED,
            actor=anonymous(),
            targets=(Target("user", user_id),) if user_id is not None else (),
            subject=user_id,
            refused=refusal.reason,
            details=details,
        )
        return refusal
