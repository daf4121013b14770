"""What one connection trusts and expects: the configuration of one provider, checked when it is made.

Rules that this module keeps:

- there is no trust without a key: nothing that a message, a document or a default says stands in for one;
- a trust is of one provider for one connection; there is no store of several in which one could speak for another;
- every address and name is fixed here and compared byte by byte;
- clocks differ by at most five minutes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ctsec.sso.saml.keys import ServiceKey, TrustedKey
from ctsec.sso.saml.times import SKEW

MAX_METADATA: Final = 1024 * 1024
MAX_KEYS: Final = 8
MAX_ENTITY_ID: Final = 1024
MAX_RELAY_STATE: Final = 1024
_MAX_SKEW: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whom a connection believes, and who we are to them.

    `connection` is its id here; `issuer` is the provider's entity id, `audience` ours; `acs_url` is where its responses arrive, `slo_url`
    where logouts do (empty: nowhere). `keys` verify what it signs; `openers` open what it encrypts for us. `unsafe_sha1` lets signatures
    and digests with SHA-1 in. Raises ValueError for what can not be trusted.
    """

    connection: str
    issuer: str
    audience: str
    acs_url: str
    keys: tuple[TrustedKey, ...]
    openers: tuple[ServiceKey, ...] = field(default=(), repr=False)
    slo_url: str = ""
    skew: timedelta = SKEW
    unsafe_sha1: bool = False

    def __post_init__(self) -> None:
        if not 0 < len(self.keys) <= MAX_KEYS:
            raise ValueError(f"expected 1 to {MAX_KEYS} keys that the provider signs with")
        if not self.connection or not all(0 < len(each) <= MAX_ENTITY_ID and each == each.strip() for each in (self.issuer, self.audience)):
            raise ValueError(f"expected a connection, and entity ids of 1 to {MAX_ENTITY_ID} characters")
        if not self.acs_url or self.issuer == self.audience:
            raise ValueError("expected an address for responses, and a provider that is somebody else")
        if not timedelta() <= self.skew <= _MAX_SKEW:
            raise ValueError("expected clocks to differ by at most five minutes")
        if len(self.openers) > MAX_KEYS or not all(each.opens for each in self.openers):
            raise ValueError(f"expected at most {MAX_KEYS} keys that open what is encrypted, each for RSA")


@dataclass(frozen=True, slots=True, kw_only=True)
class SentRequest:
    """What we asked for: the id of the request, when, and what the answer has to keep."""

    id: str
    sent_at: datetime
    force_authn: bool = False
    classes: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not self.id:
            raise ValueError("expected the id of a request")


@dataclass(frozen=True, slots=True)
class Unsolicited:
    """Nothing was asked: the provider began the sign-in. To be passed only where the connection lets it."""
