"""Envelope encryption: contexts, managed and portable blobs, streams, data keys, and the key ring over a key service.

Names are resolved at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.encryption._async import AsyncKeyRing as AsyncKeyRing
    from ctsec.encryption._async_columns import AsyncColumns as AsyncColumns
    from ctsec.encryption._async_customer_keys import AsyncCustomerKeys as AsyncCustomerKeys
    from ctsec.encryption._async_data_keys import AsyncDataKeys as AsyncDataKeys
    from ctsec.encryption._async_secrets import AsyncSecrets as AsyncSecrets
    from ctsec.encryption._sync import KeyRing as KeyRing
    from ctsec.encryption._sync_columns import Columns as Columns
    from ctsec.encryption._sync_customer_keys import CustomerKeys as CustomerKeys
    from ctsec.encryption._sync_data_keys import DataKeys as DataKeys
    from ctsec.encryption._sync_secrets import Secrets as Secrets
    from ctsec.encryption.blind_index import BlindIndex as BlindIndex
    from ctsec.encryption.blind_index import IndexPlan as IndexPlan
    from ctsec.encryption.blind_index import Transform as Transform
    from ctsec.encryption.blind_index import plan_index as plan_index
    from ctsec.encryption.context import Context as Context
    from ctsec.encryption.context import wrap_context as wrap_context
    from ctsec.encryption.customer_key import CustomerKey as CustomerKey
    from ctsec.encryption.customer_key import CustomerKeyPolicy as CustomerKeyPolicy
    from ctsec.encryption.data_key import DataKey as DataKey
    from ctsec.encryption.data_key import DataKeyExhausted as DataKeyExhausted
    from ctsec.encryption.data_key import NoDataKey as NoDataKey
    from ctsec.encryption.dek import DekState as DekState
    from ctsec.encryption.dek import WrappedDek as WrappedDek
    from ctsec.encryption.envelope import dek_id_of as dek_id_of
    from ctsec.encryption.envelope import open_blob as open_blob
    from ctsec.encryption.envelope import seal as seal
    from ctsec.encryption.holding import HoldingPolicy as HoldingPolicy
    from ctsec.encryption.holding import RingPolicy as RingPolicy
    from ctsec.encryption.kek import KekDescription as KekDescription
    from ctsec.encryption.kek import KmsCapabilities as KmsCapabilities
    from ctsec.encryption.portable import PortableBlob as PortableBlob
    from ctsec.encryption.portable import open_portable as open_portable
    from ctsec.encryption.portable import read_portable as read_portable
    from ctsec.encryption.portable import seal_portable as seal_portable
    from ctsec.encryption.reencryption import Reencryption as Reencryption
    from ctsec.encryption.reencryption import SealedRow as SealedRow
    from ctsec.encryption.sealing import SealingRing as SealingRing
    from ctsec.encryption.stream import StreamOpener as StreamOpener
    from ctsec.encryption.stream import StreamSealer as StreamSealer
    from ctsec.encryption.stream import stream_dek_id as stream_dek_id
    from ctsec.encryption.stream_reader import StreamReader as StreamReader
    from ctsec.encryption.suites import Suite as Suite

_HOME = {
    "AsyncColumns": "ctsec.encryption._async_columns",
    "AsyncCustomerKeys": "ctsec.encryption._async_customer_keys",
    "AsyncDataKeys": "ctsec.encryption._async_data_keys",
    "AsyncKeyRing": "ctsec.encryption._async",
    "AsyncSecrets": "ctsec.encryption._async_secrets",
    "BlindIndex": "ctsec.encryption.blind_index",
    "Columns": "ctsec.encryption._sync_columns",
    "Context": "ctsec.encryption.context",
    "CustomerKey": "ctsec.encryption.customer_key",
    "CustomerKeyPolicy": "ctsec.encryption.customer_key",
    "CustomerKeys": "ctsec.encryption._sync_customer_keys",
    "DataKey": "ctsec.encryption.data_key",
    "DataKeyExhausted": "ctsec.encryption.data_key",
    "DataKeys": "ctsec.encryption._sync_data_keys",
    "DekState": "ctsec.encryption.dek",
    "HoldingPolicy": "ctsec.encryption.holding",
    "IndexPlan": "ctsec.encryption.blind_index",
    "KekDescription": "ctsec.encryption.kek",
    "KeyRing": "ctsec.encryption._sync",
    "KmsCapabilities": "ctsec.encryption.kek",
    "NoDataKey": "ctsec.encryption.data_key",
    "PortableBlob": "ctsec.encryption.portable",
    "Reencryption": "ctsec.encryption.reencryption",
    "RingPolicy": "ctsec.encryption.holding",
    "SealedRow": "ctsec.encryption.reencryption",
    "SealingRing": "ctsec.encryption.sealing",
    "Secrets": "ctsec.encryption._sync_secrets",
    "StreamOpener": "ctsec.encryption.stream",
    "StreamReader": "ctsec.encryption.stream_reader",
    "StreamSealer": "ctsec.encryption.stream",
    "Suite": "ctsec.encryption.suites",
    "Transform": "ctsec.encryption.blind_index",
    "WrappedDek": "ctsec.encryption.dek",
    "dek_id_of": "ctsec.encryption.envelope",
    "open_blob": "ctsec.encryption.envelope",
    "open_portable": "ctsec.encryption.portable",
    "plan_index": "ctsec.encryption.blind_index",
    "read_portable": "ctsec.encryption.portable",
    "seal": "ctsec.encryption.envelope",
    "seal_portable": "ctsec.encryption.portable",
    "stream_dek_id": "ctsec.encryption.stream",
    "wrap_context": "ctsec.encryption.context",
}
__all__ = [
    "AsyncColumns",
    "AsyncCustomerKeys",
    "AsyncDataKeys",
    "AsyncKeyRing",
    "AsyncSecrets",
    "BlindIndex",
    "Columns",
    "Context",
    "CustomerKey",
    "CustomerKeyPolicy",
    "CustomerKeys",
    "DataKey",
    "DataKeyExhausted",
    "DataKeys",
    "DekState",
    "HoldingPolicy",
    "IndexPlan",
    "KekDescription",
    "KeyRing",
    "KmsCapabilities",
    "NoDataKey",
    "PortableBlob",
    "Reencryption",
    "RingPolicy",
    "SealedRow",
    "SealingRing",
    "Secrets",
    "StreamOpener",
    "StreamReader",
    "StreamSealer",
    "Suite",
    "Transform",
    "WrappedDek",
    "dek_id_of",
    "open_blob",
    "open_portable",
    "plan_index",
    "read_portable",
    "seal",
    "seal_portable",
    "stream_dek_id",
    "wrap_context",
]

__getattr__ = face(__name__, _HOME)
