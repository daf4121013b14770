"""Tokens that are signed here: what a client proves itself with (`private_key_jwt`, RFC 7523).

Rules that this module keeps:

- a signature is made with ES256, PS256 or Ed25519, by a key that is for one of them and nothing else;
- a private key shows itself nowhere: not in repr, pickles or errors;
- an assertion is for one address, lives for a minute, and its id is 128 random bits.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NoReturn, cast

from joserfc.jwk import ECKey, OKPKey, RSAKey

from ctsec.errors import ConfigurationError
from ctsec.ids import Random
from ctsec.jose.keys import Algorithm, model_of, read_key
from ctsec.jose.rejection import Unacceptable
from ctsec.jose.strict import encode_base64url
from ctsec.secret import SecretText

SIGNING: Final = frozenset({Algorithm.ES256, Algorithm.PS256, Algorithm.EDDSA})
ASSERTION_LIFE: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """Who speaks (`client_id`), to whom (`audience`), and when."""

    client_id: str
    audience: str
    now: datetime


class SigningKey:
    """A private key that signs with one algorithm; `pem` is PKCS #8 without a password. `kid` is its name at the peer.

    Raises ConfigurationError if the key is none for the algorithm, or the algorithm is none that is signed with.
    """

    __slots__ = ("_key", "algorithm", "kid")

    def __init__(self, pem: SecretText, *, algorithm: Algorithm, kid: str = "") -> None:
        self.algorithm, self.kid = algorithm, kid
        if algorithm not in SIGNING:
            raise ConfigurationError("expected ES256, PS256 or EdDSA to sign with")
        made: Any = {Algorithm.ES256: ECKey, Algorithm.PS256: RSAKey, Algorithm.EDDSA: OKPKey}[algorithm]
        try:
            key: Any = made.import_key(pem.reveal())
            sound = key.is_private and read_key({**key.as_dict(private=False), "alg": algorithm.value}).algorithm is algorithm
        except Unacceptable as error:
            raise ConfigurationError(f"the signing key can not be used ({error.reason.value})") from None
        except Exception as error:  # noqa: BLE001 - what the parsers raise on garbage is not documented
            raise ConfigurationError(f"expected a private key in PEM for {algorithm.value} ({type(error).__name__})") from None
        if not sound:
            raise ConfigurationError("expected a private key to sign with, and this one is public")
        self._key = key

    @classmethod
    def generate(cls, *, kid: str = "") -> SigningKey:
        """Return a new key for ES256."""
        return cls(new_private_key(), algorithm=Algorithm.ES256, kid=kid)

    def __repr__(self) -> str:
        return f"SigningKey(algorithm={self.algorithm.value!r}, kid={self.kid!r})"

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a private key can not be pickled or copied")

    def public(self) -> Mapping[str, object]:
        """Return the JWK to publish or to give to the peer."""
        shown = cast("Mapping[str, object]", self._key.as_dict(private=False))
        named = {"kid": self.kid} if self.kid else {}
        return {**shown, "alg": self.algorithm.value, "use": "sig", **named}

    def sign(self, claims: Mapping[str, object], *, typ: str = "JWT") -> str:
        """Return a compact token with these claims; an empty `typ` leaves the type out."""
        named = {name: value for name, value in (("typ", typ), ("kid", self.kid)) if value}
        header = {"alg": self.algorithm.value, **named}
        first, second = (encode_base64url(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
        signed = model_of(self.algorithm).sign(f"{first}.{second}".encode("ascii"), self._key)
        return f"{first}.{second}.{encode_base64url(signed)}"


def new_private_key() -> SecretText:
    """Return a new private key for ES256 as PEM, for whoever seals it."""
    made: Any = ECKey.generate_key("P-256")
    return SecretText(made.as_pem(private=True).decode("ascii"))


def client_assertion(key: SigningKey, said: Assertion, *, random: Random) -> SecretText:
    """Return what proves a client to a token endpoint (RFC 7523, 3); `audience` is that endpoint or its issuer."""
    now = int(said.now.timestamp())
    claims = {
        "iss": said.client_id,
        "sub": said.client_id,
        "aud": said.audience,
        "iat": now,
        "exp": now + int(ASSERTION_LIFE.total_seconds()),
        "jti": encode_base64url(random(16)),
    }
    return SecretText(key.sign(claims))
