"""The person: a record that sign-in, the directory, keys and provisioning all speak of.

Rules that this module keeps:

- an address has a limit of 254 characters (RFC 5321, 4.5.3.1.3), one `@` (and nothing that compatibility forms make one), no spaces and no
  control characters; a domain is letters, digits, hyphens and underscores between dots once it is in IDNA form;
- a name is of the characters that mail writes without quotes (RFC 5321, 4.1.2, and any beyond ASCII, RFC 6531), and holds no encoded word
  (RFC 2047): programs that read mail take commas, angles, quotes, comments and encoded words for something else than a part of a name, and
  what proves an address would go to another mailbox;
- a domain is one in which IDNA of 2003 and of 2008 see the same: `faß.de` is `fass.de` to the one and a domain of its own to the other;
- two addresses are the same account exactly if their keys are equal: NFC, case folded, domain in IDNA form; the address itself is kept
  as it was typed, for display and for mail. Dots and plus signs are never removed: they differ at most providers.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from ctsec.ids import UserId

MAX_EMAIL: Final = 254
MAX_NAME: Final = 200
_DOMAIN: Final = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_NAME: Final = re.compile(r'[^\x00-\x20"(),:;<>@\[\\\]\x7f]+')
_ENCODED_WORD: Final = "=?"
_DOTS: Final = re.compile("[.\u3002]")


class UserStatus(StrEnum):
    """The state of an account; only ACTIVE may sign in or act."""

    ACTIVE = "active"
    DISABLED = "disabled"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A person with an account. `version` counts changes, for compare-and-set updates."""

    id: UserId
    email: str
    email_key: str
    name: str
    status: UserStatus
    email_verified_at: datetime | None
    created_at: datetime
    version: int = 1


def parse_email(text: str) -> tuple[str, str]:
    """Return (address as typed, key under which it is unique); raise ValueError if it is not an address."""
    if len(text) > MAX_EMAIL:
        raise ValueError(f"expected an e-mail address of at most {MAX_EMAIL} characters")
    local, at, domain = text.rpartition("@")
    if not at or not local or not domain or "@" in local:
        raise ValueError("expected an e-mail address with one @ between a name and a domain")
    if unicodedata.normalize("NFKC", text).count("@") != 1:
        raise ValueError("expected an e-mail address without characters that look like an @")
    if any(unicodedata.category(c)[0] in "CZ" for c in text):
        raise ValueError("expected an e-mail address without spaces and control characters")
    plain = unicodedata.normalize("NFKC", local)
    if not _NAME.fullmatch(plain) or _ENCODED_WORD in plain:
        raise ValueError("expected a name before the @ that mail writes without quotes, comments and lists")
    try:
        ascii_domain = domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        raise ValueError("expected a domain name after the @") from None
    # Judged after IDNA, which makes dots, slashes and signs of characters that look like them.
    if ("." not in ascii_domain and ascii_domain != "localhost") or not _DOMAIN.fullmatch(ascii_domain):
        raise ValueError("expected a domain name after the @")
    if not domain.isascii() and _unfolded(domain) != ascii_domain:
        raise ValueError("expected a domain name that is one to everybody; write it as it is registered (xn--…)")
    key = f"{unicodedata.normalize('NFC', local).casefold()}@{ascii_domain}"
    if len(key) > MAX_EMAIL:
        raise ValueError(f"expected an e-mail address of at most {MAX_EMAIL} characters")
    return text, key


def _unfolded(domain: str) -> str:
    """Return the ASCII form of a domain where nothing is folded but case, one character at a time."""
    small = "".join(character.lower() for character in unicodedata.normalize("NFKC", domain))
    labels = _DOTS.split(unicodedata.normalize("NFKC", small))
    return ".".join(label if label.isascii() else f"xn--{label.encode('punycode').decode('ascii')}" for label in labels)


def parse_name(text: str) -> str:
    """Return the display name in NFC, without surrounding space; raise ValueError if empty, too long or with control characters."""
    name = unicodedata.normalize("NFC", text).strip()
    if not name or len(name) > MAX_NAME:
        raise ValueError(f"expected a name of 1 to {MAX_NAME} characters")
    if any(unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"} for c in name):
        raise ValueError("expected a name without control characters and line breaks")
    return name
