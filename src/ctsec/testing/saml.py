"""A provider of SAML 2.0 as pure functions: it signs and encrypts what it is told, right or wrong.

    told = SamlAnswer(issuer=…, audience=…, acs_url=…, now=clock.now(), request="_request", person="alice")
    field = answer(told, key=SamlKey.generate(), style=Signed.ASSERTION)

What is to be wrong is a field of `SamlAnswer` (None leaves a part out), or is done to the elements of `build` before `seal` signs them.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.x509.oid import NameOID

from ctsec.secret import SecretText
from ctsec.sso.saml.algorithms import SHA256
from ctsec.sso.saml.encryption import CBC, GCM, OAEP, OAEP_MGF1P
from ctsec.sso.saml.keys import ServiceKey, TrustedKey
from ctsec.sso.saml.names import BASIC_NAMES, BEARER, PASSWORD_TRANSPORT, PERSISTENT, SAML, SUCCESS, XENC11_NS, XENC_NS
from ctsec.sso.saml.signing import Signer, sign_enveloped
from ctsec.sso.saml.times import write_time
from ctsec.sso.saml.wire import encode_field
from ctsec.sso.saml.xml import Element, canonical, make

AES256_GCM: Final = f"{XENC11_NS}aes256-gcm"
AES256_CBC: Final = f"{XENC_NS}aes256-cbc"


class Signed(Enum):
    """What a provider signs: Entra ID and ADFS the assertion, Google and OneLogin the response, Okta both."""

    ASSERTION = "assertion"
    RESPONSE = "response"
    BOTH = "both"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class SamlKey:
    """A key pair with a self-signed certificate, all in PEM."""

    private: str = field(repr=False)
    certificate: str

    @classmethod
    def generate(cls, *, curve: bool = False, name: str = "idp.example") -> SamlKey:
        """Return a new one for RSA of 2048 bits, or on P-256."""
        key: Any = ec.generate_private_key(ec.SECP256R1()) if curve else rsa.generate_private_key(public_exponent=65537, key_size=2048)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        made = made.serial_number(x509.random_serial_number()).not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        signed = made.not_valid_after(datetime(2040, 1, 1, tzinfo=UTC)).sign(key, hashes.SHA256())
        private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        return cls(private=private.decode("ascii"), certificate=signed.public_bytes(serialization.Encoding.PEM).decode("ascii"))

    def signer(self) -> ServiceKey:
        """Return what signs with it, and opens what is encrypted for it."""
        return ServiceKey(SecretText(self.private), certificate=self.certificate)

    def trusted(self) -> TrustedKey:
        """Return what a connection trusts."""
        return TrustedKey.from_certificate(self.certificate)


@dataclass(frozen=True, slots=True, kw_only=True)
class SamlAnswer:
    """What a provider says. `life` is how long, from `now`; None leaves out what it is given for."""

    issuer: str | None
    audience: str | None
    acs_url: str | None
    now: datetime
    request: str | None
    person: str
    name_format: str | None = PERSISTENT
    attributes: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    context_class: str = PASSWORD_TRANSPORT
    session_index: str | None = "_session-1"
    session_until: datetime | None = None
    life: timedelta = timedelta(minutes=5)
    one_time: bool = False
    status: str = SUCCESS
    response_id: str = "_response-1"
    assertion_id: str = "_assertion-1"


def build(told: SamlAnswer) -> Element:
    """Return an unsigned Response with one assertion, or with none where `status` is no success."""
    head = {"Version": "2.0", "IssueInstant": write_time(told.now)}
    status = make("samlp", "Status", None, make("samlp", "StatusCode", {"Value": told.status}))
    inside = [*_issuer(told), status, *([_assertion(told, head)] if told.status == SUCCESS else [])]
    sent = {"Destination": told.acs_url, "InResponseTo": told.request}
    return make("samlp", "Response", {"ID": told.response_id, **head, **sent}, *inside)


def seal(response: Element, *, key: Signer, style: Signed, encrypt_for: str = "", cipher: str = AES256_GCM, digest: str = SHA256) -> bytes:
    """Return the document, signed by `key` in this style, its assertion encrypted for a certificate (PEM) if one is given."""
    assertion = response.find(f"{SAML}Assertion")
    if style in {Signed.ASSERTION, Signed.BOTH}:
        sign_enveloped(assertion, key, digest=digest)
    if encrypt_for:
        response.replace(assertion, encrypt(canonical(assertion), certificate=encrypt_for, cipher=cipher))
    if style in {Signed.RESPONSE, Signed.BOTH}:
        sign_enveloped(response, key, digest=digest)
    return canonical(response)


def answer(told: SamlAnswer, *, key: Signer, style: Signed = Signed.ASSERTION, encrypt_for: str = "", cipher: str = AES256_GCM) -> str:
    """Return what a browser brings as `SAMLResponse`."""
    return encode_field(seal(build(told), key=key, style=style, encrypt_for=encrypt_for, cipher=cipher))


def encrypt(plain: bytes, *, certificate: str, cipher: str = AES256_GCM, oaep: str = "sha1") -> Element:
    """Return an EncryptedAssertion for the key of a certificate in PEM; `oaep` is the hash of its transport, sha1, sha256 or sha512."""
    key = os.urandom((GCM | CBC)[cipher])
    public: Any = x509.load_pem_x509_certificate(certificate.encode("ascii")).public_key()
    kinds: dict[str, Any] = {"sha1": hashes.SHA1, "sha256": hashes.SHA256, "sha512": hashes.SHA512}
    hashing = kinds[oaep]()
    wrapped = public.encrypt(key, padding.OAEP(mgf=padding.MGF1(hashing), algorithm=hashing, label=None))
    method = make("xenc", "EncryptionMethod", {"Algorithm": OAEP_MGF1P if oaep == "sha1" else OAEP})
    if oaep != "sha1":
        method.append(make("ds", "DigestMethod", {"Algorithm": f"{XENC_NS}{oaep}"}))
        method.append(make("xenc11", "MGF", {"Algorithm": f"{XENC11_NS}mgf1{oaep}"}))
    kept = make("xenc", "EncryptedKey", None, method, _cipher_data(wrapped))
    data = make(
        "xenc",
        "EncryptedData",
        {"Type": f"{XENC_NS}Element"},
        make("xenc", "EncryptionMethod", {"Algorithm": cipher}),
        make("ds", "KeyInfo", None, kept),
        _cipher_data(_gcm(key, plain) if cipher in GCM else _cbc(key, plain)),
    )
    return make("saml", "EncryptedAssertion", None, data)


def _cipher_data(data: bytes) -> Element:
    return make("xenc", "CipherData", None, make("xenc", "CipherValue", None, base64.b64encode(data).decode("ascii")))


def _gcm(key: bytes, plain: bytes) -> bytes:
    iv = os.urandom(12)
    return iv + AESGCM(key).encrypt(iv, plain, None)


def _cbc(key: bytes, plain: bytes) -> bytes:
    iv, pad = os.urandom(16), 16 - len(plain) % 16
    stream = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return iv + stream.update(plain + bytes(pad - 1) + bytes([pad])) + stream.finalize()


def _issuer(told: SamlAnswer) -> list[Element]:
    return [] if told.issuer is None else [make("saml", "Issuer", None, told.issuer)]


def _assertion(told: SamlAnswer, head: Mapping[str, str]) -> Element:
    end = write_time(told.now + told.life)
    subject = make("saml", "Subject", None, make("saml", "NameID", {"Format": told.name_format}, told.person), _confirmation(told, end))
    restriction = (
        [] if told.audience is None else [make("saml", "AudienceRestriction", None, make("saml", "Audience", None, told.audience))]
    )
    once = [make("saml", "OneTimeUse")] if told.one_time else []
    window = {"NotBefore": write_time(told.now - told.life), "NotOnOrAfter": end}
    statement = make(
        "saml",
        "AuthnStatement",
        {
            "AuthnInstant": write_time(told.now),
            "SessionIndex": told.session_index,
            "SessionNotOnOrAfter": None if told.session_until is None else write_time(told.session_until),
        },
        make("saml", "AuthnContext", None, make("saml", "AuthnContextClassRef", None, told.context_class)),
    )
    attributes = [
        make(
            "saml", "Attribute", {"Name": name, "NameFormat": BASIC_NAMES}, *(make("saml", "AttributeValue", None, each) for each in values)
        )
        for name, values in told.attributes.items()
    ]
    return make(
        "saml",
        "Assertion",
        {"ID": told.assertion_id, **head},
        *_issuer(told),
        subject,
        make("saml", "Conditions", window, *restriction, *once),
        statement,
        *([make("saml", "AttributeStatement", None, *attributes)] if attributes else []),
    )


def _confirmation(told: SamlAnswer, end: str) -> Element:
    data = make("saml", "SubjectConfirmationData", {"Recipient": told.acs_url, "NotOnOrAfter": end, "InResponseTo": told.request})
    return make("saml", "SubjectConfirmation", {"Method": BEARER}, data)
