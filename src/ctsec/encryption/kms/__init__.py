"""Key services behind one protocol (`ctsec.encryption.ports.Kms`): a local key file, AWS KMS, and tokens that speak PKCS#11.

Names are resolved at first use, so that only what is used needs its extra.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ctsec.lazy import face

if TYPE_CHECKING:
    from ctsec.encryption.kms._async_services import AsyncCompositeKeyServices as AsyncCompositeKeyServices
    from ctsec.encryption.kms._async_services import AsyncLocalKeyServices as AsyncLocalKeyServices
    from ctsec.encryption.kms._sync_services import CompositeKeyServices as CompositeKeyServices
    from ctsec.encryption.kms._sync_services import LocalKeyServices as LocalKeyServices
    from ctsec.encryption.kms.arn import KeyArn as KeyArn
    from ctsec.encryption.kms.attempts import CallBounds as CallBounds
    from ctsec.encryption.kms.aws import AwsKeyServices as AwsKeyServices
    from ctsec.encryption.kms.aws import AwsKms as AwsKms
    from ctsec.encryption.kms.blocking import AsyncBlockingKeyServices as AsyncBlockingKeyServices
    from ctsec.encryption.kms.blocking import AsyncBlockingKms as AsyncBlockingKms
    from ctsec.encryption.kms.blocking import KmsThreads as KmsThreads
    from ctsec.encryption.kms.local import AsyncLocalKms as AsyncLocalKms
    from ctsec.encryption.kms.local import LocalKms as LocalKms
    from ctsec.encryption.kms.pkcs11 import Pkcs11KeyServices as Pkcs11KeyServices
    from ctsec.encryption.kms.pkcs11 import Pkcs11Kms as Pkcs11Kms
    from ctsec.encryption.kms.pkcs11_uri import TokenKey as TokenKey

_HOME = {
    "AsyncBlockingKeyServices": "ctsec.encryption.kms.blocking",
    "AsyncBlockingKms": "ctsec.encryption.kms.blocking",
    "AsyncCompositeKeyServices": "ctsec.encryption.kms._async_services",
    "AsyncLocalKeyServices": "ctsec.encryption.kms._async_services",
    "AsyncLocalKms": "ctsec.encryption.kms.local",
    "AwsKeyServices": "ctsec.encryption.kms.aws",
    "AwsKms": "ctsec.encryption.kms.aws",
    "CallBounds": "ctsec.encryption.kms.attempts",
    "CompositeKeyServices": "ctsec.encryption.kms._sync_services",
    "KeyArn": "ctsec.encryption.kms.arn",
    "KmsThreads": "ctsec.encryption.kms.blocking",
    "LocalKeyServices": "ctsec.encryption.kms._sync_services",
    "LocalKms": "ctsec.encryption.kms.local",
    "Pkcs11KeyServices": "ctsec.encryption.kms.pkcs11",
    "Pkcs11Kms": "ctsec.encryption.kms.pkcs11",
    "TokenKey": "ctsec.encryption.kms.pkcs11_uri",
}
__all__ = [
    "AsyncBlockingKeyServices",
    "AsyncBlockingKms",
    "AsyncCompositeKeyServices",
    "AsyncLocalKeyServices",
    "AsyncLocalKms",
    "AwsKeyServices",
    "AwsKms",
    "CallBounds",
    "CompositeKeyServices",
    "KeyArn",
    "KmsThreads",
    "LocalKeyServices",
    "LocalKms",
    "Pkcs11KeyServices",
    "Pkcs11Kms",
    "TokenKey",
]

__getattr__ = face(__name__, _HOME)
