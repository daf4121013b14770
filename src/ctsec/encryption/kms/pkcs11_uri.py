"""References of keys in PKCS#11 tokens: `pkcs11:token=<label>;object=<label>`, the part of RFC 7512 that names a secret key.

Rules that this module keeps:

- a key has one reference: token first, then object, everything but letters, digits and `-._~` percent-encoded in upper case;
- a reference holds no PIN, no path of a module and no other attribute of the RFC: those belong to the configuration.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote

MAX_TOKEN: Final = 32
MAX_OBJECT: Final = 128
_FORM: Final = re.compile(r"pkcs11:token=([A-Za-z0-9._~%-]{1,96});object=([A-Za-z0-9._~%-]{1,384})")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenKey:
    """A key by the labels of its token (at most 32 bytes) and of itself (at most 128). Raises ValueError for an empty or over-long one."""

    token: str
    label: str

    def __post_init__(self) -> None:
        for text, most in ((self.token, MAX_TOKEN), (self.label, MAX_OBJECT)):
            if not text or not text.isprintable() or text != text.strip() or len(text.encode()) > most:
                raise ValueError(f"expected a label of 1 to {most} bytes, printable and without spaces around it")

    @classmethod
    def parse(cls, ref: str) -> TokenKey:
        """Return the key that a reference names; raise ValueError for anything but the one way to write it."""
        found = _FORM.fullmatch(ref)
        try:
            key = None if found is None else cls(token=unquote(found[1], errors="strict"), label=unquote(found[2], errors="strict"))
        except UnicodeDecodeError:
            key = None
        if key is None or str(key) != ref:
            raise ValueError("expected the reference of a key in a token, pkcs11:token=<label>;object=<label>")
        return key

    def __str__(self) -> str:
        return f"pkcs11:token={quote(self.token, safe='')};object={quote(self.label, safe='')}"
