"""Encrypted assertions (XML Encryption 1.1; SAML Core, 2.3.4 and 6): opened, and never believed for that.

Rules that this module keeps:

- a key is transported by RSA-OAEP only; data is AES-GCM; AES-CBC only where the Response around the ciphertext was signed and verified
  before, since without that whoever sends ciphertexts could learn from the answers what is inside (Jager, Somorovsky 2011);
- there is one key for one ciphertext, and nothing is fetched or referred to;
- whatever fails from the unwrapping of the key to the reading of the text is one and the same reason; a key that was not wrapped for us is
  replaced by another, so that the same work follows;
- what was opened is one element, with the prefixes of what was around it; it keeps all rules of `xml` and shares no identifier with the
  message around it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ctsec.jose.rejection import Unacceptable, refuse_if
from ctsec.sso.saml.algorithms import SHA1
from ctsec.sso.saml.names import DS, DS_NS, SAML, XENC, XENC11, XENC11_NS, XENC_NS
from ctsec.sso.saml.reason import SamlReason
from ctsec.sso.saml.trust import Trust
from ctsec.sso.saml.wire import decode_wrapped
from ctsec.sso.saml.xml import Element, children, count, identifiers, only, parse, text_of

GCM: Final = {f"{XENC11_NS}aes{bits}-gcm": bits // 8 for bits in (128, 192, 256)}
CBC: Final = {f"{XENC_NS}aes{bits}-cbc": bits // 8 for bits in (128, 192, 256)}
OAEP_MGF1P: Final = f"{XENC_NS}rsa-oaep-mgf1p"
OAEP: Final = f"{XENC11_NS}rsa-oaep"
_DIGESTS: Final = {SHA1: "sha1", f"{XENC_NS}sha256": "sha256", f"{DS_NS}sha256": "sha256", f"{XENC_NS}sha512": "sha512"}
_MASKS: Final = {f"{XENC11_NS}mgf1{each}": each for each in ("sha1", "sha256", "sha384", "sha512")}
_IV: Final = 12
_TAG: Final = 16
_BLOCK: Final = 16
_DATA: Final = frozenset({"Id", "Type", "MimeType", "Encoding", "Recipient"})


@dataclass(frozen=True, slots=True)
class _Sealed:
    """What an EncryptedAssertion says: how, and the two ciphertexts."""

    cipher: str
    digest: str
    mask: str
    wrapped: bytes
    data: bytes


def open_assertion(node: Element, trust: Trust, *, covered: bool, taken: frozenset[str]) -> Element:
    """Return the assertion in an EncryptedAssertion; raise Unacceptable if there is none that may be read.

    `covered` says that a signature of the Response was verified around the ciphertext; `taken` are the identifiers around it.
    """
    sealed = _read(node)
    refuse_if(sealed.cipher not in GCM and not covered, SamlReason.UNAUTHENTICATED_CIPHER)
    refuse_if(not trust.openers, SamlReason.NO_DECRYPTION_KEY)
    try:
        found = _parsed(_opened(sealed, trust), node)
    except Unacceptable:
        raise Unacceptable(SamlReason.NOT_DECRYPTED) from None
    refuse_if(found.tag != f"{SAML}Assertion", SamlReason.NO_ASSERTION)
    refuse_if(count(found, f"{SAML}Assertion") + count(found, f"{SAML}EncryptedAssertion") > 1, SamlReason.SEVERAL_ASSERTIONS)
    refuse_if(count(found, f"{DS}Signature") > 1, SamlReason.MISPLACED_SIGNATURE)
    refuse_if(identifiers(found) & taken, SamlReason.DUPLICATE_ID)
    return found


def _parsed(plain: bytes, node: Element) -> Element:
    if plain.startswith(b"<?xml"):
        return parse(plain)
    # What was encrypted may use the prefixes of what was around it (XML Encryption 1.1, 4.5.1); their namespaces need no escaping.
    around = "".join(f' xmlns{":" if prefix else ""}{prefix or ""}="{uri}"' for prefix, uri in node.nsmap.items())
    inside = children(parse(f"<context{around}>".encode() + plain + b"</context>"))
    refuse_if(len(inside) != 1, SamlReason.NOT_DECRYPTED)
    return inside[0]


def _opened(sealed: _Sealed, trust: Trust) -> bytes:
    size = (GCM | CBC)[sealed.cipher]
    keys = [key.unwrap(sealed.wrapped, digest=sealed.digest, mgf=sealed.mask) for key in trust.openers]
    fitting = [key for key in keys if key is not None and len(key) == size]
    key = fitting[0] if fitting else hashlib.sha256(sealed.wrapped).digest()[:size]
    return _open_gcm(key, sealed.data) if sealed.cipher in GCM else _open_cbc(key, sealed.data)


def _open_gcm(key: bytes, data: bytes) -> bytes:
    refuse_if(len(data) <= _IV + _TAG, SamlReason.NOT_DECRYPTED)
    try:
        return AESGCM(key).decrypt(data[:_IV], data[_IV:], None)
    except InvalidTag:
        raise Unacceptable(SamlReason.NOT_DECRYPTED) from None


def _open_cbc(key: bytes, data: bytes) -> bytes:
    refuse_if(len(data) < 2 * _BLOCK or len(data) % _BLOCK, SamlReason.NOT_DECRYPTED)
    stream = Cipher(algorithms.AES(key), modes.CBC(data[:_BLOCK])).decryptor()
    plain = stream.update(data[_BLOCK:]) + stream.finalize()
    # Only the last byte of this padding is defined (XML Encryption 1.1, 5.2.1); the signature around it says that nobody chose it.
    refuse_if(not 0 < plain[-1] <= _BLOCK, SamlReason.NOT_DECRYPTED)
    return plain[: -plain[-1]]


def _read(node: Element) -> _Sealed:
    only(node, frozenset())
    data, *beside = _named(node, f"{XENC}EncryptedData", f"{XENC}EncryptedKey", several=True)
    only(data, _DATA)
    inside = _named(data, f"{XENC}EncryptionMethod", f"{DS}KeyInfo", f"{XENC}CipherData")
    within = list(inside[1].iter(f"{XENC}EncryptedKey"))
    keys = [*within, *beside]
    refuse_if(len(keys) != 1, SamlReason.BAD_SHAPE)
    only(keys[0], _DATA)
    parts = {each.tag: each for each in children(keys[0])}
    method, ciphertext = parts.get(f"{XENC}EncryptionMethod"), parts.get(f"{XENC}CipherData")
    if method is None or ciphertext is None:
        raise Unacceptable(SamlReason.BAD_SHAPE)
    cipher = only(inside[0], frozenset({"Algorithm"})).get("Algorithm", "")
    refuse_if(cipher not in GCM and cipher not in CBC, SamlReason.CIPHER_NOT_ALLOWED)
    digest, mask = _transport(method)
    return _Sealed(cipher, digest, mask, _value(ciphertext), _value(inside[2]))


def _transport(method: Element) -> tuple[str, str]:
    name = only(method, frozenset({"Algorithm"})).get("Algorithm", "")
    refuse_if(name not in {OAEP, OAEP_MGF1P}, SamlReason.CIPHER_NOT_ALLOWED)
    said = {each.tag: only(each, frozenset({"Algorithm"})).get("Algorithm", "") for each in children(method)}
    hashing, mask = said.pop(f"{DS}DigestMethod", SHA1), said.pop(f"{XENC11}MGF", f"{XENC11_NS}mgf1sha1")
    refuse_if(said or hashing not in _DIGESTS or mask not in _MASKS, SamlReason.CIPHER_NOT_ALLOWED)
    refuse_if(name == OAEP_MGF1P and _MASKS[mask] != "sha1", SamlReason.CIPHER_NOT_ALLOWED)
    return _DIGESTS[hashing], _MASKS[mask]


def _named(node: Element, *names: str, several: bool = False) -> list[Element]:
    inside = children(node)
    found = [each.tag for each in inside]
    refuse_if(found != list(names) and not (several and found == list(names[:1])), SamlReason.BAD_SHAPE)
    return inside


def _value(node: Element) -> bytes:
    (value,) = _named(node, f"{XENC}CipherValue")
    return decode_wrapped(text_of(value))
