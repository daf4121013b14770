# Generated from src/ctsec/sso/_async_notices.py by tools/twin.py; edit that file.
"""Notices of sign-outs (logout tokens, and LogoutRequests of SAML) that were seen, and those that were refused (async source).

Rules that this module keeps:

- the id of a token is used up for its connection and issuer until the token is over, for exactly one caller;
- why a token was refused is in the log of the connection's organization; outward there is one refusal.
"""

from __future__ import annotations

from typing import Final

from ctsec.ambient import Ambient
from ctsec.audit._sync_ports import Recorder
from ctsec.audit.event import EventName, Target
from ctsec.errors import StoreError
from ctsec.guard._sync_ports import ProofRecords
from ctsec.guard.proof import Proof, Purpose
from ctsec.outcome import Reason, Refusal
from ctsec.principal import anonymous
from ctsec.sso.oidc.logout import LogoutNotice
from ctsec.sso.record import Connection, identity_digest

_REFUSED: Final = Refusal(Reason.INVALID_TOKEN, "the logout was not accepted")


class Notices:
    """Remembers the notices of providers."""

    __slots__ = ("_ambient", "_audit", "_proofs")

    def __init__(self, proofs: ProofRecords, *, audit: Recorder, ambient: Ambient) -> None:
        self._proofs = proofs
        self._audit = audit
        self._ambient = ambient

    def seen(self, connection: Connection, notice: LogoutNotice) -> bool:
        """Tell whether the id of a notice was used up."""
        return self._proofs.peek(Purpose.SSO_LOGOUT, _digest(connection, notice)) is not None

    def take(self, connection: Connection, notice: LogoutNotice) -> bool:
        """Use the id of a notice up; True for exactly one caller."""
        digest, now = _digest(connection, notice), self._ambient.now()
        used = Proof(
            purpose=Purpose.SSO_LOGOUT, digest=digest, subject=connection.id, issued_at=now, expires_at=notice.forget_at, used_at=now
        )
        try:
            self._proofs.issue((used,))
        except StoreError:
            if self._proofs.peek(Purpose.SSO_LOGOUT, digest) is None:
                raise
            return False
        return True

    def refuse(self, connection: Connection, why: str) -> Refusal:
        """Record precisely why a token was refused, and return what is said outward."""
        self._audit.note_aside(
            EventName.SSO_LOGOUT_REFUSED,
            actor=anonymous(),
            targets=(Target("sso_connection", connection.id),),
            organization=connection.organization_id,
            refused=_REFUSED.reason,
            details={"connection": connection.id, "why": why},
        )
        return _REFUSED


def _digest(connection: Connection, notice: LogoutNotice) -> bytes:
    return identity_digest(connection.id, notice.issuer, notice.token_id)
