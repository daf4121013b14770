"""Envelope encryption: contexts, managed blobs, data keys, and the key ring over a key service.

Names are resolved at first use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.encryption._async import AsyncKeyRing as AsyncKeyRing
    from ctsec.encryption._async_customer_keys import AsyncCustomerKeys as AsyncCustomerKeys
    from ctsec.encryption._async_data_keys import AsyncDataKeys as AsyncDataKeys
    from ctsec.encryption._async_secrets import AsyncSecrets as AsyncSecrets
    from ctsec.encryption._sync import KeyRing as KeyRing
    from ctsec.encryption._sync_customer_keys import CustomerKeys as CustomerKeys
    from ctsec.encryption._sync_data_keys import DataKeys as DataKeys
    from ctsec.encryption._sync_secrets import Secrets as Secrets
    from ctsec.encryption.context import Context as Context
    from ctsec.encryption.customer_key import CustomerKey as CustomerKey
    from ctsec.encryption.customer_key import CustomerKeyPolicy as CustomerKeyPolicy
    from ctsec.encryption.dek import DekState as DekState
    from ctsec.encryption.dek import WrappedDek as WrappedDek
    from ctsec.encryption.envelope import DataKey as DataKey
    from ctsec.encryption.envelope import DataKeyExhausted as DataKeyExhausted
    from ctsec.encryption.envelope import NoDataKey as NoDataKey
    from ctsec.encryption.envelope import open_blob as open_blob
    from ctsec.encryption.envelope import seal as seal
    from ctsec.encryption.holding import HoldingPolicy as HoldingPolicy
    from ctsec.encryption.holding import RingPolicy as RingPolicy
    from ctsec.encryption.kek import KekDescription as KekDescription
    from ctsec.encryption.kek import KmsCapabilities as KmsCapabilities
    from ctsec.encryption.sealing import SealingRing as SealingRing

_HOME = {
    "AsyncCustomerKeys": "ctsec.encryption._async_customer_keys",
    "AsyncDataKeys": "ctsec.encryption._async_data_keys",
    "AsyncKeyRing": "ctsec.encryption._async",
    "AsyncSecrets": "ctsec.encryption._async_secrets",
    "Context": "ctsec.encryption.context",
    "CustomerKey": "ctsec.encryption.customer_key",
    "CustomerKeyPolicy": "ctsec.encryption.customer_key",
    "CustomerKeys": "ctsec.encryption._sync_customer_keys",
    "DataKey": "ctsec.encryption.envelope",
    "DataKeyExhausted": "ctsec.encryption.envelope",
    "DataKeys": "ctsec.encryption._sync_data_keys",
    "DekState": "ctsec.encryption.dek",
    "HoldingPolicy": "ctsec.encryption.holding",
    "KekDescription": "ctsec.encryption.kek",
    "KeyRing": "ctsec.encryption._sync",
    "KmsCapabilities": "ctsec.encryption.kek",
    "NoDataKey": "ctsec.encryption.envelope",
    "RingPolicy": "ctsec.encryption.holding",
    "SealingRing": "ctsec.encryption.sealing",
    "Secrets": "ctsec.encryption._sync_secrets",
    "WrappedDek": "ctsec.encryption.dek",
    "open_blob": "ctsec.encryption.envelope",
    "seal": "ctsec.encryption.envelope",
}
__all__ = [
    "AsyncCustomerKeys",
    "AsyncDataKeys",
    "AsyncKeyRing",
    "AsyncSecrets",
    "Context",
    "CustomerKey",
    "CustomerKeyPolicy",
    "CustomerKeys",
    "DataKey",
    "DataKeyExhausted",
    "DataKeys",
    "DekState",
    "HoldingPolicy",
    "KekDescription",
    "KeyRing",
    "KmsCapabilities",
    "NoDataKey",
    "RingPolicy",
    "SealingRing",
    "Secrets",
    "WrappedDek",
    "open_blob",
    "seal",
]

__getattr__ = face(__name__, _HOME)
