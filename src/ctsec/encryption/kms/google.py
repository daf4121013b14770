"""Google Cloud KMS, over its REST API (v1).

Rules that this module keeps:

- a data key is made of this process's randomness and encrypted with the context as additional authenticated data, which the service binds;
- what is sent and what comes back carry CRC32C sums, and the service has to say that it checked ours (a flipped bit on the way would
  otherwise be wrapped for good);
- an answer must be of a version of the asked key;
- a disabled version is told from one that is scheduled for destruction and one that is destroyed.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable, Mapping
from typing import Final, TypeVar

from ctsec.encryption.kek import MAX_WRAPPED, KekDescription, KmsCapabilities, check_context, check_data_key, fresh_data_key
from ctsec.encryption.kms.attempts import Attempts, CallBounds
from ctsec.encryption.kms.crc32c import crc32c
from ctsec.encryption.kms.https import AccessToken, Call, HttpsService, text_of
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
from ctsec.ids import Random
from ctsec.secret import Secret
from ctsec.transport import ConnectionReport, Transport
from ctsec.transport.tls import TRANSPORT

T = TypeVar("T")
_WHAT: Final = "google cloud kms"
ADDRESS: Final = "https://cloudkms.googleapis.com"
_PART: Final = "[A-Za-z0-9_-]{1,63}"
_REF: Final = re.compile(
    rf"gcpkms:(projects/((?:[a-z0-9.-]{{1,63}}:)?[a-z0-9-]{{1,63}})/locations/([a-z0-9-]{{1,63}})/keyRings/{_PART}/cryptoKeys/{_PART})"
)
_CAPABILITIES: Final = KmsCapabilities(binds_context=True, rewraps_inside=False, reports_state=True, multi_region=False)


class GoogleKeyServices:
    """Keys of Google Cloud KMS, by their references `gcpkms:projects/…/locations/…/keyRings/…/cryptoKeys/…`.

    `token` is where OAuth access tokens come from, `transport` how the service is reached; `address` is another address of it. Raises
    ConfigurationError for one without TLS.
    """

    __slots__ = ("_random", "_service")

    def __init__(
        self,
        *,
        token: AccessToken,
        address: str = ADDRESS,
        bounds: CallBounds | None = None,
        attempts: Attempts | None = None,
        transport: Transport = TRANSPORT,
        random: Random = os.urandom,
    ) -> None:
        self._service = HttpsService(address, token=token, bounds=bounds, attempts=attempts, transport=transport)
        self._random = random

    def open(self, ref: str) -> GoogleKms:
        """Return the service with the key of this reference; raise ConfigurationError for what is none."""
        found = _REF.fullmatch(ref)
        if found is None:
            raise ConfigurationError(
                "expected the reference of a key of Google Cloud KMS without a version, gcpkms:projects/…/cryptoKeys/<key>"
            )
        return GoogleKms(found, service=self._service, random=self._random)

    def connections(self) -> tuple[ConnectionReport, ...]:
        """Connect to the service, and return what is spoken."""
        return (self._service.report(_WHAT),)


class GoogleKms:
    """One key of Google Cloud KMS; made by `GoogleKeyServices.open`."""

    __slots__ = ("_account", "_name", "_random", "_region", "_service", "ref")

    def __init__(self, ref: re.Match[str], *, service: HttpsService, random: Random) -> None:
        self.ref = ref[0]
        self._name, self._account, self._region = ref[1], ref[2], ref[3]
        self._service = service
        self._random = random

    def __repr__(self) -> str:
        return f"GoogleKms({self.ref!r})"

    def connections(self) -> tuple[ConnectionReport, ...]:
        """Connect to the service, and return what is spoken."""
        return (self._service.report(_WHAT),)

    def describe(self) -> KekDescription:
        """Return what the service says of the key (cloudkms.cryptoKeys.get)."""
        self._service.ask(Call(method="GET", path=f"/v1/{self._name}"), refused=self._refused, judge=self._check)
        return KekDescription(ref=self.ref, provider="gcp", capabilities=_CAPABILITIES, region=self._region, account=self._account)

    def generate_data_key(self, context: bytes) -> tuple[Secret, bytes]:
        """Return a fresh data key of 32 bytes and its wrapped form (useToEncrypt)."""
        check_context(context)
        plaintext = fresh_data_key(self._random)
        return plaintext, self.wrap(plaintext, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> Secret:
        """Return the data key (useToDecrypt); raise DecryptionFailed for another context, changed bytes or another key."""
        check_context(context)
        if not 1 <= len(wrapped) <= MAX_WRAPPED:
            raise DecryptionFailed(f"expected a wrapped data key of 1 to {MAX_WRAPPED} bytes")
        body = _summed("ciphertext", wrapped) | _summed("additionalAuthenticatedData", context)
        return self._ask("decrypt", body, _opened, opening=True)

    def rewrap(self, wrapped: bytes, old_context: bytes, new_context: bytes) -> bytes:
        """Return the same data key wrapped anew; it passes through this process. Raises as `unwrap` does."""
        check_context(new_context)
        return self.wrap(self.unwrap(wrapped, old_context), new_context)

    def wrap(self, key: Secret, context: bytes) -> bytes:
        """Return the wrapped form of a data key (useToEncrypt); raise ValueError unless it has 32 bytes."""
        check_context(context)
        body = _summed("plaintext", check_data_key(key).reveal()) | _summed("additionalAuthenticatedData", context)

        def judge(answer: Mapping[str, object]) -> bytes:
            if not text_of(answer, "name").startswith(f"{self._name}/cryptoKeyVersions/"):
                raise KmsUnavailable(f"Google Cloud KMS answered for another key than {self.ref}")
            checked = ("verifiedPlaintextCrc32c", "verifiedAdditionalAuthenticatedDataCrc32c")
            found = _received(answer, "ciphertext")
            if any(answer.get(member) is not True for member in checked) or not 1 <= len(found) <= MAX_WRAPPED:
                raise KmsUnavailable("Google Cloud KMS did not check what it received")
            return found

        return self._ask("encrypt", body, judge)

    def _ask(self, verb: str, body: Mapping[str, object], judge: Callable[[Mapping[str, object]], T], *, opening: bool = False) -> T:
        call = Call(method="POST", path=f"/v1/{self._name}:{verb}", body=body)
        return self._service.ask(call, refused=self._refused_opening if opening else self._refused, judge=judge)

    def _check(self, answer: Mapping[str, object]) -> None:
        if text_of(answer, "name") != self._name:
            raise KmsUnavailable(f"Google Cloud KMS answered for another key than {self.ref}")
        if text_of(answer, "purpose") != "ENCRYPT_DECRYPT":
            raise ConfigurationError(f"expected a key for symmetric encryption (ENCRYPT_DECRYPT), and {self.ref} is none")
        state = text_of(answer, "primary", "state")
        if state != "ENABLED":
            raise self._of_state(state)

    def _of_state(self, told: str) -> CtsecError:
        if "DESTROY_SCHEDULED" in told:
            return KeyPendingDeletion(f"the version of {self.ref} is scheduled for destruction; its owner can still restore it")
        if "DESTROYED" in told:
            return KeyNotFound(f"the version of {self.ref} is destroyed; what it wrapped stays unreadable")
        if "PENDING_GENERATION" in told or "PENDING_IMPORT" in told:
            return KmsUnavailable(f"the version of {self.ref} is being made")
        return KeyDisabled(f"the version of {self.ref} is disabled; its owner can enable it again")

    def _refused_opening(self, status: int, body: Mapping[str, object]) -> CtsecError:
        if status == 400 and _status(body) == "INVALID_ARGUMENT":
            return DecryptionFailed(f"the wrapped data key does not open under {self.ref} and this context")
        return self._refused(status, body)

    def _refused(self, status: int, body: Mapping[str, object]) -> CtsecError:
        match _status(body):
            case "FAILED_PRECONDITION":
                return self._of_state(str(body))
            case "NOT_FOUND":
                return KeyNotFound(f"Google Cloud KMS has no key {self.ref}")
            case "PERMISSION_DENIED":
                return KeyDenied(f"Google Cloud KMS denies the use of {self.ref} by policy")
            case "RESOURCE_EXHAUSTED":
                return KmsThrottled(f"Google Cloud KMS throttles the use of {self.ref}")
            case _:
                return KmsUnavailable(f"Google Cloud KMS answered with status {status} for {self.ref}")


def _status(body: Mapping[str, object]) -> str:
    try:
        return text_of(body, "error", "status")
    except KmsUnavailable:
        return ""


def _summed(member: str, raw: bytes) -> dict[str, object]:
    # 64-bit integers are texts in the JSON of protocol buffers
    return {member: base64.b64encode(raw).decode("ascii"), f"{member}Crc32c": str(crc32c(raw))}


def _received(answer: Mapping[str, object], member: str) -> bytes:
    try:
        found = base64.b64decode(text_of(answer, member), validate=True)
    except ValueError:
        raise KmsUnavailable("expected base64 from Google Cloud KMS") from None
    if str(answer.get(f"{member}Crc32c")) != str(crc32c(found)):
        raise KmsUnavailable("what came from Google Cloud KMS does not fit its check sum")
    return found


def _opened(answer: Mapping[str, object]) -> Secret:
    found = _received(answer, "plaintext")
    if len(found) != KEY_BYTES:
        raise DecryptionFailed(f"what was unwrapped is no data key of {KEY_BYTES} bytes")
    return Secret(found)
