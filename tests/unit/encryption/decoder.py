"""A second reader of the formats of encryption, written from docs/reference/formats.md: `cryptography` and the standard library alone.

It imports nothing of ctsec, and is written to be read beside the page, not to be fast or to be used.
"""

from __future__ import annotations

import hmac
import json

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

MIB = 1024 * 1024
CHUNK = 16384
C2SP = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\x00"


class Refused(Exception):
    """The bytes are not of the format, or do not open under this key and context."""


class Reader:
    """Takes bytes from the front of a text of bytes, and refuses to take more than there are."""

    def __init__(self, data: bytes) -> None:
        self.data, self.place = data, 0

    def take(self, size: int) -> bytes:
        if size < 0 or self.place + size > len(self.data):
            raise Refused("too short")
        self.place += size
        return self.data[self.place - size : self.place]

    def sized(self, low: int, high: int) -> bytes:
        size = int.from_bytes(self.take(2), "big")
        if not low <= size <= high:
            raise Refused("impossible length")
        return self.take(size)

    def rest(self) -> bytes:
        return self.take(len(self.data) - self.place)


def derive(key: bytes, label: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=bytes(32), info=label).derive(key)


def same(one: bytes, other: bytes) -> None:
    if not hmac.compare_digest(one, other):
        raise Refused("another commitment, id or scope")


def gcm(key: bytes, nonce: bytes, sealed: bytes, associated: bytes, most: int) -> bytes:
    if not 16 <= len(sealed) <= most + 16:
        raise Refused("impossible length")
    try:
        return AESGCM(key).decrypt(nonce, sealed, associated)
    except InvalidTag:
        raise Refused("not authentic") from None


def context_bytes(*, organization: str | None = None, purpose: str = "", table: str = "", row: str = "", field: str = "") -> bytes:
    entries = {"field": field, "purpose": purpose, "row": row, "table": table}
    if organization is not None:
        entries["organization"] = organization
    out = bytes([len(entries)])
    for name in sorted(entries):
        for text in (name, entries[name]):
            out += len(text.encode()).to_bytes(2, "big") + text.encode()
    return out


def open_managed(blob: bytes, dek: bytes, dek_id: bytes, bound: bytes) -> bytes:
    """Open a managed blob of either suite; `bound` is the bytes of the context."""
    reader = Reader(blob)
    start = reader.take(2)
    same(reader.take(16), dek_id)
    if start == b"\xc7\x11":
        same(reader.take(32), derive(dek, b"ctsec/managed/v1/commitment/" + dek_id))
        nonce = reader.take(12)
        return gcm(derive(dek, b"ctsec/managed/v1/aes-256-gcm/" + dek_id), nonce, reader.rest(), blob[:50] + bound, 64 * MIB)
    if start == b"\xc7\x12":
        salt = reader.take(24)
        made = hmac.digest(derive(dek, b"ctsec/managed/v1/strict/" + dek_id), b"\x01" + salt + bound, "sha512")
        same(reader.take(32), made[32:])
        return gcm(made[:32], bytes(12), reader.rest(), b"", 64 * MIB)
    raise Refused("another format")


def read_portable(blob: bytes) -> dict[str, bytes]:
    """Return the parts of a portable blob; they prove nothing yet."""
    reader = Reader(blob)
    if reader.take(2) != b"\xc7\x21":
        raise Refused("another format")
    parts = {"kek": reader.sized(1, 1024), "scope": reader.sized(1, 1024), "region": reader.sized(0, 255)}
    try:
        for part in parts.values():
            part.decode()
    except UnicodeDecodeError:
        raise Refused("no text") from None
    parts["wrapped"] = reader.sized(1, 6144)
    parts["header"] = blob[: reader.place]
    return parts | {"inner": reader.rest()}


def open_portable(blob: bytes, dek: bytes, dek_id: bytes, context: dict[str, str]) -> bytes:
    parts = read_portable(blob)
    same(parts["scope"], context.get("organization", "deployment").encode())
    return open_managed(parts["inner"], dek, dek_id, parts["header"] + context_bytes(**context))


def open_portable_with_file(blob: bytes, key_file: str, dek_id: bytes, context: dict[str, str]) -> bytes:
    """Open a portable blob whose data key was wrapped under a local key file, given the text of that file."""
    parts = read_portable(blob)
    file = json.loads(key_file)
    same(parts["kek"], b"local:" + file["id"].encode())
    place = {"purpose": "dek", "field": parts["region"].decode()}
    if parts["scope"] != b"deployment":
        place["organization"] = parts["scope"].decode()
    return open_portable(blob, unwrap_local(parts["wrapped"], key_file, context_bytes(**place)), dek_id, context)


def unwrap_local(wrapped: bytes, key_file: str, bound: bytes) -> bytes:
    """Return the data key that a local key file wrapped."""
    file = json.loads(key_file)
    reader = Reader(wrapped)
    if len(wrapped) != 77 or file["format"] != "ctsec-local-key/1" or reader.take(1) != b"\x01":
        raise Refused("another format")
    same(reader.take(16), bytes.fromhex(file["id"]))
    nonce = reader.take(12)
    return gcm(derive(bytes.fromhex(file["key"]), b"ctsec/local-kms/v1/wrap"), nonce, reader.rest(), wrapped[:17] + bound, 32)


def open_stream(data: bytes, dek: bytes, dek_id: bytes, bound: bytes) -> bytes:
    reader = Reader(data)
    if reader.take(2) != b"\xc7\x31":
        raise Refused("another format")
    same(reader.take(16), dek_id)
    return open_c2sp(reader.rest(), derive(dek, b"ctsec/stream/v1/input-key/" + dek_id), data[:18] + bound)


def open_c2sp(data: bytes, input_key: bytes, stream_context: bytes) -> bytes:
    """Open a message of C2SP chunked encryption."""
    reader = Reader(data)
    info = C2SP + reader.take(24) + stream_context
    if len(input_key) != 32:
        raise Refused("another size of key")
    made = HKDFExpand(algorithm=SHA512(), length=76, info=info).derive(input_key)
    same(reader.take(32), made[44:])
    base, number, out = int.from_bytes(made[32:44], "big"), 0, b""
    while True:
        sealed = reader.take(min(CHUNK + 16, len(data) - reader.place))
        chunk = gcm(made[:32], (base ^ number).to_bytes(12, "big"), sealed, b"", CHUNK)
        out, number = out + chunk, number + 1
        if len(chunk) < CHUNK:
            if reader.rest():
                raise Refused("bytes after the end")
            return out


def open_sealed_record(record: bytes, keys: dict[str, bytes], context: bytes) -> bytes:
    """Open a record of a sealing ring with the ring's named keys."""
    reader = Reader(record)
    if reader.take(1) != b"\x01":
        raise Refused("another format")
    name = reader.take(reader.take(1)[0])
    if not 1 <= len(name) <= 64 or not name.isascii() or name.decode() not in keys:
        raise Refused("no key of that name")
    header = record[: reader.place]
    nonce = reader.take(12)
    return gcm(derive(keys[name.decode()], b"ctsec/sealing/v1"), nonce, reader.rest(), header + context, 64 * 1024)
