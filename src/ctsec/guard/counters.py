"""The names of the counters that guard secrets: charged where a secret is compared, forgiven where the journey ends.

The two places are in different features, so the names are here: a counter that is charged under one name and forgiven under another
would lock people out who never failed.
"""

from __future__ import annotations

import hashlib

from ctsec.ids import UserId
from ctsec.principal import Factor


def password_counter(email_key: str) -> str:
    """Return the key of the counter of password attempts: the same for known and unknown addresses, and without the address."""
    return "pwd:" + hashlib.sha256(email_key.encode("utf-8", "surrogatepass")).hexdigest()


def code_counter(user_id: UserId, factor: Factor) -> str:
    """Return the key of the counter of code attempts of one factor of one person."""
    return f"{factor.value}:{user_id}"


def passkey_counter(credential_id: bytes) -> str:
    """Return the key of the counter of attempts with one passkey: the same for a passkey that nobody has."""
    return "passkey:" + hashlib.sha256(credential_id).hexdigest()
