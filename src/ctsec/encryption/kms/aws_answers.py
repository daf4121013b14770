"""What AWS KMS answers, judged: its errors as the small set, and its answers checked before anything is believed.

Rules that this module keeps:

- an answer must speak of the key that was asked, by its full ARN, and hold what the operation promises; else it is no answer;
- a key that is disabled, about to be deleted, denied or gone is told so by a class of its own; every state that is not known to pass by
  itself counts as disabled;
- what the service writes into its messages is not repeated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, cast

from ctsec.encryption.kek import MAX_WRAPPED, KekDescription, KmsCapabilities
from ctsec.encryption.kms.arn import KeyArn
from ctsec.encryption.primitives import KEY_BYTES
from ctsec.errors import (
    ConfigurationError,
    CtsecError,
    DecryptionFailed,
    KeyDenied,
    KeyDisabled,
    KeyNotFound,
    KeyPendingDeletion,
    KmsThrottled,
    KmsUnavailable,
)
from ctsec.secret import Secret

_THROTTLED: Final = frozenset(
    {"LimitExceededException", "RequestLimitExceeded", "SlowDown", "Throttling", "ThrottledException", "ThrottlingException"}
    | {"TooManyRequestsException"}
)
_DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException", "NotAuthorized", "OptInRequired"})
_MISSING: Final = frozenset({"InvalidArnException", "NotFoundException"})
_WRONG: Final = frozenset({"IncorrectKeyException", "InvalidCiphertextException"})
_CREDENTIALS: Final = frozenset(
    {"ExpiredTokenException", "IncompleteSignature", "InvalidClientTokenId", "InvalidSignatureException", "MissingAuthenticationToken"}
    | {"MissingAuthenticationTokenException", "SignatureDoesNotMatch", "UnrecognizedClientException"}
)
_DELETING: Final = frozenset({"PendingDeletion", "PendingReplicaDeletion"})
_PASSING: Final = frozenset({"Creating", "Updating"})
_PENDING: Final = re.compile(r"pending\s*(replica\s*)?deletion", re.IGNORECASE)
_CHANGING: Final = re.compile(r"\b(is|state) (creating|updating)\b", re.IGNORECASE)
_NAME: Final = re.compile(r"[A-Za-z]{1,64}")


def refusal(arn: KeyArn, *, name: str, message: str) -> CtsecError:
    """Return the error for an error answer of this name; `message` is read for the state of the key, and not repeated."""
    match name:
        case "DisabledException":
            return _disabled(arn)
        case "KMSInvalidStateException":
            return of_state(arn, "PendingDeletion" if _PENDING.search(message) else "Updating" if _CHANGING.search(message) else "")
        case "InvalidKeyUsageException":
            return _not_for_data_keys(arn)
        case _ if name in _MISSING:
            return KeyNotFound(f"AWS KMS has no key {arn}; if it was deleted, what it wrapped stays unreadable")
        case _ if name in _DENIED:
            return KeyDenied(f"AWS KMS denies the use of {arn} by policy; look at the key's policy and the role of this process")
        case _ if name in _WRONG:
            return DecryptionFailed(f"the wrapped data key does not open under {arn} and this context")
        case _ if name in _THROTTLED:
            return KmsThrottled(f"AWS KMS throttles the use of {arn}")
        case _ if name in _CREDENTIALS:
            return KmsUnavailable("AWS KMS does not accept the credentials of this process; look at its boto3 session")
        case _:
            told = name if _NAME.fullmatch(name) else "an error without a name"
            return KmsUnavailable(f"AWS KMS answered {told} for {arn}")


def of_state(arn: KeyArn, state: str) -> CtsecError:
    """Return the error for a key in a state other than `Enabled`."""
    if state in _DELETING:
        return KeyPendingDeletion(f"{arn} is about to be deleted; its owner can still cancel that")
    if state in _PASSING:
        return KmsUnavailable(f"{arn} is being changed")
    return _disabled(arn)


def _disabled(arn: KeyArn) -> KeyDisabled:
    return KeyDisabled(f"{arn} is disabled; its owner can enable it again")


def _not_for_data_keys(arn: KeyArn) -> ConfigurationError:
    return ConfigurationError(f"expected a key for symmetric encryption (SYMMETRIC_DEFAULT, ENCRYPT_DECRYPT), and {arn} is none")


def about(arn: KeyArn, answer: Mapping[str, object], *members: str) -> Mapping[str, object]:
    """Return `answer` if each of these members is the asked key; raise KmsUnavailable."""
    if any(answer.get(member) != str(arn) for member in members):
        raise KmsUnavailable(f"AWS KMS answered for another key than {arn}")
    return answer


def wrapped_of(answer: Mapping[str, object]) -> bytes:
    """Return the ciphertext of an answer; raise KmsUnavailable."""
    found = answer.get("CiphertextBlob")
    if not isinstance(found, bytes) or not 1 <= len(found) <= MAX_WRAPPED:
        raise KmsUnavailable(f"expected a wrapped key of at most {MAX_WRAPPED} bytes from AWS KMS")
    return found


def generated(answer: Mapping[str, object]) -> Secret:
    """Return the fresh data key of an answer; raise KmsUnavailable unless it has 32 bytes."""
    found = answer.get("Plaintext")
    if not isinstance(found, bytes) or len(found) != KEY_BYTES:
        raise KmsUnavailable(f"expected a data key of {KEY_BYTES} bytes from AWS KMS")
    return Secret(found)


def unwrapped(answer: Mapping[str, object]) -> Secret:
    """Return the data key of an answer; raise KmsUnavailable if it has none, DecryptionFailed if something else was wrapped."""
    found = answer.get("Plaintext")
    if not isinstance(found, bytes):
        raise KmsUnavailable("expected a data key from AWS KMS")
    if len(found) != KEY_BYTES:
        raise DecryptionFailed(f"what was unwrapped is no data key of {KEY_BYTES} bytes")
    return Secret(found)


def description(arn: KeyArn, answer: Mapping[str, object]) -> KekDescription:
    """Return the description of an enabled key for data keys; raise what its use would raise, or ConfigurationError for another kind."""
    metadata = _map(answer.get("KeyMetadata"))
    about(arn, metadata, "Arn")
    if metadata.get("AWSAccountId") != arn.account:
        raise KmsUnavailable(f"AWS KMS answered for another account than that of {arn}")
    if (metadata.get("KeySpec"), metadata.get("KeyUsage")) != ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"):
        raise _not_for_data_keys(arn)
    if metadata.get("KeyState") != "Enabled" or metadata.get("Enabled") is not True:
        raise of_state(arn, str(metadata.get("KeyState")))
    return KekDescription(
        ref=str(arn),
        provider="aws",
        capabilities=KmsCapabilities(binds_context=True, rewraps_inside=True, reports_state=True, multi_region=arn.multi_region),
        region=arn.region,
        account=arn.account,
        replicas=_replicas(arn, metadata) if arn.multi_region else (),
    )


def _replicas(arn: KeyArn, metadata: Mapping[str, object]) -> tuple[str, ...]:
    family = _map(metadata.get("MultiRegionConfiguration"))
    listed = family.get("ReplicaKeys")
    entries = [family.get("PrimaryKey"), *(cast("list[object]", listed) if isinstance(listed, list) else [])]
    names = {str(_map(entry).get("Arn")) for entry in entries}
    for name in names:
        try:
            replica = KeyArn.parse(name)
        except ValueError:
            replica = None
        if replica is None or replica != KeyArn(partition=arn.partition, region=replica.region, account=arn.account, key_id=arn.key_id):
            raise KmsUnavailable(f"AWS KMS named a replica that is none of {arn}")
    return tuple(sorted(names - {str(arn)}))


def _map(found: object) -> Mapping[str, object]:
    if not isinstance(found, Mapping):
        raise KmsUnavailable("expected the description of a key from AWS KMS")
    return cast("Mapping[str, object]", found)
