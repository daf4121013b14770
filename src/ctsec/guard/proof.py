"""Proofs that count once: tokens in mails, tickets between two steps of a sign-in, slots of backup codes.

Rules that this module keeps:

- the row of a one-time thing is written when it is issued and holds only a digest; it is consumed by one compare-and-set;
- it is bound to its purpose and its subject: a token of one purpose never serves another;
- all of this lives in the guard store, so a host that rolls back revives nothing.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from ctsec.ids import Random
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.secret import SecretText

TOKEN_BYTES: Final = 32
TOKEN_LENGTH: Final = 43
_ALPHABET: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


class Purpose(StrEnum):
    """What a one-time proof is for."""

    EMAIL_VERIFICATION = "email_verification"
    PASSWORD_RESET = "password_reset"
    EMAIL_CHANGE = "email_change"
    RECOVERY_CANCEL = "recovery_cancel"
    SIGN_IN_TICKET = "sign_in_ticket"
    SIGN_IN_LINK = "sign_in_link"
    SSO_SIGN_IN = "sso_sign_in"
    SSO_LOGOUT = "sso_logout"
    SSO_DRY_RUN = "sso_dry_run"
    APP_CONSENT = "app_consent"
    WORKLOAD_TOKEN = "workload_token"
    SAML_REQUEST = "saml_request"
    SAML_LOGOUT = "saml_logout"
    SAML_ASSERTION = "saml_assertion"
    SAML_METADATA = "saml_metadata"
    BACKUP_CODE = "backup_code"
    GLASS_CODE = "glass_code"
    PASSKEY_REGISTRATION = "passkey_registration"
    PASSKEY_SIGN_IN = "passkey_sign_in"
    PASSKEY_SECOND_FACTOR = "passkey_second_factor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A one-time proof: `digest` finds it, `subject` is whom or what it belongs to, `claims` what was true when it was issued."""

    purpose: Purpose
    digest: bytes
    subject: str
    issued_at: datetime
    expires_at: datetime | None
    used_at: datetime | None = None
    claims: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def mint_token(*, random: Random) -> tuple[SecretText, bytes]:
    """Return a fresh 256-bit token as 43 characters for a link, and the digest under which it is stored."""
    token = base64.urlsafe_b64encode(random(TOKEN_BYTES)).decode("ascii").rstrip("=")
    return SecretText(token), hashlib.sha256(token.encode("ascii")).digest()


def token_digest(text: str) -> Outcome[bytes]:
    """Return the digest of a presented token, or INVALID_TOKEN for anything that is not exactly a token's form."""
    if len(text) != TOKEN_LENGTH or not _ALPHABET.issuperset(text):
        return Refusal(Reason.INVALID_TOKEN, "the link is not valid")
    return hashlib.sha256(text.encode("ascii")).digest()


def halves_digest(token: str, other: str) -> Outcome[bytes]:
    """Return the digest of a secret of which two hold a half each, or INVALID_TOKEN unless both have a token's form.

    There is nothing to be found, and so nothing to be compared or consumed, for who has one half alone.
    """
    for half in (token, other):
        digest = token_digest(half)
        if isinstance(digest, Refusal):
            return digest
    return hashlib.sha256(f"{token}.{other}".encode("ascii")).digest()


def check_proof(proof: Proof | None, *, now: datetime) -> Outcome[Proof]:
    """Return `proof` if it may still be consumed at `now`; else why not."""
    if proof is None:
        return Refusal(Reason.INVALID_TOKEN, "the link is not valid")
    if proof.used_at is not None:
        return Refusal(Reason.CODE_ALREADY_USED, "the link was used before")
    if proof.expires_at is not None and now >= proof.expires_at:
        return Refusal(Reason.EXPIRED, "the link has expired")
    return proof


def expiry(*, now: datetime, life: timedelta) -> datetime:
    """Return when a proof issued at `now` ends; a life must be positive."""
    if life <= timedelta(0):
        raise ValueError("expected a positive life time")
    return now + life
