"""What the doctor of a connection says of answers, and what a dry run shows of claims."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctsec.jose.signing import SigningKey, new_private_key
from ctsec.secret import SecretText
from ctsec.sso.client_key import signing_key
from ctsec.sso.doctor import Check, CheckName, Verdict
from ctsec.sso.oidc.client import OidcClient, PrivateKeyJwt, SecretBasic, SecretPost
from ctsec.sso.provider_checks import Asked, api_check, connection_checks, document_checks, key_checks, keys_address, read_document
from ctsec.sso.trial import LEFT_OUT, MAX_TOLD, showable
from ctsec.transport.request import HttpAnswer

NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
AT = "https://login.acme.example"
CLIENT = OidcClient(
    connection="sso_1", client_id="ctsec", redirect_uri="https://app.example/back", proof=SecretBasic(SecretText("hidden")), issuer=AT
)
GOOD: dict[str, object] = {
    "issuer": AT,
    "authorization_endpoint": f"{AT}/authorize",
    "token_endpoint": f"{AT}/token",
    "jwks_uri": f"{AT}/keys",
    "userinfo_endpoint": f"{AT}/userinfo",
    "end_session_endpoint": f"{AT}/end",
    "revocation_endpoint": f"{AT}/revoke",
    "response_types_supported": ["code"],
    "code_challenge_methods_supported": ["S256"],
    "id_token_signing_alg_values_supported": ["RS256"],
    "scopes_supported": ["openid", "email", "profile"],
    "claims_supported": ["sub", "groups"],
    "grant_types_supported": ["authorization_code", "refresh_token"],
    "token_endpoint_auth_methods_supported": ["client_secret_basic"],
    "backchannel_logout_supported": True,
    "authorization_response_iss_parameter_supported": True,
}


def answered(told: object, status: int = 200, **more: Any) -> HttpAnswer:
    """Return an answer with a body of JSON."""
    return replace(HttpAnswer(status=status, media="application/json", body=json.dumps(told).encode()), **more)


def odd(checks: Iterable[Check]) -> dict[CheckName, Verdict]:
    """Return the checks that are not in order; each of them says what to do, and none shows the secret."""
    found = list(checks)
    assert all(bool(each.advice) is (each.verdict is not Verdict.OK) and each.seen for each in found)
    assert "hidden" not in repr(found)
    return {each.name: each.verdict for each in found if each.verdict is not Verdict.OK}


W, F = Verdict.WARN, Verdict.FAIL
DOCUMENTS: dict[str, tuple[dict[str, object], dict[CheckName, Verdict]]] = {
    "as it should be": ({}, {}),
    "another issuer": ({"issuer": f"{AT}/"}, {CheckName.ISSUER: F}),
    "no issuer": ({"issuer": None}, {CheckName.ISSUER: F}),
    "an endpoint elsewhere": ({"token_endpoint": "https://evil.example/token"}, {CheckName.ENDPOINTS: F}),
    "an endpoint without https": ({"authorization_endpoint": "http://login.acme.example/a"}, {CheckName.ENDPOINTS: F}),
    "userinfo elsewhere": ({"userinfo_endpoint": "https://evil.example/"}, {CheckName.ENDPOINTS: F}),
    "no keys": ({"jwks_uri": None}, {CheckName.ENDPOINTS: F}),
    "no code flow": ({"response_types_supported": ["id_token"]}, {CheckName.CODE_FLOW: F}),
    "a flow that is no list": ({"response_types_supported": "code"}, {CheckName.CODE_FLOW: F}),
    "no flow announced": ({"response_types_supported": ...}, {CheckName.CODE_FLOW: W}),
    "PKCE without S256": ({"code_challenge_methods_supported": ["plain"]}, {CheckName.PKCE: F}),
    "no PKCE announced": ({"code_challenge_methods_supported": ...}, {CheckName.PKCE: W}),
    "only MACs": ({"id_token_signing_alg_values_supported": ["HS256", "none"]}, {CheckName.ALGORITHMS: F}),
    "unsigned tokens too": ({"id_token_signing_alg_values_supported": ["RS256", "none"]}, {CheckName.ALGORITHMS: W}),
    "no algorithm announced": ({"id_token_signing_alg_values_supported": ...}, {CheckName.ALGORITHMS: W}),
    "an odd word of RFC 9207": ({"authorization_response_iss_parameter_supported": "yes"}, {CheckName.CALLBACK_ISSUER: F}),
    "no word of RFC 9207": ({"authorization_response_iss_parameter_supported": ...}, {}),
    "a scope less": ({"scopes_supported": ["openid", "email"]}, {CheckName.SCOPES: W}),
    "no scopes announced": ({"scopes_supported": ...}, {}),
    "another proof": ({"token_endpoint_auth_methods_supported": ["private_key_jwt"]}, {CheckName.CLIENT_AUTHENTICATION: F}),
    "no proof announced": ({"token_endpoint_auth_methods_supported": ...}, {}),
    "no groups": ({"claims_supported": ["sub"]}, {CheckName.CLAIMS: W}),
    "no userinfo": ({"userinfo_endpoint": ...}, {CheckName.USERINFO: W}),
    "no refresh tokens": ({"grant_types_supported": ["authorization_code"]}, {CheckName.REFRESH: W}),
    "no end of sessions": ({"end_session_endpoint": ...}, {CheckName.END_SESSION: W}),
    "no revocation": ({"revocation_endpoint": ...}, {CheckName.REVOCATION: W}),
    "no back channel": ({"backchannel_logout_supported": False}, {CheckName.BACK_CHANNEL_LOGOUT: W}),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_fault_of_a_document_is_its_own_check(name: str) -> None:
    """One thing that is wrong is one check that says so; what refuses a sign-in fails, and what does not warns."""
    changed, expected = DOCUMENTS[name]
    told = {member: value for member, value in {**GOOD, **changed}.items() if value is not ...}
    assert odd(document_checks(answered(told), client=CLIENT)) == expected


@pytest.mark.parametrize("answer", ["too_slow", answered(GOOD, 404), HttpAnswer(status=200, body=b"<html>"), answered([1])])
def test_what_is_no_document_is_one_check(answer: HttpAnswer | str) -> None:
    """A provider that does not answer, or answers something else, is one failed check and nothing more is said of it."""
    assert [(each.name, each.verdict) for each in document_checks(answer, client=CLIENT)] == [(CheckName.DISCOVERY, F)]
    assert read_document(answer) is None


def test_keys_are_asked_for_at_the_provider_alone() -> None:
    """An address of keys elsewhere is not asked."""
    assert keys_address(GOOD, client=CLIENT) == f"{AT}/keys"
    for url in ("https://evil.example/keys", "http://login.acme.example/keys", "https://login.acme.example/keys#x", 7, None):
        assert keys_address({"jwks_uri": url}, client=CLIENT) is None


KEY = dict(SigningKey.generate(kid="one").public())
KEYS: dict[str, tuple[HttpAnswer | str | None, Verdict, str]] = {
    "one": (answered({"keys": [KEY]}), Verdict.OK, "1 usable (ES256)"),
    "one for encryption beside": (answered({"keys": [KEY, {**KEY, "kid": "two", "use": "enc"}]}), Verdict.OK, "key_not_for_signatures"),
    "a weak one beside": (answered({"keys": [KEY, {"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}), W, "number 1 (key_weak)"),
    "a private one": (answered({"keys": [{**KEY, "d": KEY["x"]}]}), F, "key_private"),
    "a shared secret": (answered({"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}), F, "key_symmetric"),
    "two of one name": (answered({"keys": [KEY, KEY]}), F, "key_duplicate_name"),
    "none": (answered({"keys": []}), F, "0 usable (nothing)"),
    "no set": (answered([]), F, "keys_malformed"),
    "no answer": ("too_slow", F, "too_slow"),
    "not found": (answered({}, 404), F, "404"),
    "elsewhere": (None, F, "not asked for"),
}


@pytest.mark.parametrize("name", KEYS)
def test_keys_are_counted_and_the_others_named(name: str) -> None:
    """How many are usable, with their algorithms; what is left out is named with its reason, and no key that can be used fails."""
    answer, verdict, seen = KEYS[name]
    found = key_checks(answer, client=CLIENT)
    assert (found.name, found.verdict) == (CheckName.KEYS, verdict)
    assert seen in found.seen


def test_the_proof_is_the_connections() -> None:
    """What the provider announces is held against how this client proves itself, the algorithm of its key included."""
    key = PrivateKeyJwt(signing_key(new_private_key(), '[{"kid": "k1"}]'))
    methods, signed = "token_endpoint_auth_methods_supported", "token_endpoint_auth_signing_alg_values_supported"
    for proof, told, expected in (
        (SecretPost(SecretText("hidden")), {methods: ["client_secret_post"]}, {}),
        (SecretPost(SecretText("hidden")), {methods: ...}, {CheckName.CLIENT_AUTHENTICATION: W}),
        (key, {methods: ["private_key_jwt"]}, {}),
        (key, {methods: ["private_key_jwt"], signed: ["RS256"]}, {CheckName.CLIENT_AUTHENTICATION: F}),
    ):
        document = {name: value for name, value in {**GOOD, **told}.items() if value is not ...}
        assert odd(document_checks(answered(document), client=replace(CLIENT, proof=proof))) == expected


def seen(**told: Any) -> dict[CheckName, Verdict]:
    """Return what is odd about a connection."""
    good: dict[str, Any] = {"protocol": "TLSv1.3", "certificate_until": NOW + timedelta(days=60), "said_at": NOW}
    return odd(connection_checks(Asked(answer=answered(GOOD, **{**good, **told}), at=NOW), skew=CLIENT.skew))


def test_tls_certificate_and_clock_are_looked_at() -> None:
    """TLS 1.3 or a warning; 21 days are soon; a clock is wrong where tokens are refused, in both directions."""
    assert seen() == {}
    assert seen(protocol="TLSv1.2") == {CheckName.TLS: W}
    assert seen(protocol="", certificate_until=None) == {CheckName.TLS: W}
    assert seen(certificate_until=NOW + timedelta(days=20)) == {CheckName.CERTIFICATE: W}
    assert seen(said_at=None) == {CheckName.CLOCK: W}
    for direction in (1, -1):
        for seconds, expected in ((30, {}), (31, {CheckName.CLOCK: W}), (60, {CheckName.CLOCK: W}), (61, {CheckName.CLOCK: F})):
            assert seen(said_at=NOW + direction * timedelta(seconds=seconds)) == expected
    for word, name in (("no_tls", CheckName.TLS), ("bad_certificate", CheckName.CERTIFICATE)):
        assert odd(connection_checks(Asked(answer=word, at=NOW), skew=CLIENT.skew)) == {name: F}


def test_an_api_that_asks_who_it_is_answers() -> None:
    """Without a token GitHub says 401; anything else is no answer of its API of memberships."""
    assert api_check(answered({}, 401)).verdict is Verdict.OK
    for answer in ("too_slow", answered({}, 404)):
        assert api_check(answer).verdict is F


WORDS = st.sampled_from(["", "ann", "é" * 300, "x" * 700])
JSON = st.recursive(
    st.none() | st.integers() | WORDS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.lists(inner, max_size=1).map(lambda few: few * 60) | st.dictionaries(WORDS, inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from("abcdefghijklmnop"), JSON, max_size=16))
def test_what_is_shown_is_bounded(told: dict[str, object]) -> None:
    """Whatever the provider says, at most 16 KiB of it is shown."""
    assert len(json.dumps(showable(told))) <= MAX_TOLD


def test_what_is_long_is_cut() -> None:
    """Long texts and lists are cut, what is deep is left out, and of too much the longest goes."""
    deep: object = "x"
    for _ in range(6):
        deep = [deep]
    long = {f"claim {number}": "é" * 600 for number in range(20)}
    shown = showable({"groups": [str(number) for number in range(60)], "deep": deep, "sub": "ann", **long})
    assert shown is not None
    assert (len(json.dumps(shown)) <= MAX_TOLD, shown["sub"], shown["groups"]) == (True, "ann", [str(number) for number in range(50)])
    assert shown["deep"] == [[[LEFT_OUT]]]


def test_no_token_is_shown() -> None:
    """What has the name or the form of a token is left out, however deep it stands."""
    token = SigningKey.generate(kid="x").sign({"sub": "ann"}, typ="JWT")
    told = {
        "sub": "ann",
        "nonce": "n",
        "at_hash": "h",
        "note": f"see {token}",
        "more": {"src1": {"access_token": "abc", "JWT": "x"}, "list": [token]},
    }
    assert showable(told) == {
        "sub": "ann", "nonce": LEFT_OUT, "at_hash": LEFT_OUT, "note": LEFT_OUT,
        "more": {"src1": {"access_token": LEFT_OUT, "JWT": LEFT_OUT}, "list": [LEFT_OUT]},
    }  # fmt: skip
    assert showable(None) is None
