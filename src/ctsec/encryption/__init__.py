"""Envelope encryption: contexts, managed and portable blobs, streams, data keys, and the key ring over a key service.

Names are resolved at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.encryption._async import AsyncKeyRing as AsyncKeyRing
    from ctsec.encryption._sync import KeyRing as KeyRing
    from ctsec.encryption.context import Context as Context
    from ctsec.encryption.data_key import DataKey as DataKey
    from ctsec.encryption.data_key import DataKeyExhausted as DataKeyExhausted
    from ctsec.encryption.dek import DekState as DekState
    from ctsec.encryption.dek import WrappedDek as WrappedDek
    from ctsec.encryption.envelope import dek_id_of as dek_id_of
    from ctsec.encryption.envelope import open_blob as open_blob
    from ctsec.encryption.envelope import seal as seal
    from ctsec.encryption.kek import KekDescription as KekDescription
    from ctsec.encryption.portable import PortableBlob as PortableBlob
    from ctsec.encryption.portable import open_portable as open_portable
    from ctsec.encryption.portable import read_portable as read_portable
    from ctsec.encryption.portable import seal_portable as seal_portable
    from ctsec.encryption.sealing import SealingRing as SealingRing
    from ctsec.encryption.stream import StreamOpener as StreamOpener
    from ctsec.encryption.stream import StreamSealer as StreamSealer
    from ctsec.encryption.stream import stream_dek_id as stream_dek_id
    from ctsec.encryption.stream_reader import StreamReader as StreamReader
    from ctsec.encryption.suites import Suite as Suite

_HOME = {
    "AsyncKeyRing": "ctsec.encryption._async",
    "Context": "ctsec.encryption.context",
    "DataKey": "ctsec.encryption.data_key",
    "DataKeyExhausted": "ctsec.encryption.data_key",
    "DekState": "ctsec.encryption.dek",
    "KekDescription": "ctsec.encryption.kek",
    "KeyRing": "ctsec.encryption._sync",
    "PortableBlob": "ctsec.encryption.portable",
    "SealingRing": "ctsec.encryption.sealing",
    "StreamOpener": "ctsec.encryption.stream",
    "StreamReader": "ctsec.encryption.stream_reader",
    "StreamSealer": "ctsec.encryption.stream",
    "Suite": "ctsec.encryption.suites",
    "WrappedDek": "ctsec.encryption.dek",
    "dek_id_of": "ctsec.encryption.envelope",
    "open_blob": "ctsec.encryption.envelope",
    "open_portable": "ctsec.encryption.portable",
    "read_portable": "ctsec.encryption.portable",
    "seal": "ctsec.encryption.envelope",
    "seal_portable": "ctsec.encryption.portable",
    "stream_dek_id": "ctsec.encryption.stream",
}
__all__ = [
    "AsyncKeyRing",
    "Context",
    "DataKey",
    "DataKeyExhausted",
    "DekState",
    "KekDescription",
    "KeyRing",
    "PortableBlob",
    "SealingRing",
    "StreamOpener",
    "StreamReader",
    "StreamSealer",
    "Suite",
    "WrappedDek",
    "dek_id_of",
    "open_blob",
    "open_portable",
    "read_portable",
    "seal",
    "seal_portable",
    "stream_dek_id",
]

__getattr__ = face(__name__, _HOME)
