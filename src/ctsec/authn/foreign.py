"""Password hashes that another system made: read, bounded, and computed anew for a comparison.

Rules that this module keeps:

- a text is one of the known formats, whole, or it is refused; there is one parser for each;
- cost parameters have a ceiling that is checked before any work: a planted or imported row can not stop the service;
- the password is compared as it was typed, in UTF-8, because the other system did not normalise it; it is compared whole: bytes that the
  format would have cut off (after 72 bytes or a NUL in bcrypt) make it a wrong password (NIST SP 800-63B-4, 3.1.1.2; CVE-2025-22228);
- the name of a scheme says what a comparison costs, and nothing else: `bcrypt-12`, `pbkdf2sha256-600000`.

Nothing here makes new hashes: those are Argon2id (`ctsec.authn.argon2`), over the password or, until its person signs in, over the digest.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Protocol

from ctsec.authn.foreign_bcrypt import Bcrypt
from ctsec.authn.foreign_kdf import Pbkdf2, Scrypt
from ctsec.authn.foreign_sha_crypt import ShaCrypt
from ctsec.errors import CorruptRecord

MAX_FOREIGN: Final = 256
_COST: Final = re.compile(r"[1-9][0-9]{0,9}(-[1-9][0-9]{0,9}){0,2}")


class ForeignHash(Protocol):
    """A hash of another system."""

    @property
    def scheme(self) -> str:
        """What a comparison costs."""
        ...

    @property
    def settings(self) -> str:
        """The text up to the digest: algorithm, costs and salt."""
        ...

    @property
    def expected(self) -> bytes:
        """The stored digest; empty where only the settings were read."""
        ...

    def digest(self, typed: bytes) -> bytes:
        """Return the digest of a password; the empty one, at the same cost, for a password that this format would not take whole."""
        ...


_READERS: Final[tuple[Callable[[str], ForeignHash | None], ...]] = (Bcrypt.read, Pbkdf2.read, Scrypt.read, ShaCrypt.read)
_SAMPLES: Final[dict[str, Callable[[str], str]]] = {
    "bcrypt": lambda cost: f"$2b${int(cost):02}$" + "." * 22,
    "bcryptsha256": lambda cost: f"bcrypt_sha256$$2b${int(cost):02}$" + "." * 22,
    "pbkdf2sha256": lambda cost: f"pbkdf2_sha256${cost}$salt$",
    "pbkdf2sha512": lambda cost: f"pbkdf2:sha512:{cost}$salt$",
    "scrypt": lambda cost: f"scrypt:{cost.replace('-', ':')}$salt$",
    "sha256crypt": lambda cost: f"$5$rounds={cost}$salt$",
    "sha512crypt": lambda cost: f"$6$rounds={cost}$salt$",
}


def parse_foreign(text: str) -> ForeignHash:
    """Return the hash in `text`; raise CorruptRecord for another format, a cut one, or costs above their ceiling."""
    found = _read(text)
    if not found.expected:
        raise CorruptRecord("expected a password hash with its digest")
    return found


def parse_settings(text: str) -> ForeignHash:
    """Return the hash whose digest was taken off; raise CorruptRecord as `parse_foreign` does, and if the digest is there."""
    found = _read(text)
    if found.expected:
        raise CorruptRecord("expected a password hash without its digest")
    return found


def sample_of(scheme: str) -> ForeignHash:
    """Return settings that cost what `scheme` says, to be computed for nobody; raise CorruptRecord if it says nothing known."""
    name, _, cost = scheme.partition("-")
    make = _SAMPLES.get(name)
    if make is None or not _COST.fullmatch(cost) or (name != "scrypt" and "-" in cost):
        raise CorruptRecord("expected the name of a scheme of password hashes")
    return parse_settings(make(cost))


def _read(text: str) -> ForeignHash:
    if len(text) <= MAX_FOREIGN and text.isascii():
        for read in _READERS:
            found = read(text)
            if found is not None:
                return found
    raise CorruptRecord("expected a password hash in one of the known formats")
