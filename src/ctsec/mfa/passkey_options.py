"""What a browser is asked for: the options of the two ceremonies, as JSON that its own parsers read.

Rules that this module keeps:

- algorithms are an allow-list, the best first: EdDSA with Ed25519, ES256 with P-256, RS256;
- no attestation is asked for: which device somebody has is not our business, and a chain of certificates is one more thing to trust;
- the person is named to the authenticator by the id of the account, never by an address (Web Authentication Level 3, 14.6.1);
- where a passkey is the first factor, it has to verify the person, and no list says whose passkeys there are; as a second factor it
  should.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

from ctsec.mfa.passkey import CHALLENGE_LIFE, Passkey, RelyingParty
from ctsec.secret import SecretText
from ctsec.user import User

EDDSA: Final = -8
ES256: Final = -7
RS256: Final = -257
ALGORITHMS: Final = (EDDSA, ES256, RS256)
TIMEOUT: Final = int(CHALLENGE_LIFE.total_seconds() * 1000)

Options: TypeAlias = Mapping[str, object]


def base64url(data: bytes) -> str:
    """Return bytes in base64url without padding, as all of Web Authentication's JSON has them."""
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def creation_options(challenge: SecretText, *, site: RelyingParty, user: User, known: Iterable[Passkey]) -> Options:
    """Return what `PublicKeyCredential.parseCreationOptionsFromJSON` takes; authenticators that hold one of `known` make no other."""
    return {
        "rp": {"id": site.id, "name": site.name},
        "user": {"id": base64url(user_handle(user.id)), "name": user.email, "displayName": user.name},
        "challenge": challenge.reveal(),
        "pubKeyCredParams": [{"type": "public-key", "alg": algorithm} for algorithm in ALGORITHMS],
        "timeout": TIMEOUT,
        "excludeCredentials": _descriptors(known),
        "authenticatorSelection": {"residentKey": "preferred", "requireResidentKey": False, "userVerification": "preferred"},
        "attestation": "none",
    }


def request_options(challenge: SecretText, *, site: RelyingParty, allowed: Iterable[Passkey] | None, sole: bool = False) -> Options:
    """Return what `PublicKeyCredential.parseRequestOptionsFromJSON` takes: for the passkeys of a person, or (None) for anybody's.

    A `sole` one, beside which nothing else was proved, has to verify the person.
    """
    return {
        "rpId": site.id,
        "challenge": challenge.reveal(),
        "timeout": TIMEOUT,
        "allowCredentials": _descriptors(allowed or ()),
        "userVerification": "required" if sole or allowed is None else "preferred",
    }


def user_handle(user_id: str) -> bytes:
    """Return the bytes that name a person to an authenticator."""
    return user_id.encode("ascii")


def _descriptors(passkeys: Iterable[Passkey]) -> list[Options]:
    return [{"type": "public-key", "id": base64url(each.credential_id), "transports": list(each.transports)} for each in passkeys]
