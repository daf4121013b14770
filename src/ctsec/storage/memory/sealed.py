"""Which data key a stored blob names, as the databases look at it."""

from __future__ import annotations

from ctsec.encryption.dek import dek_id_bytes
from ctsec.ids import DekId


def under_keys(blob: bytes, keys: tuple[DekId, ...]) -> bool:
    """Say whether a blob names one of `keys`: by its bytes 2 to 17, whatever the rest is."""
    return blob[2:18] in {dek_id_bytes(each) for each in keys}
