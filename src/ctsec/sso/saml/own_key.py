"""The keys of a connection that speaks SAML: they sign what we send, and open what is encrypted for us.

Rules that this module keeps:

- a key is made here and nowhere else, for one connection, and its private half leaves only sealed;
- the first one signs; the one before still opens what is encrypted for it, and is published until the next rotation;
- the certificate around it certifies nothing: it is the form that providers take a public key in.
"""

from __future__ import annotations

import base64
import json
from datetime import datetime, timedelta
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from ctsec.errors import ConfigurationError
from ctsec.ids import Random
from ctsec.jose.strict import encode_base64url
from ctsec.secret import SecretText
from ctsec.sso.client_key import PUBLISHED, public_keys
from ctsec.sso.saml.keys import ServiceKey, pem_of

BITS: Final = 2_048
LIFE: Final = timedelta(days=5 * 365)
_EARLIER: Final = timedelta(days=1)  # clocks of providers differ, and some judge the dates


def new_service_key(
    *, name: str, kid: str, now: datetime, random: Random, before: SecretText | None = None, published: str | None = None
) -> tuple[SecretText, str]:
    """Return a new key before those that there are: what is to be sealed, and the JWKs with their certificates (`x5c`) as text."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=BITS)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    made = made.serial_number(1 + int.from_bytes(random(15), "big")).not_valid_before(now - _EARLIER).not_valid_after(now + LIFE)
    der = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    numbers = key.public_key().public_numbers()
    public = {
        "kty": "RSA",
        "kid": kid,
        "n": _number(numbers.n),
        "e": _number(numbers.e),
        "x5c": [base64.b64encode(der).decode("ascii")],
    }
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode("ascii")
    kept: list[str] = json.loads(before.reveal()) if before is not None else []
    sealed = SecretText(json.dumps([pem, *kept][:PUBLISHED]))
    return sealed, json.dumps([public, *public_keys(published)][:PUBLISHED], sort_keys=True)


def service_keys(secret: SecretText, published: str | None) -> tuple[ServiceKey, ...]:
    """Return the keys of a connection, the one that signs first; raise ConfigurationError for what are none."""
    found: list[Any] = json.loads(secret.reveal())
    certificates = certificates_of(published)
    if len(found) != len(certificates):
        raise ConfigurationError("expected a certificate for each key of the connection")
    return tuple(ServiceKey(SecretText(pem), certificate=each, made_here=True) for pem, each in zip(found, certificates, strict=True))


def certificates_of(published: str | None) -> tuple[str, ...]:
    """Return our certificates in PEM, the one whose key signs first."""
    return tuple(pem_of(base64.b64decode(_certificate(each))) for each in public_keys(published))


def _certificate(jwk: dict[str, object]) -> str:
    chain = jwk.get("x5c")
    if not isinstance(chain, list) or not chain:
        raise ConfigurationError("expected a certificate with each key of the connection")
    return str(chain[0])  # pyright: ignore[reportUnknownArgumentType]


def _number(value: int) -> str:
    return encode_base64url(value.to_bytes(-(-value.bit_length() // 8), "big"))
