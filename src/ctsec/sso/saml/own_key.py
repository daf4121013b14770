"""The keys of a connection that speaks SAML: they sign what we send, and open what is encrypted for us.

Rules that this module keeps:

- a key is made here and nowhere else, for one connection, and its private half leaves only sealed;
- the first one signs; beside it there is one more at most: one that is announced, or the one before, which still opens what is
  encrypted for it. Both are published, so that a provider knows the next one before it signs;
- a key begins to sign, or goes, by its name: what somebody has seen is what is moved;
- the certificate around it certifies nothing: it is the form that providers take a public key in.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
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
from ctsec.sso.saml.keys import ServiceKey, TrustedKey, pem_of

BITS: Final = 2_048
LIFE: Final = timedelta(days=5 * 365)
_EARLIER: Final = timedelta(days=1)  # clocks of providers differ, and some judge the dates
_STATE: Final = "state"  # a member of a JWK that says nothing to others (RFC 7517, 4)


class KeyState(StrEnum):
    """What a key of ours does: it signs, it is announced and will, or it did before."""

    SIGNS = "signs"
    ANNOUNCED = "announced"
    FORMER = "former"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnKey:
    """A key of ours as it is shown: its name, what it does, and the SHA-256 and the dates of its certificate's key."""

    kid: str
    state: KeyState
    fingerprint: str
    not_before: datetime | None
    not_after: datetime | None


@dataclass(frozen=True, slots=True)
class PublishedKey:
    """A key of ours as everybody may see it: its certificate in base64, without its frame."""

    certificate: str


def new_service_key(
    *, name: str, kid: str, now: datetime, random: Random, before: SecretText | None = None, published: str | None = None
) -> tuple[SecretText, str]:
    """Return a new key before those that there are: what is to be sealed, and the JWKs with their certificates (`x5c`) as text."""
    pem, public = _made(name, kid, now=now, random=random)
    return _both([pem, *_private(before)][:PUBLISHED], [public, *public_keys(published)][:PUBLISHED])


def announced(*, name: str, kid: str, now: datetime, random: Random, before: SecretText, published: str | None) -> tuple[SecretText, str]:
    """Return the key that signs, and behind it a new one that is announced; ValueError if there are two already."""
    if len(public_keys(published)) != 1:
        raise ValueError("expected one key: retire the other one first")
    pem, public = _made(name, kid, now=now, random=random)
    return _both([*_private(before), pem], [*public_keys(published), {**public, _STATE: KeyState.ANNOUNCED.value}])


def activated(kid: str, *, before: SecretText, published: str | None) -> tuple[SecretText, str]:
    """Return the announced key `kid` first, and the one that signed behind it; ValueError if none of this name is announced."""
    keys = own_keys(published)
    if len(keys) != PUBLISHED or keys[1].kid != kid or keys[1].state is not KeyState.ANNOUNCED:
        raise ValueError("expected the name of a key that is announced")
    signs, next_one = public_keys(published)
    return _both(_private(before)[::-1], [{name: value for name, value in next_one.items() if name != _STATE}, signs])


def retired(kid: str, *, before: SecretText, published: str | None) -> tuple[SecretText, str]:
    """Return the key that signs without the other one, `kid`; ValueError if that is none, or signs."""
    keys = own_keys(published)
    if len(keys) != PUBLISHED or keys[1].kid != kid:
        raise ValueError("expected the name of a key that does not sign")
    return _both(_private(before)[:1], [public_keys(published)[0]])


def own_keys(published: str | None) -> tuple[OwnKey, ...]:
    """Return our keys as they are shown, the one that signs first."""
    found: list[OwnKey] = []
    for each, certificate in zip(public_keys(published), certificates_of(published), strict=True):
        key = TrustedKey.from_certificate(certificate)
        behind = KeyState.ANNOUNCED if each.get(_STATE) == KeyState.ANNOUNCED else KeyState.FORMER
        state = behind if found else KeyState.SIGNS
        kid = str(each.get("kid", ""))
        found.append(OwnKey(kid=kid, state=state, fingerprint=key.fingerprint, not_before=key.not_before, not_after=key.not_after))
    return tuple(found)


def _made(name: str, kid: str, *, now: datetime, random: Random) -> tuple[str, dict[str, object]]:
    """Return a new key in PEM, and its JWK."""
    key = rsa.generate_private_key(public_exponent=65_537, key_size=BITS)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    made = made.serial_number(1 + int.from_bytes(random(15), "big")).not_valid_before(now - _EARLIER).not_valid_after(now + LIFE)
    der = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    numbers = key.public_key().public_numbers()
    public: dict[str, object] = {
        "kty": "RSA",
        "kid": kid,
        "n": _number(numbers.n),
        "e": _number(numbers.e),
        "x5c": [base64.b64encode(der).decode("ascii")],
    }
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode("ascii")
    return pem, public


def _private(sealed: SecretText | None) -> list[str]:
    found: list[str] = json.loads(sealed.reveal()) if sealed is not None else []
    return found


def _both(private: list[str], public: list[dict[str, object]]) -> tuple[SecretText, str]:
    return SecretText(json.dumps(private)), json.dumps(public, sort_keys=True)


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


def published_keys(published: str | None) -> tuple[PublishedKey, ...]:
    """Return our keys as the metadata shows them, the one that signs first; nothing is opened for it, and each of them opens (RSA)."""
    return tuple(PublishedKey(_certificate(each)) for each in public_keys(published))


def _certificate(jwk: dict[str, object]) -> str:
    chain = jwk.get("x5c")
    if not isinstance(chain, list) or not chain:
        raise ConfigurationError("expected a certificate with each key of the connection")
    return str(chain[0])  # pyright: ignore[reportUnknownArgumentType]


def _number(value: int) -> str:
    return encode_base64url(value.to_bytes(-(-value.bit_length() // 8), "big"))
