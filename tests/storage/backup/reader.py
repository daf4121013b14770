"""A second reader of backups, written from docs/reference/formats.md: it imports nothing of ctsec."""

from __future__ import annotations

import hashlib
import json
import struct
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tests.unit.encryption.decoder import Reader, Refused, context_bytes, derive, open_stream, unwrap_local

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def dek_text(raw: bytes) -> str:
    number = int.from_bytes(raw, "big")
    return "dek_" + "".join(ALPHABET[number >> shift & 31] for shift in range(125, -5, -5))


def signer_of(key_file: str) -> bytes:
    """Return the public key that signs with a local key file."""
    seed = derive(bytes.fromhex(json.loads(key_file)["key"]), b"ctsec/local-kms/v1/derive/backup-signature/1")
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def read_backup(data: bytes, *, key_file: str, public: bytes) -> tuple[dict[str, Any], dict[str, list[tuple[Any, ...]]]]:
    """Return the manifest and the rows of each table of a backup under a local key file, signed by `public`."""
    reader = Reader(data)
    if reader.take(2) != b"\xc7\x41":
        raise Refused("another format")
    raw_id = reader.take(16)
    name = dek_text(raw_id)
    reader.sized(1, 1024)
    wrapped = reader.sized(1, 6144)
    header, stream, end = data[: reader.place], data[reader.place : -106], data[-106:]
    if end[:2] != b"\xc7\x4f" or int.from_bytes(end[2:10], "big") != len(data) - 106 or end[10:42] != public:
        raise Refused("another end")
    Ed25519PublicKey.from_public_bytes(public).verify(end[42:], b"ctsec/backup/v1/signature/" + hashlib.sha256(data[:-106]).digest())
    dek = unwrap_local(wrapped, key_file, context_bytes(purpose="backup", row=name))
    bound = context_bytes(purpose="backup", row=name, field=hashlib.sha256(header).hexdigest())
    return read_records(open_stream(stream, dek, raw_id, bound))


def read_records(plaintext: bytes) -> tuple[dict[str, Any], dict[str, list[tuple[Any, ...]]]]:
    reader, tables = Reader(plaintext), dict[str, list[tuple[Any, ...]]]()
    table, bodies = "", b""
    while True:
        tag, length = struct.unpack(">BI", reader.take(5))
        body = reader.take(length)
        if tag == 1:
            names = Reader(body)
            table, bodies = names.sized(1, 65535).decode(), b""
            tables[table] = []
        elif tag == 2:
            bodies += struct.pack(">I", length) + body
            tables[table].append(row_of(body))
        elif tag == 3:
            if body != len(tables[table]).to_bytes(8, "big") + hashlib.sha256(bodies).digest():
                raise Refused("another count or digest")
        elif tag == 4:
            if reader.rest():
                raise Refused("bytes after the end")
            return json.loads(body), tables
        else:
            raise Refused("another record")


def row_of(body: bytes) -> tuple[Any, ...]:
    reader, values = Reader(body), list[Any]()
    while reader.place < len(body):
        match reader.take(1):
            case b"\x00":
                values.append(None)
            case b"\x01":
                values.append(int.from_bytes(reader.take(8), "big", signed=True))
            case b"\x02":
                values.append(reader.take(int.from_bytes(reader.take(4), "big")).decode())
            case b"\x03":
                values.append(reader.take(int.from_bytes(reader.take(4), "big")))
            case _:
                raise Refused("another kind")
    return tuple(values)
