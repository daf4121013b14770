# Generated from src/ctsec/sso/_async_pending.py by tools/twin.py; edit that file.
"""Sign-ins that are on their way to a provider and back (async source).

Rules that this module keeps:

- each is one record that counts once, for ten minutes, for the connection and the redirect URI that it was begun for;
- it is found only with what its browser keeps: whoever has the state alone has nothing; its verifier and its nonce are sealed;
- it is consumed whatever the provider says; what is wrong with a callback is in the log, and outward there is one refusal.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.event import EventName, Target
from ctsec.encryption.context import Context
from ctsec.guard._sync import Throttle
from ctsec.guard._sync_ports import ProofRecords
from ctsec.guard.attempts import Charge
from ctsec.guard.proof import Proof, Purpose, check_proof, halves_digest, mint_token
from ctsec.ids import ConnectionId, UserId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import anonymous
from ctsec.secret import SecretText
from ctsec.sso._sync_ports import SsoSealer
from ctsec.sso._sync_record_ports import ConnectionRecords
from ctsec.sso.oidc.authorization import PENDING_LIFE, PendingSignIn
from ctsec.sso.record import Connection

_STALE: Final = Refusal(Reason.INVALID_TOKEN, "the sign-in is not valid in this browser any more; start again")


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """A sign-in that came back; `person` is who began it to link an identity, in `session`; None where nobody was signed in.

    `trial` is the session in which an administrator began a dry run, empty for what is none.
    """

    pending: PendingSignIn
    person: UserId | None
    trial: str = ""
    session: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingParts:
    """What sign-ins on their way are kept in; `sealer` seals what belongs to the deployment."""

    connections: ConnectionRecords
    proofs: ProofRecords
    sealer: SsoSealer
    throttle: Throttle


class PendingSignIns:
    """Remembers sign-ins for one browser, and consumes them once."""

    __slots__ = ("_ambient", "_audit", "_parts")

    def __init__(self, parts: PendingParts, *, audit: Recorder, ambient: Ambient) -> None:
        self._parts = parts
        self._audit = audit
        self._ambient = ambient

    def charge(self) -> Outcome[Charge]:
        """Count a sign-in that is to begin against the address block, until it comes back; THROTTLED where it has begun too many."""
        return self._parts.throttle.charge_address()

    def settle(self, charge: Charge) -> None:
        """Give back what something that was in order has taken."""
        self._parts.throttle.settle(charge)

    def remember(self, pending: PendingSignIn, *, person: UserId | None, charge: Charge, trial: str = "", session: str = "") -> SecretText:
        """Keep a sign-in that was begun, with what it took, and return what its browser keeps; `trial` and `session` as in `Resumed`."""
        browser, _ = mint_token(random=self._ambient.random)
        digest = halves_digest(pending.state.reveal(), browser.reveal())
        if isinstance(digest, Refusal):
            raise ValueError("expected a state as begin_sign_in makes it")  # noqa: TRY004 - a wrong value, not a wrong type
        hidden = {"nonce": pending.nonce.reveal(), "verifier": pending.verifier.reveal()}
        sealed = self._parts.sealer.seal(json.dumps(hidden).encode(), context=_context(digest))
        claims = {
            "connection": pending.connection,
            "redirect_uri": pending.redirect_uri,
            "sealed": base64.b64encode(sealed).decode("ascii"),
            "max_age": "" if pending.max_age is None else str(pending.max_age.total_seconds()),
            "person": person or "",
            "block": charge.block or "",
            "trial": trial,
            "session": session,
        }
        proof = Proof(
            purpose=Purpose.SSO_SIGN_IN,
            digest=digest,
            subject=person or pending.connection,
            issued_at=pending.begun_at,
            expires_at=pending.begun_at + PENDING_LIFE,
            claims=claims,
        )
        self._parts.proofs.issue((proof,))
        return browser

    def resume(self, connection: ConnectionId, *, state: str, browser: str) -> Outcome[Resumed]:
        """Consume a sign-in that came back to `connection`, whatever the provider says of it; one refusal for all that is wrong.

        What comes back wrongly takes from the allowance of its address block; THROTTLED where that is used up.
        """
        charge = self._parts.throttle.charge_address()
        if isinstance(charge, Refusal):
            return charge
        digest = halves_digest(state, browser)
        if isinstance(digest, Refusal):
            return self._stale(connection, "callback_no_state" if not state else "callback_wrong_browser")
        now = self._ambient.now()
        proof = check_proof(self._parts.proofs.peek(Purpose.SSO_SIGN_IN, digest), now=now)
        if isinstance(proof, Refusal):
            return self._stale(connection, f"callback_{proof.reason.value}")
        if not self._parts.proofs.consume(Purpose.SSO_SIGN_IN, digest, now=now):
            return self._stale(connection, "callback_code_already_used")
        if proof.claims["connection"] != connection:
            return self._stale(connection, "callback_wrong_connection")
        self._parts.throttle.settle(charge, Charge((), proof.claims["block"] or None))
        sealed = base64.b64decode(proof.claims["sealed"])
        hidden: dict[str, str] = json.loads(self._parts.sealer.open(sealed, context=_context(digest)))
        age = proof.claims["max_age"]
        pending = PendingSignIn(
            connection=connection,
            redirect_uri=proof.claims["redirect_uri"],
            state=SecretText(state),
            nonce=SecretText(hidden["nonce"]),
            verifier=SecretText(hidden["verifier"]),
            begun_at=proof.issued_at,
            max_age=timedelta(seconds=float(age)) if age else None,
        )
        person = UserId(proof.claims["person"]) if proof.claims["person"] else None
        told = proof.claims
        return Resumed(pending=pending, person=person, trial=told.get("trial", ""), session=told.get("session", ""))

    def _stale(self, connection: ConnectionId, why: str) -> Refusal:
        """Refuse a callback: in the log of the connection's organization if there is one, by whatever id came in the path."""
        found = self._parts.connections.get(connection)
        return note_refusal(self._audit, found, why=why, refusal=_STALE)


def note_refusal(audit: Recorder, connection: Connection | None, *, why: str, refusal: Refusal, subject: str | None = None) -> Refusal:
    """Record precisely why a sign-in was refused, and return what is said outward."""
    audit.note_aside(
        EventName.SSO_SIGN_IN_REFUSED,
        actor=anonymous(),
        targets=(Target("user", subject),) if subject else (),
        subject=subject,
        organization=connection.organization_id if connection is not None else None,
        refused=refusal.reason,
        details={"connection": connection.id if connection is not None else None, "why": why},
    )
    return refusal


def _context(digest: bytes) -> Context:
    return Context(organization=None, table="proof", row=digest.hex(), field="claims", purpose="sso")
