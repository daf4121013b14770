"""The text of a SCIM credential: `ctscim_` + 26 characters of its id + `_` + 43 characters of secret.

Rules that this module keeps:

- it is shown once; what is stored is a digest of it, which is enough for 256 bits that nobody chooses;
- it says which record to look for, and proves nothing before the digests were compared in constant time;
- it is a kind of its own: no API key and no session, and good for nothing but SCIM.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ctsec.guard.proof import mint_token
from ctsec.ids import Random, ScimTokenId
from ctsec.outcome import Outcome, Reason, Refusal
from ctsec.secret import SecretText
from ctsec.sso.scim.record import ScimToken

PREFIX: Final = "ctscim_"
MAX_LIFE: Final = timedelta(days=400)
DEFAULT_LIFE: Final = timedelta(days=365)
MAX_OVERLAP: Final = timedelta(days=30)
DEFAULT_OVERLAP: Final = timedelta(days=7)
MAX_TOKENS: Final = 5
_GRAMMAR: Final = re.compile(r"ctscim_([0-7][0-9a-hjkmnp-tv-z]{25})_[A-Za-z0-9_-]{43}")
_REFUSED: Final = Refusal(Reason.INVALID_TOKEN, "this is no SCIM credential")


@dataclass(frozen=True, slots=True)
class IssuedScimToken:
    """A credential that was just made, and its text, which is never shown again."""

    token: ScimToken
    text: SecretText = field(repr=False)


@dataclass(frozen=True, slots=True)
class PresentedScimToken:
    """A well-formed text: the id to look up, and the digest of the whole."""

    token_id: ScimTokenId
    digest: bytes = field(repr=False)


def mint_scim_token(token_id: ScimTokenId, *, random: Random) -> tuple[SecretText, bytes]:
    """Return the text of a new credential, and the digest that is stored."""
    secret, _ = mint_token(random=random)
    text = f"{PREFIX}{token_id[4:]}_{secret.reveal()}"
    return SecretText(text), hashlib.sha256(text.encode("ascii")).digest()


def parse_scim_token(text: str) -> Outcome[PresentedScimToken]:
    """Return the parts of a text, or INVALID_TOKEN for anything of another form; costs no read of the store."""
    found = _GRAMMAR.fullmatch(text) if len(text) <= 128 else None
    if found is None:
        return _REFUSED
    return PresentedScimToken(ScimTokenId(f"sct_{found[1]}"), hashlib.sha256(text.encode("ascii")).digest())


def check_scim_token(presented: PresentedScimToken, *, stored: ScimToken | None, now: datetime) -> Outcome[ScimToken]:
    """Return the record that a text proves at `now`; INVALID_TOKEN or EXPIRED otherwise."""
    digest = stored.digest if stored is not None else hashlib.sha256(b"").digest()
    if not hmac.compare_digest(presented.digest, digest) or stored is None:
        return _REFUSED
    return stored if now < stored.expires_at else Refusal(Reason.EXPIRED, "this SCIM credential has ended")
