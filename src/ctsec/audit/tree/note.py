"""Signed notes and the keys that verify them (C2SP signed-note).

Rules that this module keeps:

- a note is a text that ends with a new line, an empty line, and at least one signature line: an em dash, a space, the name of the key, a
  space, and base64 of four bytes of key id and the signature;
- the id of an Ed25519 key is the first four bytes of SHA-256(name || 0x0A || 0x01 || public key); it tells keys apart and proves nothing;
- a note has at most 64 KiB and 32 signatures; text and names are UTF-8 without control characters, base64 has one spelling; anything else
  is refused as a whole;
- a signature of an unknown key is passed over, one of a known key that does not verify makes the note worth nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import ClassVar, Final, Self

from ctsec.encryption.ed25519 import PUBLIC_BYTES, SIGNATURE_BYTES, is_signed

MAX_NOTE: Final = 1 << 16
MAX_SIGNATURES: Final = 32
MAX_NAME: Final = 255
_KEY_ID: Final = 4
_CONTROL: Final = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
_LINE: Final = re.compile(r"\u2014 (\S+) ([A-Za-z0-9+/]+={0,2})")
_KEY: Final = re.compile(r"([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})")


def read_base64(text: str) -> bytes:
    """Return the bytes of standard base64; raise ValueError for any other spelling of them."""
    try:
        value = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        value = b""
    if not value or write_base64(value) != text:
        raise ValueError("expected standard base64 in its one spelling")
    return value


def write_base64(value: bytes) -> str:
    """Return standard base64."""
    return base64.b64encode(value).decode("ascii")


def check_name(name: str) -> str:
    """Return the name of a key; raise ValueError for one with spaces, plus signs or control characters, or that is empty or too long."""
    if not name.isprintable() or not 0 < len(name) <= MAX_NAME or "+" in name or any(each.isspace() for each in name):
        raise ValueError(f"expected a name of 1 to {MAX_NAME} printable characters without spaces and plus signs")
    return name


def key_id(name: str, *, kind: bytes, public: bytes) -> bytes:
    """Return the four bytes by which signatures of a key are told apart; `kind` is the byte of the type of its signatures."""
    return hashlib.sha256(name.encode() + b"\n" + kind + public).digest()[:_KEY_ID]


def read_key(text: str, *, kind: bytes) -> tuple[str, bytes]:
    """Return name and public key of `<name>+<id in hex>+<base64>`; raise ValueError for anything else, a key of another `kind` too."""
    found = _KEY.fullmatch(text)
    value = read_base64(found[3]) if found else b""
    if found is None or value[:1] != kind:
        raise ValueError("expected an Ed25519 verifier key, <name>+<id>+<base64>")
    if key_id(found[1], kind=kind, public=value[1:]).hex() != found[2]:
        raise ValueError("the id of the verifier key is not that of its name and bytes")
    return found[1], value[1:]


@dataclass(frozen=True, slots=True)
class NoteKey:
    """An Ed25519 public key (32 bytes) and the name that its signatures stand under; `KIND` is the byte of the type of its signatures."""

    name: str
    public: bytes
    KIND: ClassVar[bytes]

    def __post_init__(self) -> None:
        check_name(self.name)
        if len(self.public) != PUBLIC_BYTES:
            raise ValueError(f"expected a public key of {PUBLIC_BYTES} bytes")

    @property
    def id(self) -> bytes:
        """The four bytes that a signature line begins with."""
        return key_id(self.name, kind=self.KIND, public=self.public)

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{write_base64(self.KIND + self.public)}"

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the key in its text form, `<name>+<id in hex>+<base64 of kind and key>`; raise ValueError for anything else."""
        return cls(*read_key(text, kind=cls.KIND))


@dataclass(frozen=True, slots=True)
class VerifierKey(NoteKey):
    """The key of whoever signs a note, a log its checkpoints."""

    KIND: ClassVar[bytes] = b"\x01"


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature line: the name of the key, its id (4 bytes), and the signature."""

    name: str
    key_id: bytes
    value: bytes

    def line(self) -> str:
        """Return the line without its end."""
        return f"\u2014 {self.name} {write_base64(self.key_id + self.value)}"


@dataclass(frozen=True, slots=True)
class Note:
    """A text, its end of line included, and its signatures; nothing is verified yet."""

    text: str
    signatures: tuple[Signature, ...]

    def stored(self) -> bytes:
        """Return the bytes of the note."""
        return (self.text + "\n" + "".join(f"{each.line()}\n" for each in self.signatures)).encode()

    @classmethod
    def read(cls, stored: bytes) -> Note:
        """Return the note in `stored`; raise ValueError for anything that breaks a rule of this module."""
        if len(stored) > MAX_NOTE:
            raise ValueError(f"expected a note of at most {MAX_NOTE} bytes")
        try:
            whole = stored.decode("utf-8")
        except UnicodeDecodeError:
            raise ValueError("expected a note in UTF-8") from None
        if _CONTROL.search(whole):
            raise ValueError("expected a note without control characters")
        text, gap, below = whole.rpartition("\n\n")
        if not gap or not below.endswith("\n"):
            raise ValueError("expected a text, an empty line and signatures, each line with its end")
        lines = below[:-1].split("\n")
        if len(lines) > MAX_SIGNATURES:
            raise ValueError(f"expected at most {MAX_SIGNATURES} signatures")
        return cls(text + "\n", tuple(map(read_signature, lines)))

    def is_signed_by(self, key: VerifierKey) -> bool:
        """Say whether the note has a signature of `key`, and none of it that does not verify."""
        found = [each for each in self.signatures if each.name == key.name and each.key_id == key.id]
        message = self.text.encode()
        return bool(found) and all(
            len(each.value) == SIGNATURE_BYTES and is_signed(message, signature=each.value, by=key.public) for each in found
        )


def read_signature(line: str) -> Signature:
    """Return the signature in a line without its end; raise ValueError for what is none."""
    found = _LINE.fullmatch(line)
    value = read_base64(found[2]) if found else b""
    if found is None or len(value) <= _KEY_ID:
        raise ValueError("expected a signature line: em dash, name, base64")
    return Signature(check_name(found[1]), value[:_KEY_ID], value[_KEY_ID:])
