"""A passkey, and the site that it belongs to.

Rules that this module keeps:

- a passkey belongs to one person and to one site: its id is unique over the deployment, its site is the host of the base address, and
  what it signs counts only from the origin of that address;
- whether a passkey may be copied to other devices is said when it is made and never changes; whether it is copied may change;
- how often its authenticator says that it signed is no field of the record: that count stands in the guard store, where no rollback of a
  host takes it back;
- a person has at most 20.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from ctsec.errors import ConfigurationError
from ctsec.ids import PasskeyId, UserId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.user import parse_name

MAX_PASSKEYS: Final = 20
MAX_CREDENTIAL_ID: Final = 1023  # bytes; Web Authentication Level 3, 4 ("Credential ID")
MAX_LABEL: Final = 64
CHALLENGE_LIFE: Final = timedelta(minutes=5)


class Backup(StrEnum):
    """What an authenticator says of the copies of a key: bound to one device, allowed to be copied, or copied."""

    DEVICE_BOUND = "device_bound"
    ELIGIBLE = "eligible"
    BACKED_UP = "backed_up"

    @property
    def eligible(self) -> bool:
        """Whether the key may be copied."""
        return self is not Backup.DEVICE_BOUND


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """A passkey of a person: the id that its authenticator gave it, and its public key in COSE form (RFC 9053).

    `transports` are how its authenticator says that it is reached.
    """

    id: PasskeyId
    user_id: UserId
    credential_id: bytes
    public_key: bytes
    transports: tuple[str, ...]
    backup: Backup
    name: str
    created_at: datetime
    last_used_at: datetime | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """The site: its `id` is the host that passkeys are bound to, `origin` where a ceremony may take place, `name` what people read."""

    id: str
    origin: str
    name: str

    @classmethod
    def of(cls, base_url: str, *, name: str) -> RelyingParty:
        """Return the site of a base address; raise ConfigurationError for an address without a name, which has no passkeys."""
        address = urlsplit(base_url.lower())
        host = address.hostname or ""
        if not host or _is_address(host):
            raise ConfigurationError("passkeys need a base_url with a host name; browsers bind none to a numeric address")
        default = {"http": 80, "https": 443}.get(address.scheme)
        port = "" if address.port in {None, default} else f":{address.port}"
        return cls(host, f"{address.scheme}://{host}{port}", name)


def parse_factor_name(text: str) -> Outcome[str]:
    """Return the name that a person gives a passkey or an authenticator app, of 1 to 64 characters, or INVALID_INPUT."""
    try:
        name = parse_name(text)
    except ValueError as error:
        return Refusal(Reason.INVALID_INPUT, str(error))
    return name if len(name) <= MAX_LABEL else Refusal(Reason.INVALID_INPUT, f"expected a name of 1 to {MAX_LABEL} characters")


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
