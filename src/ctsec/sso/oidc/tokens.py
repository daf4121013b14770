"""The token endpoint: what is asked of it, and its answers (RFC 6749, 4.1.3, 5 and 6), and revocation (RFC 7009).

Rules that this module keeps:

- an error is an error whatever its status: GitHub sends them with 200;
- tokens are texts of a limited length and of the characters that RFC 6749 allows; the type is Bearer; a lifetime is a positive number;
- nothing of what the endpoint says in words is repeated.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote, urlencode

from ctsec.ids import Random
from ctsec.jose.jws import MAX_TOKEN
from ctsec.jose.rejection import Rejected, Unacceptable, refuse_if
from ctsec.jose.strict import parse_object
from ctsec.secret import SecretText
from ctsec.sso.oidc.authorization import PendingSignIn
from ctsec.sso.oidc.client import OidcClient, prove_client
from ctsec.sso.oidc.metadata import ProviderMetadata
from ctsec.sso.oidc.reason import OidcReason
from ctsec.transport.request import HttpAnswer, HttpRequest

_MAX_ANSWER: Final = 128 * 1024
_MAX_LIFE: Final = 10 * 366 * 86_400
_TOKEN: Final = re.compile(r"[!-~]+")
_ERRORS: Final[Mapping[str, OidcReason]] = {
    "invalid_grant": OidcReason.GRANT_REFUSED,
    "bad_verification_code": OidcReason.GRANT_REFUSED,  # GitHub's word for it
    "bad_refresh_token": OidcReason.GRANT_REFUSED,
    "invalid_client": OidcReason.CLIENT_REFUSED,
    "unauthorized_client": OidcReason.CLIENT_REFUSED,
    "incorrect_client_credentials": OidcReason.CLIENT_REFUSED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenSet:
    """What a token endpoint gave. `life` is how long the access token is good for, None if it was not told."""

    access_token: SecretText
    refresh_token: SecretText | None = None
    id_token: SecretText | None = None
    life: timedelta | None = None
    scopes: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """Who asks the token endpoint, where it is, and when."""

    client: OidcClient
    metadata: ProviderMetadata
    now: datetime
    random: Random


def code_request(exchange: Exchange, *, code: SecretText, pending: PendingSignIn) -> HttpRequest:
    """Return the request that exchanges a code, with the verifier of the sign-in that it belongs to."""
    fields = {"grant_type": "authorization_code", "code": code.reveal(), "redirect_uri": pending.redirect_uri}
    return _request(exchange, {**fields, "code_verifier": pending.verifier.reveal()})


def refresh_request(exchange: Exchange, *, refresh_token: SecretText) -> HttpRequest:
    """Return the request that exchanges a refresh token."""
    return _request(exchange, {"grant_type": "refresh_token", "refresh_token": refresh_token.reveal()})


def revocation_request(exchange: Exchange, *, token: SecretText, refreshes: bool) -> HttpRequest | None:
    """Return the request that makes a token useless (RFC 7009, 2.1; GitHub: DELETE /applications/{client_id}/token), None for none."""
    client, endpoint = exchange.client, exchange.metadata.revocation_endpoint
    if not client.preset.oidc:
        if refreshes:
            return None
        headers, _ = prove_client(client, endpoint="", now=exchange.now, random=exchange.random)
        url = f"https://api.github.com/applications/{quote(client.client_id, safe='')}/token"
        return HttpRequest(url=url, method="DELETE", headers=headers, body=json.dumps({"access_token": token.reveal()}).encode())
    if not endpoint:
        return None
    return _request(exchange, {"token": token.reveal(), "token_type_hint": "refresh_token"}, endpoint=endpoint)


def _request(exchange: Exchange, fields: Mapping[str, str], *, endpoint: str = "") -> HttpRequest:
    endpoint = endpoint or exchange.metadata.token_endpoint
    headers, proof = prove_client(exchange.client, endpoint=endpoint, now=exchange.now, random=exchange.random)
    return HttpRequest(
        url=endpoint,
        method="POST",
        headers={"Content-Type": "application/x-www-form-urlencoded", **headers},
        body=urlencode({**fields, **proof}).encode("ascii"),
        limit=_MAX_ANSWER,
    )


def parse_tokens(answer: HttpAnswer, *, with_id_token: bool) -> TokenSet | Rejected:
    """Return the tokens of an answer, or why it is not accepted; `with_id_token` says that there must be an ID token."""
    try:
        return _tokens(answer, with_id_token)
    except Unacceptable as error:
        return Rejected(error.reason)


def _tokens(answer: HttpAnswer, with_id_token: bool) -> TokenSet:
    try:
        found = parse_object(answer.body, limit=_MAX_ANSWER)
    except ValueError:
        raise Unacceptable(OidcReason.TOKEN_MALFORMED if answer.status == 200 else OidcReason.TOKEN_STATUS) from None
    if "error" in found:
        raise Unacceptable(_ERRORS.get(str(found["error"]), OidcReason.PROVIDER_ERROR))
    refuse_if(answer.status != 200, OidcReason.TOKEN_STATUS)
    kind, life, scope = found.get("token_type"), found.get("expires_in"), found.get("scope")
    refuse_if(not isinstance(kind, str) or kind.lower() != "bearer", OidcReason.TOKEN_BAD_TYPE)
    if life is not None and (not isinstance(life, int) or isinstance(life, bool) or not 0 < life <= _MAX_LIFE):
        raise Unacceptable(OidcReason.TOKEN_BAD_LIFETIME)
    refuse_if(scope is not None and not isinstance(scope, str), OidcReason.TOKEN_MALFORMED)
    access_token = _token(found, "access_token", OidcReason.TOKEN_BAD_ACCESS_TOKEN)
    id_token = _token(found, "id_token", OidcReason.TOKEN_NO_ID_TOKEN)
    if access_token is None:
        raise Unacceptable(OidcReason.TOKEN_BAD_ACCESS_TOKEN)
    refuse_if(with_id_token and id_token is None, OidcReason.TOKEN_NO_ID_TOKEN)
    return TokenSet(
        access_token=access_token,
        refresh_token=_token(found, "refresh_token", OidcReason.TOKEN_BAD_REFRESH_TOKEN),
        id_token=id_token,
        life=None if life is None else timedelta(seconds=life),
        # GitHub separates them by commas.
        scopes=None if not isinstance(scope, str) else frozenset(re.split(r"[ ,]+", scope)) - {""},
    )


def _token(found: Mapping[str, object], name: str, reason: OidcReason) -> SecretText | None:
    token = found.get(name)
    if token is None:
        return None
    if not isinstance(token, str) or len(token) > MAX_TOKEN or not _TOKEN.fullmatch(token):
        raise Unacceptable(reason)
    return SecretText(token)
