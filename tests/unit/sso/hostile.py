"""Hostile ID tokens, documents, callbacks and answers, each with the reason for which it is refused, wherever it is tried.

They are made for the issuer, the client, the key and the moment of `tests.unit.sso.provider`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from ctsec.errors import FetchRefused
from ctsec.jose.rejection import TokenReason
from ctsec.jose.strict import encode_base64url
from ctsec.sso.oidc.logout import EVENT
from ctsec.sso.oidc.metadata import MAX_DOCUMENT
from ctsec.sso.oidc.reason import OidcReason
from ctsec.transport.request import HttpAnswer
from tests.unit.jose.forge import compact, pair, part
from tests.unit.sso.provider import DOCUMENT, ENTRA_ISSUER, ISSUER, KEY, answered, begun, claims_of, seconds

T, D = TokenReason, OidcReason

CLAIMS: dict[str, tuple[TokenReason, dict[str, Any]]] = {
    "no issuer": (T.WRONG_ISSUER, {"iss": ...}),
    "another issuer": (T.WRONG_ISSUER, {"iss": "https://evil.example"}),
    "issuer with a slash more": (T.WRONG_ISSUER, {"iss": ISSUER + "/"}),
    "issuer that begins so": (T.WRONG_ISSUER, {"iss": ISSUER + ".evil.example"}),
    "issuer that is a part": (T.WRONG_ISSUER, {"iss": "https://login"}),
    "issuer in capitals": (T.WRONG_ISSUER, {"iss": ISSUER.upper()}),
    "issuer in a list": (T.WRONG_ISSUER, {"iss": [ISSUER]}),
    "issuer in an object": (T.WRONG_ISSUER, {"iss": {ISSUER: 1}}),
    "no audience": (T.WRONG_AUDIENCE, {"aud": ...}),
    "another client": (T.WRONG_AUDIENCE, {"aud": "other"}),
    "another client, asked for by this one": (T.WRONG_AUDIENCE, {"aud": "other", "azp": "ctsec"}),
    "client that begins so": (T.WRONG_AUDIENCE, {"aud": "ctsec2"}),
    "empty list of audiences": (T.WRONG_AUDIENCE, {"aud": []}),
    "audience in an object": (T.WRONG_AUDIENCE, {"aud": {"ctsec": True}}),
    "audience that is null": (T.WRONG_AUDIENCE, {"aud": None}),
    "a crowd of audiences": (T.WRONG_AUDIENCE, {"aud": ["ctsec"] * 17}),
    "a stranger beside this client": (T.UNTRUSTED_AUDIENCE, {"aud": ["ctsec", "stranger"], "azp": "ctsec"}),
    "a number beside this client": (T.UNTRUSTED_AUDIENCE, {"aud": ["ctsec", 1]}),
    "asked for by another client": (T.WRONG_PARTY, {"azp": "other"}),
    "asked for by nothing": (T.WRONG_PARTY, {"azp": None}),
    "asked for by a list": (T.WRONG_PARTY, {"azp": ["ctsec"]}),
    "no subject": (T.WRONG_SUBJECT, {"sub": ...}),
    "empty subject": (T.WRONG_SUBJECT, {"sub": ""}),
    "blank subject": (T.WRONG_SUBJECT, {"sub": "  "}),
    "subject of 256 characters": (T.WRONG_SUBJECT, {"sub": "s" * 256}),
    "subject beyond ASCII": (T.WRONG_SUBJECT, {"sub": "p\u0435rson-1"}),
    "subject with a line break": (T.WRONG_SUBJECT, {"sub": "person-1\n"}),
    "subject with a zero": (T.WRONG_SUBJECT, {"sub": "person-1\x00"}),
    "subject in a list": (T.WRONG_SUBJECT, {"sub": ["person-1"]}),
    "subject that is a number": (T.WRONG_SUBJECT, {"sub": 1}),
    "no expiry": (T.NO_EXPIRY, {"exp": ...}),
    "expired": (T.EXPIRED, {"exp": seconds(seconds=-60)}),
    "expired for ever": (T.EXPIRED, {"exp": 0}),
    "expiry in words": (T.BAD_TIME, {"exp": "9999999999"}),
    "expiry that is true": (T.BAD_TIME, {"exp": True}),
    "expiry that is null": (T.BAD_TIME, {"exp": None}),
    "expiry below zero": (T.BAD_TIME, {"exp": -1}),
    "expiry beyond all years": (T.BAD_TIME, {"exp": 1 << 41}),
    "expiry in a list": (T.BAD_TIME, {"exp": [seconds(minutes=5)]}),
    "no time of issue": (T.NO_ISSUE_TIME, {"iat": ...}),
    "issued in the future": (T.ISSUED_IN_FUTURE, {"iat": seconds(seconds=61)}),
    "issued yesterday": (T.ISSUED_LONG_AGO, {"iat": seconds(days=-1)}),
    "issued ten years ago": (T.ISSUED_LONG_AGO, {"iat": seconds(days=-3650)}),
    "time of issue in words": (T.BAD_TIME, {"iat": "now"}),
    "not yet valid": (T.NOT_YET_VALID, {"nbf": seconds(seconds=61)}),
    "beginning that is null": (T.BAD_TIME, {"nbf": None}),
    "no nonce": (T.WRONG_NONCE, {"nonce": ...}),
    "empty nonce": (T.WRONG_NONCE, {"nonce": ""}),
    "nonce of another sign-in": (T.WRONG_NONCE, {"nonce": "A" * 43}),
    "nonce in a list": (T.WRONG_NONCE, {"nonce": [begun().nonce.reveal()]}),
    "nonce said to be unsupported": (T.WRONG_NONCE, {"nonce": ..., "nonce_supported": False}),
    "hash of another access token": (T.WRONG_ACCESS_TOKEN_HASH, {"at_hash": encode_base64url(hashlib.sha256(b"at-2").digest()[:16])}),
    "hash of the whole length": (T.WRONG_ACCESS_TOKEN_HASH, {"at_hash": encode_base64url(hashlib.sha256(b"at-1").digest())}),
    "empty hash": (T.WRONG_ACCESS_TOKEN_HASH, {"at_hash": ""}),
    "hash that is null": (T.WRONG_ACCESS_TOKEN_HASH, {"at_hash": None}),
    "sign-in in the future": (T.BAD_TIME, {"auth_time": seconds(minutes=2)}),
    "sign-in in words": (T.BAD_TIME, {"auth_time": "today"}),
    "class that is a list": (T.WRONG_CLASS, {"acr": ["mfa"]}),
    "methods that are a word": (T.BAD_METHODS, {"amr": "mfa"}),
    "methods that are numbers": (T.BAD_METHODS, {"amr": [1]}),
    "a crowd of methods": (T.BAD_METHODS, {"amr": ["pwd"] * 33}),
    "logout token without its type": (T.WRONG_TYPE, {"events": {EVENT: {}}}),
}  # fmt: skip

TOKENS: dict[str, tuple[TokenReason, Callable[[], str]]] = {
    "none, which the provider lists": (T.ALGORITHM_NOT_ALLOWED, lambda: f"{part({'alg': 'none'})}.{part(claims_of())}."),
    "MAC, which the provider lists": (T.ALGORITHM_NOT_ALLOWED, lambda: compact(claims_of(), key=KEY, header={"alg": "HS256"})),
    "key of somebody else": (T.BAD_SIGNATURE, lambda: compact(claims_of(), key=pair("ES256", KEY.kid + "x"), header={"alg": "ES256"})),
    "access token": (T.WRONG_TYPE, lambda: compact(claims_of(), key=KEY, header={"alg": "ES256", "kid": KEY.kid, "typ": "at+jwt"})),
    "logout token": (T.WRONG_TYPE, lambda: compact(claims_of(), key=KEY, header={"alg": "ES256", "kid": KEY.kid, "typ": "logout+jwt"})),
    "claims that are a list": (T.BAD_JSON, lambda: compact([claims_of()], key=KEY)),
    "claims that are a text": (T.BAD_JSON, lambda: compact('"x"', key=KEY)),
    "claims that are not": (T.BAD_JSON, lambda: compact("null", key=KEY)),
    "no claims": (T.BAD_JSON, lambda: compact("", key=KEY)),
    "infinite expiry": (T.BAD_JSON, lambda: compact(json.dumps(claims_of(exp=float("inf"))), key=KEY)),
    "expiry that is no number": (T.BAD_JSON, lambda: compact(json.dumps(claims_of(exp=float("nan"))), key=KEY)),
    "expiry of a thousand digits": (T.BAD_JSON, lambda: compact(json.dumps(claims_of())[:-1] + ', "nbf": 1e999}', key=KEY)),
    "subject twice": (T.DUPLICATE_MEMBER, lambda: compact(json.dumps(claims_of())[:-1] + ', "sub": "admin"}', key=KEY)),
    "issuer twice, far inside": (T.DUPLICATE_MEMBER, lambda: compact(json.dumps(claims_of())[:-1] + ', "x": [{"a": 1, "a": 2}]}', key=KEY)),
}  # fmt: skip


def document(**changed: object) -> HttpAnswer:
    """Return a discovery document with members changed; `...` takes one away."""
    return answered({name: value for name, value in (DOCUMENT | changed).items() if value is not ...})


DOCUMENTS: dict[str, tuple[OidcReason, HttpAnswer]] = {
    "not found": (D.DISCOVERY_STATUS, answered(DOCUMENT, 404)),
    "created": (D.DISCOVERY_STATUS, answered(DOCUMENT, 201)),
    "empty": (D.DISCOVERY_MALFORMED, answered("")),
    "a list": (D.DISCOVERY_MALFORMED, answered([DOCUMENT])),
    "a page": (D.DISCOVERY_MALFORMED, answered("<html>")),
    "issuer twice": (D.DISCOVERY_MALFORMED, answered(json.dumps(DOCUMENT)[:-1] + ', "issuer": "https://evil.example"}')),
    "huge": (D.DISCOVERY_MALFORMED, document(pad="x" * MAX_DOCUMENT)),
    "no issuer": (D.DISCOVERY_WRONG_ISSUER, document(issuer=...)),
    "another issuer": (D.DISCOVERY_WRONG_ISSUER, document(issuer="https://evil.example")),
    "issuer with a slash": (D.DISCOVERY_WRONG_ISSUER, document(issuer=ISSUER + "/")),
    "issuer in capitals": (D.DISCOVERY_WRONG_ISSUER, document(issuer=ISSUER.replace("acme", "ACME"))),
    "issuer in a list": (D.DISCOVERY_WRONG_ISSUER, document(issuer=[ISSUER])),
    "template for everybody": (D.DISCOVERY_WRONG_ISSUER, document(issuer=ENTRA_ISSUER)),
    "no page to sign in": (D.DISCOVERY_BAD_ENDPOINT, document(authorization_endpoint=...)),
    "no token endpoint": (D.DISCOVERY_BAD_ENDPOINT, document(token_endpoint=...)),
    "no keys": (D.DISCOVERY_BAD_ENDPOINT, document(jwks_uri=...)),
    "keys in plain http": (D.DISCOVERY_BAD_ENDPOINT, document(jwks_uri="http://login.acme.example/keys")),
    "keys in plain http here": (D.DISCOVERY_BAD_ENDPOINT, document(jwks_uri="http://127.0.0.1/keys")),
    "keys in a file": (D.DISCOVERY_BAD_ENDPOINT, document(jwks_uri="file:///etc/passwd")),
    "keys in themselves": (D.DISCOVERY_BAD_ENDPOINT, document(jwks_uri="data:application/json,{}")),
    "keys with a fragment": (D.DISCOVERY_BAD_ENDPOINT, document(jwks_uri=f"{ISSUER}/keys#x")),
    "page that is a script": (D.DISCOVERY_BAD_ENDPOINT, document(authorization_endpoint="javascript:alert(1)")),
    "token endpoint with a password": (D.DISCOVERY_BAD_ENDPOINT, document(token_endpoint="https://a:b@login.acme.example/")),
    "token endpoint that is a number": (D.DISCOVERY_BAD_ENDPOINT, document(token_endpoint=1)),
    "keys at another host": (D.DISCOVERY_FOREIGN_HOST, document(jwks_uri="https://evil.example/keys")),
    "token endpoint at another host": (D.DISCOVERY_FOREIGN_HOST, document(token_endpoint="https://evil.example/token")),
    "page at another host": (D.DISCOVERY_FOREIGN_HOST, document(authorization_endpoint="https://evil.example/authorize")),
    "userinfo inside": (D.DISCOVERY_FOREIGN_HOST, document(userinfo_endpoint="https://169.254.169.254/latest")),
    "sign-out at a host that ends so": (D.DISCOVERY_FOREIGN_HOST, document(end_session_endpoint="https://evil-login.acme.example/")),
    "no code flow": (D.DISCOVERY_NO_CODE_FLOW, document(response_types_supported=["id_token"])),
    "flows that are a word": (D.DISCOVERY_MALFORMED, document(response_types_supported="code")),
    "no S256": (D.DISCOVERY_NO_S256, document(code_challenge_methods_supported=["plain"])),
    "announcement in words": (D.DISCOVERY_MALFORMED, document(authorization_response_iss_parameter_supported="false")),
}  # fmt: skip

OTHER = begun()

CALLBACKS: dict[str, tuple[OidcReason, dict[str, Any]]] = {
    "no state": (D.CALLBACK_NO_STATE, {"state": ...}),
    "empty state": (D.CALLBACK_NO_STATE, {"state": ""}),
    "another state": (D.CALLBACK_WRONG_STATE, {"state": "A" * 43}),
    "state with more": (D.CALLBACK_WRONG_STATE, {"state": OTHER.state.reveal() + "x"}),
    "state with less": (D.CALLBACK_WRONG_STATE, {"state": OTHER.state.reveal()[:-1]}),
    "state beyond ASCII": (D.CALLBACK_WRONG_STATE, {"state": "\u0435\ud800"}),
    "the nonce for a state": (D.CALLBACK_WRONG_STATE, {"state": OTHER.nonce.reveal()}),
    "no issuer though announced": (D.CALLBACK_NO_ISSUER, {"iss": ...}),
    "another issuer": (D.CALLBACK_WRONG_ISSUER, {"iss": "https://evil.example"}),
    "issuer with a slash": (D.CALLBACK_WRONG_ISSUER, {"iss": ISSUER + "/"}),
    "empty issuer": (D.CALLBACK_WRONG_ISSUER, {"iss": ""}),
    "error of another issuer": (D.CALLBACK_WRONG_ISSUER, {"iss": "https://evil.example", "error": "access_denied"}),
    "no code": (D.CALLBACK_NO_CODE, {"code": ...}),
    "empty code": (D.CALLBACK_NO_CODE, {"code": ""}),
    "code with a line break": (D.CALLBACK_BAD_CODE, {"code": "a\r\nb"}),
    "code beyond ASCII": (D.CALLBACK_BAD_CODE, {"code": "\u0435"}),
    "code of megabytes": (D.CALLBACK_TOO_LARGE, {"code": "c" * 5000}),
    "too many parameters": (D.CALLBACK_TOO_LARGE, {f"p{n}": "" for n in range(20)}),
    "access token in the address": (D.CALLBACK_UNEXPECTED_TOKEN, {"access_token": "at"}),
    "ID token in the address": (D.CALLBACK_UNEXPECTED_TOKEN, {"id_token": "x.y.z"}),
    "signed answer": (D.CALLBACK_UNEXPECTED_TOKEN, {"response": "x.y.z"}),
    "declined": (D.PERSON_DECLINED, {"code": ..., "error": "access_denied", "error_description": "<script>"}),
    "error beside a code": (D.PERSON_DECLINED, {"error": "access_denied"}),
    "somebody has to sign in": (D.PERSON_NEEDED, {"code": ..., "error": "login_required"}),
    "provider is busy": (D.PROVIDER_UNAVAILABLE, {"code": ..., "error": "temporarily_unavailable"}),
    "unknown error": (D.PROVIDER_ERROR, {"code": ..., "error": "<script>alert(1)</script>"}),
    "empty error": (D.PROVIDER_ERROR, {"error": ""}),
}  # fmt: skip


def tokens(**changed: object) -> HttpAnswer:
    """Return an answer of a token endpoint with members changed; `...` takes one away."""
    whole = {"access_token": "at-1", "token_type": "Bearer", "id_token": "x.y.z", "expires_in": 300, "refresh_token": "rt-1"} | changed
    return answered({name: value for name, value in whole.items() if value is not ...})


TOKEN_ANSWERS: dict[str, tuple[OidcReason, HttpAnswer]] = {
    "error with 400": (D.GRANT_REFUSED, answered({"error": "invalid_grant"}, 400)),
    "error with 200": (D.GRANT_REFUSED, answered({"error": "bad_verification_code", "access_token": "at-1", "token_type": "bearer"})),
    "client unknown": (D.CLIENT_REFUSED, answered({"error": "invalid_client"}, 401)),
    "GitHub's word for it": (D.CLIENT_REFUSED, answered({"error": "incorrect_client_credentials"})),
    "unknown error": (D.PROVIDER_ERROR, answered({"error": {"x": 1}}, 400)),
    "error without a body": (D.TOKEN_STATUS, HttpAnswer(status=403)),
    "tokens with 400": (D.TOKEN_STATUS, answered({"access_token": "at-1", "token_type": "Bearer"}, 400)),
    "no JSON": (D.TOKEN_MALFORMED, answered("access_token=at-1&token_type=bearer")),
    "a list": (D.TOKEN_MALFORMED, answered([])),
    "access token twice": (D.TOKEN_MALFORMED, answered('{"access_token": "a", "access_token": "b", "token_type": "Bearer"}')),
    "scope that is a list": (D.TOKEN_MALFORMED, tokens(scope=["openid"])),
    "no type": (D.TOKEN_BAD_TYPE, tokens(token_type=...)),
    "type of another scheme": (D.TOKEN_BAD_TYPE, tokens(token_type="MAC")),
    "no access token": (D.TOKEN_BAD_ACCESS_TOKEN, tokens(access_token=...)),
    "empty access token": (D.TOKEN_BAD_ACCESS_TOKEN, tokens(access_token="")),
    "access token that ends a header": (D.TOKEN_BAD_ACCESS_TOKEN, tokens(access_token="a\r\nX: y")),
    "access token of megabytes": (D.TOKEN_BAD_ACCESS_TOKEN, tokens(access_token="a" * 40_000)),
    "no ID token": (D.TOKEN_NO_ID_TOKEN, tokens(id_token=...)),
    "ID token that is an object": (D.TOKEN_NO_ID_TOKEN, tokens(id_token={"sub": "person-1"})),
    "refresh token that is a number": (D.TOKEN_BAD_REFRESH_TOKEN, tokens(refresh_token=1)),
    "lifetime in words": (D.TOKEN_BAD_LIFETIME, tokens(expires_in="300")),
    "lifetime of nothing": (D.TOKEN_BAD_LIFETIME, tokens(expires_in=0)),
    "lifetime that is true": (D.TOKEN_BAD_LIFETIME, tokens(expires_in=True)),
    "lifetime beyond all": (D.TOKEN_BAD_LIFETIME, tokens(expires_in=1 << 60)),
}  # fmt: skip

USERINFO: dict[str, tuple[OidcReason, HttpAnswer]] = {
    "another person": (D.USERINFO_WRONG_SUBJECT, answered({"sub": "person-2", "email": "olga@acme.example", "email_verified": True})),
    "no subject": (D.USERINFO_WRONG_SUBJECT, answered({"email": "olga@acme.example", "email_verified": True})),
    "subject in a list": (D.USERINFO_WRONG_SUBJECT, answered({"sub": ["person-1"]})),
    "forbidden": (D.USERINFO_STATUS, answered({"sub": "person-1"}, 403)),
    "no JSON": (D.USERINFO_MALFORMED, answered("x.y.z")),
    "subject twice": (D.USERINFO_MALFORMED, answered('{"sub": "person-2", "sub": "person-1"}')),
}

NO_KEYS: dict[str, tuple[TokenReason | OidcReason, HttpAnswer | FetchRefused]] = {
    "not found": (D.KEYS_UNAVAILABLE, answered({}, 404)),
    "no JSON": (D.KEYS_UNAVAILABLE, answered("x")),
    "too many": (D.KEYS_UNAVAILABLE, answered({"keys": [{}] * 65})),
    "not to be fetched": (D.KEYS_UNAVAILABLE, FetchRefused("expected", reason="redirected")),
    "empty": (T.UNKNOWN_KEY, answered({"keys": []})),
    "private": (T.UNKNOWN_KEY, answered({"keys": [KEY.key.as_dict(private=True) | {"kid": KEY.kid}]})),
    "symmetric": (T.UNKNOWN_KEY, answered({"keys": [{"kty": "oct", "kid": KEY.kid, "k": "AAAA", "alg": "ES256"}]})),
    "of another algorithm": (T.ALGORITHM_OF_ANOTHER_KEY, answered({"keys": [pair("RS256", KEY.kid).jwk()]})),
    "of the same name": (T.BAD_SIGNATURE, answered({"keys": [pair("ES256", "other").jwk(kid=KEY.kid)]})),
}
