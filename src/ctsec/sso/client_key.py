"""The key with which a connection proves itself to its provider (`private_key_jwt`): its private half is sealed, the public one shown.

Rules that this module keeps:

- a key is made here and nowhere else, for one connection, and its private half leaves only sealed (RFC 7523, 2.2);
- its name is new at each rotation, so that whoever fetches the public keys sees that there is another;
- the first public key is the one that signs; the one before stays published until the next rotation, for answers that are on their way.
"""

from __future__ import annotations

import json
from typing import Any, Final, cast

from ctsec.jose.keys import Algorithm
from ctsec.jose.signing import SigningKey, new_private_key
from ctsec.secret import SecretText
from ctsec.sso.oidc.presets import Provider

PUBLISHED: Final = 2
# Of the others, some want a certificate, and some take a secret only.
WITH_KEYS: Final = frozenset({Provider.GENERIC, Provider.OKTA})


def new_key(*, name: str, published: str | None = None) -> tuple[SecretText, str]:
    """Return a new private key as PEM, and the text of the public keys with it before those that are published already."""
    pem = new_private_key()
    public = dict(SigningKey(pem, algorithm=Algorithm.ES256, kid=name).public())
    return pem, json.dumps([public, *public_keys(published)][:PUBLISHED], sort_keys=True)


def public_keys(text: str | None) -> tuple[dict[str, object], ...]:
    """Return the public keys of a connection as JWKs, none if it has a secret."""
    found: Any = json.loads(text) if text else []
    return tuple(cast("list[dict[str, object]]", found))


def signing_key(pem: SecretText, text: str | None) -> SigningKey:
    """Return the key that signs; raise ConfigurationError for what is none."""
    names = [str(each.get("kid", "")) for each in public_keys(text)]
    return SigningKey(pem, algorithm=Algorithm.ES256, kid=names[0] if names else "")
