"""Envelope encryption: contexts, managed blobs, data keys, and the key ring over a key service.

Names are resolved at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.encryption._async import AsyncKeyRing as AsyncKeyRing
    from ctsec.encryption._sync import KeyRing as KeyRing
    from ctsec.encryption.context import Context as Context
    from ctsec.encryption.dek import DekState as DekState
    from ctsec.encryption.dek import WrappedDek as WrappedDek
    from ctsec.encryption.envelope import DataKey as DataKey
    from ctsec.encryption.envelope import open_blob as open_blob
    from ctsec.encryption.envelope import seal as seal
    from ctsec.encryption.kek import KekDescription as KekDescription
    from ctsec.encryption.kek import KmsCapabilities as KmsCapabilities
    from ctsec.encryption.sealing import SealingRing as SealingRing

_HOME = {
    "AsyncKeyRing": "ctsec.encryption._async",
    "Context": "ctsec.encryption.context",
    "DataKey": "ctsec.encryption.envelope",
    "DekState": "ctsec.encryption.dek",
    "KekDescription": "ctsec.encryption.kek",
    "KeyRing": "ctsec.encryption._sync",
    "KmsCapabilities": "ctsec.encryption.kek",
    "SealingRing": "ctsec.encryption.sealing",
    "WrappedDek": "ctsec.encryption.dek",
    "open_blob": "ctsec.encryption.envelope",
    "seal": "ctsec.encryption.envelope",
}
__all__ = [
    "AsyncKeyRing",
    "Context",
    "DataKey",
    "DekState",
    "KekDescription",
    "KeyRing",
    "KmsCapabilities",
    "SealingRing",
    "WrappedDek",
    "open_blob",
    "seal",
]

__getattr__ = face(__name__, _HOME)
