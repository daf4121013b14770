"""Keys of SAML: which may be used, and what they show of themselves."""

from __future__ import annotations

import copy
import pickle
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa

from ctsec.errors import ConfigurationError
from ctsec.secret import SecretText
from ctsec.sso.saml import SentRequest, ServiceKey, TrustedKey
from ctsec.sso.saml.algorithms import ECDSA_SHA256, RSA_SHA256
from ctsec.sso.saml.keys import pem_of
from tests.saml_attacks.stage import ATTACKER, CURVE, OURS, PROVIDER


def spki(key: object) -> str:
    """Return a public key in PEM."""
    public = key.public_key()  # type: ignore[attr-defined]
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def test_a_certificate_shows_its_dates() -> None:
    """The dates of a certificate are kept to be shown, and a bare key has none; the key is the same."""
    key = PROVIDER.trusted()
    assert (key.not_before, key.not_after) == (datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC))
    public = x509.load_pem_x509_certificate(PROVIDER.certificate.encode()).public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    bare = TrustedKey.from_public_key(pem)
    assert (bare.fingerprint, bare.not_after) == (key.fingerprint, None)


def test_a_certificate_is_read_as_text_and_as_bytes() -> None:
    """PEM and DER of one certificate give the same key, and back."""
    der = x509.load_pem_x509_certificate(PROVIDER.certificate.encode()).public_bytes(serialization.Encoding.DER)
    assert TrustedKey.from_certificate(der) == TrustedKey.from_certificate(pem_of(der)) == PROVIDER.trusted()


@pytest.mark.parametrize(
    "certificate", ["", "x", "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----", b"", b"\x30\x00", "x" * 16_385]
)
def test_what_is_no_certificate_is_refused(certificate: str | bytes) -> None:
    """Whatever the parser stumbles over is a ValueError that does not repeat it."""
    with pytest.raises(ValueError, match="expected a"):
        TrustedKey.from_certificate(certificate)


def test_what_is_no_key_is_refused() -> None:
    """A text that is no public key, and a certificate of more than 16 KiB, are ValueErrors that say what was expected."""
    with pytest.raises(ValueError, match="public key in PEM"):
        TrustedKey.from_public_key("no key")
    with pytest.raises(ValueError, match="at most 16 KiB"):
        TrustedKey.from_certificate(PROVIDER.certificate + "x" * 16_384)
    with pytest.raises(ValueError, match="id of a request"):
        SentRequest(id="", sent_at=datetime(2020, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(public_exponent=65537, key_size=1024),
        rsa.generate_private_key(public_exponent=3, key_size=2048),
        ec.generate_private_key(ec.SECP256K1()),
        ec.generate_private_key(ec.SECP224R1()),
        ed25519.Ed25519PrivateKey.generate(),
        dsa.generate_private_key(1024),
    ],
    ids=["RSA-1024", "exponent 3", "secp256k1", "P-224", "Ed25519", "DSA"],
)
def test_weak_and_other_keys_are_not_trusted(key: object) -> None:
    """RSA of less than 2048 bits or with a small exponent, other curves and other kinds of keys are refused."""
    with pytest.raises(ValueError, match="expected"):
        TrustedKey.from_public_key(spki(key))


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()], ids=lambda curve: curve.name)
def test_a_curve_signs_in_its_own_length(curve: ec.EllipticCurve) -> None:
    """What a key on each curve signs has twice the size of the curve, and is verified by its public half alone."""
    key = ec.generate_private_key(curve)
    name = x509.Name([])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    made = made.not_valid_before(datetime(2020, 1, 1, tzinfo=UTC)).not_valid_after(datetime(2040, 1, 1, tzinfo=UTC))
    certificate = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    signer = ServiceKey(SecretText(private), certificate=certificate)
    signed = signer.sign(b"message")
    assert len(signed) == 2 * -(-curve.key_size // 8)
    assert signer.algorithm == ECDSA_SHA256
    assert TrustedKey.from_certificate(certificate).verifies(b"message", signed, ECDSA_SHA256)
    assert not TrustedKey.from_certificate(certificate).verifies(b"other", signed, ECDSA_SHA256)
    assert not TrustedKey.from_certificate(certificate).verifies(b"message", signed, RSA_SHA256)
    assert signer.unwrap(b"x", digest="sha1", mgf="sha1") is None


def test_a_key_and_its_certificate_belong_together() -> None:
    """A private key with another's certificate, or none, is a mistake of the configuration, told without the key."""
    for private, certificate in ((OURS.private, ATTACKER.certificate), ("no key", OURS.certificate), (OURS.private, "none")):
        with pytest.raises(ConfigurationError) as caught:
            ServiceKey(SecretText(private), certificate=certificate)
        assert private not in str(caught.value)


def test_a_private_key_shows_itself_nowhere() -> None:
    """Its text is its fingerprint, and it can not be pickled or copied."""
    for key in (OURS.signer(), CURVE.signer()):
        assert repr(key) == f"ServiceKey(fingerprint={key.fingerprint!r})"
        for copying in (pickle.dumps, copy.copy, copy.deepcopy):
            with pytest.raises(TypeError):
                copying(key)
    assert "PRIVATE" not in repr(OURS)
