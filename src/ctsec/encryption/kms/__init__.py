"""Key services behind one protocol (`ctsec.encryption.ports.Kms`): local key files, AWS KMS, PKCS#11 tokens, and three over plain HTTPS.

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
    from ctsec.encryption.kms.azure import AzureKeyServices as AzureKeyServices
    from ctsec.encryption.kms.azure import AzureKms as AzureKms
    from ctsec.encryption.kms.blocking import AsyncBlockingKeyServices as AsyncBlockingKeyServices
    from ctsec.encryption.kms.blocking import AsyncBlockingKms as AsyncBlockingKms
    from ctsec.encryption.kms.blocking import KmsThreads as KmsThreads
    from ctsec.encryption.kms.google import GoogleKeyServices as GoogleKeyServices
    from ctsec.encryption.kms.google import GoogleKms as GoogleKms
    from ctsec.encryption.kms.https import AccessToken as AccessToken
    from ctsec.encryption.kms.local import AsyncLocalKms as AsyncLocalKms
    from ctsec.encryption.kms.local import LocalKms as LocalKms
    from ctsec.encryption.kms.pkcs11 import Pkcs11KeyServices as Pkcs11KeyServices
    from ctsec.encryption.kms.pkcs11 import Pkcs11Kms as Pkcs11Kms
    from ctsec.encryption.kms.pkcs11_uri import TokenKey as TokenKey
    from ctsec.encryption.kms.vault import VaultKeyServices as VaultKeyServices
    from ctsec.encryption.kms.vault import VaultKms as VaultKms

_HOME = {
    "AccessToken": "ctsec.encryption.kms.https",
    "AsyncBlockingKeyServices": "ctsec.encryption.kms.blocking",
    "AsyncBlockingKms": "ctsec.encryption.kms.blocking",
    "AsyncCompositeKeyServices": "ctsec.encryption.kms._async_services",
    "AsyncLocalKeyServices": "ctsec.encryption.kms._async_services",
    "AsyncLocalKms": "ctsec.encryption.kms.local",
    "AwsKeyServices": "ctsec.encryption.kms.aws",
    "AwsKms": "ctsec.encryption.kms.aws",
    "AzureKeyServices": "ctsec.encryption.kms.azure",
    "AzureKms": "ctsec.encryption.kms.azure",
    "CallBounds": "ctsec.encryption.kms.attempts",
    "CompositeKeyServices": "ctsec.encryption.kms._sync_services",
    "GoogleKeyServices": "ctsec.encryption.kms.google",
    "GoogleKms": "ctsec.encryption.kms.google",
    "KeyArn": "ctsec.encryption.kms.arn",
    "KmsThreads": "ctsec.encryption.kms.blocking",
    "LocalKeyServices": "ctsec.encryption.kms._sync_services",
    "LocalKms": "ctsec.encryption.kms.local",
    "Pkcs11KeyServices": "ctsec.encryption.kms.pkcs11",
    "Pkcs11Kms": "ctsec.encryption.kms.pkcs11",
    "TokenKey": "ctsec.encryption.kms.pkcs11_uri",
    "VaultKeyServices": "ctsec.encryption.kms.vault",
    "VaultKms": "ctsec.encryption.kms.vault",
}
__all__ = [
    "AccessToken",
    "AsyncBlockingKeyServices",
    "AsyncBlockingKms",
    "AsyncCompositeKeyServices",
    "AsyncLocalKeyServices",
    "AsyncLocalKms",
    "AwsKeyServices",
    "AwsKms",
    "AzureKeyServices",
    "AzureKms",
    "CallBounds",
    "CompositeKeyServices",
    "GoogleKeyServices",
    "GoogleKms",
    "KeyArn",
    "KmsThreads",
    "LocalKeyServices",
    "LocalKms",
    "Pkcs11KeyServices",
    "Pkcs11Kms",
    "TokenKey",
    "VaultKeyServices",
    "VaultKms",
]

__getattr__ = face(__name__, _HOME)
