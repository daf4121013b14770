"""The text that a signed-in browser or client holds, and what it proves.

Rules that this module keeps:

- a session token is the session's id, a dot and 43 characters for 256 random bits; nothing else is looked up;
- only a digest of the secret is stored; it is compared in constant time before anything is said about the session;
- a session proves a principal only while it is live and its person's account is active.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ctsec.authn.record import Session
from ctsec.guard.proof import TOKEN_LENGTH, mint_token, token_digest
from ctsec.ids import ID_LENGTH, Random, SessionId, is_id
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.principal import Credential, CredentialKind, Principal, PrincipalKind
from ctsec.secret import SecretText
from ctsec.user import User, UserStatus

SESSION_TOKEN_LENGTH: Final = ID_LENGTH + 1 + TOKEN_LENGTH
_REFUSED: Final = Refusal(Reason.NOT_AUTHENTICATED, "sign in first")


@dataclass(frozen=True, slots=True)
class PresentedSession:
    """A well-formed session token: the id to look up and the digest of its secret."""

    session_id: SessionId
    digest: bytes


def mint_session_token(session_id: SessionId, *, random: Random) -> tuple[SecretText, bytes]:
    """Return the token of a new session, and the digest that is stored."""
    secret, digest = mint_token(random=random)
    return SecretText(f"{session_id}.{secret.reveal()}"), digest


def parse_session_token(text: str) -> Outcome[PresentedSession]:
    """Return the parts of a session token, or NOT_AUTHENTICATED for anything of another form."""
    if len(text) != SESSION_TOKEN_LENGTH or text[ID_LENGTH] != "." or not is_id(SessionId, text[:ID_LENGTH]):
        return _REFUSED
    digest = token_digest(text[ID_LENGTH + 1 :])
    return _REFUSED if isinstance(digest, Refusal) else PresentedSession(SessionId(text[:ID_LENGTH]), digest)


def check_session(
    presented: PresentedSession, *, session: Session | None, user: User | None, connected: bool, now: datetime
) -> Outcome[Principal]:
    """Return the principal that the session proves at `now`, or why it proves none.

    `connected` says of a session through a provider that its connection still carries it; for others it does not matter.
    """
    stored = session.secret_digest if session is not None else hashlib.sha256(b"").digest()
    if not hmac.compare_digest(presented.digest, stored) or session is None:
        return _REFUSED
    return standing(session, user=user, connected=connected, now=now)


def standing(session: Session, *, user: User | None, connected: bool, now: datetime) -> Outcome[Principal]:
    """Return the principal that a session stands for at `now`, or why for none; nobody has shown its token here."""
    if not session.live(now=now) or user is None or user.id != session.user_id:
        return _REFUSED
    if session.connection_id is not None and not connected:
        return _REFUSED
    if user.status is not UserStatus.ACTIVE:
        return Refusal(Reason.DISABLED, "this account is disabled")
    return Principal(
        id=user.id,
        kind=PrincipalKind.USER,
        credential=credential_of(session),
        organization=session.organization_id,
    )


def credential_of(session: Session) -> Credential:
    """Return the credential that a session is: one that came through a connection counts in its organization alone."""
    kind = CredentialKind.SESSION if session.connection_id is None else CredentialKind.SSO_SESSION
    organization, until = session.glass_organization_id, session.glass_until
    glass = (organization, until) if organization is not None and until is not None else None
    return Credential(kind=kind, id=session.id, aal=session.aal, factors=session.factors, glass=glass)
