"""The managed blob: data sealed under a data key that is kept elsewhere.

Rules that this module keeps:

- the second byte names the suite, and a key opens the suites that its owner named and no other; see `suites` for their bytes;
- magic, version, suite, DEK id and the context are bound; the context is never stored;
- what is no managed blob is a corrupt record; whatever else does not fit is one and the same `DecryptionFailed`;
- a blob has at most 64 MiB of plaintext; what a key has sealed is counted, see `data_key`.
"""

from __future__ import annotations

from datetime import datetime

from ctsec.encryption.context import Context
from ctsec.encryption.data_key import DataKey
from ctsec.encryption.dek import dek_id_from_bytes
from ctsec.encryption.suites import ID_END, not_opened, suite_of
from ctsec.ids import DekId, Random

__all__ = ["DataKey", "dek_id_of", "open_blob", "open_bound", "seal"]


def seal(plaintext: bytes, *, key: DataKey, context: Context, random: Random, now: datetime | None = None) -> bytes:
    """Return the managed blob of `plaintext` in the key's suite, bound to `context`.

    `random` gives the nonce (12 bytes) or the salt (24); `now` is needed for a key that has an end. Raises ValueError for more than 64
    MiB, DataKeyExhausted when the key has reached a bound.
    """
    return key.seal_bound(plaintext, context.encoded, random, now)


def open_blob(blob: bytes, *, key: DataKey, context: Context) -> bytes:
    """Return the plaintext of a managed blob; raise DecryptionFailed if key, context or bytes do not fit, CorruptRecord if it is none."""
    try:
        suite = key.opens[blob[1]]
    except (IndexError, KeyError):
        raise not_opened(blob) from None
    return suite.open(blob, context.encoded)


def open_bound(blob: bytes, *, key: DataKey, bound: bytes) -> bytes:
    """Do what `open_blob` does, with any bytes in the place of the context's, for the formats that bind more."""
    try:
        suite = key.opens[blob[1]]
    except (IndexError, KeyError):
        raise not_opened(blob) from None
    return suite.open(blob, bound)


def dek_id_of(blob: bytes) -> DekId:
    """Return the id of the DEK that sealed `blob`; raise CorruptRecord if it is no managed blob."""
    suite_of(blob)
    return dek_id_from_bytes(blob[2:ID_END])
