"""Makes tokens and key sets, sound and forged: whatever a header and a payload may be, signed with whatever key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from ctsec.jose.jwks import KeySet, parse_jwks
from ctsec.jose.keys import Algorithm
from ctsec.jose.rejection import Rejected
from ctsec.jose.strict import encode_base64url

CURVES: Final = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}


@dataclass(frozen=True, slots=True)
class Pair:
    """A key of a provider: its name, its algorithm, and joserfc's key with both halves."""

    kid: str
    alg: str
    key: Any

    def jwk(self, **changed: object) -> dict[str, object]:
        """Return the public JWK, with members changed; None takes one away."""
        whole = {**self.key.as_dict(private=False), "kid": self.kid, "alg": self.alg, "use": "sig"} | changed
        return {name: value for name, value in whole.items() if value is not None}


@cache
def pair(alg: str, kid: str = "") -> Pair:
    """Return the key of an algorithm and a name, the same each time."""
    if alg.startswith("ES"):
        key: Any = ECKey.generate_key(CURVES[alg])
    elif alg == "EdDSA":
        key = OKPKey.generate_key("Ed25519")
    else:
        key = pair("RS256").key if alg != "RS256" and not kid else RSAKey.generate_key(2048)
    return Pair(kid or f"key-{alg}", alg, key)


def body(*keys: Mapping[str, object]) -> str:
    """Return the text of a key set."""
    return json.dumps({"keys": list(keys)})


def key_set(*pairs: Pair) -> KeySet:
    """Return the key set of some keys."""
    found = parse_jwks(body(*(each.jwk() for each in pairs)))
    assert not isinstance(found, Rejected)
    assert found.left_out == ()
    return found


def part(value: object) -> str:
    """Return a part of a token: bytes and texts as they are, anything else as JSON."""
    raw = value if isinstance(value, bytes) else value.encode() if isinstance(value, str) else json.dumps(value).encode()
    return encode_base64url(raw)


def compact(payload: object, *, key: Pair, header: object = None, alg: str = "") -> str:
    """Return a token signed by `key` with its algorithm (or `alg`), whatever `header` says of it."""
    named = {"alg": key.alg, "kid": key.kid, "typ": "JWT"}
    signed = f"{part(named if header is None else header)}.{part(payload)}"
    name = alg or key.alg
    model = JWSRegistry.algorithms["Ed25519" if name == "EdDSA" else name]
    return f"{signed}.{encode_base64url(model.sign(signed.encode(), key.key))}"


def with_mac(payload: object, *, secret: bytes, header: object) -> str:
    """Return a token with an HS256 tag under `secret`."""
    signed = f"{part(header)}.{part(payload)}"
    key = OctKey.import_key(secret or b"0" * 32)
    return f"{signed}.{encode_base64url(JWSRegistry.algorithms['HS256'].sign(signed.encode(), key))}"


ALGORITHMS: Final = tuple(each.value for each in Algorithm)
