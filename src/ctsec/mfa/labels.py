"""Names that are shown beside a second factor: the issuer and the account.

Rules that this module keeps:

- a label is 1 to its limit of characters, without control characters and lone surrogates: it goes into a URI, a QR code and a text file;
- an issuer holds no colon: authenticator apps split the label of a URI at the first one, after decoding it.
"""

from __future__ import annotations

import unicodedata
from typing import Final

MAX_ISSUER: Final = 64
MAX_ACCOUNT: Final = 254
_REFUSED: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})


def _label(text: str, *, what: str, limit: int) -> str:
    if not 1 <= len(text) <= limit:
        raise ValueError(f"expected {what} of 1 to {limit} characters")
    if any(unicodedata.category(c) in _REFUSED for c in text):
        raise ValueError(f"expected {what} without control characters")
    return text


def parse_issuer(text: str) -> str:
    """Return `text` if it may name an issuer; raise ValueError if empty, over 64 characters, with a colon or control characters."""
    if ":" in text[:MAX_ISSUER]:
        raise ValueError("expected an issuer without a colon; authenticator apps split the label there")
    return _label(text, what="an issuer", limit=MAX_ISSUER)


def parse_account(text: str) -> str:
    """Return `text` if it may name an account; raise ValueError if empty, over 254 characters or with control characters."""
    return _label(text, what="an account name", limit=MAX_ACCOUNT)
