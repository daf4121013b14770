"""bcrypt, as `$2a$`, `$2b$` and `$2y$`, and as Django keeps it: the one place of the library `bcrypt` (extra `ctsec[bcrypt]`).

Rules that this module keeps:

- bcrypt looks at 72 bytes and many writers stop at a NUL: a password that has more, or one, is a wrong password, at the same cost;
- Django's `bcrypt_sha256` hashes the hex digest of SHA-256, which is 64 bytes, so there every password is taken whole;
- the last character of a salt has four bits that count for nothing; writers that set them are read all the same;
- `$2x$`, the mark of a broken implementation, is no format; costs are 4 to 14.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from types import ModuleType
from typing import Final

from ctsec.errors import ConfigurationError, CorruptRecord

MAX_COST: Final = 14
MAX_BYTES: Final = 72
_TEXT: Final = re.compile(
    r"(?P<settings>(?P<django>bcrypt\$|bcrypt_sha256\$)?(?P<salt>\$2[aby]\$(?P<cost>[0-9]{2})\$[./A-Za-z0-9]{22}))(?P<digest>[./A-Za-z0-9]{31})?"
)
_ALPHABET: Final = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def _library() -> ModuleType:
    try:
        import bcrypt
    except ImportError:
        raise ConfigurationError("bcrypt hashes need the library bcrypt; install ctsec[bcrypt]") from None
    return bcrypt


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Bcrypt:
    """A bcrypt hash; `salt` is its text up to the digest without Django's word before it."""

    settings: str
    salt: bytes
    cost: int
    hashed_first: bool
    expected: bytes

    @classmethod
    def read(cls, text: str) -> Bcrypt | None:
        """Return the hash, or None for another format; raise CorruptRecord for a cost that is not 4 to 14."""
        found = _TEXT.fullmatch(text)
        if found is None:
            return None
        cost = int(found["cost"])
        if not 4 <= cost <= MAX_COST:
            raise CorruptRecord(f"expected a bcrypt cost of 4 to {MAX_COST}; nothing was computed")
        return cls(
            settings=found["settings"],
            salt=(found["salt"][:-1] + _ALPHABET[_ALPHABET.index(found["salt"][-1]) & 0x30]).encode("ascii"),
            cost=cost,
            hashed_first=found["django"] == "bcrypt_sha256$",
            expected=(found["digest"] or "").encode("ascii"),
        )

    @property
    def scheme(self) -> str:
        """What a comparison costs."""
        return f"{'bcryptsha256' if self.hashed_first else 'bcrypt'}-{self.cost}"

    def digest(self, typed: bytes) -> bytes:
        """Return the 31 characters of the digest, nothing for a password that would be cut; ConfigurationError without the library."""
        library = _library()
        whole = self.hashed_first or (len(typed) <= MAX_BYTES and b"\0" not in typed)
        given = sha256(typed).hexdigest().encode("ascii") if self.hashed_first else typed if whole else b""
        made: bytes = library.hashpw(given, self.salt)
        return made[-31:] if whole else b""
