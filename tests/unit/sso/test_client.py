"""What is sent to a provider: the address of its sign-in page, the proof of the client, the address to sign out at."""

from __future__ import annotations

import base64
import hashlib
import json
import pickle
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given as whatever
from hypothesis import strategies as st

from ctsec.errors import ConfigurationError
from ctsec.jose.jwks import parse_jwks
from ctsec.jose.jws import ID_TOKEN, verify_jws
from ctsec.jose.keys import Algorithm
from ctsec.jose.rejection import Rejected
from ctsec.jose.signing import ASSERTION_LIFE, SigningKey
from ctsec.jose.strict import encode_base64url
from ctsec.secret import SecretText
from ctsec.sso.oidc import OidcClient, PrivateKeyJwt, SecretBasic, SecretPost, begin_sign_in, logout_url
from ctsec.sso.oidc.client import prove_client
from ctsec.sso.oidc.logout import end_session_url
from ctsec.sso.oidc.presets import GITHUB, GOOGLE
from ctsec.testing.random import UnsafeSeededRandom
from ctsec.transport.reach import Reach
from tests.unit.jose.forge import body, pair
from tests.unit.sso.provider import (
    BACK,
    ENTRA_CLIENT,
    GENERIC_CLIENT,
    GITHUB_CLIENT,
    GOOGLE_CLIENT,
    ISSUER,
    METADATA,
    NOW,
    query,
)


def begin(client: OidcClient = GENERIC_CLIENT, seed: int = 0, **how: Any) -> Any:
    """Begin a sign-in."""
    return begin_sign_in(client, METADATA, now=NOW, random=UnsafeSeededRandom(seed), **how)


@pytest.mark.proves("ASVS-10.2.1", "ASVS-10.2.3", "CVE-2024-23647")
def test_a_sign_in_begins_with_s256_state_and_nonce() -> None:
    """The address has the code flow, S256 of this sign-in's verifier, its state and nonce, the configured scopes and nothing else."""
    found = begin()
    asked = query(found.url)
    assert found.url.startswith(f"{ISSUER}/authorize?")
    challenge = hashlib.sha256(found.pending.verifier.reveal().encode()).digest()
    assert asked == {
        "response_type": ["code"],
        "client_id": ["ctsec"],
        "redirect_uri": [BACK],
        "scope": ["openid email profile"],
        "state": [found.pending.state.reveal()],
        "nonce": [found.pending.nonce.reveal()],
        "code_challenge": [encode_base64url(challenge)],
        "code_challenge_method": ["S256"],
    }
    assert query(begin(replace(GENERIC_CLIENT, scopes=("openid",))).url)["scope"] == ["openid"]
    assert found.pending.verifier.reveal() not in found.url + repr(found.pending)


@pytest.mark.proves("ASVS-10.5.1")
def test_every_sign_in_has_secrets_of_its_own() -> None:
    """State, nonce and verifier of many sign-ins are all different and of 256 bits."""
    made = [begin(seed=seed).pending for seed in range(50)]
    secrets = [each.reveal() for pending in made for each in (pending.state, pending.nonce, pending.verifier)]
    assert len(set(secrets)) == 150
    assert {len(each) for each in secrets} == {43}


def test_what_is_asked_of_the_provider_is_remembered_for_the_answer() -> None:
    """An age, a class and a sign-in anew are asked for and stand in the record; hints go along, escaped."""
    client = replace(GENERIC_CLIENT, max_age=timedelta(hours=1), acr=frozenset({"b", "a"}))
    found = begin(client, login_hint="olga&state=x@acme.example")
    asked = query(found.url)
    assert (asked["max_age"], asked["acr_values"], asked["login_hint"]) == (["3600"], ["a b"], ["olga&state=x@acme.example"])
    assert (found.pending.max_age, found.pending.acr) == (timedelta(hours=1), frozenset({"a", "b"}))
    assert len(asked["state"]) == 1
    again = begin(again=True)
    assert (query(again.url)["prompt"], query(again.url)["max_age"], again.pending.max_age) == (["login"], ["0"], timedelta())
    assert query(begin(GOOGLE_CLIENT).url)["hd"] == ["acme.example"]
    github = begin(GITHUB_CLIENT, again=True, login_hint="x")
    assert {"nonce", "prompt", "login_hint", "max_age"} & query(github.url).keys() == set()
    assert github.pending.nonce == SecretText("")


def test_a_query_of_the_endpoint_stays() -> None:
    """An endpoint with parameters keeps them in front of ours."""
    metadata = replace(METADATA, authorization_endpoint=f"{ISSUER}/authorize?p=b2c&x=1")
    found = begin_sign_in(GENERIC_CLIENT, metadata, now=NOW, random=UnsafeSeededRandom())
    assert found.url.startswith(f"{ISSUER}/authorize?p=b2c&x=1&")
    assert query(found.url)["p"] == ["b2c"]


def proof(client: OidcClient) -> tuple[dict[str, str], dict[str, str]]:
    """Return how a client proves itself."""
    return prove_client(client, endpoint=f"{ISSUER}/token", now=NOW, random=UnsafeSeededRandom())


def test_a_secret_goes_where_its_method_says() -> None:
    """In the header both halves are escaped before they are joined (RFC 6749, 2.3.1); in the form they stand as they are."""
    odd = SecretText("a:b%c d+é")
    headers, fields = proof(replace(GENERIC_CLIENT, client_id="c:1", proof=SecretBasic(odd)))
    assert base64.b64decode(headers["Authorization"].removeprefix("Basic ")) == b"c%3A1:a%3Ab%25c+d%2B%C3%A9"
    assert fields == {}
    assert proof(replace(GENERIC_CLIENT, proof=SecretPost(odd))) == ({}, {"client_id": "ctsec", "client_secret": "a:b%c d+é"})
    assert "s3cret" not in repr(GENERIC_CLIENT)


@pytest.mark.proves("ASVS-9.2.4", "ASVS-10.4.16")
@pytest.mark.parametrize("alg", [Algorithm.ES256, Algorithm.PS256, Algorithm.EDDSA])
def test_a_client_key_signs_an_assertion(alg: Algorithm) -> None:
    """The assertion names the client twice, is for the endpoint and one minute, has an id, and opens with the published key only."""
    key = SigningKey(SecretText(pair(alg).key.as_pem(private=True).decode()), algorithm=alg, kid="mine")
    headers, fields = proof(replace(GENERIC_CLIENT, proof=PrivateKeyJwt(key)))
    assert headers == {}
    assert fields["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    published = parse_jwks(body(key.public()))
    assert not isinstance(published, Rejected)
    payload = verify_jws(fields["client_assertion"], published, kind=ID_TOKEN)
    assert isinstance(payload, bytes)
    claims = json.loads(payload)
    now = int(NOW.timestamp())
    assert claims.pop("jti")
    assert claims == {"iss": "ctsec", "sub": "ctsec", "aud": f"{ISSUER}/token", "iat": now, "exp": now + ASSERTION_LIFE.total_seconds()}
    assert "d" not in key.public()


def test_a_signing_key_is_for_its_algorithm_and_shows_itself_nowhere() -> None:
    """Another algorithm, a public key, another curve, a weak key and no key are mistakes; a key is not pickled and not shown."""
    pem = {alg: SecretText(pair(alg).key.as_pem(private=True).decode()) for alg in ("ES256", "ES384", "RS256", "EdDSA")}
    for alg, given in (
        (Algorithm.RS256, pem["RS256"]),
        (Algorithm.ES384, pem["ES384"]),
        (Algorithm.ES256, pem["ES384"]),
        (Algorithm.ES256, pem["RS256"]),
        (Algorithm.PS256, pem["ES256"]),
        (Algorithm.EDDSA, SecretText(pair("EdDSA").key.as_pem(private=False).decode())),
        (Algorithm.EDDSA, SecretText("no key")),
        (Algorithm.EDDSA, SecretText("")),
    ):
        with pytest.raises(ConfigurationError) as wrong:
            SigningKey(given, algorithm=alg)
        assert given.reveal()[:40] not in str(wrong.value) or not given.reveal()
    key = SigningKey(pem["ES256"], algorithm=Algorithm.ES256)
    assert repr(key) == "SigningKey(algorithm='ES256', kid='')"
    with pytest.raises(TypeError):
        pickle.dumps(key)


def test_signing_out_at_the_provider() -> None:
    """The address names the client, whose session it is and where to come back to; a provider without one has none."""
    url = logout_url(GENERIC_CLIENT, METADATA, id_token=SecretText("x.y.z"), back_to="https://app.example/bye?a=b", state="s")
    assert url is not None
    assert query(url) == {
        "client_id": ["ctsec"],
        "id_token_hint": ["x.y.z"],
        "post_logout_redirect_uri": ["https://app.example/bye?a=b"],
        "state": ["s"],
    }
    least = logout_url(GENERIC_CLIENT, METADATA, state="s")
    assert least is not None
    assert query(least) == {"client_id": ["ctsec"]}
    assert logout_url(GENERIC_CLIENT, replace(METADATA, end_session_endpoint="")) is None


WRONG: dict[str, dict[str, object]] = {
    "no connection": {"connection": ""},
    "no client": {"client_id": ""},
    "client beyond ASCII": {"client_id": "é"},
    "no issuer": {"issuer": ""},
    "issuer in plain http": {"issuer": "http://login.acme.example"},
    "issuer with a query": {"issuer": f"{ISSUER}?x"},
    "issuer with a fragment": {"issuer": f"{ISSUER}#x"},
    "issuer with a password": {"issuer": "https://a:b@login.acme.example"},
    "issuer with a template": {"issuer": "https://login.acme.example/{tenantid}"},
    "another issuer than the preset's": {"preset": GOOGLE},
    "document in plain http here": {"issuer": "http://127.0.0.1:1"},
    "redirect URI with a fragment": {"redirect_uri": f"{BACK}#x"},
    "redirect URI in plain http": {"redirect_uri": "http://app.example/"},
    "Google without a domain": {"preset": GOOGLE, "issuer": "", "domains": frozenset()},
    "no openid": {"scopes": ("email",)},
    "openid at GitHub": {"preset": GITHUB, "issuer": "", "scopes": ("openid",)},
    "scope with a blank": {"scopes": ("openid", "a b")},
    "empty scope": {"scopes": ("openid", "")},
    "domain in capitals": {"domains": frozenset({"Acme.example"})},
    "host in capitals": {"hosts": frozenset({"Keys.acme.example"})},
    "domain that is an address": {"domains": frozenset({"olga@acme.example"})},
    "negative age": {"max_age": timedelta(seconds=-1)},
}


@pytest.mark.proves("CVE-2026-55689")
@pytest.mark.parametrize("name", WRONG)
def test_a_connection_that_could_not_be_safe_is_not_made(name: str) -> None:
    """A connection without an audience, an issuer over https, or the rule that its preset needs is a mistake when it is made."""
    with pytest.raises(ValueError, match="expected"):
        replace(GENERIC_CLIENT, **WRONG[name])  # type: ignore[arg-type]


def test_entra_needs_directories_and_one_template() -> None:
    """Entra without a directory, or with anything else in braces, is a mistake; one directory's own issuer is none."""
    own = "https://login.microsoftonline.com/x/v2.0"
    for wrong in ({"directories": frozenset[str]()}, {"issuer": "https://login.microsoftonline.com/{tenant}/v2.0"}):
        with pytest.raises(ValueError, match="expected"):
            replace(ENTRA_CLIENT, **wrong)
    assert replace(ENTRA_CLIENT, issuer=own).issuers() == {own}
    assert ENTRA_CLIENT.issuers() == {f"https://login.microsoftonline.com/{each}/v2.0" for each in ENTRA_CLIENT.directories}


def test_the_document_stands_at_the_issuer_and_hosts_are_named_beside() -> None:
    """The document's address follows from the issuer, with or without a slash; hosts are the issuer's, the preset's and named ones."""
    assert GENERIC_CLIENT.document == f"{ISSUER}/.well-known/openid-configuration"
    assert replace(GENERIC_CLIENT, issuer=f"{ISSUER}/realm/").document == f"{ISSUER}/realm/.well-known/openid-configuration"
    assert urlsplit(GOOGLE_CLIENT.document).hostname in GOOGLE_CLIENT.known_hosts
    assert "www.googleapis.com" in GOOGLE_CLIENT.known_hosts
    assert replace(GENERIC_CLIENT, hosts=frozenset({"k.example"})).known_hosts == {"login.acme.example", "k.example"}
    here = replace(GENERIC_CLIENT, issuer="http://127.0.0.1:9000", reach=Reach.LOOPBACK)
    assert here.known_hosts == {"127.0.0.1"}


@pytest.mark.proves("ASVS-1.2.2")
@whatever(texts=st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=12), min_size=3, max_size=3))
def test_whatever_stands_in_an_address_is_read_back_as_it_was(texts: list[str]) -> None:
    """Signs that mean something in an address are data: each parameter comes back, and none more; host, path and scheme stay."""
    hint, back_to, state, client_id = (*texts, "a&b=c#d?/%20+ ")
    begun = urlsplit(begin(replace(GENERIC_CLIENT, client_id=client_id), login_hint=hint).url)
    ended = urlsplit(end_session_url(f"{ISSUER}/out?a=b", client_id=client_id, back_to=back_to, state=state, hint=hint))
    for made, path in ((begun, "/authorize"), (ended, "/out")):
        assert (f"{made.scheme}://{made.netloc}", made.path, made.fragment) == (ISSUER, path, "")
    asked, told = parse_qs(begun.query, keep_blank_values=True), parse_qs(ended.query, keep_blank_values=True)
    assert (asked["client_id"], asked["login_hint"]) == ([client_id], [hint])
    assert told == {
        "a": ["b"], "client_id": [client_id], "logout_hint": [hint], "post_logout_redirect_uri": [back_to], "state": [state]
    }  # fmt: skip
