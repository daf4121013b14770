# Generated from src/ctsec/sso/_async_saml_departures.py by tools/twin.py; edit that file.
"""Requests to providers that speak SAML to end a session there, and whose answer it is that comes (async source).

Rules that this module keeps:

- a request is signed, whatever the connection says of requests to sign in: no provider may believe another one;
- it is one record that counts once, for ten minutes, for its connection, found by the RelayState that goes with it; an answer decides
  nothing, so no cookie is needed beside;
- keys that can not be opened keep nobody signed in: the session ends here alone.
"""

from __future__ import annotations

from typing import Final

from ctsec.ambient import Ambient
from ctsec.errors import DecryptionFailed, KmsError
from ctsec.guard._sync_ports import ProofRecords
from ctsec.guard.proof import Proof, Purpose, check_proof, mint_token, token_digest
from ctsec.ids import ConnectionId
from ctsec.outcome import Refusal
from ctsec.sso import saml
from ctsec.sso._sync_ready import Ready
from ctsec.sso._sync_saml_messages import REQUEST_LIFE
from ctsec.sso.record import Connection
from ctsec.sso.saml.trust import SentRequest
from ctsec.sso.sign_out import SignOutRedirect

_NONE: Final = "logout_not_asked_for"


class SamlDepartures:
    """Sends browsers to sign out at providers."""

    __slots__ = ("_ambient", "_proofs", "_ready")

    def __init__(self, ready: Ready, *, proofs: ProofRecords, ambient: Ambient) -> None:
        self._ready = ready
        self._proofs = proofs
        self._ambient = ambient

    def begin(self, connection: Connection, *, name: str) -> SignOutRedirect | None:
        """Return where the browser of a session signs out; None where the provider takes no logouts.

        `name` is what `kept_name` made of the sign-in, empty for nothing.
        """
        if not name:
            return None
        try:
            peer = self._ready.peer(connection)
        except (KmsError, DecryptionFailed):
            return None
        settings, named, now = peer.settings, saml.read_name(name), self._ambient.now()
        if not peer.trust.slo_url:
            return None
        message, sent = saml.logout_request(
            peer.trust,
            slo_url=settings.slo_redirect or settings.slo_post,
            name_id=named.name_id,
            session_index=named.session_index,
            now=now,
            random=self._ambient.random,
        )
        relay = self._remember(connection.id, sent)
        if settings.slo_redirect:
            return SignOutRedirect(url=message.redirect(relay_state=relay, key=peer.keys[0]))
        form = message.form(relay_state=relay, key=peer.keys[0])
        return SignOutRedirect(url=form.url, form=form.fields)

    def recall(self, connection: ConnectionId, *, relay: str) -> SentRequest | str:
        """Consume the request that an answer belongs to, and return it, or in one word why there is none."""
        digest = token_digest(relay)
        if isinstance(digest, Refusal):
            return _NONE
        now, found = self._ambient.now(), self._proofs.peek(Purpose.SAML_LOGOUT, digest)
        if found is None or found.subject != connection:
            return _NONE
        proof = check_proof(found, now=now)
        if isinstance(proof, Refusal):
            return f"logout_{proof.reason.value}"
        if not self._proofs.consume(Purpose.SAML_LOGOUT, digest, now=now):
            return "logout_code_already_used"
        return SentRequest(id=proof.claims["id"], sent_at=proof.issued_at)

    def _remember(self, connection: ConnectionId, sent: SentRequest) -> str:
        relay, digest = mint_token(random=self._ambient.random)
        proof = Proof(
            purpose=Purpose.SAML_LOGOUT,
            digest=digest,
            subject=connection,
            issued_at=sent.sent_at,
            expires_at=sent.sent_at + REQUEST_LIFE,
            claims={"id": sent.id},
        )
        self._proofs.issue((proof,))
        return relay.reveal()
