"""An authenticator in software: makes passkeys and signs with them as a device does, so that a host tests them without a browser.

Its registrations have no attestation, its keys are for ES256. It looks at `rpId`, `allowCredentials` and the challenge of the options, and
believes the origin that it is told, as an authenticator believes its browser.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

PRESENT: Final = 0x01
VERIFIED: Final = 0x04
ELIGIBLE: Final = 0x08
BACKED_UP: Final = 0x10
ATTESTED: Final = 0x40


@dataclass(frozen=True, slots=True)
class _Key:
    rp_id: str
    user_handle: str
    private: EllipticCurvePrivateKey


class SoftwareAuthenticator:
    """Holds passkeys. `flags` is what it says of each ceremony, `counts` whether it counts its signatures, as devices without sync do."""

    def __init__(self, *, flags: int = PRESENT | VERIFIED, counts: bool = True) -> None:
        self.flags = flags
        self.counts = counts
        self._keys: dict[bytes, _Key] = {}
        self._signed: dict[bytes, int] = {}

    def create(self, options: Mapping[str, Any], *, origin: str) -> str:
        """Make a passkey as `navigator.credentials.create` does, and return the answer as JSON text."""
        if any(_bytes(each["id"]) in self._keys for each in options["excludeCredentials"]):
            raise ValueError("one of the excluded passkeys is held already")
        credential_id = os.urandom(32)
        key = _Key(options["rp"]["id"], options["user"]["id"], generate_private_key(SECP256R1()))
        self._keys[credential_id] = key
        attested = bytes(16) + len(credential_id).to_bytes(2, "big") + credential_id + self.public_key(credential_id)
        data = authenticator_data(key.rp_id, flags=self.flags | ATTESTED, count=0) + attested
        return registration(credential_id, client_data("webauthn.create", options["challenge"], origin=origin), data)

    def get(self, options: Mapping[str, Any], *, origin: str) -> str:
        """Sign as `navigator.credentials.get` does, with the newest passkey that the options allow, and return the answer as JSON text."""
        allowed = {_bytes(each["id"]) for each in options["allowCredentials"]}
        held = [each for each, key in self._keys.items() if key.rp_id == options["rpId"] and (not allowed or each in allowed)]
        if not held:
            raise ValueError("no passkey of this site is held that the options allow")
        self._signed[held[-1]] = count = self._signed.get(held[-1], 0) + self.counts
        data = authenticator_data(options["rpId"], flags=self.flags, count=count)
        return self.sign(held[-1], client_data("webauthn.get", options["challenge"], origin=origin), data)

    def sign(self, credential_id: bytes, collected: bytes, data: bytes, *, user_handle: str | None = None) -> str:
        """Sign whatever is given, and return the answer as JSON text; the user handle is the key's own unless another is named."""
        key = self._keys[credential_id]
        response = {
            "clientDataJSON": _text(collected),
            "authenticatorData": _text(data),
            "signature": _text(key.private.sign(data + hashlib.sha256(collected).digest(), ECDSA(SHA256()))),
            "userHandle": key.user_handle if user_handle is None else user_handle,
        }
        return _answer(credential_id, response)

    def public_key(self, credential_id: bytes) -> bytes:
        """Return the public key of a passkey in COSE form."""
        from webauthn.helpers import encode_cbor

        point = self._keys[credential_id].private.public_key().public_numbers()
        return encode_cbor({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")})

    @property
    def held(self) -> tuple[bytes, ...]:
        """The credential ids of the passkeys, the oldest first."""
        return tuple(self._keys)


def client_data(kind: str, challenge: str, *, origin: str, **more: object) -> bytes:
    """Return what a browser collects: `webauthn.create` or `webauthn.get`, the challenge in base64url, and the page's origin."""
    return json.dumps({"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": False, **more}).encode()


def authenticator_data(rp_id: str, *, flags: int, count: int) -> bytes:
    """Return the fixed part of what an authenticator signs (Web Authentication Level 3, 6.1)."""
    return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + count.to_bytes(4, "big")


def registration(credential_id: bytes, collected: bytes, data: bytes, *, statement: Mapping[str, object] | None = None) -> str:
    """Return the answer that registers a passkey, as JSON text: without attestation, or with a statement (`fmt` and `attStmt`)."""
    from webauthn.helpers import encode_cbor

    attestation = encode_cbor({"fmt": "none", "attStmt": {}, **(statement or {}), "authData": data})
    response = {"clientDataJSON": _text(collected), "attestationObject": _text(attestation), "transports": ["internal"]}
    return _answer(credential_id, response)


def _answer(credential_id: bytes, response: Mapping[str, object]) -> str:
    name = _text(credential_id)
    return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response, "clientExtensionResults": {}})


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
