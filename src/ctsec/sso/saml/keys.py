"""Keys of identity providers, which verify, and our own, which sign and decrypt.

Rules that this module keeps:

- RSA has 2048 to 8192 bits and a sound exponent; an elliptic curve is P-256, P-384 or P-521;
- a key verifies with the schemes of its kind only, and a signature of an elliptic curve has the one length of its curve (RFC 6931, 2.3.6);
- a certificate is where a key comes from and nothing more: who may sign is who is trusted by name, not who is certified, so its dates
  are shown and not judged;
- a private key shows itself nowhere.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NoReturn

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from ctsec.errors import ConfigurationError
from ctsec.secret import SecretText
from ctsec.sso.saml.algorithms import ECDSA_SHA256, RSA_SHA256, Scheme, SignatureAlgorithm

MAX_CERTIFICATE: Final = 16 * 1024
_RSA_BITS: Final = range(2048, 8193)
_EXPONENTS: Final = range(1 << 16, 1 << 64)
_CURVES: Final = ("secp256r1", "secp384r1", "secp521r1")
_HASHES: Final[dict[str, Any]] = {"sha1": hashes.SHA1, "sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedKey:
    """A public key that a provider signs with. `fingerprint` is the SHA-256 of its SubjectPublicKeyInfo, in hex.

    `not_before` and `not_after` are its certificate's, None for a bare key, and `certificate` is that in PEM, empty for a bare key.
    """

    fingerprint: str
    key: Any = field(repr=False, compare=False)
    not_before: datetime | None = None
    not_after: datetime | None = None
    certificate: str = field(default="", repr=False, compare=False)

    @classmethod
    def from_certificate(cls, certificate: str | bytes) -> TrustedKey:
        """Return the key of an X.509 certificate in PEM (text) or DER (bytes); raise ValueError if there is none that may sign."""
        if len(certificate) > MAX_CERTIFICATE:
            raise ValueError("expected a certificate of at most 16 KiB")
        try:
            found = (
                x509.load_pem_x509_certificate(certificate.encode("ascii"))
                if isinstance(certificate, str)
                else x509.load_der_x509_certificate(certificate)
            )
            key = found.public_key()
            dates = (found.not_valid_before_utc, found.not_valid_after_utc)
            pem = pem_of(found.public_bytes(serialization.Encoding.DER))
        except Exception:  # noqa: BLE001 - what the parser raises on garbage is not documented
            raise ValueError("expected an X.509 certificate, PEM as text or DER as bytes") from None
        return cls(fingerprint=_fingerprint(key), key=_sound(key), not_before=dates[0], not_after=dates[1], certificate=pem)

    @classmethod
    def from_public_key(cls, pem: str) -> TrustedKey:
        """Return the key of a SubjectPublicKeyInfo in PEM; raise ValueError if it may not sign."""
        try:
            key = serialization.load_pem_public_key(pem.encode("ascii"))
        except Exception:  # noqa: BLE001 - idem
            raise ValueError("expected a public key in PEM") from None
        return cls(fingerprint=_fingerprint(key), key=_sound(key))

    def verifies(self, message: bytes, signature: bytes, algorithm: SignatureAlgorithm) -> bool:
        """Say whether `signature` is this key's over `message`; one of another kind of key never is."""
        try:
            match algorithm.scheme:
                case Scheme.ECDSA if isinstance(self.key, ec.EllipticCurvePublicKey):
                    self.key.verify(_der(signature, self.key.curve.key_size), message, ec.ECDSA(_HASHES[algorithm.hash]()))
                case Scheme.PKCS1 | Scheme.PSS if isinstance(self.key, rsa.RSAPublicKey):
                    self.key.verify(signature, message, _padding(algorithm), _HASHES[algorithm.hash]())
                case _:
                    return False
        except (InvalidSignature, ValueError):
            return False
        return True


class ServiceKey:
    """A private key of ours with its certificate, both in PEM: it signs what we send, or opens what is encrypted for us.

    `made_here` is for a key that ctsec made and kept sealed: its primes are not tested again, which takes longer than all else.
    Raises ConfigurationError if they do not belong together, or may not be used.
    """

    __slots__ = ("_key", "algorithm", "certificate", "fingerprint")

    def __init__(self, pem: SecretText, *, certificate: str, made_here: bool = False) -> None:
        try:
            given = pem.reveal().encode("ascii")
            key: Any = serialization.load_pem_private_key(given, password=None, unsafe_skip_rsa_key_validation=made_here)
            trusted = TrustedKey.from_certificate(certificate)
            public = _sound(key.public_key())
        except Exception as error:  # noqa: BLE001 - idem, and it may quote the key
            raise ConfigurationError(f"expected a private key and its certificate in PEM ({type(error).__name__})") from None
        if _fingerprint(public) != trusted.fingerprint:
            raise ConfigurationError("expected the certificate of this private key")
        self._key = key
        self.algorithm = RSA_SHA256 if isinstance(public, rsa.RSAPublicKey) else ECDSA_SHA256
        self.fingerprint = trusted.fingerprint
        self.certificate = "".join(line for line in certificate.strip().splitlines() if not line.startswith("-----"))

    def __repr__(self) -> str:
        return f"ServiceKey(fingerprint={self.fingerprint!r})"

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a private key can not be pickled or copied")

    @property
    def opens(self) -> bool:
        """Whether it can open what is encrypted: RSA can."""
        return isinstance(self._key, rsa.RSAPrivateKey)

    def sign(self, message: bytes) -> bytes:
        """Return the signature of this key's algorithm, in the form of XML Signature."""
        if isinstance(self._key, ec.EllipticCurvePrivateKey):
            size = -(-self._key.curve.key_size // 8)
            r, s = decode_dss_signature(self._key.sign(message, ec.ECDSA(hashes.SHA256())))
            return r.to_bytes(size, "big") + s.to_bytes(size, "big")
        signed: bytes = self._key.sign(message, padding.PKCS1v15(), hashes.SHA256())
        return signed

    def unwrap(self, wrapped: bytes, *, digest: str, mgf: str) -> bytes | None:
        """Return what was encrypted for this key by RSA-OAEP with these hashes (RFC 8017, 7.1), None if nothing was."""
        if not self.opens:
            return None
        scheme = padding.OAEP(mgf=padding.MGF1(_HASHES[mgf]()), algorithm=_HASHES[digest](), label=None)
        try:
            opened: bytes = self._key.decrypt(wrapped, scheme)
        except ValueError:
            return None
        return opened


def pem_of(der: bytes) -> str:
    """Return a certificate in PEM."""
    text = base64.b64encode(der).decode("ascii")
    lines = "\n".join(text[start : start + 64] for start in range(0, len(text), 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"


def _sound(key: Any) -> Any:
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size not in _RSA_BITS or key.public_numbers().e not in _EXPONENTS:
            raise ValueError("expected RSA of 2048 to 8192 bits with an exponent of 65537 or more")
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
        return key
    raise ValueError("expected a key for RSA, or on P-256, P-384 or P-521")


def _fingerprint(key: Any) -> str:
    spki = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(spki).hexdigest()


def _padding(algorithm: SignatureAlgorithm) -> padding.AsymmetricPadding:
    if algorithm.scheme is Scheme.PKCS1:
        return padding.PKCS1v15()
    made = _HASHES[algorithm.hash]()
    return padding.PSS(mgf=padding.MGF1(made), salt_length=made.digest_size)


def _der(signature: bytes, bits: int) -> bytes:
    size = -(-bits // 8)
    if len(signature) != 2 * size:
        raise ValueError("expected r and s in the size of the curve")
    return encode_dss_signature(int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big"))
