"""The managed blob: data sealed under a data key that is kept elsewhere.

Rules that this module keeps:

- the second byte names the suite, and a key opens the suites that its owner named and no other; see `suites` for their bytes;
- magic, version, suite, DEK id and the context are bound; the context is never stored;
- what is no managed blob is a corrupt record; whatever else does not fit is one and the same `DecryptionFailed`;
- a blob has at most 64 MiB of plaintext; what a key has sealed is counted, see `data_key`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from ctsec.encryption.context import Context
from ctsec.encryption.data_key import DataKey
from ctsec.encryption.dek import dek_id_from_bytes
from ctsec.encryption.primitives import DOES_NOT_OPEN
from ctsec.encryption.suites import ID_END, MAGIC, MAX_PLAINTEXT, NO_BLOB, OVERHEAD, STRICT_OVERHEAD, Suite
from ctsec.errors import CorruptRecord, DecryptionFailed
from ctsec.ids import DekId, Random

__all__ = ["DataKey", "dek_id_of", "not_for_this_key", "open_blob", "seal", "suite_of"]

_OVERHEADS: Final = {int(Suite.DEFAULT): OVERHEAD, int(Suite.STRICT): STRICT_OVERHEAD}


def seal(plaintext: bytes, *, key: DataKey, context: Context, random: Random, now: datetime | None = None) -> bytes:
    """Return the managed blob of `plaintext` in the key's suite, bound to `context`.

    `random` gives the nonce (12 bytes) or the salt (24); `now` is needed for a key that has an end. Raises ValueError for more than 64
    MiB, DataKeyExhausted when the key has reached a bound.
    """
    return key.seal_bound(plaintext, context.encoded, random, now)


def open_blob(blob: bytes, *, key: DataKey, context: Context) -> bytes:
    """Return the plaintext of a managed blob; raise DecryptionFailed if key, context or bytes do not fit, CorruptRecord if it is none."""
    suite = key.opens.get(blob[:ID_END])
    if suite is None:
        raise not_for_this_key(blob)
    return suite.open(blob, context.encoded)


def suite_of(blob: bytes) -> Suite:
    """Return the suite of a managed blob; raise CorruptRecord if it is none."""
    overhead = _OVERHEADS.get(blob[1]) if len(blob) > 1 and blob[0] == MAGIC else None
    if overhead is None or not overhead <= len(blob) <= overhead + MAX_PLAINTEXT:
        raise CorruptRecord(NO_BLOB)
    return Suite(blob[1])


def dek_id_of(blob: bytes) -> DekId:
    """Return the id of the DEK that sealed `blob`; raise CorruptRecord if it is no managed blob."""
    suite_of(blob)
    return dek_id_from_bytes(blob[2:ID_END])


def not_for_this_key(blob: bytes) -> DecryptionFailed:
    """Return the error for a blob of another DEK or suite; raise CorruptRecord if it is no managed blob."""
    suite_of(blob)
    return DecryptionFailed(DOES_NOT_OPEN)
