"""How a provider for tests judges clients that prove themselves with a key (`private_key_jwt`, RFC 7523, 3)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from ctsec.jose.jwks import parse_jwks
from ctsec.jose.jws import ID_TOKEN, verify_jws
from ctsec.jose.rejection import Rejected

TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST: Final = 300


class ClientAssertions:
    """Judges assertions of one client by the JWK set that `keys` returns, asked each time; each assertion counts once."""

    __slots__ = ("_client_id", "_keys", "seen")

    def __init__(self, client_id: str, keys: Callable[[], str | bytes]) -> None:
        self._client_id = client_id
        self._keys = keys
        self.seen: set[str] = set()

    def problem(self, form: Mapping[str, str], *, audience: str, now: datetime) -> str | None:
        """Return why a form proves nobody, or None: its signature, who it is of, for whom, until when, and whether it was used."""
        if form.get("client_assertion_type") != TYPE or "client_secret" in form:
            return "no assertion"
        keys = parse_jwks(self._keys())
        payload = keys if isinstance(keys, Rejected) else verify_jws(form.get("client_assertion", ""), keys, kind=ID_TOKEN)
        if isinstance(payload, Rejected):
            return payload.reason.value
        claims: dict[str, Any] = json.loads(payload)
        if (claims.get("iss"), claims.get("sub"), form.get("client_id")) != (self._client_id,) * 3:
            return "somebody else"
        if claims.get("aud") != audience:
            return "for somebody else"
        left, jti = claims.get("exp", 0) - now.timestamp(), str(claims.get("jti", ""))
        if not 0 < left <= LONGEST:
            return "not in its time"
        if not jti or jti in self.seen:
            return "used"
        self.seen.add(jti)
        return None
