"""Passkeys, asked and proved: each challenge is ours and answered once (async source)."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.event import EventName, Target
from ctsec.guard.proof import Proof, Purpose, check_proof, mint_token, token_digest
from ctsec.ids import UserId
from ctsec.mfa._async_parts import AsyncMfaParts
from ctsec.mfa.passkey import CHALLENGE_LIFE, Passkey, RelyingParty
from ctsec.mfa.passkey_options import Options, request_options
from ctsec.mfa.passkey_response import WRONG, Assertion
from ctsec.mfa.passkey_verification import Signed, require_library, verify_assertion
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import anonymous
from ctsec.secret import SecretText

_ANYBODY: Final = "anybody"
_ANSWERED: Final = Refusal(Reason.CODE_ALREADY_USED, "this was answered before; start again")
_LATE: Final = Refusal(Reason.EXPIRED, "it took too long; start again")


class AsyncPasskeyProver:
    """Hands challenges out and takes their answers, each once: by compare-and-set in the guard store, before anybody is let in."""

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: AsyncMfaParts, *, audit: AsyncRecorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    @property
    def site(self) -> RelyingParty:
        """The site; raises ConfigurationError without the library, and for an address that has no passkeys."""
        require_library()
        return RelyingParty.of(self._parts.base_url, name=self._parts.issuer)

    async def challenge(self, purpose: Purpose, *, subject: str) -> SecretText:
        """Return a fresh challenge of 256 bits, for one purpose, one subject and five minutes."""
        now = self._ambient.now()
        challenge, digest = mint_token(random=self._ambient.random)
        proof = Proof(purpose=purpose, digest=digest, subject=subject, issued_at=now, expires_at=now + CHALLENGE_LIFE)
        await self._parts.proofs.issue((proof,))
        return challenge

    async def spend(self, challenge: str, purpose: Purpose, *, subject: str) -> Refusal | None:
        """Mark a challenge as answered; return why that can not be, or None for exactly one caller."""
        digest = token_digest(challenge)
        if isinstance(digest, Refusal):
            return WRONG
        now = self._ambient.now()
        proof = check_proof(await self._parts.proofs.peek(purpose, digest), now=now)
        if isinstance(proof, Refusal):
            return {Reason.CODE_ALREADY_USED: _ANSWERED, Reason.EXPIRED: _LATE}.get(proof.reason, WRONG)
        if proof.subject != subject:
            return WRONG
        return None if await self._parts.proofs.consume(purpose, digest, now=now) else _ANSWERED

    async def options(self, user_id: UserId | None, *, sole: bool) -> Outcome[Options]:
        """Return what a browser is to ask for: a passkey of this person as the second factor, or of anybody as the first.

        A `sole` one has to verify the person. MFA_NOT_ENROLLED for a person without passkeys.
        """
        site = self.site
        if user_id is None:
            return request_options(await self.challenge(Purpose.PASSKEY_SIGN_IN, subject=_ANYBODY), site=site, allowed=None)
        allowed = await self._parts.passkeys.of_user(user_id)
        if not allowed:
            return Refusal(Reason.MFA_NOT_ENROLLED, "there is no passkey; use another factor")
        return request_options(await self.challenge(Purpose.PASSKEY_SECOND_FACTOR, subject=user_id), site=site, allowed=allowed, sole=sole)

    async def prove(self, given: Assertion, user_id: UserId | None, *, sole: bool) -> Outcome[Passkey]:
        """Return the passkey that signed: one of this person's, or (None) of anybody's; a `sole` one has verified the person.

        The attempt is charged already. A passkey that nobody has is answered like one that signed wrongly.
        """
        site = self.site
        purpose = Purpose.PASSKEY_SIGN_IN if user_id is None else Purpose.PASSKEY_SECOND_FACTOR
        refusal = await self.spend(given.challenge, purpose, subject=_ANYBODY if user_id is None else user_id)
        if refusal is not None:
            return refusal
        passkey = await self._parts.passkeys.by_credential(given.credential_id)
        if passkey is None or user_id not in {None, passkey.user_id} or (user_id is None and given.user_handle is None):
            return WRONG
        signed = verify_assertion(given, passkey=passkey, site=site, verified=sole)
        if isinstance(signed, Refusal):
            return signed
        return await self._used(passkey, signed)

    async def owner(self, given: Assertion) -> UserId | None:
        """Return whose passkey is said to have signed, before anything is proved: for the record of a refusal."""
        passkey = await self._parts.passkeys.by_credential(given.credential_id)
        return passkey.user_id if passkey is not None else None

    async def _used(self, passkey: Passkey, signed: Signed) -> Outcome[Passkey]:
        last = await self._parts.steps.last(passkey.id)
        if last is None:
            return WRONG
        counts = last > 0 or signed.sign_count > 0
        if counts and not await self._parts.steps.advance(passkey.id, step=signed.sign_count):
            # Its key signed, and signed elsewhere before: there are two of it.
            await self._audit.note_aside(
                EventName.PASSKEY_CLONE_SUSPECTED,
                actor=anonymous(),
                targets=(Target("passkey", passkey.id),),
                subject=passkey.user_id,
                details={"last": last, "presented": signed.sign_count},
            )
            return WRONG
        used = replace(passkey, backup=signed.backup, last_used_at=self._ambient.now(), version=passkey.version + 1)
        # Not written where it was removed meanwhile, which has ended the sessions that it had begun.
        return used if await self._parts.passkeys.replace(used) else WRONG
