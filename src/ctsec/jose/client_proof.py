"""How a client of an authorization server proves itself at its endpoints (RFC 6749, 2.3.1; RFC 7523, 2.2).

Rules that this module keeps:

- a secret goes into the one header or field that its method names, and shows itself nowhere.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias
from urllib.parse import quote_plus

from ctsec.ids import Random
from ctsec.jose.signing import Assertion, SigningKey, client_assertion
from ctsec.secret import SecretText

_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class SecretBasic:
    """`client_secret_basic`: the secret stands in the Authorization header."""

    secret: SecretText


@dataclass(frozen=True, slots=True)
class SecretPost:
    """`client_secret_post`: the secret stands in the form."""

    secret: SecretText


@dataclass(frozen=True, slots=True)
class PrivateKeyJwt:
    """`private_key_jwt`: a token signed with a key of the client, for one address and one minute."""

    key: SigningKey


ClientProof: TypeAlias = SecretBasic | SecretPost | PrivateKeyJwt


def prove(client_id: str, proof: ClientProof, *, endpoint: str, now: datetime, random: Random) -> tuple[dict[str, str], dict[str, str]]:
    """Return the headers and the fields of the form by which a client proves itself at an endpoint."""
    match proof:
        case SecretBasic(secret):
            pair = f"{quote_plus(client_id)}:{quote_plus(secret.reveal())}"
            return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode("ascii")}, {}
        case SecretPost(secret):
            return {}, {"client_id": client_id, "client_secret": secret.reveal()}
        case PrivateKeyJwt(key):
            said = Assertion(client_id=client_id, audience=endpoint, now=now)
            signed = client_assertion(key, said, random=random).reveal()
            return {}, {"client_id": client_id, "client_assertion_type": _ASSERTION_TYPE, "client_assertion": signed}
