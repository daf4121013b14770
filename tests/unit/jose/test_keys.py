"""Published keys: which are used, and why the others are left out."""

from __future__ import annotations

import json

import pytest
from joserfc.jwk import ECKey, OKPKey, RSAKey

from ctsec.jose.jwks import MAX_KEYS, MAX_SET, KeySet, parse_jwks
from ctsec.jose.keys import Algorithm
from ctsec.jose.rejection import KeyReason, Rejected
from tests.unit.jose.forge import ALGORITHMS, body, pair

ES, RS, ED = pair("ES256"), pair("RS256"), pair("EdDSA")
K = KeyReason


def left_out(*keys: object) -> list[KeyReason]:
    """Return why the keys of a set are left out, in order."""
    found = parse_jwks(json.dumps({"keys": keys}))
    assert isinstance(found, KeySet)
    return [reason for _, reason in found.left_out]


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_key_has_the_algorithm_that_it_names(alg: str) -> None:
    """Each algorithm of the list is that of a key which names it; where none is named, the curve or the connection says it."""
    found = parse_jwks(body(pair(alg).jwk()))
    assert isinstance(found, KeySet)
    assert [key.algorithm for key in found.keys] == [alg]
    unnamed = parse_jwks(body(pair(alg).jwk(alg=None)), rsa=Algorithm.PS384)
    assert isinstance(unnamed, KeySet)
    assert [key.algorithm for key in unnamed.keys] == ["PS384" if alg[:2] in {"RS", "PS"} else alg]


def test_the_name_of_the_curve_stands_for_the_algorithm() -> None:
    """A key that names `Ed25519` (RFC 9864) is one of EdDSA."""
    found = parse_jwks(body(ED.jwk(alg="Ed25519")))
    assert isinstance(found, KeySet)
    assert [key.algorithm for key in found.keys] == [Algorithm.EDDSA]


def weak(bits: int) -> dict[str, object]:
    """Return a JWK of RSA with a modulus of that many bits."""
    number = (1 << (bits - 1)) | 1
    return RS.jwk(n=__import__("base64").urlsafe_b64encode(number.to_bytes((bits + 7) // 8, "big")).decode().rstrip("="))


HOSTILE: dict[str, tuple[KeyReason, object]] = {
    "no object": (K.MALFORMED, "key"),
    "null": (K.MALFORMED, None),
    "symmetric": (K.SYMMETRIC, {"kty": "oct", "k": "AAAA", "kid": "a"}),
    "symmetric and empty": (K.SYMMETRIC, {"kty": "oct", "k": ""}),
    "private EC": (K.PRIVATE, ES.key.as_dict(private=True)),
    "private RSA": (K.PRIVATE, RS.key.as_dict(private=True)),
    "private Ed25519": (K.PRIVATE, ED.key.as_dict(private=True)),
    "private Ed25519 beside another's point": (K.PRIVATE, {**ED.key.as_dict(private=True), "x": pair("EdDSA", "other").jwk()["x"]}),
    "one prime only": (K.PRIVATE, RS.jwk(p="AQAB")),
    "no type": (K.UNKNOWN_TYPE, ES.jwk(kty=None)),
    "type of the future": (K.UNKNOWN_TYPE, {"kty": "AKP", "pub": "AA"}),
    "for encryption": (K.NOT_FOR_SIGNATURES, RS.jwk(use="enc")),
    "use that is a list": (K.NOT_FOR_SIGNATURES, RS.jwk(use=["sig"])),
    "operations to encrypt": (K.NOT_FOR_SIGNATURES, ES.jwk(key_ops=["encrypt"])),
    "operations to sign": (K.NOT_FOR_SIGNATURES, ES.jwk(key_ops=["sign"])),
    "operations of both kinds": (K.NOT_FOR_SIGNATURES, ES.jwk(key_ops=["verify", "encrypt"])),
    "operations that are no list": (K.NOT_FOR_SIGNATURES, ES.jwk(key_ops="verify")),
    "RSA with a MAC": (K.ALGORITHM_NOT_ALLOWED, RS.jwk(alg="HS256")),
    "RSA with none": (K.ALGORITHM_NOT_ALLOWED, RS.jwk(alg="none")),
    "RSA that encrypts": (K.ALGORITHM_NOT_ALLOWED, RS.jwk(alg="RSA-OAEP", use=None)),
    "RSA with an algorithm of EC": (K.ALGORITHM_NOT_ALLOWED, RS.jwk(alg="ES256")),
    "algorithm that is a number": (K.ALGORITHM_NOT_ALLOWED, RS.jwk(alg=256)),
    "EC with an algorithm of RSA": (K.ALGORITHM_NOT_ALLOWED, ES.jwk(alg="RS256")),
    "Ed25519 with an algorithm of EC": (K.ALGORITHM_NOT_ALLOWED, ED.jwk(alg="ES256")),
    "curve of another algorithm": (K.WRONG_CURVE, ES.jwk(alg="ES384")),
    "curve of Bitcoin": (K.WRONG_CURVE, ECKey.generate_key("secp256k1").as_dict(private=False)),
    "curve that is a list": (K.WRONG_CURVE, ES.jwk(crv=["P-256"])),
    "Ed448": (K.WRONG_CURVE, OKPKey.generate_key("Ed448").as_dict(private=False)),
    "X25519": (K.WRONG_CURVE, OKPKey.generate_key("X25519").as_dict(private=False)),
    "point beside the curve": (K.MALFORMED, ES.jwk(x="A" * 42 + "A")),
    "point of the wrong length": (K.MALFORMED, ES.jwk(x="AA")),
    "point missing": (K.MALFORMED, ES.jwk(y=None)),
    "padded number": (K.MALFORMED, RS.jwk(e="AQAB=")),
    "number that is a number": (K.MALFORMED, RS.jwk(e=65537)),
    "number of megabytes": (K.MALFORMED, RS.jwk(n="A" * 4000)),
    "1024 bits": (K.WEAK, weak(1024)),
    "2047 bits": (K.WEAK, weak(2047)),
    "8193 bits": (K.WEAK, weak(8193)),
    "exponent 1": (K.WEAK, RS.jwk(e="AQ")),
    "exponent 3": (K.WEAK, RS.jwk(e="Aw")),
    "even exponent": (K.WEAK, RS.jwk(e="AQAC")),
    "name that is a number": (K.BAD_NAME, ES.jwk(kid=7)),
    "name that is long": (K.BAD_NAME, ES.jwk(kid="k" * 257)),
}  # fmt: skip


@pytest.mark.proves("CVE-2026-102275")
@pytest.mark.proves("ASVS-9.1.2", "CVE-2026-102266")
@pytest.mark.parametrize("name", HOSTILE)
def test_unusable_keys_are_left_out_for_their_reason(name: str) -> None:
    """Each unusable key is left out, for the reason in the table, and the sound key beside it is used."""
    reason, key = HOSTILE[name]
    assert left_out(key, pair("ES256", "beside").jwk()) == [reason]


@pytest.mark.proves("CVE-2026-102274")
def test_one_bad_key_does_not_take_the_others_with_it() -> None:
    """Of a set with every unusable key in it the sound ones are used, and each other is told by its position."""
    members = [key for _, key in HOSTILE.values()]
    found = parse_jwks(json.dumps({"keys": [ES.jwk(), *members, RS.jwk()]}))
    assert isinstance(found, KeySet)
    assert [key.kid for key in found.keys] == [ES.kid, RS.kid]
    assert [position for position, _ in found.left_out] == list(range(1, len(members) + 1))


def test_a_name_that_two_keys_have_is_nobodys() -> None:
    """Two usable keys of one name are both left out; one that is for encryption does not count."""
    twice = pair("RS256", ES.kid)
    assert left_out(ES.jwk(), twice.jwk(), ED.jwk()) == [K.DUPLICATE_NAME, K.DUPLICATE_NAME]
    found = parse_jwks(body(ES.jwk(), twice.jwk(), ED.jwk()))
    assert isinstance(found, KeySet)
    assert [key.kid for key in found.keys] == [ED.kid]
    assert left_out(ES.jwk(), twice.jwk(use="enc")) == [K.NOT_FOR_SIGNATURES]
    assert left_out(ES.jwk(kid=None), RS.jwk(kid=None)) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", K.SET_MALFORMED),
        ("[]", K.SET_MALFORMED),
        ('{"keys": {}}', K.SET_MALFORMED),
        ('{"keys": null}', K.SET_MALFORMED),
        ("{}", K.SET_MALFORMED),
        ('{"keys": [], "keys": []}', K.SET_MALFORMED),
        ('{"keys": [{"kty": "oct", "kty": "EC"}]}', K.SET_MALFORMED),
        ('{"keys": [NaN]}', K.SET_MALFORMED),
        ('{"keys": [1e999]}', K.SET_MALFORMED),
        (b"\xff\xfe", K.SET_MALFORMED),
        ('{"keys": [' + "[" * 30_000 + "]" * 30_000 + "]}", K.SET_MALFORMED),
        (" " * (MAX_SET + 1), K.SET_TOO_LARGE),
        (json.dumps({"keys": [{}] * (MAX_KEYS + 1)}), K.TOO_MANY),
    ],
)  # fmt: skip
def test_what_is_no_set_of_keys_is_refused(text: str | bytes, reason: KeyReason) -> None:
    """A text that is no JSON object with a list of at most 64 keys in 64 KiB is refused as a whole."""
    assert parse_jwks(text) == Rejected(reason)


def test_a_key_of_the_roca_flaw_is_weak() -> None:
    """A modulus that is a power of 65537 modulo each small prime (CVE-2017-15361) is refused; a made one is not."""
    from ctsec.jose.keys import _ROCA_PRIMES, _is_roca

    product = 1
    for prime in _ROCA_PRIMES:
        product *= prime
    flawed = pow(65537, 12345, product) + product * (1 << 2000)
    assert _is_roca(flawed)
    assert not _is_roca(flawed + 2)
    assert not _is_roca(RSAKey.generate_key(2048).public_key.public_numbers().n)
