"""Keys in a token that speaks PKCS#11 (extra `pkcs11`): a hardware security module, or SoftHSM.

Rules that this module keeps:

- the key is AES-256, is found by its label, and stays in the token; a key that could be read out is refused;
- a wrapped key is version (1 byte, 0x01), nonce (12), AES-256-GCM of the 32 bytes, tag (16): 61 bytes, with the domain and the context as
  associated data; the token itself checks them;
- tokens answer a wrong context, changed bytes and a fault of their own with the same error; so after a failed decryption the token has to
  open something that it just sealed: if it can, the ciphertext is wrong, else the token is unavailable.
"""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Final

from ctsec.encryption.kek import KekDescription, KmsCapabilities, check_context, check_data_key
from ctsec.encryption.kms.pkcs11_token import Token, TokenKek, checked
from ctsec.encryption.kms.pkcs11_uri import TokenKey
from ctsec.encryption.primitives import KEY_BYTES, NONCE_BYTES, TAG_BYTES, fresh_nonce
from ctsec.errors import ConfigurationError, DecryptionFailed
from ctsec.ids import Random
from ctsec.secret import Secret, SecretText

_VERSION: Final = b"\x01"
_DOMAIN: Final = b"ctsec/pkcs11-kms/v1/"
_HEADER: Final = len(_VERSION) + NONCE_BYTES
_WRAPPED: Final = _HEADER + KEY_BYTES + TAG_BYTES
_CAPABILITIES: Final = KmsCapabilities(binds_context=True, rewraps_inside=False, reports_state=False, multi_region=False)


class Pkcs11KeyServices:
    """The keys of one token, by their references `pkcs11:token=<label>;object=<label>`.

    `module` is the path of the token's PKCS#11 library, `token` the label of the token, `pin` its user's PIN. Raises ConfigurationError
    without the binding, ValueError for a label that is none.
    """

    __slots__ = ("_random", "_token")

    def __init__(self, module: str | os.PathLike[str], *, token: str, pin: SecretText, random: Random = os.urandom) -> None:
        if find_spec("pkcs11") is None:
            raise ConfigurationError("keys in PKCS#11 tokens need a binding; install ctsec[pkcs11]")
        self._token = Token(module, label=TokenKey(token=token, label="any").token, pin=pin)
        self._random = random

    def __repr__(self) -> str:
        return f"Pkcs11KeyServices(token={self._token.label!r}, pin=<hidden>)"

    def open(self, ref: str) -> Pkcs11Kms:
        """Return the service with the key of this reference; raise ConfigurationError for what is none, and for another token."""
        try:
            key = TokenKey.parse(ref)
        except ValueError as error:
            raise ConfigurationError(f"no key in a token has this reference; {error}") from None
        if key.token != self._token.label:
            raise ConfigurationError(f"expected a key of the token {self._token.label}; to use another token, configure it too")
        return Pkcs11Kms(key, token=self._token, random=self._random)

    def create_kek(self, label: str) -> str:
        """Make a key that can not leave the token and return its reference; raise ConfigurationError if the label is taken."""
        made = TokenKey(token=self._token.label, label=label)
        self._token.create(label)
        return str(made)

    def close(self) -> None:
        """Close the session; a later call opens one anew."""
        self._token.close()


class Pkcs11Kms:
    """One key of a token; made by `Pkcs11KeyServices.open`. Data keys come from this process's randomness, not from the token's."""

    __slots__ = ("_key", "_random", "_token", "ref")

    def __init__(self, key: TokenKey, *, token: Token, random: Random = os.urandom) -> None:
        self._key = key
        self._token = token
        self._random = random
        self.ref = str(key)

    def __repr__(self) -> str:
        return f"Pkcs11Kms({self.ref!r})"

    def describe(self) -> KekDescription:
        """Return the reference of the key, once it is found and safe."""
        self._token.use(self._key.label, checked)
        return KekDescription(ref=self.ref, provider="pkcs11", capabilities=_CAPABILITIES)

    def generate_data_key(self, context: bytes) -> tuple[Secret, bytes]:
        """Return a fresh data key of 32 bytes and its wrapped form."""
        check_context(context)
        plaintext = Secret(self._random(KEY_BYTES))
        if len(plaintext) != KEY_BYTES:
            raise ValueError(f"expected {KEY_BYTES} bytes from the source of randomness")
        return plaintext, self.wrap(plaintext, context)

    def wrap(self, key: Secret, context: bytes) -> bytes:
        """Return the wrapped form of a data key, bound to `context`; raise ValueError unless it has 32 bytes."""
        check_context(context)
        check_data_key(key)
        nonce = fresh_nonce(self._random(NONCE_BYTES))
        return _VERSION + nonce + self._token.use(self._key.label, lambda kek: _encrypt(kek, nonce, key.reveal(), context))

    def unwrap(self, wrapped: bytes, context: bytes) -> Secret:
        """Return the data key; raise DecryptionFailed for another context, changed bytes or another key."""
        check_context(context)
        if len(wrapped) != _WRAPPED or wrapped[:1] != _VERSION:
            raise DecryptionFailed("expected a data key that a key in a token wrapped")
        return self._token.use(self._key.label, lambda key: self._unwrap(key, wrapped, context))

    def rewrap(self, wrapped: bytes, old_context: bytes, new_context: bytes) -> bytes:
        """Return the same data key wrapped anew; it passes through this process. Raises as `unwrap` does."""
        check_context(new_context)
        return self.wrap(self.unwrap(wrapped, old_context), new_context)

    def _unwrap(self, key: TokenKek, wrapped: bytes, context: bytes) -> Secret:
        import pkcs11

        nonce, body = wrapped[1:_HEADER], wrapped[_HEADER:]
        try:
            return Secret(_decrypt(key, nonce, body, context))
        except pkcs11.PKCS11Error:
            self._probe(key)
        try:
            return Secret(_decrypt(key, nonce, body, context))
        except pkcs11.PKCS11Error:
            raise DecryptionFailed("the wrapped data key does not open under this key and context") from None

    def _probe(self, key: TokenKek) -> None:
        """Raise an error of the binding unless the token opens what it seals."""
        import pkcs11

        nonce, text = fresh_nonce(self._random(NONCE_BYTES)), self._random(KEY_BYTES)
        if _decrypt(key, nonce, _encrypt(key, nonce, text, _VERSION), _VERSION) != text:
            raise pkcs11.GeneralError("the token does not open what it sealed")


def _encrypt(key: TokenKek, nonce: bytes, plaintext: bytes, context: bytes) -> bytes:
    from pkcs11 import GCMParams, Mechanism

    found = key.encrypt(plaintext, mechanism=Mechanism.AES_GCM, mechanism_param=GCMParams(nonce, aad=_DOMAIN + context))
    return _sized(found, len(plaintext) + TAG_BYTES)


def _decrypt(key: TokenKek, nonce: bytes, body: bytes, context: bytes) -> bytes:
    from pkcs11 import GCMParams, Mechanism

    found = key.decrypt(body, mechanism=Mechanism.AES_GCM, mechanism_param=GCMParams(nonce, aad=_DOMAIN + context))
    return _sized(found, len(body) - TAG_BYTES)


def _sized(found: bytes, size: int) -> bytes:
    import pkcs11

    if len(found) != size:
        raise pkcs11.GeneralError("the token answered with another length")
    return found
