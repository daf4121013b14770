"""What the endpoints of a provider are asked, and what they answer (RFC 6749, 4.1.3, 5 and 6; RFC 7009).

Rules that this module keeps:

- an error is an error whatever its status: some send them with 200;
- an error becomes a word of our own list; nothing of what the provider says is repeated;
- a revocation is done if the provider says so, or says that it never can be (RFC 7009, 2.2 and 2.2.1).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from urllib.parse import quote, urlencode

from ctsec.connections.provider import CLIENT_ERRORS, CONSENT_ERRORS, REVOKED_ERRORS, AppProvider
from ctsec.connections.record import Pair
from ctsec.connections.refresh import Failed, Fate
from ctsec.ids import Random
from ctsec.jose.client_proof import prove
from ctsec.jose.rejection import Unacceptable
from ctsec.jose.token_answer import MAX_TOKEN_ANSWER, TokenSet, answered, tokens_in
from ctsec.secret import SecretText
from ctsec.transport.request import JSON, HttpAnswer, HttpRequest


class AppReason(StrEnum):
    """Why a provider gave no tokens, beside what is wrong with the form of its answer: a closed list, stable, for the log."""

    GRANT_REFUSED = "grant_refused"
    GRANT_REVOKED = "grant_revoked"
    CLIENT_REFUSED = "client_refused"
    PROVIDER_ERROR = "provider_error"
    PROVIDER_UNAVAILABLE = "provider_unavailable"


def code_request(
    provider: AppProvider, *, code: SecretText, verifier: SecretText, redirect_uri: str, now: datetime, random: Random
) -> HttpRequest:
    """Return the request that exchanges a code."""
    fields = {"grant_type": "authorization_code", "code": code.reveal(), "redirect_uri": redirect_uri}
    return _request(provider, provider.token_endpoint, {**fields, "code_verifier": verifier.reveal()}, now=now, random=random)


def refresh_request(provider: AppProvider, *, token: SecretText, now: datetime, random: Random) -> HttpRequest:
    """Return the request that exchanges a refresh token."""
    fields = {"grant_type": "refresh_token", "refresh_token": token.reveal()}
    return _request(provider, provider.token_endpoint, fields, now=now, random=random)


def revocation_request(provider: AppProvider, *, pair: Pair, now: datetime, random: Random) -> HttpRequest | None:
    """Return the request that makes tokens useless, the refresh token if there is one (RFC 7009, 2.1); None where that is not offered.

    An endpoint with `{client_id}` in it is GitHub's: it takes the access token with DELETE and a JSON body.
    """
    if not provider.revocation_endpoint:
        return None
    if "{client_id}" in provider.revocation_endpoint:
        headers, _ = prove(provider.client_id, provider.proof, endpoint="", now=now, random=random)
        url = provider.revocation_endpoint.replace("{client_id}", quote(provider.client_id, safe=""))
        return HttpRequest(url=url, method="DELETE", headers=headers, body=json.dumps({"access_token": pair.access.reveal()}).encode())
    kind = "access_token" if pair.refresh is None else "refresh_token"
    token = pair.access if pair.refresh is None else pair.refresh
    fields = {"token": token.reveal(), "token_type_hint": kind}
    return _request(provider, provider.revocation_endpoint, fields, now=now, random=random)


def read_tokens(answer: HttpAnswer, *, provider: AppProvider) -> TokenSet | Failed:
    """Return the tokens of an answer, or what its failure means."""
    if answer.status in {408, 425, 429} or answer.status >= 500:
        return Failed(Fate.RETRY, AppReason.PROVIDER_UNAVAILABLE.value)
    try:
        found = answered(answer)
        if "error" in found:
            return _failure(str(found["error"]), provider)
        if answer.status != 200:
            return Failed(Fate.RETRY, AppReason.PROVIDER_ERROR.value)
        return tokens_in(found)
    except Unacceptable as error:
        return Failed(Fate.RETRY, error.reason.value)


def is_revoked(answer: HttpAnswer) -> bool:
    """Tell whether tokens are given back: a status of success, or an error that asking again does not change."""
    if answer.status in {200, 204, 404}:
        return True
    try:
        return answered(answer).get("error") in {"unsupported_token_type", "invalid_token", "invalid_grant"}
    except Unacceptable:
        return False


def _failure(word: str, provider: AppProvider) -> Failed:
    if word in REVOKED_ERRORS | provider.revoked_errors:
        return Failed(Fate.REVOKED, AppReason.GRANT_REVOKED.value)
    if word in CONSENT_ERRORS | provider.consent_errors:
        return Failed(Fate.CONSENT_NEEDED, AppReason.GRANT_REFUSED.value)
    return Failed(Fate.RETRY, AppReason.CLIENT_REFUSED.value if word in CLIENT_ERRORS else AppReason.PROVIDER_ERROR.value)


def _request(provider: AppProvider, endpoint: str, fields: Mapping[str, str], *, now: datetime, random: Random) -> HttpRequest:
    headers, proof = prove(provider.client_id, provider.proof, endpoint=endpoint, now=now, random=random)
    return HttpRequest(
        url=endpoint,
        method="POST",
        headers={"Content-Type": "application/x-www-form-urlencoded", **headers},
        body=urlencode({**fields, **proof}).encode("ascii"),
        media=JSON,
        limit=MAX_TOKEN_ANSWER,
    )
