"""The transit engine of HashiCorp Vault and OpenBao, over its HTTP API.

Rules that this module keeps:

- the key is AES-256-GCM, can not be exported, and is a derived one: the engine derives a key for each context, so it binds the context. A
  key that is not derived ignores contexts without a word, so that is looked at before a key is used;
- a wrapped key is the engine's own text, `vault:v<version>:<base64>`, in one spelling;
- the engine wraps anew under the same context only; moving to another context passes the data key through this process.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from typing import Final, TypeVar, cast

from ctsec.encryption.kek import MAX_WRAPPED, KekDescription, KmsCapabilities, check_context, check_data_key
from ctsec.encryption.kms.attempts import Attempts, CallBounds
from ctsec.encryption.kms.https import AccessToken, Call, HttpsService, text_of
from ctsec.encryption.primitives import KEY_BYTES
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
from ctsec.secret import Secret
from ctsec.transport import ConnectionReport, Transport
from ctsec.transport.tls import TRANSPORT

T = TypeVar("T")
_WHAT: Final = "vault"
_REF: Final = re.compile(r"vault:((?:[A-Za-z0-9][A-Za-z0-9_.-]{0,63}/){1,4})([A-Za-z0-9][A-Za-z0-9_.-]{0,127})")
_CIPHERTEXT: Final = re.compile(r"vault:v[1-9][0-9]{0,8}:([A-Za-z0-9+/]+={0,2})")
_CAPABILITIES: Final = KmsCapabilities(binds_context=True, rewraps_inside=False, reports_state=False, multi_region=False)


class VaultKeyServices:
    """The transit keys of one Vault or OpenBao, by their references `vault:<mount>/<key>`.

    `address` is its https address, `token` where its tokens come from, `namespace` the namespace, if any; `transport` is how it is
    reached. Raises ConfigurationError for an address without TLS.
    """

    __slots__ = ("_checked", "_service")

    def __init__(
        self,
        address: str,
        *,
        token: AccessToken,
        namespace: str | None = None,
        bounds: CallBounds | None = None,
        attempts: Attempts | None = None,
        transport: Transport = TRANSPORT,
    ) -> None:
        self._checked: set[str] = set()
        headers = {"X-Vault-Request": "true"} | ({} if namespace is None else {"X-Vault-Namespace": namespace})
        self._service = HttpsService(
            address, token=token, header="X-Vault-Token", prefix="", headers=headers, bounds=bounds, attempts=attempts, transport=transport
        )

    def open(self, ref: str) -> VaultKms:
        """Return the service with the key of this reference; raise ConfigurationError for what is none."""
        found = _REF.fullmatch(ref)
        if found is None:
            raise ConfigurationError("expected the reference of a transit key, vault:<mount>/<key>")
        return VaultKms(ref, mount=found[1].rstrip("/"), key=found[2], service=self._service, checked=self._checked)

    def connections(self) -> tuple[ConnectionReport, ...]:
        """Connect to the service, and return what is spoken."""
        return (self._service.report(_WHAT),)


class VaultKms:
    """One transit key; made by `VaultKeyServices.open`."""

    __slots__ = ("_checked", "_key", "_mount", "_service", "ref")

    def __init__(self, ref: str, *, mount: str, key: str, service: HttpsService, checked: set[str]) -> None:
        self.ref = ref
        self._mount = mount
        self._key = key
        self._service = service
        self._checked = checked

    def __repr__(self) -> str:
        return f"VaultKms({self.ref!r})"

    def connections(self) -> tuple[ConnectionReport, ...]:
        """Connect to the service, and return what is spoken."""
        return (self._service.report(_WHAT),)

    def describe(self) -> KekDescription:
        """Return the reference of the key, once its settings are seen to be safe (read on `keys/<key>`)."""
        call = Call(method="GET", path=f"/v1/{self._mount}/keys/{self._key}")
        self._service.ask(call, refused=self._refused, judge=self._check)
        self._checked.add(self.ref)
        return KekDescription(ref=self.ref, provider="vault", capabilities=_CAPABILITIES)

    def generate_data_key(self, context: bytes) -> tuple[Secret, bytes]:
        """Return a fresh data key of 32 bytes and its wrapped form (update on `datakey/plaintext/<key>`)."""
        body = {"context": _base64(check_context(context)), "bits": KEY_BYTES * 8}
        return self._ask("datakey/plaintext", body, lambda answer: (_plaintext(answer, short=KmsUnavailable), _wrapped(answer)))

    def wrap(self, key: Secret, context: bytes) -> bytes:
        """Return the wrapped form of a data key (update on `encrypt/<key>`); raise ValueError unless it has 32 bytes."""
        body = {"context": _base64(check_context(context)), "plaintext": _base64(check_data_key(key).reveal())}
        return self._ask("encrypt", body, _wrapped)

    def unwrap(self, wrapped: bytes, context: bytes) -> Secret:
        """Return the data key (update on `decrypt/<key>`); raise DecryptionFailed for another context, changed bytes or another key."""
        body = {"context": _base64(check_context(context)), "ciphertext": _ciphertext(wrapped)}
        return self._ask("decrypt", body, lambda answer: _plaintext(answer, short=DecryptionFailed), opening=True)

    def rewrap(self, wrapped: bytes, old_context: bytes, new_context: bytes) -> bytes:
        """Return the same data key wrapped anew (`rewrap/<key>`; for another context `decrypt` and `encrypt`); raises as `unwrap` does."""
        context = _base64(check_context(new_context))
        if old_context == new_context:
            return self._ask("rewrap", {"context": context, "ciphertext": _ciphertext(wrapped)}, _wrapped, opening=True)
        return self.wrap(self.unwrap(wrapped, old_context), new_context)

    def _ask(self, verb: str, body: Mapping[str, object], judge: Callable[[Mapping[str, object]], T], *, opening: bool = False) -> T:
        if self.ref not in self._checked:
            self.describe()
        call = Call(method="POST", path=f"/v1/{self._mount}/{verb}/{self._key}", body=body)
        return self._service.ask(call, refused=self._refused_opening if opening else self._refused, judge=judge)

    def _check(self, answer: Mapping[str, object]) -> None:
        found = answer.get("data")
        key = cast("Mapping[str, object]", found if isinstance(found, Mapping) else {})
        if key.get("name") != self._key:
            raise KmsUnavailable(f"Vault answered for another key than {self.ref}")
        wanted = {"type": "aes256-gcm96", "derived": True, "exportable": False, "allow_plaintext_backup": False}
        wrong = [name for name, value in wanted.items() if key.get(name) is not value and key.get(name) != value]
        if wrong:
            raise ConfigurationError(f"expected a transit key with derived=true that can not be exported; {self.ref} has other {wrong}")
        if key.get("soft_deleted") is True:
            raise KeyDisabled(f"{self.ref} is deleted for now; its owner can restore it")

    def _refused_opening(self, status: int, body: Mapping[str, object]) -> CtsecError:
        if status == 400 and "not found" not in _errors(body) and "too old" not in _errors(body):
            return DecryptionFailed(f"the wrapped data key does not open under {self.ref} and this context")
        return self._refused(status, body)

    def _refused(self, status: int, body: Mapping[str, object]) -> CtsecError:
        told = _errors(body)
        if status == 404 or "key not found" in told:
            return KeyNotFound(f"Vault has no transit key {self.ref}; if it was deleted, what it wrapped stays unreadable")
        if "too old" in told or "soft-deleted" in told or "soft deleted" in told:
            return KeyDisabled(f"{self.ref} does not open this version any more (min_decryption_version), or is deleted for now")
        if status == 403 and "invalid token" not in told:
            return KeyDenied(f"Vault denies the use of {self.ref} by policy")
        if status == 429:
            return KmsThrottled(f"Vault throttles the use of {self.ref}")
        return KmsUnavailable(f"Vault answered with status {status} for {self.ref}")


def _errors(body: Mapping[str, object]) -> str:
    return str(body.get("errors", "")).lower()


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode("ascii")


def _ciphertext(wrapped: bytes) -> str:
    """Return a wrapped key as text; raise DecryptionFailed for what the engine would not have written so."""
    text = wrapped.decode("latin-1")
    found = _CIPHERTEXT.fullmatch(text) if len(text) <= MAX_WRAPPED else None
    # base64 has several spellings of the same bytes; only one is ours
    if found is None or len(found[1]) % 4 or _base64(base64.b64decode(found[1])) != found[1]:
        raise DecryptionFailed("expected a data key that a transit key wrapped")
    return text


def _wrapped(answer: Mapping[str, object]) -> bytes:
    text = text_of(answer, "data", "ciphertext")
    if len(text) > MAX_WRAPPED or _CIPHERTEXT.fullmatch(text) is None:
        raise KmsUnavailable("expected a ciphertext of the transit engine from Vault")
    return text.encode("ascii")


def _plaintext(answer: Mapping[str, object], *, short: type[CtsecError]) -> Secret:
    try:
        found = base64.b64decode(text_of(answer, "data", "plaintext"), validate=True)
    except ValueError:
        raise KmsUnavailable("expected base64 from Vault") from None
    if len(found) != KEY_BYTES:
        raise short(f"expected a data key of {KEY_BYTES} bytes")
    return Secret(found)
