"""Public keys that carry their algorithm.

Rules that this module keeps:

- a key verifies one algorithm, which its owner or its configuration names; what a token says can only agree;
- algorithms are a closed list of signatures; there is no MAC and no `none`, so a public key is never a shared secret;
- RSA has 2048 to 8192 bits, an exponent of the size that FIPS 186-5 wants, and is no key of the ROCA flaw (CVE-2017-15361);
- an elliptic curve is the one of its algorithm, and a point lies on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from ctsec.jose.rejection import KeyReason, TokenReason, Unacceptable, refuse_if
from ctsec.jose.strict import decode_base64url

MAX_NAME: Final = 256  # characters of a `kid`
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_RSA_BITS: Final = range(2048, 8193)
_EXPONENTS: Final = range(1 << 16, 1 << 64)
_ROCA_PRIMES: Final = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)


class Algorithm(StrEnum):
    """The algorithms of signatures that are verified (RFC 7518, 3.1; RFC 8037)."""

    RS256 = "RS256"
    RS384 = "RS384"
    RS512 = "RS512"
    PS256 = "PS256"
    PS384 = "PS384"
    PS512 = "PS512"
    ES256 = "ES256"
    ES384 = "ES384"
    ES512 = "ES512"
    EDDSA = "EdDSA"


RSA: Final = frozenset({Algorithm.RS256, Algorithm.RS384, Algorithm.RS512, Algorithm.PS256, Algorithm.PS384, Algorithm.PS512})
# Curve, algorithm, bytes of a coordinate.
_CURVES: Final[Mapping[str, tuple[Algorithm, int]]] = {
    "P-256": (Algorithm.ES256, 32),
    "P-384": (Algorithm.ES384, 48),
    "P-521": (Algorithm.ES512, 66),
}
# RFC 9864 names the curve; the token says EdDSA, and the key says which.
_NAMES: Final[Mapping[Algorithm, str]] = {Algorithm.EDDSA: "Ed25519"}


def model_of(algorithm: Algorithm) -> Any:
    """Return what does the arithmetic of an algorithm."""
    return JWSRegistry.algorithms[_NAMES.get(algorithm, algorithm.value)]


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """A key that verifies `algorithm` and nothing else; `kid` is its name in its set, empty if it has none."""

    kid: str
    algorithm: Algorithm
    key: Any = field(repr=False, compare=False)

    def verify(self, message: bytes, signature: bytes) -> None:
        """Raise Unacceptable unless `signature` is this key's over `message`."""
        try:
            sound = model_of(self.algorithm).verify(message, signature, self.key) is True
        except Exception:  # noqa: BLE001 - whatever the library stumbles over is no signature
            sound = False
        refuse_if(not sound, TokenReason.BAD_SIGNATURE)


def read_key(found: Mapping[str, object], *, rsa: Algorithm = Algorithm.RS256) -> PublicKey:
    """Return the key of one JWK (RFC 7517); raise Unacceptable if it is not for signatures of the list, or unsound.

    `rsa` is the algorithm of an RSA key that names none.
    """
    kind, kid = found.get("kty"), found.get("kid", "")
    refuse_if(not isinstance(kid, str) or len(kid) > MAX_NAME, KeyReason.BAD_NAME)
    refuse_if(kind == "oct", KeyReason.SYMMETRIC)
    refuse_if(_PRIVATE & found.keys(), KeyReason.PRIVATE)
    _check_use(found)
    try:
        match kind:
            case "RSA":
                algorithm, key = _rsa(found, rsa)
            case "EC":
                algorithm, key = _ec(found)
            case "OKP":
                algorithm, key = _okp(found)
            case _:
                raise Unacceptable(KeyReason.UNKNOWN_TYPE)
    except Unacceptable:
        raise
    except Exception:  # noqa: BLE001 - what the parsers raise on garbage is not documented
        raise Unacceptable(KeyReason.MALFORMED) from None
    return PublicKey(kid=str(kid), algorithm=algorithm, key=key)


def _check_use(found: Mapping[str, object]) -> None:
    refuse_if(found.get("use", "sig") != "sig", KeyReason.NOT_FOR_SIGNATURES)
    operations = found.get("key_ops", ["verify"])
    refuse_if(not isinstance(operations, list) or operations != ["verify"], KeyReason.NOT_FOR_SIGNATURES)


def _named(found: Mapping[str, object], *, otherwise: Algorithm, among: frozenset[Algorithm]) -> Algorithm:
    name = found.get("alg", otherwise.value)
    allowed = {each.value: each for each in among}
    if not isinstance(name, str) or name not in allowed:
        raise Unacceptable(KeyReason.ALGORITHM_NOT_ALLOWED)
    return allowed[name]


def _number(found: Mapping[str, object], name: str) -> bytes:
    text = found.get(name)
    if not isinstance(text, str) or len(text) > 2048:
        raise Unacceptable(KeyReason.MALFORMED)
    return decode_base64url(text)


def _rsa(found: Mapping[str, object], otherwise: Algorithm) -> tuple[Algorithm, object]:
    algorithm = _named(found, otherwise=otherwise, among=RSA)
    modulus, exponent = (int.from_bytes(_number(found, name), "big") for name in ("n", "e"))
    refuse_if(modulus.bit_length() not in _RSA_BITS or exponent not in _EXPONENTS, KeyReason.WEAK)
    refuse_if(not modulus & 1 or not exponent & 1 or _is_roca(modulus), KeyReason.WEAK)
    return algorithm, RSAKey.import_key({"kty": "RSA", "n": str(found["n"]), "e": str(found["e"])})


def _is_roca(modulus: int) -> bool:
    """Tell whether a modulus has the fingerprint of the flawed generator: a power of 65537 modulo each small prime."""
    return all(any(pow(65537, power, p) == modulus % p for power in range(p)) for p in _ROCA_PRIMES)


def _ec(found: Mapping[str, object]) -> tuple[Algorithm, object]:
    curve = found.get("crv")
    if not isinstance(curve, str) or curve not in _CURVES:
        raise Unacceptable(KeyReason.WRONG_CURVE)
    own, size = _CURVES[curve]
    algorithm = _named(found, otherwise=own, among=frozenset(_CURVES[name][0] for name in _CURVES))
    refuse_if(algorithm is not own, KeyReason.WRONG_CURVE)
    refuse_if(any(len(_number(found, name)) != size for name in ("x", "y")), KeyReason.MALFORMED)
    key = ECKey.import_key({"kty": "EC", "crv": curve, "x": str(found["x"]), "y": str(found["y"])})
    model_of(algorithm).check_key(key)
    _ = key.public_key  # the point is looked at here
    return algorithm, key


def _okp(found: Mapping[str, object]) -> tuple[Algorithm, object]:
    refuse_if(found.get("crv") != "Ed25519", KeyReason.WRONG_CURVE)
    named = {**found, "alg": "EdDSA"} if found.get("alg") == "Ed25519" else found  # RFC 9864: the same with its curve
    algorithm = _named(named, otherwise=Algorithm.EDDSA, among=frozenset({Algorithm.EDDSA}))
    refuse_if(len(_number(found, "x")) != 32, KeyReason.MALFORMED)
    return algorithm, OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", "x": str(found["x"])})
