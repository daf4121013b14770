"""Time stamps of RFC 3161 (extra `timestamps`): asked for over https, and judged; the one place of the library `rfc3161-client`.

Rules that this module keeps:

- what is stamped is the SHA-256 of the exact bytes; the request has a nonce, and asks for the authority's certificate (RFC 3161, 2.4.1);
- an answer counts only if it is granted as it was asked, for that nonce and for these bytes, and is signed by a certificate that leads to
  one of the given roots and was valid at the time that it says;
- that certificate may sign time stamps and nothing else: its extended key usage is critical and names timeStamping alone (2.3);
- the signature covers which certificate that is, by its SHA-256 (signing-certificate-v2, RFC 5816), so no other one of the same name or
  key can be put in its place; a token that names it by SHA-1 only is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.hashes import SHA256

from ctsec.errors import ConfigurationError, DeliveryFailed

if TYPE_CHECKING:
    from rfc3161_client import TimeStampResponse

QUERY: Final = "application/timestamp-query"
REPLY: Final = "application/timestamp-reply"
MAX_REPLY: Final = 32 * 1024
_SIGNING_CERTIFICATE: Final = x509.ObjectIdentifier("1.2.840.113549.1.9.16.2.47")
_STAMPING: Final = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A request for a time stamp: its bytes (DER), and the nonce that the answer has to repeat."""

    body: bytes
    nonce: int


class StampJudge:
    """Asks for time stamps, and judges them by `roots`, certificates in PEM.

    Raises ValueError for what is none, and ConfigurationError where the library is not installed.
    """

    __slots__ = ("_roots",)

    def __init__(self, roots: bytes) -> None:
        try:
            import rfc3161_client  # noqa: F401  # pyright: ignore[reportUnusedImport]
        except ImportError:
            raise ConfigurationError("time stamps need the library rfc3161-client; install ctsec[timestamps]") from None
        self._roots = x509.load_pem_x509_certificates(roots)

    def ask(self, data: bytes) -> Question:
        """Return a request for a stamp of `data`, with a nonce that the library draws."""
        from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

        made = TimestampRequestBuilder().data(data).hash_algorithm(HashAlgorithm.SHA256).nonce(nonce=True).cert_request(cert_request=True)
        asked = made.build()
        return Question(body=asked.as_bytes(), nonce=asked.nonce or 0)

    def judge(self, reply: bytes, *, data: bytes, nonce: int | None = None) -> datetime:
        """Return when `data` was there, as `reply` (DER) says; raise DeliveryFailed unless it counts.

        A stamp that is read from where it was kept has no `nonce` to be compared with.
        """
        from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

        if len(reply) > MAX_REPLY:
            raise DeliveryFailed(f"expected a time stamp of at most {MAX_REPLY} bytes")
        try:
            answer = decode_timestamp_response(reply)
            _check_signer(answer)
            # The digest is taken by the library under the algorithm that the token names, one of SHA-256, SHA-384 and SHA-512.
            VerifierBuilder(roots=list(self._roots), nonce=nonce).build().verify_message(answer, data)
        except VerificationError as error:
            raise DeliveryFailed(f"the time stamp does not count: {str(error).partition(': errorstack')[0][:100].lower()}") from None
        except DeliveryFailed:
            raise
        except Exception:  # noqa: BLE001 - what parsers of certificates raise on garbage is not documented; a KeyError was seen
            raise DeliveryFailed("the other side sent no time stamp") from None
        return answer.tst_info.gen_time.astimezone(UTC)


@asn1.sequence
class _Attribute:
    kind: x509.ObjectIdentifier
    values: asn1.SetOf[asn1.TLV]


@asn1.sequence
class _Signer:
    version: int
    who: asn1.TLV
    digest: asn1.TLV
    attributes: Annotated[asn1.SetOf[_Attribute], asn1.Implicit(0)]
    algorithm: asn1.TLV
    signature: bytes
    unsigned: Annotated[asn1.SetOf[_Attribute] | None, asn1.Implicit(1)]


@asn1.sequence
class _Content:
    kind: x509.ObjectIdentifier
    octets: Annotated[bytes, asn1.Explicit(0)]


@asn1.sequence
class _Signed:
    version: int
    digests: asn1.TLV
    content: _Content
    certificates: Annotated[asn1.SetOf[asn1.TLV] | None, asn1.Implicit(0)]
    lists: Annotated[asn1.SetOf[asn1.TLV] | None, asn1.Implicit(1)]
    signers: asn1.SetOf[_Signer]


@asn1.sequence
class _Token:
    kind: x509.ObjectIdentifier
    content: Annotated[_Signed, asn1.Explicit(0)]


@asn1.sequence
class _Issuer:
    names: asn1.TLV
    serial: int


@asn1.sequence
class _CertificateId:
    """ESSCertIDv2 with its default, SHA-256; one that names an algorithm does not decode as this."""

    digest: bytes
    issuer: _Issuer | None


@asn1.sequence
class _SigningCertificate:
    certificates: list[_CertificateId]


def _check_signer(answer: TimeStampResponse) -> None:
    """Raise DeliveryFailed unless the signed attributes name the certificate of the signer, which is for time stamps alone."""
    (signer,) = asn1.decode_der(_Token, answer.time_stamp_token()).content.signers.as_list()
    named = [value for each in signer.attributes.as_list() if each.kind == _SIGNING_CERTIFICATE for value in each.values.as_list()]
    if len(named) != 1:
        raise DeliveryFailed("the time stamp does not say which certificate signed it (signing-certificate-v2)")
    said = cast(_SigningCertificate, cast(Any, named[0]).parse(_SigningCertificate))
    (who,) = answer.signed_data.signer_infos
    found = [x509.load_der_x509_certificate(each) for each in answer.signed_data.certificates]
    mine = [each for each in found if (each.issuer, each.serial_number) == (who.issuer, who.serial_number)]
    if [each.fingerprint(SHA256()) for each in mine] != [said.certificates[0].digest]:
        raise DeliveryFailed("the time stamp is signed by another certificate than it says")
    _check_usage(mine)


def _check_usage(certificates: Sequence[x509.Certificate]) -> None:
    for each in certificates:
        try:
            usage = each.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
        except x509.ExtensionNotFound:
            usage = None
        if usage is None or not usage.critical or list(usage.value) != [_STAMPING]:
            raise DeliveryFailed("the certificate of the time stamp is not for time stamps alone")
