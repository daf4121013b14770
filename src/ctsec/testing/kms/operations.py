"""What the stand-in answers: the operations of the protocol on the keys.

Rules that this module keeps:

- the region and the account of a call are those of its signature; a key of another region is not found, one of another account is denied
  unless its policy trusts the caller;
- the policy is asked before the state, and the state before the ciphertext; a disabled key and one that is about to be deleted do nothing;
- a member that the operation does not have, a wrong type and a wrong size are a `ValidationException`.
"""

from __future__ import annotations

import base64
import binascii
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

from ctsec.encryption.kek import MAX_WRAPPED
from ctsec.encryption.kms.arn import KeyArn
from ctsec.testing.kms.keys import FakeKey, FakeKeys, KeyState, decrypt, encrypt
from ctsec.testing.kms.refusal import KmsRefusal

Json: TypeAlias = dict[str, Any]
MAX_PLAINTEXT: Final = 4096
MAX_ENCRYPTION_CONTEXT: Final = 8192
_SYMMETRIC: Final = "SYMMETRIC_DEFAULT"
_DELETION_DAYS: Final = 30


def _invalid(what: str) -> KmsRefusal:
    return KmsRefusal("ValidationException", f"1 validation error detected: {what}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call: what is asked, with which members, in which region, and by which account."""

    operation: str
    body: Json
    region: str
    account: str

    def text(self, member: str, default: str | None = None) -> str:
        """Return a member that is a text."""
        found = self.body.get(member, default)
        if not isinstance(found, str) or not found:
            raise _invalid(f"Value at '{member}' must be a non-empty string")
        return found

    def blob(self, member: str, most: int) -> bytes:
        """Return a member that is bytes, of 1 to `most`."""
        try:
            found = base64.b64decode(self.text(member), validate=True)
        except binascii.Error:
            raise KmsRefusal("SerializationException", f"'{member}' is not base64") from None
        if not 1 <= len(found) <= most:
            raise _invalid(f"Value at '{member}' must have a length of 1 to {most}")
        return found

    def context(self, member: str = "EncryptionContext") -> Mapping[str, str]:
        """Return a member that is an encryption context; absent is the empty one."""
        found = self.body.get(member, {})
        if not isinstance(found, dict):
            raise KmsRefusal("SerializationException", f"'{member}' is no map")
        pairs = cast("dict[str, object]", found)
        if any(not isinstance(value, str) for value in pairs.values()):
            raise KmsRefusal("SerializationException", f"'{member}' is no map of strings")
        if sum(len(name) + len(str(value)) for name, value in pairs.items()) > MAX_ENCRYPTION_CONTEXT:
            raise _invalid(f"Value at '{member}' must have a length of at most {MAX_ENCRYPTION_CONTEXT}")
        return cast("Mapping[str, str]", pairs)

    def only(self, *members: str) -> None:
        """Refuse members that the operation does not have."""
        unknown = self.body.keys() - set(members)
        if unknown:
            raise _invalid(f"unknown members {sorted(unknown)}")


class Operations:
    """The operations, on the keys of every region."""

    __slots__ = ("_keys", "_run")

    def __init__(self, keys: FakeKeys) -> None:
        self._keys = keys
        self._run = {
            "CreateKey": self._create,
            "Decrypt": self._decrypt,
            "DescribeKey": self._describe,
            "Encrypt": self._encrypt,
            "GenerateDataKey": self._generate,
            "ReEncrypt": self._re_encrypt,
            "ReplicateKey": self._replicate,
            **dict.fromkeys(("EnableKey", "DisableKey", "ScheduleKeyDeletion", "CancelKeyDeletion"), self._set_state),
        }

    def answer(self, call: Call) -> Json:
        """Return the body of the answer; raise KmsRefusal."""
        run = self._run.get(call.operation)
        if run is None:
            raise KmsRefusal("UnknownOperationException", "")
        return run(call)

    def _key(self, call: Call, member: str = "KeyId", *, action: str = "", usable: bool = True) -> FakeKey:
        name = call.text(member)
        if name.startswith("arn:"):
            try:
                arn = KeyArn.parse(name)
            except ValueError:
                raise KmsRefusal("InvalidArnException", f"Invalid arn {name}") from None
            if arn.region != call.region:
                raise KmsRefusal("NotFoundException", f"Invalid arn {arn.region}")
        else:
            try:
                arn = KeyArn(partition="aws", region=call.region, account=call.account, key_id=name)
            except ValueError:
                raise KmsRefusal("NotFoundException", f"Invalid keyId '{name}'") from None
        key = self._keys.get(str(arn))
        action = action or call.operation
        if action in key.denied or (call.account != arn.account and call.account not in key.trusted):
            raise KmsRefusal("AccessDeniedException", f"not authorized to perform: kms:{action} on resource: {arn}")
        if usable and key.state is KeyState.DISABLED:
            raise KmsRefusal("DisabledException", f"{arn} is disabled.")
        if usable and key.state is KeyState.PENDING_DELETION:
            raise KmsRefusal("KMSInvalidStateException", f"{arn} is pending deletion.")
        if usable and (key.usage, key.spec) != ("ENCRYPT_DECRYPT", _SYMMETRIC):
            raise KmsRefusal("InvalidKeyUsageException", f"{arn} key usage is {key.usage}")
        return key

    def _generate(self, call: Call) -> Json:
        call.only("KeyId", "KeySpec", "EncryptionContext")
        if call.text("KeySpec") != "AES_256":
            raise _invalid("KeySpec must be AES_256 here")
        key, plaintext = self._key(call), os.urandom(32)
        return {"KeyId": str(key.arn), "Plaintext": _text(plaintext), "CiphertextBlob": _text(encrypt(key, plaintext, call.context()))}

    def _encrypt(self, call: Call) -> Json:
        call.only("KeyId", "Plaintext", "EncryptionContext", "EncryptionAlgorithm")
        key = self._key(call)
        blob = encrypt(key, call.blob("Plaintext", MAX_PLAINTEXT), call.context())
        return {"KeyId": str(key.arn), "CiphertextBlob": _text(blob), "EncryptionAlgorithm": _SYMMETRIC}

    def _decrypt(self, call: Call) -> Json:
        call.only("KeyId", "CiphertextBlob", "EncryptionContext", "EncryptionAlgorithm")
        ciphertext, key = call.blob("CiphertextBlob", MAX_WRAPPED), self._key(call)
        plaintext = decrypt(key, ciphertext, call.context())
        return {"KeyId": str(key.arn), "Plaintext": _text(plaintext), "EncryptionAlgorithm": _SYMMETRIC}

    def _re_encrypt(self, call: Call) -> Json:
        sides = ("KeyId", "EncryptionContext", "EncryptionAlgorithm")
        call.only("CiphertextBlob", *(f"{side}{member}" for side in ("Source", "Destination") for member in sides))
        ciphertext = call.blob("CiphertextBlob", MAX_WRAPPED)
        source = self._key(call, "SourceKeyId", action="ReEncryptFrom")
        target = self._key(call, "DestinationKeyId", action="ReEncryptTo")
        plaintext = decrypt(source, ciphertext, call.context("SourceEncryptionContext"))
        return {
            "CiphertextBlob": _text(encrypt(target, plaintext, call.context("DestinationEncryptionContext"))),
            "SourceKeyId": str(source.arn),
            "KeyId": str(target.arn),
            "SourceEncryptionAlgorithm": _SYMMETRIC,
            "DestinationEncryptionAlgorithm": _SYMMETRIC,
        }

    def _create(self, call: Call) -> Json:
        call.only("KeySpec", "KeyUsage", "MultiRegion", "Description", "Origin", "Tags", "Policy")
        arn = self._keys.create(
            call.region,
            account=call.account,
            multi_region=call.body.get("MultiRegion", False) is True,
            usage=call.text("KeyUsage", "ENCRYPT_DECRYPT"),
            spec=call.text("KeySpec", _SYMMETRIC),
        )
        return {"KeyMetadata": self._metadata(self._keys.get(arn))}

    def _replicate(self, call: Call) -> Json:
        call.only("KeyId", "ReplicaRegion", "Description", "Tags", "Policy")
        key = self._key(call)
        try:
            copy = self._keys.replicate(str(key.arn), call.text("ReplicaRegion"))
        except ValueError:
            raise KmsRefusal("UnsupportedOperationException", f"{key.arn} can not be replicated there") from None
        return {"ReplicaKeyMetadata": self._metadata(self._keys.get(copy)), "ReplicaPolicy": "{}", "ReplicaTags": []}

    def _set_state(self, call: Call) -> Json:
        call.only("KeyId", "PendingWindowInDays")
        key = self._key(call, usable=False)
        cancels = call.operation == "CancelKeyDeletion"
        if (key.state is KeyState.PENDING_DELETION) != cancels:
            raise KmsRefusal("KMSInvalidStateException", f"{key.arn} is {key.state}.")
        state = {"EnableKey": KeyState.ENABLED, "ScheduleKeyDeletion": KeyState.PENDING_DELETION}.get(call.operation, KeyState.DISABLED)
        self._keys.set_state(str(key.arn), state)
        if not cancels and state is not KeyState.PENDING_DELETION:
            return {}
        return {"KeyId": str(key.arn)} | (
            {} if cancels else {"DeletionDate": time.time() + _DELETION_DAYS * 86400, "KeyState": state.value}
        )

    def _describe(self, call: Call) -> Json:
        call.only("KeyId", "GrantTokens")
        return {"KeyMetadata": self._metadata(self._key(call, usable=False))}

    def _metadata(self, key: FakeKey) -> Json:
        many: Json = {}
        if key.arn.multi_region:
            family = [{"Arn": str(each.arn), "Region": each.arn.region} for each in self._keys.replicas(key)]
            primary = next((each for each in family if each["Region"] == key.primary_region), family[0])
            kind = "PRIMARY" if key.arn.region == key.primary_region else "REPLICA"
            replicas = [each for each in family if each is not primary]
            many = {"MultiRegionConfiguration": {"MultiRegionKeyType": kind, "PrimaryKey": primary, "ReplicaKeys": replicas}}
        return many | {
            "AWSAccountId": key.arn.account,
            "KeyId": key.arn.key_id,
            "Arn": str(key.arn),
            "CreationDate": time.time(),
            "Enabled": key.state is KeyState.ENABLED,
            "Description": "",
            "KeyUsage": key.usage,
            "KeyState": key.state.value,
            "Origin": "AWS_KMS",
            "KeyManager": "CUSTOMER",
            "KeySpec": key.spec,
            "CustomerMasterKeySpec": key.spec,
            "EncryptionAlgorithms": [_SYMMETRIC],
            "MultiRegion": key.arn.multi_region,
        }


def _text(blob: bytes) -> str:
    return base64.b64encode(blob).decode("ascii")
