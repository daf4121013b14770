"""Which cryptography the package uses: a closed list, so that a new primitive is a decision."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator

import pytest

from tests.architecture.source import Module, imports, last_name, modules, nodes

PRIMITIVES = {
    "cryptography.exceptions.InvalidSignature",
    "cryptography.exceptions.InvalidTag",
    "cryptography.hazmat.primitives.asymmetric.ed25519.Ed25519PrivateKey",
    "cryptography.hazmat.primitives.asymmetric.ed25519.Ed25519PublicKey",
    "cryptography.hazmat.primitives.ciphers.aead.AESGCM",
    "cryptography.hazmat.primitives.hashes.SHA256",
    "cryptography.hazmat.primitives.hashes.SHA512",
    "cryptography.hazmat.primitives.hmac.HMAC",
    "cryptography.hazmat.primitives.kdf.hkdf.HKDF",
    "cryptography.hazmat.primitives.kdf.hkdf.HKDFExpand",
}
# What providers of SAML sign and encrypt with; of them we ask for signatures with RSA and on curves, and open RSA-OAEP, GCM and CBC.
SAML = {
    "cryptography.x509",
    "cryptography.x509.oid.NameOID",
    *(
        f"cryptography.hazmat.primitives.{name}"
        for name in ("hashes", "serialization", "asymmetric.ec", "asymmetric.padding", "asymmetric.rsa")
    ),
    *(f"cryptography.hazmat.primitives.asymmetric.utils.{name}_dss_signature" for name in ("encode", "decode")),
    *(f"cryptography.hazmat.primitives.ciphers.{name}" for name in ("Cipher", "algorithms", "modes")),
}
# Of a time stamp we read which certificate signed it; its library verifies it.
STAMPS = {"cryptography.hazmat.asn1", "cryptography.x509"}
APPROVED_HASHES = {"sha256", "sha384", "sha512", "sha3_256", "sha3_512"}
# HOTP and TOTP are defined with SHA-1 (RFC 4226, 6238), where no collision helps anybody; lists of leaked passwords are made with it, and
# nothing is stored or protected by it there
# How other systems hashed passwords, which are compared and never made.
SLOW_HASHES = {"pbkdf2_hmac", "scrypt"}
OTHER_HASHES = {
    "mfa.totp": {"sha1"},
    "authn.breaches": {"sha1"},
    "authn.foreign_kdf": SLOW_HASHES,
    # In RSA-OAEP, where no collision helps anybody, and in signatures where a connection says so.
    **{name: {"sha1"} for name in ("sso.saml.algorithms", "sso.saml.encryption", "sso.saml.keys", "testing.saml")},
}
HASHES = APPROVED_HASHES | {"sha1", "sha224", "md5", "blake2b", "blake2s", "md4", "ripemd160", "sm3", "new"}


def named(module: Module) -> Iterator[str]:
    """Yield every name that a module imports, with the module that it comes from."""
    for node in nodes(module.tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def hashes(module: Module) -> set[str]:
    """Return the hash functions that a module takes from hashlib or names to `hmac`."""
    found = {name.removeprefix("hashlib.") for name in named(module) if name.startswith("hashlib.")}
    for node in nodes(module.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "hashlib":
            found.add(node.attr)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.lower().replace("-", "") in HASHES - {"new"}:
            found.add(node.value.lower().replace("-", ""))
    return found


@pytest.mark.proves("ASVS-11.3.1", "ASVS-11.3.2", "ASVS-11.3.5", "ASVS-11.6.1")
def test_the_primitives_of_encryption_are_a_closed_list() -> None:
    """Ciphers, modes and derivations are AES-GCM, HKDF and HMAC: no mode without authentication, no padding, no MAC beside a cipher.

    The one signature is Ed25519. What providers of SAML use stands in three modules, what time stamps do in one, and nowhere else.
    """
    found = {name for module in modules().values() for name in named(module) if name.split(".")[0] == "cryptography"}
    elsewhere = {("jose",), ("testing",)}  # what others sign with, and the authenticator that stands for one of theirs
    apart = {name for module in modules().values() if module.parts[:1] in elsewhere for name in named(module)} - PRIMITIVES
    of_saml = {name for module in modules().values() if module.parts[:2] == ("sso", "saml") for name in named(module)}
    assert {name for name in of_saml if name.startswith("cryptography")} - PRIMITIVES == SAML
    assert found - apart - SAML - STAMPS == PRIMITIVES
    (stamps,) = (module for module in modules().values() if module.parts == ("audit", "anchors", "timestamp"))
    assert {name for name in named(stamps) if name.startswith("cryptography")} - PRIMITIVES == STAMPS
    users = {module.parts for module in modules().values() if SAML.intersection(named(module)) and module.parts[:1] not in elsewhere}
    assert users - {stamps.parts} == {("sso", "saml", "keys"), ("sso", "saml", "own_key"), ("sso", "saml", "encryption")}


@pytest.mark.proves("ASVS-11.4.1", "ASVS-11.4.3")
def test_only_approved_hashes_are_used() -> None:
    """Every hash function that is named is of SHA-2 or SHA-3, but for SHA-1 where one-time passwords and lists of leaks are."""
    used = {".".join(module.parts): hashes(module) for module in modules().values()}
    assert {name: found - APPROVED_HASHES for name, found in used.items() if found - APPROVED_HASHES} == {
        name: found for name, found in OTHER_HASHES.items() if name in used
    }
    assert any("sha256" in found for found in used.values())
    assert min(hashlib.new(name).digest_size for name in APPROVED_HASHES) * 8 >= 256


@pytest.mark.proves("ASVS-11.6.2")
def test_key_exchange_is_left_to_tls() -> None:
    """No module agrees on keys by itself, and none narrows or widens what OpenSSL exchanges keys by in TLS; curves sign."""
    agreeing = ("x25519", "x448", "ECDH", "asymmetric.dh", "asymmetric.ec", "KEM", "keywrap")
    found = {f"{'.'.join(module.parts)} {name}" for module in modules().values() for name in named(module)}
    signing = {f"{module} cryptography.hazmat.primitives.asymmetric.ec" for module in ("sso.saml.keys", "jose.p256")}
    assert {name for name in found if any(word in name for word in agreeing) and not name.startswith("testing.")} == signing
    assert [
        module.name
        for module in modules().values()
        if any(last_name(node) == "ECDH" for node in nodes(module.tree) if isinstance(node, ast.expr))
    ] == []
    settings = {"set_ecdh_curve", "set_ciphers", "load_dh_params", "set_ecdh_auto", "set_groups"}
    called = {last_name(node) for module in modules().values() for node in nodes(module.tree) if isinstance(node, ast.Attribute)}
    assert called & settings == set()


@pytest.mark.proves("CVE-2026-28490")
def test_nothing_is_decrypted_with_the_old_padding() -> None:
    """No module reads encrypted tokens (JWE); what SAML encrypts is opened with OAEP alone: there is no padding to ask an oracle about."""
    imported = {name for module in modules().values() for name in named(module)}
    assert {name for name in imported if "jwe" in name.lower()} == set()
    texts = {node.value for module in modules().values() for node in nodes(module.tree) if isinstance(node, ast.Constant)}
    assert {"RSA1_5", "RSA-OAEP", "RSA-OAEP-256"} & texts == set()
    assert [text for text in texts if isinstance(text, str) and "rsa-1_5" in text] == []
    opening = [
        (".".join(module.parts), ast.unparse(node))
        for module in modules().values()
        if module.parts[:2] == ("sso", "saml")
        for node in nodes(module.tree)
        if isinstance(node, ast.Call) and last_name(node.func) == "decrypt" and "_key" in ast.unparse(node.func)
    ]
    assert opening == [("sso.saml.keys", "self._key.decrypt(wrapped, scheme)")]
    assert "scheme = padding.OAEP(" in modules()["ctsec.sso.saml.keys"].text


def test_the_list_sees_what_is_imported() -> None:
    """The list is compared with what the modules really import."""
    assert any(name.startswith("cryptography") for name, _ in imports("ctsec.encryption.primitives"))
