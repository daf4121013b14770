"""What enrolling a second factor returns: shown once, and never stored in this form."""

from __future__ import annotations

from dataclasses import dataclass

from ctsec.ids import AuthenticatorId
from ctsec.mfa.passkey import Passkey
from ctsec.secret import Secret, SecretText


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app needs: the otpauth URI (drawn as a QR code) and the seed for typing; shown once."""

    authenticator_id: AuthenticatorId
    uri: SecretText
    seed: Secret


@dataclass(frozen=True, slots=True)
class BackupCodes:
    """A fresh set of backup codes; shown once, with the account that they are for. Empty where the person keeps the set there is.

    `session_token` is the session's new token where the codes came with an enrolment: assurance rose, so the old token ended.
    """

    codes: tuple[SecretText, ...]
    account: str
    session_token: SecretText | None = None


@dataclass(frozen=True, slots=True)
class MfaStatus:
    """Whether a person has a second factor, how many backup codes are left, and how many passkeys and authenticator apps there are."""

    enrolled: bool
    backup_codes_left: int
    passkeys: int = 0
    authenticators: int = 0


@dataclass(frozen=True, slots=True)
class PasskeyAdded:
    """A new passkey; with the first second factor of a person come backup codes, which are shown once."""

    passkey: Passkey
    codes: BackupCodes | None
