"""The sign-in journey: a password or a mailed link, and a second factor where there is one; or a passkey (async source).

Rules that this module keeps:

- one function ends every way in;
- a mailed link is no authenticator (NIST SP 800-63B-4, 3.1.3.1): it takes the place of the password in the first step, and in none of
  what a password is asked for again; with a code after it the session stays at AAL1, since nothing was proved that the person knows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._async_ports import AsyncRecorder
from ctsec.audit.event import EventName, Target
from ctsec.authn._async_devices import AsyncDevices
from ctsec.authn._async_duties import AsyncDuties
from ctsec.authn._async_links import SIGN_IN, AsyncLinks
from ctsec.authn._async_notices import AsyncSignInNotices
from ctsec.authn._async_passwords import AsyncPasswordVault
from ctsec.authn._async_ports import AsyncAccountRecords, AsyncOrigins, AsyncRecoveryTrails, AsyncSecondFactors
from ctsec.authn._async_sessions import AsyncSessions
from ctsec.authn._async_trust import AsyncTrust
from ctsec.authn.journey import LINK_LIFE, TICKET_LIFE, EnrolmentRequired, LinkRequested, MfaRequired, SignedIn, SignInStep, may_sign_in
from ctsec.authn.record import Session
from ctsec.authn.session_token import credential_of
from ctsec.authn.ticket import MOMENT, Passage, as_claims, begun_with, charge_in, passage_in, set_at_in
from ctsec.guard._async import AsyncThrottle
from ctsec.guard._async_ports import AsyncProofRecords
from ctsec.guard.attempts import Charge
from ctsec.guard.counters import counted, password_counter, unknown_counter
from ctsec.guard.proof import Proof, Purpose, check_proof, mint_token, token_digest
from ctsec.ids import SessionId, UserId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import SESSIONS, Factor, Principal, PrincipalKind, anonymous
from ctsec.secret import SecretText
from ctsec.user import User, parse_email

_WRONG: Final = Refusal(Reason.INVALID_CREDENTIALS, "the address or the password is not right")
_NO_LINKS: Final = Refusal(Reason.NOT_FOUND, "nobody signs in by mail here; the deployment has to turn it on")
_STALE: Final = Refusal(Reason.INVALID_TOKEN, "the sign-in took too long or was completed; start again")


@dataclass(frozen=True, slots=True, kw_only=True)
class AsyncSignInParts:
    """What the journey works with; `links` is None where nobody signs in by mail."""

    accounts: AsyncAccountRecords
    passwords: AsyncPasswordVault
    sessions: AsyncSessions
    second_factors: AsyncSecondFactors
    throttle: AsyncThrottle
    proofs: AsyncProofRecords
    devices: AsyncDevices
    notices: AsyncSignInNotices
    trails: AsyncRecoveryTrails
    links: AsyncLinks | None
    duties: AsyncDuties
    trust: AsyncTrust
    origins: AsyncOrigins


class AsyncSignIn:
    """Signs people in. Every attempt is charged before its secret is compared, and nothing is forgiven before the journey is complete."""

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: AsyncSignInParts, *, audit: AsyncRecorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    async def password(self, *, email: str, password: str) -> SignInStep:
        """Take the first step; the answer for an unknown address and a wrong password is the same, at the same cost.

        A request from a device that the person has used before is held back by nothing that strangers do. It skips the second step only
        where the person has trusted it with that (see `second_factor`); the session is one of the password alone then.
        """
        try:
            key = parse_email(email)[1]
        except ValueError:
            # Nobody has this key, and it fits every store: what is no address may hold what a database refuses.
            key = hashlib.sha256(email.encode("utf-8", "surrogatepass")).hexdigest()
        user = await self._parts.accounts.by_email(key)
        counter = password_counter(user.id) if user is not None else unknown_counter(key)
        device = await self._parts.devices.recognise(user.id if user is not None else None)
        charge = await self._parts.throttle.charge(counter, device=device)
        if isinstance(charge, Refusal):
            return await self._refuse(charge, subject=None)
        proved = await self._parts.passwords.prove(user, password, key=key)
        if isinstance(proved, Refusal) or user is None:
            await self._parts.throttle.failed(charge, subject=user.id if user else "")
            return await self._refuse(_WRONG, subject=user.id if user else None)
        refusal = may_sign_in(user)
        if refusal is not None:
            await self._parts.throttle.failed(charge, subject=user.id)
            return await self._refuse(refusal, subject=user.id)
        factors = await self._parts.second_factors.enrolled(user.id)
        trusted = await self._parts.trust.skips(user.id, charge) if factors else None
        if factors and trusted is None:
            # The journey goes on in another request, and what this step has disabled ends it there.
            await self._parts.throttle.failed(charge, subject=user.id)
            if device is None:
                await self._parts.notices.begun(user)
            return await self._ticket(user, factors, by=Factor.PASSWORD, charge=charge, set_at=proved)
        mark = {Factor.TRUSTED_DEVICE.value: trusted.created_at} if trusted is not None else {}
        step = await self._complete(user, factors={Factor.PASSWORD.value: self._ambient.now(), **mark}, charges=(charge,), set_at=proved)
        if trusted is not None and isinstance(step, SignedIn):
            await self._parts.trust.skipped(_as_principal(step.session), trusted)
        return step

    async def request_link(self, *, email: str) -> Outcome[LinkRequested]:
        """Mail a link that signs in the browser that holds the other half of it; every address gets the same answer.

        Reasons: NOT_FOUND where the deployment signs nobody in by mail, THROTTLED.
        """
        if self._parts.links is None:
            return _NO_LINKS
        browser, _ = mint_token(random=self._ambient.random)
        refusal = await self._parts.links.request(SIGN_IN, email, browser=browser)
        return LinkRequested(browser, self._ambient.now() + LINK_LIFE) if refusal is None else refusal

    async def link(self, *, token: str, browser: str) -> SignInStep:
        """Take the first step with a mailed token and what the asking browser kept; the two count once, together."""
        if self._parts.links is None:
            return _NO_LINKS
        charge = await self._parts.throttle.charge_address()
        if isinstance(charge, Refusal):
            return await self._parts.links.refuse(charge)
        redeemed = await self._parts.links.redeem(token, browser)
        if isinstance(redeemed, Refusal):
            return redeemed
        user, asked, set_at = redeemed
        await self._parts.throttle.settle(charge, asked)
        refusal = may_sign_in(user)
        if refusal is not None:
            return await self._refuse(refusal, subject=user.id)
        factors = await self._parts.second_factors.enrolled(user.id)
        if factors:
            return await self._ticket(user, factors, by=Factor.LINK, charge=Charge(), set_at=set_at)
        # Asked again: a reset that has taken the factors away since the link was judged is seen now that they are gone.
        reset = await self._parts.trails.mail_refusal(user.id)
        if reset is not None:
            return await self._parts.links.refuse(reset)
        return await self._complete(user, factors={Factor.LINK.value: self._ambient.now()}, charges=(), set_at=set_at)

    async def second_factor(self, *, ticket: str, factor: Factor, code: str, trust: bool = False) -> SignInStep:
        """Take the second step with a code of `factor` (of a PASSKEY: its response); a ticket completes at most one sign-in.

        With `trust` this device is asked for the password alone from then on, for as long as the deployment allows (INVALID_INPUT where it
        or an organization of the person's does not, and with a backup code). The sessions of such sign-ins have no second factor.
        """
        held = await self._holder(ticket)
        if isinstance(held, Refusal):
            return held
        user, proof = held
        refusal = await self._parts.trust.refusal(user.id, factor) if trust else None
        if refusal is not None:
            return refusal
        first, begun, passage = charge_in(proof, user), begun_with(proof), passage_in(proof)
        device = await self._parts.devices.recognise(user.id)
        proved = await self._parts.second_factors.prove(
            user.id,
            factor=factor,
            code=code,
            device=device,
            along=tuple(record.key for record in first.records),
            sole=Factor.PASSWORD not in begun,
        )
        if isinstance(proved, Refusal):
            return proved
        now = self._ambient.now()
        if not await self._parts.proofs.consume(Purpose.SIGN_IN_TICKET, proof.digest, now=now):
            return await self._refuse_ticket()
        # What the code counted on the password is the newer record; of the first step only its share of the allowance is left to settle.
        charges = (proved, Charge((), first.block))
        factors, set_at = {**begun, factor.value: now}, set_at_in(proof)
        return await self._complete(user, factors=factors, charges=charges, set_at=set_at, trust=trust, passage=passage)

    async def begin_passkey(self, *, ticket: str | None = None) -> Outcome[Mapping[str, object]]:
        """Return what the browser is to ask a passkey for: anybody's as the one step, or with a ticket the person's own as the second.

        Raises ConfigurationError without the library webauthn, and where the base address has no host name.
        """
        if ticket is None:
            return await self._parts.second_factors.passkey_options(None)
        held = await self._holder(ticket)
        if isinstance(held, Refusal):
            return held
        return await self._parts.second_factors.passkey_options(held[0].id, sole=Factor.PASSWORD not in begun_with(held[1]))

    async def passkey(self, *, response: str) -> SignInStep:
        """Sign in with a passkey alone, which has verified the person; `response` is what the browser answered, as JSON text."""
        found = await self._parts.second_factors.identify(response)
        if isinstance(found, Refusal):
            return found
        owner, charge = found
        user = await self._parts.accounts.get(owner)
        refusal = _WRONG if user is None else may_sign_in(user)
        if refusal is not None or user is None:
            await self._parts.throttle.failed(charge, subject=owner)
            return await self._refuse(refusal, subject=owner)
        return await self._complete(user, factors={Factor.PASSKEY.value: self._ambient.now()}, charges=(charge,))

    async def begin_step_up(self, principal: Principal) -> Outcome[Mapping[str, object]]:
        """Return what the browser is to ask a passkey of a session's person for, to step the session up."""
        if principal.credential.kind not in SESSIONS:
            return Refusal(Reason.NOT_AUTHENTICATED, "only a session can be stepped up")
        return await self._parts.second_factors.passkey_options(UserId(principal.id), sole=_without_password(principal))

    async def step_up(self, principal: Principal, *, factor: Factor, code: str) -> Outcome[tuple[Session, SecretText]]:
        """Prove a second factor again in a session; its token is replaced, because its assurance rose."""
        if principal.credential.kind not in SESSIONS:
            return Refusal(Reason.NOT_AUTHENTICATED, "only a session can be stepped up")
        user_id = UserId(principal.id)
        device = await self._parts.devices.recognise(user_id)
        proved = await self._parts.second_factors.prove(user_id, factor=factor, code=code, device=device, sole=_without_password(principal))
        if isinstance(proved, Refusal):
            return proved
        rotated = await self._parts.sessions.rotate(SessionId(principal.credential.id), factor)
        if isinstance(rotated, Refusal):
            return rotated
        await self._parts.throttle.settle(proved)
        await self._audit.note(
            EventName.USER_STEPPED_UP,
            actor=principal,
            targets=(Target("session", principal.credential.id),),
            organization=principal.organization,
            details={"factor": factor.value},
        )
        return rotated

    async def _holder(self, ticket: str) -> Outcome[tuple[User, Proof]]:
        """Return the person who took the first step, with the ticket's proof; nothing is consumed."""
        digest = token_digest(ticket)
        if isinstance(digest, Refusal):
            return await self._refuse_ticket()
        proof = check_proof(await self._parts.proofs.peek(Purpose.SIGN_IN_TICKET, digest), now=self._ambient.now())
        if isinstance(proof, Refusal):
            return await self._refuse_ticket()
        user = await self._parts.accounts.get(UserId(proof.subject))
        refusal = _STALE if user is None else may_sign_in(user, known=passage_in(proof) is not None)
        if refusal is not None or user is None:
            return await self._refuse(refusal, subject=proof.subject)
        return user, proof

    async def _refuse_ticket(self) -> Refusal:
        await self._audit.note_aside(
            EventName.TOKEN_REFUSED, actor=anonymous(), refused=_STALE.reason, details={"purpose": Purpose.SIGN_IN_TICKET.value}
        )
        return _STALE

    async def _ticket(
        self, user: User, factors: frozenset[Factor], *, by: Factor, charge: Charge, set_at: str = "", passage: Passage | None = None
    ) -> MfaRequired:
        now = self._ambient.now()
        ticket, digest = mint_token(random=self._ambient.random)
        ends = now + TICKET_LIFE
        told = {MOMENT[by]: now.isoformat(), "set_at": set_at, **as_claims(charge), **(passage.as_claims() if passage is not None else {})}
        purpose = Purpose.SIGN_IN_TICKET
        proof = Proof(purpose=purpose, digest=digest, subject=user.id, issued_at=now, expires_at=ends, claims=told)
        await self._parts.proofs.issue((proof,))
        await self._audit.note_aside(
            EventName.USER_SIGN_IN_STARTED,
            actor=anonymous(),
            targets=(Target("user", user.id),),
            subject=user.id,
            details={"factor": by.value},
        )
        return MfaRequired(ticket, tuple(sorted(factors)), ends, trust_life=await self._parts.trust.life(user.id))

    async def _complete(
        self,
        user: User,
        *,
        factors: Mapping[str, datetime],
        charges: tuple[Charge, ...],
        set_at: str = "",
        trust: bool = False,
        passage: Passage | None = None,
    ) -> SignInStep:
        """End every way in: look at the person's live state, start the session, forgive what was charged, remember the device.

        `set_at` is when the password was set that was proved, or that a link counts beside: another one since then has ended the sign-in.
        """
        live = await self._parts.accounts.get(user.id)
        refusal = _WRONG if live is None else may_sign_in(live, known=passage is not None)
        # Held, so that who sets another one now waits for this session, and ends it.
        if refusal is None and set_at and await self._parts.passwords.set_at(user.id, held=True) != set_at:
            refusal = _WRONG
        if refusal is not None or live is None:
            return await self._refuse(refusal, subject=user.id)
        owed = await self._parts.duties.owed(live, factors=factors, charges=charges, set_at=set_at) if passage is None else None
        if owed is not None:
            if isinstance(owed, EnrolmentRequired) and await self._parts.devices.recognise(live.id) is None:
                await self._parts.notices.begun(live)
            return owed
        session, token = await self._parts.sessions.start(live, factors=factors, passage=passage)
        await self._parts.throttle.settle(*charges)
        await self._parts.trails.signed_in(live.id, factors)
        # A provider vouches for no device of the account.
        device, new = await self._remember(live, charges, trust=trust) if passage is None else (None, False)
        through = {} if session.connection_id is None else {"connection": session.connection_id}
        await self._audit.note(
            EventName.USER_SIGNED_IN,
            actor=_as_principal(session),
            targets=(Target("session", session.id),),
            subject=live.id,
            organization=session.organization_id,
            details={"factors": tuple(factors), "aal": session.aal, "new_device": new, **through},
        )
        if trust and device is not None:
            await self._parts.trust.given(live, actor=_as_principal(session), token=device)
        due, entered = await self._parts.duties.due(live.id, factors=factors), await self._parts.duties.entered_from(session)
        return SignedIn(live, session, token, device, due, sso_due=entered)

    async def _remember(self, user: User, charges: tuple[Charge, ...], *, trust: bool) -> tuple[SecretText | None, bool]:
        """Keep this device, and say whether it is new; one whose own limit was reached signed in as a stranger, and becomes another one."""
        known = await self._parts.devices.recognise(user.id)
        lanes = {counted(record.key)[1] for charge in charges for record in charge.records}
        spent = bool(lanes) and lanes != {known}
        new = known is None or spent
        if new:
            await self._parts.notices.complete(user)
        return await self._parts.devices.remember(user, known=known, spent=spent, trust=trust), new

    async def _refuse(self, refusal: Refusal | None, *, subject: str | None) -> Refusal:
        answer = _WRONG if refusal is None else refusal
        await self._audit.note_aside(
            EventName.USER_SIGN_IN_REFUSED,
            actor=anonymous(),
            targets=(Target("user", subject),) if subject else (),
            subject=subject,
            refused=answer.reason,
        )
        return answer


def _without_password(principal: Principal) -> bool:
    return Factor.PASSWORD not in principal.credential.factors


def _as_principal(session: Session) -> Principal:
    return Principal(id=session.user_id, kind=PrincipalKind.USER, credential=credential_of(session), organization=session.organization_id)
