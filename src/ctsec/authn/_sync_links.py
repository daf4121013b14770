# Generated from src/ctsec/authn/_async_links.py by tools/twin.py; edit that file.
"""Links that people ask for by an address: the same is done for every address, whoever has it (async source).

Rules that this module keeps:

- a request is charged to the address block and to the mailbox before anything is looked up;
- an address that the link is not for (nobody's, a disabled account's, one that is not confirmed) gets the same answer by the same calls: a
  proof that nobody holds, a letter that leaves the outbox to nobody, an event without a subject (ASVS 6.3.8, 6.4.1);
- a link is void when the account's address or password was changed meanwhile;
- while second factors are reset, and for a while after it, what is mailed neither sets a password nor signs in: the person is told why;
- where a browser holds the other half of the secret, the link alone finds nothing: forwarded or fetched by a scanner of mail, it neither
  signs in nor is used up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.event import EventName, Target
from ctsec.authn._sync_passwords import NOBODY, PasswordVault
from ctsec.authn._sync_ports import AccountRecords, Post, RecoveryTrails
from ctsec.authn.journey import LINK_LIFE, RESET_LIFE, VERIFICATION_LIFE
from ctsec.guard._sync import Throttle
from ctsec.guard._sync_ports import ProofRecords
from ctsec.guard.attempts import Charge
from ctsec.guard.proof import Proof, Purpose, check_proof, halves_digest, mint_token
from ctsec.ids import UserId
from ctsec.mail.message import Letters, Message, to_nobody
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import anonymous
from ctsec.secret import SecretText
from ctsec.user import User, UserStatus, parse_email

_INVALID: Final = Refusal(Reason.INVALID_TOKEN, "the link is not valid here; ask for a new one in the browser that you sign in with")


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkKind:
    """A kind of link: what it is for and how long it lives, the event and the letter of its request, and which accounts it is for.

    One that `opens` the account, by a new password or a session, is not mailed while a reset of second factors forbids it.
    """

    purpose: Purpose
    life: timedelta
    event: EventName
    letter: Callable[[Letters, str, SecretText], Message]
    is_for: Callable[[User], bool]
    opens: bool = True


VERIFICATION: Final = LinkKind(
    purpose=Purpose.EMAIL_VERIFICATION,
    life=VERIFICATION_LIFE,
    event=EventName.VERIFICATION_REQUESTED,
    letter=Letters.verification,
    is_for=lambda user: user.email_verified_at is None,
    opens=False,
)
RESET: Final = LinkKind(
    purpose=Purpose.PASSWORD_RESET,
    life=RESET_LIFE,
    event=EventName.PASSWORD_RESET_REQUESTED,
    letter=Letters.password_reset,
    is_for=lambda user: user.status is UserStatus.ACTIVE,
)
# An address that is not confirmed gets none: whoever signed up with it may be somebody else, and knows the password of the account.
SIGN_IN: Final = LinkKind(
    purpose=Purpose.SIGN_IN_LINK,
    life=LINK_LIFE,
    event=EventName.USER_SIGN_IN_LINK_REQUESTED,
    letter=Letters.sign_in_link,
    is_for=lambda user: user.status is UserStatus.ACTIVE and user.email_verified_at is not None,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkParts:
    """What links work with."""

    accounts: AccountRecords
    passwords: PasswordVault
    throttle: Throttle
    proofs: ProofRecords
    post: Post
    letters: Letters
    trails: RecoveryTrails


class Links:
    """Asks for links, and takes those that a browser holds the other half of."""

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: LinkParts, *, audit: Recorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    def request(self, kind: LinkKind, email: str, *, browser: SecretText | None = None) -> Refusal | None:
        """Mail a link if the address has an account that it is for; the only refusal is THROTTLED, for all alike.

        With `browser`, a token that the asking browser keeps, the link counts together with it only.
        """
        try:
            address, key = parse_email(email)
        except ValueError:
            return None
        charge = self._parts.throttle.charge_address()
        refusal = charge if isinstance(charge, Refusal) else self._parts.throttle.charge_mail(key)
        if isinstance(charge, Refusal) or refusal is not None:
            return refusal
        found = self._parts.accounts.by_email(key)
        user = found if found is not None and kind.is_for(found) else None
        held = self._parts.trails.mail_refusal(user.id if user is not None else NOBODY) if kind.opens else None
        if user is not None and held is not None:
            self._parts.post.post(self._parts.letters.recovery.held(user.email, why=held.detail))
            self._refused(kind.purpose, held)
            return None
        token = self._issue(kind, user.id if user is not None else NOBODY, key=key, block=charge.block or "", browser=browser)
        letter = kind.letter(self._parts.letters, user.email if user is not None else address, token)
        self._parts.post.post(letter if user is not None else to_nobody(letter))
        self._audit.note(
            kind.event,
            actor=anonymous(),
            targets=(Target("user", user.id),) if user is not None else (),
            subject=user.id if user is not None else None,
            details={"mailed": user is not None},
        )
        return None

    def redeem(self, token: str, browser: str) -> Outcome[tuple[User, Charge, str]]:
        """Consume a sign-in link with its browser's half; return its person, live state not looked at, and what the request took.

        The third is when the password was set beside which the link counts, empty for none.
        """
        digest = halves_digest(token, browser)
        if isinstance(digest, Refusal):
            return self.refuse(_INVALID)
        now = self._ambient.now()
        proof = check_proof(self._parts.proofs.peek(Purpose.SIGN_IN_LINK, digest), now=now)
        if isinstance(proof, Refusal):
            return self.refuse(_INVALID if proof.reason is Reason.INVALID_TOKEN else proof)
        if not self._parts.proofs.consume(Purpose.SIGN_IN_LINK, digest, now=now):
            return self.refuse(Refusal(Reason.CODE_ALREADY_USED, "the link was used before"))
        user = self._parts.accounts.get(UserId(proof.subject))
        if user is None or user.email_key != proof.claims.get("email"):
            return self.refuse(_INVALID)
        if proof.claims.get("set_at") != self._parts.passwords.set_at(user.id):
            return self.refuse(_INVALID)
        held = self._parts.trails.mail_refusal(user.id)
        if held is not None:
            return self.refuse(held)
        return user, Charge((), proof.claims.get("block") or None), proof.claims["set_at"]

    def refuse(self, refusal: Refusal) -> Refusal:
        """Record that a link to sign in was refused, and return why."""
        return self._refused(Purpose.SIGN_IN_LINK, refusal)

    def _refused(self, purpose: Purpose, refusal: Refusal) -> Refusal:
        details = {"purpose": purpose.value}
        self._audit.note_aside(EventName.TOKEN_REFUSED, actor=anonymous(), refused=refusal.reason, details=details)
        return refusal

    def _issue(self, kind: LinkKind, subject: UserId, *, key: str, block: str, browser: SecretText | None) -> SecretText:
        now = self._ambient.now()
        token, digest = mint_token(random=self._ambient.random)
        if browser is not None:
            both = halves_digest(token.reveal(), browser.reveal())
            if isinstance(both, Refusal):
                raise ValueError("expected the browser's half to be a token as mint_token returns it")
            digest = both
        claims = {"email": key, "set_at": self._parts.passwords.set_at(subject), "block": block}
        proof = Proof(purpose=kind.purpose, digest=digest, subject=subject, issued_at=now, expires_at=now + kind.life, claims=claims)
        self._parts.proofs.issue((proof,))
        return token
