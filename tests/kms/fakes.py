"""Stand-ins for key services over plain HTTPS, written from their documentation: Vault transit, Google Cloud KMS, Azure Managed HSM."""

from __future__ import annotations

import base64
import json
import os
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from ctsec.encryption.kms.crc32c import crc32c
from ctsec.encryption.primitives import Aes256Gcm, derive
from ctsec.errors import DecryptionFailed
from ctsec.secret import Secret

TOKEN = "a-token-of-the-tests"
Answer = tuple[int, dict[str, Any]]


class JsonFake:
    """A service on loopback; `change` alters its answers, `calls` are the methods and paths that came in."""

    def __init__(self) -> None:
        self.keys: dict[str, Secret] = {}
        self.settings: dict[str, dict[str, Any]] = {}
        self.change: Callable[[int, dict[str, Any]], tuple[int, Any]] = lambda status, body: (status, body)
        self.calls: list[str] = []
        self.header = "Authorization"
        self.expected = f"Bearer {TOKEN}"
        fake = self

        class Exchange(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.do_POST()

            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                fake.calls.append(f"{self.command} {self.path}")
                body = json.loads(content) if content else {}
                given = fake.answer(self.path, body) if self.headers.get(fake.header) == fake.expected else (401, {})
                status, answer = fake.change(*given)
                payload = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(payload)))
                self.send_header("Location", f"{fake.url}/elsewhere")
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Exchange)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def make(self, name: str, **settings: Any) -> None:
        """Make a key; one that is there already is replaced."""
        self.keys[name] = Secret(os.urandom(32))
        self.settings[name] = settings

    def answer(self, path: str, body: dict[str, Any]) -> Answer:
        raise NotImplementedError

    def create(self) -> str:
        """Make a key and return its reference."""
        raise NotImplementedError

    def state(self, ref: str, state: str) -> None:
        """Put a key into a state, as far as the service has it."""
        raise NotImplementedError


def seal(key: Secret, plaintext: bytes, associated: bytes) -> bytes:
    nonce = os.urandom(12)
    return nonce + Aes256Gcm(key).encrypt(nonce, plaintext, associated)


def unseal(key: Secret, blob: bytes, associated: bytes) -> bytes:
    return Aes256Gcm(key).decrypt(blob[:12], blob[12:], associated)


def text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


class VaultFake(JsonFake):
    """Transit: derived keys only, one version each."""

    def __init__(self) -> None:
        super().__init__()
        self.header, self.expected = "X-Vault-Token", TOKEN

    def create(self, **settings: Any) -> str:
        name = f"key-{len(self.keys)}"
        self.make(name, **({"type": "aes256-gcm96", "derived": True, "exportable": False, "allow_plaintext_backup": False} | settings))
        return f"vault:transit/{name}"

    def answer(self, path: str, body: dict[str, Any]) -> Answer:
        verb, _, name = path.removeprefix("/v1/transit/").rpartition("/")
        if name not in self.keys:
            return (404, {"errors": []}) if verb == "keys" else (400, {"errors": ["encryption key not found"]})
        if verb == "keys":
            return 200, {"data": {"name": name} | self.settings[name]}
        if self.settings[name].get("too_old"):
            return 400, {"errors": ["ciphertext or signature version is disallowed by policy (too old)"]}
        derived = derive(self.keys[name], label=base64.b64decode(body["context"]))
        try:
            opened = unseal(derived, base64.b64decode(body["ciphertext"].removeprefix("vault:v1:")), b"") if "ciphertext" in body else b""
        except (DecryptionFailed, ValueError):
            return 400, {"errors": ["invalid ciphertext: unable to decrypt"]}
        if verb == "decrypt":
            return 200, {"data": {"plaintext": text(opened)}}
        plaintext = {"rewrap": lambda: opened, "encrypt": lambda: base64.b64decode(body["plaintext"])}.get(verb, lambda: os.urandom(32))()
        told = {"plaintext": text(plaintext)} if verb.startswith("datakey") else {}
        return 200, {"data": told | {"ciphertext": "vault:v1:" + text(seal(derived, plaintext, b""))}}

    def state(self, ref: str, state: str) -> None:
        name = ref.rpartition("/")[2]
        if state == "deleted":
            del self.keys[name]
        else:
            self.settings[name]["too_old"] = state == "disabled"


class GoogleFake(JsonFake):
    """Cloud KMS: one version for each key, with its state."""

    def create(self, **settings: Any) -> str:
        name = f"projects/acme/locations/europe-west3/keyRings/ring/cryptoKeys/key-{len(self.keys)}"
        self.make(name, **({"purpose": "ENCRYPT_DECRYPT", "state": "ENABLED"} | settings))
        return f"gcpkms:{name}"

    def answer(self, path: str, body: dict[str, Any]) -> Answer:
        name, _, verb = path.removeprefix("/v1/").partition(":")
        if name not in self.keys:
            return error(404, "NOT_FOUND")
        version, state = f"{name}/cryptoKeyVersions/1", self.settings[name]["state"]
        if not verb:
            return 200, {"name": name, "purpose": self.settings[name]["purpose"], "primary": {"name": version, "state": state}}
        if state != "ENABLED":
            return error(400, "FAILED_PRECONDITION", f"{version} is not enabled, current state is: {state}.")
        for member in ("plaintext", "ciphertext", "additionalAuthenticatedData"):
            if member in body and body[f"{member}Crc32c"] != str(crc32c(base64.b64decode(body[member]))):
                return error(400, "INVALID_ARGUMENT", "the check sum does not fit")
        associated = base64.b64decode(body["additionalAuthenticatedData"])
        if verb == "encrypt":
            blob = seal(self.keys[name], base64.b64decode(body["plaintext"]), associated)
            checked = {"verifiedPlaintextCrc32c": True, "verifiedAdditionalAuthenticatedDataCrc32c": True}
            return 200, {"name": version, "ciphertext": text(blob), "ciphertextCrc32c": str(crc32c(blob))} | checked
        try:
            opened = unseal(self.keys[name], base64.b64decode(body["ciphertext"]), associated)
        except (DecryptionFailed, ValueError):
            return error(400, "INVALID_ARGUMENT", "Decryption failed: the ciphertext is invalid.")
        return 200, {"plaintext": text(opened), "plaintextCrc32c": str(crc32c(opened))}

    def state(self, ref: str, state: str) -> None:
        name = ref.partition(":")[2]
        known = {"enabled": "ENABLED", "disabled": "DISABLED", "pending": "DESTROY_SCHEDULED", "deleted": "DESTROYED"}
        self.settings[name]["state"] = known[state]


def error(status: int, name: str, message: str = "") -> Answer:
    return status, {"error": {"code": status, "status": name, "message": message}}


class AzureFake(JsonFake):
    """Managed HSM: AES keys that wrap with A256KW."""

    def create(self, **settings: Any) -> str:
        name = f"kek/{len(self.keys):032x}"
        self.make(name, **({"kty": "oct-HSM", "key_ops": ["wrapKey", "unwrapKey"], "enabled": True} | settings))
        return f"azure:acme-hsm/{name}"

    def answer(self, path: str, body: dict[str, Any]) -> Answer:
        found = re.fullmatch(r"/keys/([^/]+/[0-9a-f]{32})(?:/(\w+))?\?api-version=7\.4", path)
        if found is None or found[1] not in self.keys:
            return 404, {"error": {"code": "KeyNotFound", "message": ""}}
        settings, kid = self.settings[found[1]], f"https://acme-hsm.managedhsm.azure.net/keys/{found[1]}"
        if found[2] is None:
            key = {"kid": kid, "kty": settings["kty"], "key_ops": settings["key_ops"]}
            return 200, {"key": key, "attributes": {"enabled": settings["enabled"]}}
        if not settings["enabled"]:
            return 403, {"error": {"code": "Forbidden", "message": "", "innererror": {"code": "KeyDisabled"}}}
        value = base64.urlsafe_b64decode(body["value"] + "=" * (-len(body["value"]) % 4))
        try:
            work = {"wrapkey": aes_key_wrap, "unwrapkey": aes_key_unwrap}[found[2]]
            made = work(self.keys[found[1]].reveal(), value)
        except (InvalidUnwrap, ValueError):
            return 400, {"error": {"code": "BadParameter", "message": ""}}
        return 200, {"kid": kid, "value": base64.urlsafe_b64encode(made).rstrip(b"=").decode()}

    def state(self, ref: str, state: str) -> None:
        name = ref.partition("/")[2]
        if state == "deleted":
            del self.keys[name]
        else:
            self.settings[name]["enabled"] = state == "enabled"
