"""Consents that are on their way to a provider and back (async source).

Rules that this module keeps:

- each is one record that counts once, for ten minutes, for the provider and the session that it was begun for;
- its verifier is sealed; whoever has the state alone, in another session, finds nothing and uses nothing up.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

from ctsec.ambient import Ambient
from ctsec.connections._async_ports import AsyncAppSealer
from ctsec.connections.consent import CONSENT_LIFE, Begun, consent_digest
from ctsec.encryption.context import Context
from ctsec.guard._async_ports import AsyncProofRecords
from ctsec.guard.proof import Proof, Purpose, check_proof
from ctsec.ids import AppId, OrganizationId, UserId
from ctsec.outcome import Refusal
from ctsec.principal import Principal
from ctsec.secret import SecretText


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What was begun: at which provider, for the person or the organization, for a new connection or (`app`) one that is there."""

    provider: str
    organization: OrganizationId
    own: bool
    scopes: str
    app: AppId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Returned:
    """What came back, with the verifier that the code belongs to."""

    wanted: Wanted
    verifier: SecretText


class AsyncPendingConsents:
    """Remembers consents for one session, and consumes them once; `sealer` seals what belongs to the deployment."""

    __slots__ = ("_ambient", "_proofs", "_sealer")

    def __init__(self, proofs: AsyncProofRecords, *, sealer: AsyncAppSealer, ambient: Ambient) -> None:
        self._proofs = proofs
        self._sealer = sealer
        self._ambient = ambient

    async def remember(self, actor: Principal, begun: Begun, wanted: Wanted) -> None:
        """Keep a consent that was begun in the actor's session."""
        digest = consent_digest(begun.state.reveal(), session=actor.credential.id)
        if isinstance(digest, Refusal):
            raise ValueError("expected a state as begin_consent makes it")  # noqa: TRY004 - a wrong value, not a wrong type
        sealed = await self._sealer.seal(begun.verifier.reveal().encode(), context=_context(digest))
        now = self._ambient.now()
        claims = {
            "provider": wanted.provider,
            "organization": wanted.organization,
            "own": "yes" if wanted.own else "",
            "scopes": wanted.scopes,
            "app": wanted.app or "",
            "sealed": base64.b64encode(sealed).decode("ascii"),
        }
        proof = Proof(
            purpose=Purpose.APP_CONSENT,
            digest=digest,
            subject=UserId(actor.id),
            issued_at=now,
            expires_at=now + CONSENT_LIFE,
            claims=claims,
        )
        await self._proofs.issue((proof,))

    async def resume(self, actor: Principal, *, provider: str, state: str) -> Returned | str:
        """Consume what came back to `provider` in the actor's session, or return in one word what is wrong."""
        digest = consent_digest(state, session=actor.credential.id)
        if isinstance(digest, Refusal):
            return "callback_no_state"
        now = self._ambient.now()
        proof = check_proof(await self._proofs.peek(Purpose.APP_CONSENT, digest), now=now)
        if isinstance(proof, Refusal):
            return f"callback_{proof.reason.value}"
        if not await self._proofs.consume(Purpose.APP_CONSENT, digest, now=now):
            return "callback_code_already_used"
        claims = proof.claims
        if claims["provider"] != provider:
            return "callback_wrong_provider"
        sealed = base64.b64decode(claims["sealed"])
        wanted = Wanted(
            provider=provider,
            organization=OrganizationId(claims["organization"]),
            own=bool(claims["own"]),
            scopes=claims["scopes"],
            app=AppId(claims["app"]) if claims["app"] else None,
        )
        verifier = (await self._sealer.open(sealed, context=_context(digest))).decode()
        return Returned(wanted=wanted, verifier=SecretText(verifier))


def _context(digest: bytes) -> Context:
    return Context(organization=None, table="proof", row=digest.hex(), field="claims", purpose="connected_app")
