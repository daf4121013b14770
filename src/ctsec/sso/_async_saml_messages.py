"""Requests to providers that speak SAML, and assertions that came back (async source).

Rules that this module keeps:

- a request is one record that counts once, for ten minutes, for the connection that it was made for; it is found only with what its
  browser keeps: whoever has the RelayState alone has nothing;
- it is consumed whatever the provider says;
- the id of an assertion is used up for its connection and issuer until it can not be accepted any more, for exactly one caller;
- all of this is committed before anybody is signed in, and no host that rolls back revives it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from ctsec.ambient import Ambient
from ctsec.errors import StoreError
from ctsec.guard._async import AsyncThrottle
from ctsec.guard._async_ports import AsyncProofRecords
from ctsec.guard.attempts import Charge
from ctsec.guard.proof import Proof, Purpose, check_proof, halves_digest, mint_token
from ctsec.ids import ConnectionId, UserId
from ctsec.outcome import Outcome, Refusal
from ctsec.secret import SecretText
from ctsec.sso.record import Connection, identity_digest
from ctsec.sso.saml.trust import SentRequest

if TYPE_CHECKING:
    from ctsec.sso.saml.assertion import VerifiedAssertion  # it brings lxml, which is loaded with the first message

REQUEST_LIFE: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """A request that was sent; `person` began it to link an identity, in `session`; `trial` is the session of a dry run, empty for none."""

    sent: SentRequest
    person: UserId | None
    trial: str = ""
    session: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """What a form answers: a request, or none that this browser has begun; `why` is in one word why a request is over.

    `charge` is what a form without a request has taken of the allowance, to be given back if it was in order.
    """

    charge: Charge
    asked: Remembered | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What a browser takes along: `relay` comes back in the form, `browser` in a cookie."""

    relay: str
    browser: SecretText
    expires_at: datetime


class AsyncSamlMessages:
    """Remembers requests for one browser each, and uses requests and assertions up."""

    __slots__ = ("_ambient", "_proofs", "_throttle")

    def __init__(self, proofs: AsyncProofRecords, *, throttle: AsyncThrottle, ambient: Ambient) -> None:
        self._proofs = proofs
        self._throttle = throttle
        self._ambient = ambient

    def tokens(self) -> tuple[str, SecretText]:
        """Return a new RelayState and a new half for the browser."""
        relay, browser = (mint_token(random=self._ambient.random)[0] for _ in range(2))
        return relay.reveal(), browser

    async def remember(
        self,
        connection: ConnectionId,
        sent: SentRequest,
        *,
        tokens: tuple[str, SecretText],
        person: UserId | None,
        charge: Charge,
        trial: str = "",
        session: str = "",
    ) -> Sent:
        """Keep a request, with what it took, before the browser leaves with it; `trial` and `session` as in `Remembered`."""
        relay, browser = tokens
        digest = halves_digest(relay, browser.reveal())
        if isinstance(digest, Refusal):
            raise ValueError("expected tokens as this service makes them")  # noqa: TRY004 - a wrong value, not a wrong type
        claims = {
            "connection": connection,
            "id": sent.id,
            "force": "1" if sent.force_authn else "",
            "person": person or "",
            "block": charge.block or "",
            "trial": trial,
            "session": session,
        }
        proof = Proof(
            purpose=Purpose.SAML_REQUEST,
            digest=digest,
            subject=person or connection,
            issued_at=sent.sent_at,
            expires_at=sent.sent_at + REQUEST_LIFE,
            claims=claims,
        )
        await self._proofs.issue((proof,))
        return Sent(relay=relay, browser=browser, expires_at=sent.sent_at + REQUEST_LIFE)

    async def recall(self, connection: ConnectionId, *, relay: str, browser: str) -> Outcome[Recalled]:
        """Consume the request that a form answers; THROTTLED where the allowance of the address block is used up.

        What answers a request gives back what both have taken of the allowance; what answers none does not.
        """
        charge = await self._throttle.charge_address()
        if isinstance(charge, Refusal):
            return charge
        digest = halves_digest(relay, browser)
        if isinstance(digest, Refusal):
            return Recalled(charge=charge)
        now, found = self._ambient.now(), await self._proofs.peek(Purpose.SAML_REQUEST, digest)
        if found is None:
            return Recalled(charge=charge)
        proof = check_proof(found, now=now)
        if isinstance(proof, Refusal):
            return Recalled(charge=charge, why=f"callback_{proof.reason.value}")
        if not await self._proofs.consume(Purpose.SAML_REQUEST, digest, now=now):
            return Recalled(charge=charge, why="callback_code_already_used")
        if proof.claims["connection"] != connection:
            return Recalled(charge=charge, why="callback_wrong_connection")
        await self._throttle.settle(charge, Charge((), proof.claims["block"] or None))
        sent = SentRequest(id=proof.claims["id"], sent_at=proof.issued_at, force_authn=bool(proof.claims["force"]))
        person = UserId(proof.claims["person"]) if proof.claims["person"] else None
        return Recalled(
            charge=charge,
            asked=Remembered(sent=sent, person=person, trial=proof.claims["trial"], session=proof.claims.get("session", "")),
        )

    async def take(self, connection: Connection, assertion: VerifiedAssertion) -> bool:
        """Use the id of an assertion up; True for exactly one caller."""
        digest, now = identity_digest(connection.id, assertion.issuer, assertion.assertion_id), self._ambient.now()
        used = Proof(
            purpose=Purpose.SAML_ASSERTION,
            digest=digest,
            subject=connection.id,
            issued_at=now,
            expires_at=assertion.forget_at,
            used_at=now,
        )
        try:
            await self._proofs.issue((used,))
        except StoreError:
            if await self._proofs.peek(Purpose.SAML_ASSERTION, digest) is None:
                raise
            return False
        return True
