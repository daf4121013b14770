"""The names of the counters that guard secrets: charged where a secret is compared, forgiven where the journey ends.

The two places are in different features, so the names are here: a counter that is charged under one name and forgiven under another
would lock people out who never failed.
"""

from __future__ import annotations

import hashlib
from typing import Final

from ctsec.ids import AuthenticatorId, DeviceId, KeyId, OrganizationId, ScimConnectionId, UserId
from ctsec.principal import Factor

_PASSWORD: Final = "pwd"
_DEVICE: Final = "@"


def password_counter(user_id: UserId) -> str:
    """Return the key of the counter of password attempts at an account, whatever its address is and becomes."""
    return f"{_PASSWORD}:{user_id}"


def unknown_counter(email_key: str) -> str:
    """Return the key of the counter of password attempts at an address without an account; it does not hold the address."""
    return f"{_PASSWORD}:{_digest(email_key)}"


def code_counter(user_id: UserId, factor: Factor) -> str:
    """Return the key of the counter of code attempts of one factor of one person."""
    return f"{factor.value}:{user_id}"


def glass_counter(user_id: UserId, organization: OrganizationId) -> str:
    """Return the key of the counter of break-glass codes of one person in one organization."""
    return f"glass:{user_id}:{organization}"


def pending_counter(authenticator_id: AuthenticatorId) -> str:
    """Return the key of the counter of first codes of an authenticator that is not confirmed yet."""
    return f"{Factor.TOTP.value}:{authenticator_id}"


def passkey_counter(credential_id: bytes) -> str:
    """Return the key of the counter of attempts with one passkey: the same for a passkey that nobody has."""
    return "passkey:" + hashlib.sha256(credential_id).hexdigest()


def device_counter(counter: str, device: DeviceId) -> str:
    """Return the key under which the failures of one known device are counted, apart from those of strangers."""
    return f"{counter}{_DEVICE}{device}"


def block_counter(block: str) -> str:
    """Return the key of the allowance of an address block for passwords, codes and links."""
    return f"net:{block}"


def key_counter(block: str) -> str:
    """Return the key of the allowance of an address block for API keys: a client that is set up wrong keeps nobody from signing in."""
    return f"key:{block}"


def rate_counter(key_id: KeyId) -> str:
    """Return the key of the allowance of requests that an API key makes."""
    return f"rate:{key_id}"


def scim_counter(scim_id: ScimConnectionId) -> str:
    """Return the key of the allowance of requests of one SCIM connection."""
    return f"scim:{scim_id}"


def notice_counter(user_id: UserId) -> str:
    """Return the key of the allowance of notices about sign-ins that a person did not complete."""
    return f"notice:{user_id}"


def mail_counter(email_key: str) -> str:
    """Return the key of the allowance of mails to a mailbox, however its address is written, and without the address."""
    return f"mail:{_digest(_mailbox(email_key))}"


def invitation_counter(email_key: str) -> str:
    """Return the key of the allowance of invitations to a mailbox, whoever invites: apart from what its owner asks for."""
    return f"invite:{_digest(_mailbox(email_key))}"


def counted(key: str) -> tuple[str, str]:
    """Return which factor a counter guards, and the device that it counts apart ("" for strangers)."""
    counter, _, device = key.partition(_DEVICE)
    kind = counter.partition(":")[0]
    return Factor.PASSWORD.value if kind == _PASSWORD else kind, device


def _mailbox(email_key: str) -> str:
    """Return one text for the addresses that many providers deliver into one mailbox: without dots, and without a plus and what follows.

    For counting alone: elsewhere these are addresses of their own, whose people then share an allowance.
    """
    local, _, domain = email_key.rpartition("@")
    return f"{local.partition('+')[0].replace('.', '')}@{domain}"


def _digest(email_key: str) -> str:
    return hashlib.sha256(email_key.encode("utf-8", "surrogatepass")).hexdigest()
