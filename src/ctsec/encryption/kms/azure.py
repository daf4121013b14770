"""Azure Key Vault Managed HSM, over its REST API (7.4).

Rules that this module keeps:

- the key is an AES one in a managed HSM (`oct-HSM`). RSA keys are refused: whoever knows the public key could wrap a data key of their own
  and put it into the store;
- the service's wrapping (A256KW) has no associated data, so the context is bound inside: the HSM wraps a fresh key, under which the data
  key is sealed with the context;
- a wrapped key is version (1 byte, 0x01), the HSM's wrapping of 32 bytes (40), nonce (12), AES-256-GCM of the 32 bytes, tag (16): 101
  bytes, with everything before the nonce, the domain and the context as associated data;
- a key is named with its version, and the answer must be of that version.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping
from typing import Final, cast

from ctsec.encryption.kek import KekDescription, KmsCapabilities, check_context, check_data_key, fresh_data_key
from ctsec.encryption.kms.attempts import Attempts, CallBounds
from ctsec.encryption.kms.https import AccessToken, Call, HttpsService, text_of
from ctsec.encryption.primitives import KEY_BYTES, NONCE_BYTES, TAG_BYTES, Aes256Gcm, fresh_nonce
from ctsec.errors import (
    ConfigurationError,
    CtsecError,
    DecryptionFailed,
    KeyDenied,
    KeyDisabled,
    KeyNotFound,
    KmsThrottled,
    KmsUnavailable,
)
from ctsec.ids import Random
from ctsec.secret import Secret
from ctsec.transport import ConnectionReport, Transport
from ctsec.transport.tls import TRANSPORT

_REF: Final = re.compile(r"azure:([A-Za-z0-9][A-Za-z0-9-]{1,22}[A-Za-z0-9])/([A-Za-z0-9-]{1,127})/([0-9a-f]{32})")
_MAX_HSMS: Final = 64
_QUERY: Final = "?api-version=7.4"
_ALGORITHM: Final = "A256KW"
_VERSION: Final = b"\x01"
_DOMAIN: Final = b"ctsec/azure-kms/v1/"
_KEY_WRAP: Final = KEY_BYTES + 8
_HEADER: Final = len(_VERSION) + _KEY_WRAP
_BODY: Final = _HEADER + NONCE_BYTES
_WRAPPED: Final = _BODY + KEY_BYTES + TAG_BYTES
_CAPABILITIES: Final = KmsCapabilities(binds_context=False, rewraps_inside=False, reports_state=False, multi_region=False)


class AzureKeyServices:
    """Keys of managed HSMs, by their references `azure:<name of the HSM>/<key>/<version>`.

    `token` is where access tokens for `https://managedhsm.azure.net` come from; `address` the address of a stand-in for tests, instead of
    `https://<name of the HSM>.managedhsm.azure.net`; `transport` is how they are reached. Raises ConfigurationError for an address without
    TLS.
    """

    __slots__ = ("_address", "_attempts", "_bounds", "_hsms", "_random", "_token", "_transport")

    def __init__(
        self,
        *,
        token: AccessToken,
        address: str | None = None,
        bounds: CallBounds | None = None,
        attempts: Attempts | None = None,
        transport: Transport = TRANSPORT,
        random: Random = os.urandom,
    ) -> None:
        self._token = token
        self._address = address
        self._bounds = bounds
        self._attempts = attempts
        self._transport = transport
        self._hsms: dict[str, HttpsService] = {}
        self._random = random

    def open(self, ref: str) -> AzureKms:
        """Return the service with the key of this reference; raise ConfigurationError for what is none."""
        found = _REF.fullmatch(ref)
        if found is None:
            raise ConfigurationError("expected the reference of a key in a managed HSM, azure:<name of the HSM>/<key>/<version>")
        return AzureKms(
            ref, hsm=found[1], path=f"/keys/{found[2]}/{found[3]}", service=self._service(found[1].lower()), random=self._random
        )

    def connections(self) -> tuple[ConnectionReport, ...]:
        """Connect to each HSM that a key was opened of, and return what is spoken."""
        return tuple(service.report(f"azure {hsm}") for hsm, service in sorted(self._hsms.items()))

    def _service(self, hsm: str) -> HttpsService:
        service = self._hsms.get(hsm)
        if service is None:
            address = self._address or f"https://{hsm}.managedhsm.azure.net"
            service = HttpsService(address, token=self._token, bounds=self._bounds, attempts=self._attempts, transport=self._transport)
            if len(self._hsms) < _MAX_HSMS:
                self._hsms[hsm] = service
        return service


class AzureKms:
    """One version of a key in a managed HSM; made by `AzureKeyServices.open`."""

    __slots__ = ("_hsm", "_path", "_random", "_service", "ref")

    def __init__(self, ref: str, *, hsm: str, path: str, service: HttpsService, random: Random) -> None:
        self.ref = ref
        self._hsm = hsm
        self._path = path
        self._service = service
        self._random = random

    def __repr__(self) -> str:
        return f"AzureKms({self.ref!r})"

    def connections(self) -> tuple[ConnectionReport, ...]:
        """Connect to the HSM, and return what is spoken."""
        return (self._service.report(f"azure {self._hsm}"),)

    def describe(self) -> KekDescription:
        """Return the reference of the key, once it is seen to be what it should be (keys/get)."""
        self._service.ask(Call(method="GET", path=self._path + _QUERY), refused=self._refused, judge=self._check)
        return KekDescription(ref=self.ref, provider="azure", capabilities=_CAPABILITIES)

    def generate_data_key(self, context: bytes) -> tuple[Secret, bytes]:
        """Return a fresh data key of 32 bytes and its wrapped form (keys/wrapKey)."""
        check_context(context)
        plaintext = fresh_data_key(self._random)
        return plaintext, self.wrap(plaintext, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> Secret:
        """Return the data key (keys/unwrapKey); raise DecryptionFailed for another context, changed bytes or another key."""
        check_context(context)
        if len(wrapped) != _WRAPPED or wrapped[:1] != _VERSION:
            raise DecryptionFailed("expected a data key that a managed HSM wrapped")
        header = wrapped[:_HEADER]
        inner = self._ask("unwrapkey", header[1:], size=KEY_BYTES, opening=True)
        return Secret(Aes256Gcm(Secret(inner)).decrypt(wrapped[_HEADER:_BODY], wrapped[_BODY:], header + _DOMAIN + context))

    def rewrap(self, wrapped: bytes, old_context: bytes, new_context: bytes) -> bytes:
        """Return the same data key wrapped anew; it passes through this process. Raises as `unwrap` does."""
        check_context(new_context)
        return self.wrap(self.unwrap(wrapped, old_context), new_context)

    def wrap(self, key: Secret, context: bytes) -> bytes:
        """Return the wrapped form of a data key (keys/wrapKey); raise ValueError unless it has 32 bytes."""
        check_context(context)
        check_data_key(key)
        inner, nonce = fresh_data_key(self._random), fresh_nonce(self._random(NONCE_BYTES))
        header = _VERSION + self._ask("wrapkey", inner.reveal(), size=_KEY_WRAP)
        return header + nonce + Aes256Gcm(inner).encrypt(nonce, key.reveal(), header + _DOMAIN + context)

    def _ask(self, verb: str, value: bytes, *, size: int, opening: bool = False) -> bytes:
        def judge(answer: Mapping[str, object]) -> bytes:
            self._about(text_of(answer, "kid"))
            found = _from_base64url(text_of(answer, "value"))
            if len(found) != size:
                raise KmsUnavailable(f"expected {size} bytes from Azure")
            return found

        body = {"alg": _ALGORITHM, "value": base64.urlsafe_b64encode(value).rstrip(b"=").decode("ascii")}
        call = Call(method="POST", path=f"{self._path}/{verb}{_QUERY}", body=body)
        return self._service.ask(call, refused=self._refused_opening if opening else self._refused, judge=judge)

    def _about(self, kid: str) -> None:
        if not kid.endswith(self._path):
            raise KmsUnavailable(f"Azure answered for another key than {self.ref}")

    def _check(self, answer: Mapping[str, object]) -> None:
        self._about(text_of(answer, "key", "kid"))
        key = cast("Mapping[str, object]", answer["key"])
        operations = key.get("key_ops")
        allowed = cast("list[object]", operations) if isinstance(operations, list) else []
        if key.get("kty") != "oct-HSM" or not {"wrapKey", "unwrapKey"} <= set(allowed):
            raise ConfigurationError(f"expected an AES key of a managed HSM (oct-HSM) for wrapKey and unwrapKey, and {self.ref} is none")
        attributes = answer.get("attributes")
        if not isinstance(attributes, Mapping) or cast("Mapping[str, object]", attributes).get("enabled") is not True:
            raise KeyDisabled(f"{self.ref} is disabled; its owner can enable it again")

    def _refused_opening(self, status: int, body: Mapping[str, object]) -> CtsecError:
        if status == 400 and "disabled" not in _codes(body):
            return DecryptionFailed(f"the wrapped data key does not open under {self.ref} and this context")
        return self._refused(status, body)

    def _refused(self, status: int, body: Mapping[str, object]) -> CtsecError:
        if "disabled" in _codes(body):
            return KeyDisabled(f"{self.ref} is disabled; its owner can enable it again")
        match status:
            case 403:
                return KeyDenied(f"Azure denies the use of {self.ref} by policy")
            case 404:
                return KeyNotFound(f"Azure has no key {self.ref}; a deleted one can be recovered until it is purged")
            case 429:
                return KmsThrottled(f"Azure throttles the use of {self.ref}")
            case _:
                return KmsUnavailable(f"Azure answered with status {status} for {self.ref}")


def _codes(body: Mapping[str, object]) -> str:
    """Return the codes of an error and of the errors inside it, in lower case."""
    codes: list[str] = []
    found: object = body.get("error")
    while isinstance(found, Mapping) and len(codes) < 4:
        error = cast("Mapping[str, object]", found)
        codes.append(str(error.get("code")))
        found = error.get("innererror")
    return " ".join(codes).lower()


def _from_base64url(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise KmsUnavailable("expected base64 from Azure") from None
