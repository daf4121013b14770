"""The token endpoint: what is asked of it, and its answers (RFC 6749, 4.1.3, 5 and 6), and revocation (RFC 7009).

Rules that this module keeps:

- an error is an error whatever its status: GitHub sends them with 200;
- what tokens are is for `ctsec.jose.token_answer` to say;
- nothing of what the endpoint says in words is repeated.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote, urlencode

from ctsec.ids import Random
from ctsec.jose.rejection import Rejected, Unacceptable, refuse_if
from ctsec.jose.token_answer import MAX_TOKEN_ANSWER, TokenSet, answered, tokens_in
from ctsec.secret import SecretText
from ctsec.sso.oidc.authorization import PendingSignIn
from ctsec.sso.oidc.client import OidcClient, prove_client
from ctsec.sso.oidc.metadata import ProviderMetadata
from ctsec.sso.oidc.reason import OidcReason
from ctsec.transport.request import HttpAnswer, HttpRequest

__all__ = ["Exchange", "TokenSet", "code_request", "parse_tokens", "refresh_request", "revocation_request"]

_ERRORS: Final[Mapping[str, OidcReason]] = {
    "invalid_grant": OidcReason.GRANT_REFUSED,
    "bad_verification_code": OidcReason.GRANT_REFUSED,  # GitHub's word for it
    "bad_refresh_token": OidcReason.GRANT_REFUSED,
    "invalid_client": OidcReason.CLIENT_REFUSED,
    "unauthorized_client": OidcReason.CLIENT_REFUSED,
    "incorrect_client_credentials": OidcReason.CLIENT_REFUSED,
}


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
        limit=MAX_TOKEN_ANSWER,
    )


def parse_tokens(answer: HttpAnswer, *, with_id_token: bool) -> TokenSet | Rejected:
    """Return the tokens of an answer, or why it is not accepted; `with_id_token` says that there must be an ID token."""
    try:
        return _tokens(answer, with_id_token)
    except Unacceptable as error:
        return Rejected(OidcReason(error.reason.value))


def _tokens(answer: HttpAnswer, with_id_token: bool) -> TokenSet:
    found = answered(answer)
    if "error" in found:
        raise Unacceptable(_ERRORS.get(str(found["error"]), OidcReason.PROVIDER_ERROR))
    refuse_if(answer.status != 200, OidcReason.TOKEN_STATUS)
    tokens = tokens_in(found)
    refuse_if(with_id_token and tokens.id_token is None, OidcReason.TOKEN_NO_ID_TOKEN)
    return tokens
