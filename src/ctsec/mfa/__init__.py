"""Second factors: TOTP, backup codes and passkeys, which sign in alone too.

Names are resolved at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.mfa._async import AsyncMfa as AsyncMfa
    from ctsec.mfa._async_authenticators import AsyncAuthenticators as AsyncAuthenticators
    from ctsec.mfa._async_passkeys import AsyncPasskeys as AsyncPasskeys
    from ctsec.mfa._sync import Mfa as Mfa
    from ctsec.mfa._sync_authenticators import Authenticators as Authenticators
    from ctsec.mfa._sync_passkeys import Passkeys as Passkeys
    from ctsec.mfa.backup_codes import as_text as as_text
    from ctsec.mfa.enrolment import BackupCodes as BackupCodes
    from ctsec.mfa.enrolment import Enrolment as Enrolment
    from ctsec.mfa.enrolment import MfaStatus as MfaStatus
    from ctsec.mfa.enrolment import PasskeyAdded as PasskeyAdded
    from ctsec.mfa.passkey import Backup as Backup
    from ctsec.mfa.passkey import Passkey as Passkey
    from ctsec.mfa.provisioning import manual_key as manual_key
    from ctsec.mfa.provisioning import otpauth_uri as otpauth_uri
    from ctsec.mfa.provisioning import qr_png as qr_png
    from ctsec.mfa.provisioning import qr_svg as qr_svg
    from ctsec.mfa.provisioning import qr_terminal as qr_terminal
    from ctsec.mfa.record import Authenticator as Authenticator
    from ctsec.mfa.totp import generate_secret as generate_secret
    from ctsec.mfa.totp import verify as verify

_HOME = {
    "AsyncAuthenticators": "ctsec.mfa._async_authenticators",
    "AsyncMfa": "ctsec.mfa._async",
    "AsyncPasskeys": "ctsec.mfa._async_passkeys",
    "Authenticator": "ctsec.mfa.record",
    "Authenticators": "ctsec.mfa._sync_authenticators",
    "Backup": "ctsec.mfa.passkey",
    "BackupCodes": "ctsec.mfa.enrolment",
    "Enrolment": "ctsec.mfa.enrolment",
    "Mfa": "ctsec.mfa._sync",
    "MfaStatus": "ctsec.mfa.enrolment",
    "Passkey": "ctsec.mfa.passkey",
    "PasskeyAdded": "ctsec.mfa.enrolment",
    "Passkeys": "ctsec.mfa._sync_passkeys",
    "as_text": "ctsec.mfa.backup_codes",
    "generate_secret": "ctsec.mfa.totp",
    "manual_key": "ctsec.mfa.provisioning",
    "otpauth_uri": "ctsec.mfa.provisioning",
    "qr_png": "ctsec.mfa.provisioning",
    "qr_svg": "ctsec.mfa.provisioning",
    "qr_terminal": "ctsec.mfa.provisioning",
    "verify": "ctsec.mfa.totp",
}
__all__ = [
    "AsyncAuthenticators",
    "AsyncMfa",
    "AsyncPasskeys",
    "Authenticator",
    "Authenticators",
    "Backup",
    "BackupCodes",
    "Enrolment",
    "Mfa",
    "MfaStatus",
    "Passkey",
    "PasskeyAdded",
    "Passkeys",
    "as_text",
    "generate_secret",
    "manual_key",
    "otpauth_uri",
    "qr_png",
    "qr_svg",
    "qr_terminal",
    "verify",
]

__getattr__ = face(__name__, _HOME)
